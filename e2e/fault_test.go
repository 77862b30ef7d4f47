//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/e2e/rig/process"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres/postgrestest"
	"github.com/stowage-dev/stowage/internal/view"
)

// storyAccount and storyCluster are in every simulated estate.
const (
	storyAccount = "210000000017"
	storyRegion  = "eu-west-1"
	storyCluster = "shop-eks"
)

// TestDeniedCall denies one call in one account and region between two
// collections: the gap is told, with what to do about it, and nothing is taken
// for gone. When the call is allowed again the next collection heals it.
func TestDeniedCall(t *testing.T) {
	t.Parallel()
	s := simulate(t, everythingReadable)
	i := s.install(t, postgrestest.New(t, nil, ""))
	i.serve(t, "serve")
	i.collect(t).Stop(t)
	truth := s.truth(t)
	i.compareTruth(t, truth)

	s.fail(t, rule{"account": storyAccount, "region": storyRegion, "action": "ecs:ListTasks", "deny": true})
	i.collect(t).Stop(t)
	i.compareTruth(t, exposureUnknown(truth, func(w simulatedWorkload) bool {
		return w.Account == storyAccount && w.Region == storyRegion && strings.HasPrefix(w.Kind, "aws.ecs.")
	}))
	denied := i.gap(t, inventory.ScopeKey{Provider: inventory.AWS, Account: storyAccount, Region: storyRegion, Collector: "ecs"}, inventory.Denied)
	if denied.Permission != "ecs:ListTasks" {
		t.Errorf("missing permission = %q, want ecs:ListTasks", denied.Permission)
	}
	// What is derived from the tasks is not known either.
	derived := i.gap(t, inventory.ScopeKey{Provider: inventory.AWS, Account: storyAccount, Region: storyRegion, Collector: "exposure"}, inventory.Denied)
	if !strings.Contains(derived.Reason, "ecs") {
		t.Errorf("reason of the exposures = %q, want it to name ecs", derived.Reason)
	}
	if gaps := list[view.Scope](t, i, "doctor"); len(gaps) != 2 {
		t.Errorf("gaps = %+v, want the two", gaps)
	}

	s.fail(t)
	i.collect(t).Stop(t)
	i.complete(t)
	i.compareTruth(t, truth)
}

// TestUnreachableCluster cuts off one cluster between two collections.
func TestUnreachableCluster(t *testing.T) {
	t.Parallel()
	s := simulate(t, everythingReadable)
	i := s.install(t, postgrestest.New(t, nil, ""))
	i.serve(t, "serve")
	i.collect(t).Stop(t)
	truth := s.truth(t)
	i.compareTruth(t, truth)

	s.fail(t, rule{"cluster": storyCluster, "unreachable": true})
	i.collect(t).Stop(t)
	i.compareTruth(t, exposureUnknown(truth, func(w simulatedWorkload) bool { return w.Cluster == storyCluster }))
	i.gap(t, inventory.ScopeKey{
		Provider: inventory.AWS, Account: storyAccount, Region: storyRegion, Collector: "kubernetes", Target: storyCluster,
	}, inventory.Unreachable)
	if gaps := list[view.Scope](t, i, "doctor"); len(gaps) != 1 {
		t.Errorf("gaps = %+v, want the one cluster", gaps)
	}
	for _, w := range list[view.Workload](t, i, "workloads", "--cluster", storyCluster) {
		if w.Outcome != inventory.Unreachable {
			t.Errorf("workload %s of the cluster is shown as %s, want unreachable", w.Name, w.Outcome)
		}
	}

	s.fail(t)
	i.collect(t).Stop(t)
	i.complete(t)
	i.compareTruth(t, truth)
}

// TestKillMidRun kills the worker in the middle of the first pass, and again in
// the middle of the second one: another worker finishes its work.
func TestKillMidRun(t *testing.T) {
	t.Parallel()
	s := simulate(t, everythingReadable)
	i := s.install(t, postgrestest.New(t, nil, ""))
	i.serve(t, "serve")
	// Slow enough to be in the middle for a while.
	s.fail(t, rule{"action": "ecs:*", "latency_ms": 1500}, rule{"action": "kubernetes:*", "latency_ms": 200})
	i.killInTheMiddle(t)
	for _, scope := range list[view.Scope](t, i, "coverage") {
		if scope.Outcome != inventory.Complete && scope.Outcome != inventory.Pending {
			t.Errorf("after the kill scope %s is %s: %s", scope.ScopeKey, scope.Outcome, scope.Reason)
		}
	}
	began := time.Now()
	second := i.start(t, "work")
	i.waitDone(t)
	t.Logf("another worker finished the first pass after %s", time.Since(began).Round(time.Second))
	i.complete(t)
	truth := s.truth(t)
	i.compareTruth(t, truth)
	second.Stop(t)

	began = time.Now()
	i.killInTheMiddle(t)
	i.compareTruth(t, truth) // Nothing is gone because it was not seen again yet.
	third := i.start(t, "work")
	i.waitCollected(t, began)
	t.Logf("another worker finished the second pass after %s", time.Since(began).Round(time.Second))
	i.complete(t)
	i.compareTruth(t, truth)
	third.Stop(t)
}

// killInTheMiddle starts a worker and kills it when it has collected some
// scopes and not all.
func (i *installation) killInTheMiddle(t *testing.T) {
	t.Helper()
	began := time.Now()
	p := i.start(t, "work")
	process.Until(t, passTimeout, "the worker is in the middle", func(context.Context) error {
		tried, waiting := 0, 0
		for _, s := range list[view.Scope](t, i, "coverage") {
			if s.TriedAt.After(began) {
				tried++
			} else {
				waiting++
			}
		}
		if tried < 5 {
			return fmt.Errorf("%d scopes are collected, %d wait", tried, waiting)
		}
		if waiting == 0 {
			t.Fatal("the worker was done before it could be killed")
		}
		return nil
	})
	p.Kill()
}

// waitDone waits until no work is left.
func (i *installation) waitDone(t *testing.T) {
	t.Helper()
	process.Until(t, passTimeout, "the first pass is done", func(context.Context) error {
		if s := ask[view.Status](t, i, "status"); !s.FirstPass {
			return fmt.Errorf("%v, %+v", s.Scopes, s.Queue)
		}
		return nil
	})
}

// gap returns a scope, which must have the outcome, explain it, and show the
// state of before.
func (i *installation) gap(t *testing.T, key inventory.ScopeKey, want inventory.Outcome) view.Scope {
	t.Helper()
	for _, s := range list[view.Scope](t, i, "coverage", "--outcome", string(want)) {
		if s.ScopeKey != key {
			continue
		}
		if s.Reason == "" || s.Remedy == "" || !s.Stale || s.CompletedAt.IsZero() {
			t.Errorf("scope %s = %+v, want a reason, a remedy, and that it is stale", key, s)
		}
		return s
	}
	t.Errorf("no scope %s is %s", key, want)
	return view.Scope{}
}

// complete fails the test unless every scope is complete and no job failed for
// good.
func (i *installation) complete(t *testing.T) {
	t.Helper()
	for _, s := range list[view.Scope](t, i, "coverage") {
		if s.Outcome != inventory.Complete || s.Stale {
			t.Errorf("scope %s is %s, stale %t: %s", s.ScopeKey, s.Outcome, s.Stale, s.Reason)
		}
	}
	for _, q := range ask[view.Status](t, i, "status").Queue {
		if q.Failed > 0 {
			t.Errorf("%d jobs of kind %s were given up: %s", q.Failed, q.Kind, q.LastError)
		}
	}
}

// exposureUnknown returns the truth with the exposure unknown of the workloads
// that are not exposed and of which that cannot be read now.
func exposureUnknown(truth []simulatedWorkload, unread func(simulatedWorkload) bool) []simulatedWorkload {
	known := slices.Clone(truth)
	for i, w := range known {
		if w.Exposed == view.ExposedNo && unread(w) {
			known[i].Exposed = view.ExposedUnknown
		}
	}
	return known
}

// compareTruth fails the test unless the inventory shows the truth.
func (i *installation) compareTruth(t *testing.T, truth []simulatedWorkload) {
	t.Helper()
	if diff := cmp.Diff(truth, shownWorkloads(i.workloads(t))); diff != "" {
		t.Errorf("workloads mismatch (-truth +got):\n%s", diff)
	}
}
