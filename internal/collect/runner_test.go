package collect

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// sink keeps records, or fails.
type sink struct {
	mu  sync.Mutex
	got []inventory.Record
	err error
}

func (s *sink) Emit(r inventory.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.got = append(s.got, r)
	return nil
}

var testScope = Scope{ScopeKey: inventory.ScopeKey{Provider: inventory.AWS, Account: "111122223333", Region: "eu-west-1", Collector: "ecs"}}

func testCollector(f func(ctx context.Context, s Scope, out Sink) error) Collector {
	return Collector{
		Name: "ecs", Provider: inventory.AWS, Kinds: []inventory.Kind{"aws.ecs.service"},
		Calls: []Call{{Action: "ecs:ListClusters"}}, Collect: f,
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	service := inventory.Workload{UID: "arn:service", Kind: "aws.ecs.service"}
	tests := []struct {
		name    string
		collect func(ctx context.Context, s Scope, out Sink) error
		outcome inventory.Outcome
		reason  string
		records int
	}{
		{"complete", func(_ context.Context, _ Scope, out Sink) error {
			return errors.Join(out.Emit(service), out.Emit(inventory.ChildScope{}), out.Emit(inventory.Account{}))
		}, inventory.Complete, "", 3},
		{"error", func(_ context.Context, _ Scope, out Sink) error {
			return errors.Join(out.Emit(service), &Error{Outcome: inventory.Denied, Action: "ecs:ListTasks", On: "here"})
		}, inventory.Denied, "ecs:ListTasks denied in here", 1},
		{"panic", func(context.Context, Scope, Sink) error {
			panic("index out of range")
		}, inventory.Failed, "collector ecs failed in 111122223333/eu-west-1: panic: index out of range", 0},
		{"undeclared_kind", func(_ context.Context, _ Scope, out Sink) error {
			return out.Emit(inventory.Resource{UID: "arn:queue", Kind: "aws.sqs.queue"})
		}, inventory.Failed, "collector ecs emits kind aws.sqs.queue without declaring it", 0},
		{"undeclared_kind_ignored", func(_ context.Context, _ Scope, out Sink) error {
			_ = out.Emit(inventory.Identity{UID: "arn:role", Kind: "aws.iam.role"})
			return nil
		}, inventory.Failed, "collector ecs emits kind aws.iam.role without declaring it", 0},
		{"own_deadline", func(context.Context, Scope, Sink) error {
			return context.DeadlineExceeded
		}, inventory.Unreachable, "context deadline exceeded", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, err := NewRunner(testCollector(test.collect))
			if err != nil {
				t.Fatal(err)
			}
			var out sink
			got, err := r.Run(t.Context(), testScope, &out)
			if err != nil {
				t.Fatal(err)
			}
			if got.Outcome != test.outcome || got.Reason != test.reason || len(out.got) != test.records {
				t.Errorf("Run = %+v with %d records, want %s %q with %d", got, len(out.got), test.outcome, test.reason, test.records)
			}
		})
	}
}

func TestRunCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := NewRunner(testCollector(func(ctx context.Context, _ Scope, _ Sink) error {
		cancel()
		return &Error{Outcome: inventory.Unreachable, Err: ctx.Err()}
	}))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Run(ctx, testScope, &sink{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Run = %+v, %v, want the error %v and no result", got, err, context.Canceled)
	}
}

func TestRunSinkFails(t *testing.T) {
	t.Parallel()
	full := errors.New("no space left on device")
	r, err := NewRunner(testCollector(func(_ context.Context, _ Scope, out Sink) error {
		_ = out.Emit(inventory.Account{ID: "1"})
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Run(t.Context(), testScope, &sink{err: full}); !errors.Is(err, full) {
		t.Errorf("Run = %+v, %v, want the error %v and no result", got, err, full)
	}
}

func TestRunnerFindsCollector(t *testing.T) {
	t.Parallel()
	ok := func(context.Context, Scope, Sink) error { return nil }
	r, err := NewRunner(testCollector(ok), Collector{Name: KubernetesCollector, Provider: inventory.Kubernetes, Collect: ok})
	if err != nil {
		t.Fatal(err)
	}
	cluster := testScope
	cluster.Collector, cluster.Target = KubernetesCollector, "prod"
	if got, err := r.Run(t.Context(), cluster, &sink{}); err != nil || got.Outcome != inventory.Complete {
		t.Errorf("Run of a cluster of AWS = %+v, %v, want it to be read by the Kubernetes collector", got, err)
	}
	unknown := testScope
	unknown.Collector = "sqs"
	if got, err := r.Run(t.Context(), unknown, &sink{}); err == nil || !strings.Contains(err.Error(), "aws/111122223333/eu-west-1/sqs") {
		t.Errorf("Run of an unknown collector = %+v, %v, want an error that names the scope", got, err)
	}
	var names []string
	for _, c := range r.Collectors() {
		names = append(names, string(c.Provider)+"/"+c.Name)
	}
	if diff := cmp.Diff([]string{"aws/ecs", "kubernetes/kubernetes"}, names); diff != "" {
		t.Errorf("Collectors mismatch (-want +got):\n%s", diff)
	}
	if _, err := NewRunner(testCollector(ok), testCollector(ok)); err == nil {
		t.Error("NewRunner accepted two collectors of one name")
	}
}

func TestCollectorCall(t *testing.T) {
	t.Parallel()
	c := testCollector(nil)
	if call, err := c.Call("ecs:ListClusters"); err != nil || call.Action != "ecs:ListClusters" {
		t.Errorf("Call(declared) = %+v, %v", call, err)
	}
	if _, err := c.Call("ecs:DeleteCluster"); err == nil {
		t.Error("Call(undeclared) = nil error")
	}
}
