package collect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// KubernetesCollector is the name of the collector that reads clusters. It
// belongs to the provider "kubernetes" and also reads the clusters that the
// clouds' collectors find, whose scopes carry the cloud as their provider.
const KubernetesCollector = "kubernetes"

// A Runner runs collectors. It is safe for concurrent use.
type Runner struct {
	collectors map[collectorKey]Collector
}

type collectorKey struct {
	provider inventory.Provider
	name     string
}

// NewRunner returns a runner of the given collectors. Two collectors of one
// provider with the same name are an error.
func NewRunner(collectors ...Collector) (*Runner, error) {
	r := &Runner{collectors: make(map[collectorKey]Collector, len(collectors))}
	for _, c := range collectors {
		key := collectorKey{c.Provider, c.Name}
		if _, ok := r.collectors[key]; ok {
			return nil, fmt.Errorf("collector %s/%s is registered twice", c.Provider, c.Name)
		}
		r.collectors[key] = c
	}
	return r, nil
}

// Collectors returns the collectors, by provider and name.
func (r *Runner) Collectors() []Collector {
	all := make([]Collector, 0, len(r.collectors))
	for _, c := range r.collectors {
		all = append(all, c)
	}
	sortCollectors(all)
	return all
}

// sortCollectors sorts by provider and name.
func sortCollectors(all []Collector) {
	slices.SortFunc(all, func(a, b Collector) int {
		if n := strings.Compare(string(a.Provider), string(b.Provider)); n != 0 {
			return n
		}
		return strings.Compare(a.Name, b.Name)
	})
}

// collector returns the collector of a scope.
func (r *Runner) collector(key inventory.ScopeKey) (Collector, bool) {
	c, ok := r.collectors[collectorKey{key.Provider, key.Collector}]
	if !ok && key.Collector == KubernetesCollector {
		c, ok = r.collectors[collectorKey{inventory.Kubernetes, KubernetesCollector}]
	}
	return c, ok
}

// ReadsInventory reports whether the collector of a scope asks what is already
// in the inventory, and so runs after the others.
func (r *Runner) ReadsInventory(key inventory.ScopeKey) bool {
	c, ok := r.collector(key)
	return ok && c.ReadsInventory
}

// ErrNoCollector is in the chain of the error of a scope whose collector this
// runner does not have.
var ErrNoCollector = errors.New("no collector has that name")

// Run collects a scope into out and returns how it ended. An error means that
// nothing was learned of the scope and the run is to be repeated: ctx is done,
// out failed, or no collector has the scope's name. Whatever the provider or
// the collector does wrong, a panic included, is a result and no error.
func (r *Runner) Run(ctx context.Context, s Scope, out Sink) (inventory.ScopeResult, error) {
	c, ok := r.collector(s.ScopeKey)
	if !ok {
		return inventory.ScopeResult{}, fmt.Errorf("scope %s: %w", s.ScopeKey, ErrNoCollector)
	}
	start := time.Now()
	slog.DebugContext(ctx, "collect start", "scope", s.String())
	checked := &checkedSink{out: out, collector: c}
	err := collect(ctx, c, s, checked)
	if ctx.Err() != nil {
		return inventory.ScopeResult{}, fmt.Errorf("collect %s: %w", s.ScopeKey, context.Cause(ctx))
	}
	if sinkErr := checked.failure(); sinkErr != nil {
		return inventory.ScopeResult{}, fmt.Errorf("collect %s: %w", s.ScopeKey, sinkErr)
	}
	if err == nil {
		err = checked.refusal() // Not complete, even if the collector went on.
	}
	result := Result(err)
	slog.InfoContext(ctx, "collect done", "scope", s.String(), "outcome", result.Outcome,
		"reason", result.Reason, "records", checked.records(), "duration", time.Since(start))
	return result, nil
}

// collect calls the collector and turns a panic into an error.
func collect(ctx context.Context, c Collector, s Scope, out Sink) (err error) {
	defer func() {
		if p := recover(); p != nil {
			slog.ErrorContext(ctx, "collect panic", "scope", s.String(), "panic", p, "stack", string(debug.Stack()))
			err = &Error{
				Outcome: inventory.Failed, Action: "collector " + c.Name, On: s.Account + "/" + s.Region,
				Remedy: "this is a fault of Stowage: report it with the log of this run",
				Err:    fmt.Errorf("panic: %v", p),
			}
		}
	}()
	return c.Collect(ctx, s, out)
}

// Call returns the declaration of an action. Adapters ask it before each call
// that they make; a call that is not declared fails.
func (c Collector) Call(action string) (Call, error) {
	for _, call := range c.Calls {
		if call.Action == action {
			return call, nil
		}
	}
	return Call{}, fmt.Errorf("collector %s calls %s without declaring it", c.Name, action)
}

// checkedSink passes records on that the collector declared and remembers why
// it did not.
type checkedSink struct {
	out       Sink
	collector Collector

	mu      sync.Mutex
	n       int
	refused error // the collector's fault
	failed  error // out's fault
}

// Emit implements [Sink].
func (c *checkedSink) Emit(r inventory.Record) error {
	if kind, ok := kindOf(r); ok && !c.collector.Emits(kind) {
		err := fmt.Errorf("collector %s emits kind %s without declaring it", c.collector.Name, kind)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.refused = err
		return err
	}
	err := c.out.Emit(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.failed = err
	} else {
		c.n++
	}
	return err
}

func (c *checkedSink) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed
}

func (c *checkedSink) refusal() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refused
}

func (c *checkedSink) records() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// kindOf returns the kind of a record, if its type has kinds.
func kindOf(r inventory.Record) (inventory.Kind, bool) {
	switch r := r.(type) {
	case inventory.Workload:
		return r.Kind, true
	case inventory.Identity:
		return r.Kind, true
	case inventory.Resource:
		return r.Kind, true
	}
	return "", false
}
