package estate

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/fault"
)

func TestGaps(t *testing.T) {
	t.Parallel()
	want := []fault.Rule{
		{Account: "210014000023", Region: "eu-west-1", Action: "elasticloadbalancing:DescribeLoadBalancers", Deny: true},
		{Cluster: "eks-1", Unreachable: true},
	}
	for _, seed := range []uint64{1, 2} {
		if diff := cmp.Diff(want, newEstate(t, Config{Seed: seed, Gaps: true}).Gaps()); diff != "" {
			t.Errorf("gaps of seed %d mismatch (-want +got):\n%s", seed, diff)
		}
	}
	for _, rule := range want {
		if err := rule.Validate(); err != nil {
			t.Errorf("rule %+v: %v", rule, err)
		}
	}
	if got := newEstate(t, Config{}).Gaps(); got != nil {
		t.Errorf("without gaps = %+v, want none", got)
	}
	if got := newEstate(t, Config{Gaps: true, Accounts: 1, Regions: 1}).Gaps(); got != nil {
		t.Errorf("of one account and region = %+v, want none", got)
	}
}

// TestTruthTellsWhatIsHidden compares an estate with and without gaps: they hold
// the same, of which the gaps hide a part, at every step.
func TestTruthTellsWhatIsHidden(t *testing.T) {
	t.Parallel()
	readable, gaps := newEstate(t, Config{Seed: 1}), newEstate(t, Config{Seed: 1, Gaps: true})
	for step := range 3 {
		hidden, waysHidden := 0, 0
		want, got := slices.Collect(readable.Truth()), slices.Collect(gaps.Truth())
		for i := range got {
			w := &got[i]
			if w.Hidden != (w.Cluster == "eks-1") {
				t.Errorf("step %d: workload %s of cluster %s is hidden: %t", step, w.Name, w.Cluster, w.Hidden)
			}
			if w.ExposedHidden != (w.Account == "210014000023" && w.Region == "eu-west-1" && w.Namespace == "" && w.Kind != "lambda.function") {
				t.Errorf("step %d: the ways to %s %s in %s/%s are hidden: %t", step, w.Kind, w.Name, w.Account, w.Region, w.ExposedHidden)
			}
			if w.Hidden {
				hidden++
			}
			if w.ExposedHidden {
				waysHidden++
			}
			w.Hidden, w.ExposedHidden = false, false
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("step %d mismatch (-without gaps +with):\n%s", step, diff)
		}
		if hidden == 0 || waysHidden == 0 {
			t.Errorf("step %d: %d workloads are hidden, %d in their ways, want some of both", step, hidden, waysHidden)
		}
		readable.Step()
		gaps.Step()
	}
}
