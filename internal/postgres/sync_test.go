package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/postgres/storetest"
	"github.com/stowage-dev/stowage/internal/view"
)

const tenant = postgres.DefaultTenant

var ecsScope = inventory.ScopeKey{Provider: inventory.AWS, Account: "111122223333", Region: "eu-west-1", Collector: "ecs"}

// digest returns a well-formed digest that n tells apart.
func digest(n int) string { return fmt.Sprintf("sha256:%064x", n) }

func workload(n int) inventory.Workload {
	return inventory.Workload{
		UID:  fmt.Sprintf("arn:aws:ecs:eu-west-1:111122223333:service/shop/service-%d", n),
		Kind: "aws.ecs.service", Name: fmt.Sprintf("service-%d", n), Cluster: "shop", Replicas: 2,
		Identity: "arn:aws:iam::111122223333:role/shop",
		Containers: []inventory.Container{{
			Name: "app", Type: inventory.MainContainer, Image: fmt.Sprintf("registry.example/shop/app-%d:1.0", n),
			RuntimeImage: digest(n), Digest: digest(n), Architecture: "amd64", Replicas: 2,
		}},
	}
}

// collect applies one run of the scope and fails the test on an error.
func collect(t *testing.T, db *postgres.DB, result inventory.ScopeResult, records ...inventory.Record) postgres.Changes {
	t.Helper()
	changes, err := tryCollect(t.Context(), db, result, records...)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func tryCollect(ctx context.Context, db *postgres.DB, result inventory.ScopeResult, records ...inventory.Record) (postgres.Changes, error) {
	state, err := db.Scope(ctx, tenant, ecsScope)
	if err != nil {
		return postgres.Changes{}, err
	}
	snapshot := postgres.NewSnapshot(ecsScope)
	defer snapshot.Close()
	for _, r := range records {
		if err := snapshot.Emit(r); err != nil {
			return postgres.Changes{}, err
		}
	}
	return db.Apply(ctx, postgres.Run{
		Tenant: tenant, Token: state.Run, Snapshot: snapshot, Result: result, Duration: time.Second,
		Check: func(w inventory.Workload) []postgres.WorkloadFinding {
			return []postgres.WorkloadFinding{{Check: "workload/test", Severity: finding.Low, Detail: w.Name}}
		},
	}, nil)
}

var complete = inventory.ScopeResult{Outcome: inventory.Complete}

func openWithScope(t *testing.T) *postgres.DB {
	t.Helper()
	db := storetest.Open(t)
	if err := db.PutRoots(t.Context(), tenant, []inventory.ChildScope{{ScopeKey: ecsScope, Params: map[string]string{"a": "b"}}}); err != nil {
		t.Fatal(err)
	}
	return db
}

func names(t *testing.T, db *postgres.DB, q view.WorkloadQuery) []string {
	t.Helper()
	var got []string
	for w, err := range db.Reader(tenant).AllWorkloads(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, w.Name)
	}
	return got
}

func TestApplyWritesOnlyDifferences(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)

	got := collect(t, db, complete, workload(1), workload(2), workload(3))
	if got.Added != 3 || got.Changed != 0 || got.Gone != 0 {
		t.Errorf("first run: %+v, want 3 added", got)
	}
	if got := collect(t, db, complete, workload(3), workload(2), workload(1)); got.Any() {
		t.Errorf("unchanged run in another order: %+v, want no changes", got)
	}
	changed := workload(2)
	changed.Replicas = 7
	got = collect(t, db, complete, workload(1), changed, workload(4))
	if got.Added != 1 || got.Changed != 1 || got.Gone != 1 {
		t.Errorf("third run: %+v, want 1 added, 1 changed, 1 gone", got)
	}
	want := map[string]bool{"service-1": true, "service-2": true, "service-4": true}
	for _, name := range names(t, db, view.WorkloadQuery{}) {
		if !want[name] {
			t.Errorf("unexpected workload %s", name)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("missing workloads: %v", want)
	}
}

func TestApplyKeepsHistory(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	collect(t, db, complete, workload(1), workload(2))
	between := time.Now().UTC()
	changed := workload(1)
	changed.Replicas = 9
	collect(t, db, complete, changed)

	page, err := db.Reader(tenant).Workloads(t.Context(), view.WorkloadQuery{AsOf: between})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, w := range page.Items {
		got[w.Name] = w.Replicas
	}
	if diff := cmp.Diff(map[string]int{"service-1": 2, "service-2": 2}, got); diff != "" {
		t.Errorf("replicas as of then mismatch (-want +got):\n%s", diff)
	}
	detail, err := db.Reader(tenant).Workload(t.Context(), workload(1).UID, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if len(detail.Versions) != 2 || detail.Versions[0].Replicas != 9 || detail.Versions[1].Replicas != 2 {
		t.Errorf("versions = %+v, want 9 replicas now and 2 before", detail.Versions)
	}
	gone, err := db.Reader(tenant).Workload(t.Context(), workload(2).UID, time.Time{})
	if err != nil || gone.GoneAt.Before(between) || gone.Replicas != 2 {
		t.Errorf("workload that is gone: %+v, %v, want what it last was, and when it went", gone, err)
	}
}

func TestIncompleteRunClosesNothing(t *testing.T) {
	t.Parallel()
	for _, outcome := range []inventory.Outcome{
		inventory.Denied, inventory.Throttled, inventory.Failed, inventory.Disabled, inventory.Unreachable,
	} {
		t.Run(string(outcome), func(t *testing.T) {
			t.Parallel()
			db := openWithScope(t)
			collect(t, db, complete, workload(1), workload(2))
			result := inventory.ScopeResult{
				Outcome: outcome, Reason: "ecs:ListTasks denied", Permission: "ecs:ListTasks", Remedy: "add ecs:ListTasks",
			}
			if got := collect(t, db, result, workload(1)); got.Any() {
				t.Errorf("changes = %+v, want none", got)
			}
			if got := len(names(t, db, view.WorkloadQuery{})); got != 2 {
				t.Errorf("%d workloads, want 2", got)
			}
			page, err := db.Reader(tenant).Scopes(t.Context(), view.ScopeQuery{Gaps: true})
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Items) != 1 {
				t.Fatalf("%d gaps, want 1", len(page.Items))
			}
			gap := page.Items[0]
			if diff := cmp.Diff(result, gap.ScopeResult); diff != "" {
				t.Errorf("result mismatch (-want +got):\n%s", diff)
			}
			if !gap.Stale {
				t.Error("the scope is not stale")
			}
		})
	}
}

func TestApplyRefusesSupersededRun(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	state, err := db.Scope(t.Context(), tenant, ecsScope)
	if err != nil {
		t.Fatal(err)
	}
	collect(t, db, complete, workload(1))

	old := postgres.NewSnapshot(ecsScope)
	defer old.Close()
	for _, result := range []inventory.ScopeResult{complete, {Outcome: inventory.Failed}} {
		_, err := db.Apply(t.Context(), postgres.Run{Tenant: tenant, Token: state.Run, Snapshot: old, Result: result}, nil)
		if !errors.Is(err, postgres.ErrSuperseded) {
			t.Errorf("apply an old %s run: error %v, want ErrSuperseded", result.Outcome, err)
		}
	}
	if got := names(t, db, view.WorkloadQuery{}); len(got) != 1 {
		t.Errorf("workloads = %v, want service-1", got)
	}
}

func TestApplyIsOneTransaction(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	state, err := db.Scope(t.Context(), tenant, ecsScope)
	if err != nil {
		t.Fatal(err)
	}
	snapshot := postgres.NewSnapshot(ecsScope)
	defer snapshot.Close()
	if err := snapshot.Emit(workload(1)); err != nil {
		t.Fatal(err)
	}
	fault := errors.New("the queue is down")
	_, err = db.Apply(t.Context(), postgres.Run{Tenant: tenant, Token: state.Run, Snapshot: snapshot, Result: complete},
		func(context.Context, pgx.Tx, postgres.Changes) error { return fault })
	if !errors.Is(err, fault) {
		t.Errorf("error %v, want the callback's", err)
	}
	if got := names(t, db, view.WorkloadQuery{}); len(got) != 0 {
		t.Errorf("workloads = %v, want none", got)
	}
}

func TestChildScopes(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	child := inventory.ChildScope{
		ScopeKey: inventory.ScopeKey{Provider: inventory.AWS, Account: "111122223333", Region: "eu-west-1", Collector: "kubernetes", Target: "prod"},
		Params:   map[string]string{"endpoint": "https://prod.example"},
	}
	changes := collect(t, db, complete, child, inventory.Account{Provider: inventory.AWS, ID: "111122223333", Name: "shop"})
	if diff := cmp.Diff([]inventory.ChildScope{child}, changes.Children); diff != "" {
		t.Errorf("children mismatch (-want +got):\n%s", diff)
	}
	state, err := db.Scope(t.Context(), tenant, child.ScopeKey)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(child.Params, state.Params); diff != "" {
		t.Errorf("params mismatch (-want +got):\n%s", diff)
	}

	snapshot := postgres.NewSnapshot(child.ScopeKey)
	defer snapshot.Close()
	pod := workload(5)
	pod.UID = "arn:aws:eks:eu-west-1:111122223333:cluster/prod/default/pods/web"
	if err := snapshot.Emit(pod); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Apply(t.Context(), postgres.Run{Tenant: tenant, Token: state.Run, Snapshot: snapshot, Result: complete}, nil); err != nil {
		t.Fatal(err)
	}
	if got := names(t, db, view.WorkloadQuery{}); len(got) != 1 {
		t.Fatalf("workloads = %v, want the pod", got)
	}

	// A failed parent ends nothing, a complete one that no longer shows the
	// child ends it with all that it holds.
	collect(t, db, inventory.ScopeResult{Outcome: inventory.Failed})
	if got := names(t, db, view.WorkloadQuery{}); len(got) != 1 {
		t.Errorf("after a failed parent: workloads = %v, want the pod", got)
	}
	collect(t, db, complete, inventory.Account{Provider: inventory.AWS, ID: "111122223333", Name: "shop"})
	if got := names(t, db, view.WorkloadQuery{}); len(got) != 0 {
		t.Errorf("after the child ended: workloads = %v, want none", got)
	}
	if _, err := db.Scope(t.Context(), tenant, child.ScopeKey); !errors.Is(err, pgx.ErrNoRows) {
		t.Errorf("scope that ended: error %v, want no rows", err)
	}

	// It comes back as if it were new.
	changes = collect(t, db, complete, child)
	if len(changes.Children) != 1 {
		t.Errorf("children = %+v, want the one that came back", changes.Children)
	}
	accounts, err := db.Reader(tenant).Accounts(t.Context(), view.AccountQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if len(accounts) != 1 || accounts[0].Name != "shop" || accounts[0].Scopes[inventory.Pending] != 1 {
		t.Errorf("accounts = %+v, want shop with one pending scope", accounts)
	}
}

func TestFirstLoadByCopy(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	var records []inventory.Record
	for n := range 5000 {
		w := workload(n)
		w.Labels = map[string]string{"note": "a \x00 \\ \" \u2028 b"}
		records = append(records, w)
	}
	records = append(records,
		inventory.Identity{UID: "arn:aws:iam::111122223333:role/shop", Kind: "aws.iam.role", Name: "shop"},
		inventory.Resource{UID: "sg-1", Kind: "aws.ec2.security_group", Name: "web", Attrs: []byte(`{"a":[1,2]}`)},
		inventory.Exposure{Workload: workload(7).UID, Via: "aws.elbv2.load_balancer", Address: "web.example", Ports: []int{443}},
		inventory.RepositoryImage{Repository: "registry.example/shop/app-7", Digest: digest(99), Tags: []string{`1.0`, `we"ird\`}},
	)
	if got := collect(t, db, complete, records...); got.Added != 5004 {
		t.Errorf("%d added, want 5004", got.Added)
	}
	detail, err := db.Reader(tenant).Workload(t.Context(), workload(7).UID, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if detail.Exposed != view.ExposedYes || len(detail.Exposures) != 1 || detail.IdentityRecord == nil || detail.IdentityRecord.Name != "shop" {
		t.Errorf("detail = %+v, want an exposure and the identity", detail)
	}
	c := detail.Containers[0]
	if c.ImageDigest != digest(7) || c.TagDigest != digest(99) || !c.Drift {
		t.Errorf("container = %+v, want image %s and a drift to %s", c, digest(7), digest(99))
	}
	if len(detail.Checks) != 1 || detail.FailedChecks != 1 {
		t.Errorf("checks = %+v (%d), want one", detail.Checks, detail.FailedChecks)
	}
}

func TestWorkloadPages(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	var records []inventory.Record
	for n := range 25 {
		records = append(records, workload(n))
	}
	collect(t, db, complete, records...)
	seen := map[string]bool{}
	q := view.WorkloadQuery{Paging: view.Paging{Limit: 10}}
	for pages := 1; ; pages++ {
		page, err := db.Reader(tenant).Workloads(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range page.Items {
			if seen[w.UID] {
				t.Errorf("%s is on two pages", w.UID)
			}
			seen[w.UID] = true
		}
		if page.Next == "" {
			if pages != 3 {
				t.Errorf("%d pages, want 3", pages)
			}
			break
		}
		q.Cursor = page.Next
	}
	if len(seen) != 25 {
		t.Errorf("%d workloads, want 25", len(seen))
	}
	for _, cursor := range []string{"x", "W10", "bm90IGpzb24"} {
		_, err := db.Reader(tenant).Workloads(t.Context(), view.WorkloadQuery{Paging: view.Paging{Cursor: cursor}})
		if !errors.Is(err, view.ErrBadQuery) {
			t.Errorf("cursor %q: error %v, want a bad query", cursor, err)
		}
	}
}
