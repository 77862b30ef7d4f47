//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stowage-dev/stowage/e2e/rig/process"
	"github.com/stowage-dev/stowage/internal/view"
)

// passTimeout is how long a first pass may take on a busy machine.
const passTimeout = 5 * time.Minute

// An installation is the environment in which the binaries of one test run.
type installation struct {
	env []string
	// url is that of the server, once there is one.
	url string
}

// install returns an installation with an empty home and with the given
// variables; nothing of the user's own settings gets in the way.
func install(t testing.TB, variables ...string) *installation {
	t.Helper()
	env := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TMPDIR=" + os.TempDir(),
		"AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull,
		"STOWAGE_LISTEN=127.0.0.1:0", "STOWAGE_LOG_FORMAT=text",
	}
	if cache, err := os.UserCacheDir(); err == nil {
		env = append(env, "XDG_CACHE_HOME="+cache) // A downloaded PostgreSQL is there.
	}
	return &installation{env: append(env, variables...)}
}

// madeUpAdvisories are the variables that replace the public feeds.
func madeUpAdvisories() []string {
	return []string{"STOWAGE_ADVISORIES_LOCATIONS=" + advisories, "STOWAGE_ADVISORIES_ECOSYSTEMS=Debian", "STOWAGE_ADVISORIES_KEV="}
}

// set adds variables, which win over earlier ones.
func (i *installation) set(variables ...string) { i.env = append(i.env, variables...) }

// command returns a command of the binary.
func (i *installation) command(args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(bin, "stowage"), args...)
	cmd.Env = i.env
	if i.url != "" {
		cmd.Env = append(cmd.Env[:len(cmd.Env):len(cmd.Env)], "STOWAGE_URL="+i.url)
	}
	return cmd
}

// start starts a command that runs until it is stopped.
func (i *installation) start(t testing.TB, args ...string) *process.Process {
	t.Helper()
	return process.Start(t, i.command(args...))
}

// serve starts a command that serves the pages, and remembers where.
func (i *installation) serve(t *testing.T, args ...string) *process.Process {
	t.Helper()
	p := i.start(t, args...)
	i.url = p.Find(t, time.Minute, `Stowage is on (http://\S+)`)[1]
	return p
}

// run runs a command to its end and returns its output and exit code.
func (i *installation) run(t testing.TB, args ...string) (stdout string, code int) {
	t.Helper()
	var out, log bytes.Buffer
	cmd := i.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &log
	ended := make(chan error, 1)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- cmd.Wait() }()
	var err error
	select {
	case err = <-ended:
	case <-time.After(passTimeout):
		_ = cmd.Process.Kill() // It may have ended.
		<-ended
		t.Fatalf("stowage %s did not end within %s:\n%s%s", strings.Join(args, " "), passTimeout, &out, &log)
	}
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		code = failed.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	if code != 0 {
		t.Logf("stowage %s: exit %d\n%s%s", strings.Join(args, " "), code, &out, &log)
	}
	return out.String(), code
}

// ask runs a client command that must succeed and decodes what it prints.
func ask[T any](t *testing.T, i *installation, args ...string) T {
	t.Helper()
	out, code := i.run(t, append(args, "--json")...)
	if code != 0 {
		t.FailNow()
	}
	var v T
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("stowage %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return v
}

// list runs a client command that prints one object per line.
func list[T any](t *testing.T, i *installation, args ...string) []T {
	t.Helper()
	out, code := i.run(t, append(args, "--json")...)
	if code != 0 {
		t.FailNow()
	}
	var all []T
	for d := json.NewDecoder(strings.NewReader(out)); ; {
		var v T
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("stowage %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		all = append(all, v)
	}
}

// workloads returns all workloads in detail.
func (i *installation) workloads(t *testing.T) []view.WorkloadDetail {
	t.Helper()
	var all []view.WorkloadDetail
	for _, w := range list[view.Workload](t, i, "workloads") {
		all = append(all, ask[view.WorkloadDetail](t, i, "workload", w.Key))
	}
	return all
}

// collect makes a worker collect everything that is configured once and waits
// until all scopes that it found were tried since it began and no work is left.
func (i *installation) collect(t *testing.T) *process.Process {
	t.Helper()
	began := time.Now()
	p := i.start(t, "work")
	i.waitCollected(t, began)
	return p
}

// waitCollected waits until everything was collected since a time.
func (i *installation) waitCollected(t *testing.T, since time.Time) {
	t.Helper()
	process.Until(t, passTimeout, "everything is collected", func(context.Context) error {
		if s := ask[view.Status](t, i, "status"); !s.FirstPass {
			return fmt.Errorf("the pass is not done: %v, %+v", s.Scopes, s.Queue)
		}
		scopes := list[view.Scope](t, i, "coverage")
		if len(scopes) == 0 {
			return errors.New("no scopes")
		}
		for _, s := range scopes {
			if s.TriedAt.Before(since) {
				return fmt.Errorf("%s was last tried at %s", s.ScopeKey, s.TriedAt)
			}
		}
		return nil
	})
}
