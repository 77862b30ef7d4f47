package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/postgres/storetest"
	"github.com/stowage-dev/stowage/internal/view"
)

// apply applies one run of a scope.
func apply(t *testing.T, db *postgres.DB, key inventory.ScopeKey, result inventory.ScopeResult, records ...inventory.Record) {
	t.Helper()
	state, err := db.Scope(t.Context(), tenant, key)
	if err != nil {
		t.Fatal(err)
	}
	snapshot := postgres.NewSnapshot(key)
	defer snapshot.Close()
	for _, r := range records {
		if err := snapshot.Emit(r); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Apply(t.Context(), postgres.Run{Tenant: tenant, Token: state.Run, Snapshot: snapshot, Result: result}, nil); err != nil {
		t.Fatal(err)
	}
}

// exposureEstate is an account with two ECS services and a function in one
// region, and an ECS service in another.
type exposureEstate struct {
	*postgres.DB
	ecs, lambda, exposure, elsewhere, exposureElsewhere inventory.ScopeKey
}

func openExposureEstate(t *testing.T) exposureEstate {
	t.Helper()
	scope := func(region, collector string) inventory.ScopeKey {
		return inventory.ScopeKey{Provider: inventory.AWS, Account: "111122223333", Region: region, Collector: collector}
	}
	e := exposureEstate{
		storetest.Open(t), scope("eu-west-1", "ecs"), scope("eu-west-1", "lambda"), scope("eu-west-1", "exposure"),
		scope("us-east-1", "ecs"), scope("us-east-1", "exposure"),
	}
	var roots []inventory.ChildScope
	for _, key := range []inventory.ScopeKey{e.ecs, e.lambda, e.exposure, e.elsewhere, e.exposureElsewhere} {
		roots = append(roots, inventory.ChildScope{ScopeKey: key})
	}
	if err := e.PutRoots(t.Context(), tenant, roots); err != nil {
		t.Fatal(err)
	}
	function := workload(3)
	function.UID, function.Kind, function.Name = "arn:aws:lambda:eu-west-1:111122223333:function:resize", "aws.lambda.function", "resize"
	apply(t, e.DB, e.ecs, complete, workload(1), workload(2))
	apply(t, e.DB, e.lambda, complete, function)
	apply(t, e.DB, e.elsewhere, complete, workload(4))
	return e
}

// answers returns whether the internet reaches each workload, and the scope for
// which that is unknown.
func (e exposureEstate) answers(t *testing.T, q view.WorkloadQuery) map[string]string {
	t.Helper()
	page, err := e.Reader(tenant).Workloads(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, w := range page.Items {
		got[w.Name] = string(w.Exposed)
		if g := w.ExposureGap; g != nil {
			got[w.Name] += " " + g.Region + "/" + g.Collector + " " + string(g.Outcome) + " " + g.Reason
		}
	}
	return got
}

func TestExposureIsUnknownWhereNobodyLooked(t *testing.T) {
	t.Parallel()
	e := openExposureEstate(t)
	check := func(what string, want map[string]string, q view.WorkloadQuery) {
		t.Helper()
		if diff := cmp.Diff(want, e.answers(t, q)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	check("before exposure was read", map[string]string{
		"service-1": "unknown eu-west-1/exposure pending ", "service-2": "unknown eu-west-1/exposure pending ", "resize": "no",
		"service-4": "unknown us-east-1/exposure pending ",
	}, view.WorkloadQuery{})

	apply(t, e.DB, e.exposure, complete, inventory.Exposure{Workload: workload(1).UID, Via: "aws.elbv2.load_balancer", Address: "web.example"})
	apply(t, e.DB, e.exposureElsewhere, complete)
	everythingRead := time.Now()
	check("when everything was read", map[string]string{"service-1": "yes", "service-2": "no", "resize": "no", "service-4": "no"}, view.WorkloadQuery{})

	denied := inventory.ScopeResult{Outcome: inventory.Denied, Reason: "elbv2 is denied", Permission: "elasticloadbalancing:DescribeLoadBalancers"}
	apply(t, e.DB, e.exposure, denied)
	apply(t, e.DB, e.lambda, inventory.ScopeResult{Outcome: inventory.Throttled, Reason: "too fast"})
	now := map[string]string{
		// What was found stays found.
		"service-1": "yes", "service-2": "unknown eu-west-1/exposure denied elbv2 is denied", "resize": "unknown eu-west-1/lambda throttled too fast",
		"service-4": "no",
	}
	check("with gaps", now, view.WorkloadQuery{})
	for answer, names := range map[view.Exposed][]string{
		view.ExposedYes: {"service-1"}, view.ExposedNo: {"service-4"}, view.ExposedUnknown: {"service-2", "resize"},
	} {
		want := map[string]string{}
		for _, name := range names {
			want[name] = now[name]
		}
		check("filter "+string(answer), want, view.WorkloadQuery{Exposed: answer})
		check("filter of the past "+string(answer), want, view.WorkloadQuery{Exposed: answer, AsOf: time.Now()})
	}
	check("as of now", now, view.WorkloadQuery{AsOf: time.Now()})
	check("as of when everything was read", map[string]string{"service-1": "yes", "service-2": "no", "resize": "no", "service-4": "no"},
		view.WorkloadQuery{AsOf: everythingRead})

	status, err := e.Reader(tenant).Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if status.Exposed != 1 || status.ExposureUnknown != 2 {
		t.Errorf("status counts %d exposed, %d unknown, want 1 and 2", status.Exposed, status.ExposureUnknown)
	}
	for _, test := range []struct {
		asOf             time.Time
		exposed, unknown int
	}{{time.Time{}, 1, 2}, {time.Now(), 1, 2}, {everythingRead, 1, 0}} {
		accounts, err := e.Reader(tenant).Accounts(t.Context(), view.AccountQuery{AsOf: test.asOf})
		if err != nil {
			t.Fatal(err)
		}
		if len(accounts) != 1 || accounts[0].Exposed != test.exposed || accounts[0].ExposureUnknown != test.unknown {
			t.Errorf("accounts as of %s = %+v, want %d exposed and %d unknown", test.asOf, accounts, test.exposed, test.unknown)
		}
	}
	detail, err := e.Reader(tenant).Workload(t.Context(), "service-2", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if detail.Exposed != view.ExposedUnknown || detail.ExposureGap == nil || detail.ExposureGap.Permission != denied.Permission {
		t.Errorf("detail = %s with %+v, want unknown with the denied permission", detail.Exposed, detail.ExposureGap)
	}

	apply(t, e.DB, e.exposure, complete)
	apply(t, e.DB, e.ecs, denied, workload(1))
	check("when the workloads' own scope has a gap", map[string]string{
		"service-1": "unknown eu-west-1/ecs denied elbv2 is denied", "service-2": "unknown eu-west-1/ecs denied elbv2 is denied",
	}, view.WorkloadQuery{Region: "eu-west-1", Kind: "aws.ecs.service"})
}
