//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// A fact is what a correct inventory shows of a workload.
type fact struct {
	Kind     inventory.Kind
	Place    string // cluster/namespace/name, as far as there are
	Account  string
	Replicas int
	// Identity is the UID of what the containers act as, CloudIdentity that of
	// the cloud's role behind it.
	Identity, CloudIdentity, ExecutionIdentity string
	// Exposures are "via address ports".
	Exposures  []string
	Containers []containerFact
}

// A containerFact is what a correct inventory shows of a container.
type containerFact struct {
	Name string
	Type inventory.ContainerType
	// Image is the reference that was asked for, Digest what the runtime
	// reported, and Manifest the image of the platform that runs.
	Image, Digest, Manifest string
	Replicas                int
}

// factOf returns what the inventory shows of a workload.
func factOf(d view.WorkloadDetail) fact {
	f := fact{
		Kind: d.Kind, Account: d.Account, Replicas: d.Replicas,
		Identity: d.Record.Identity, ExecutionIdentity: d.Record.ExecutionIdentity,
	}
	for _, part := range []string{d.Cluster, d.Namespace, d.Name} {
		if part != "" {
			f.Place = strings.TrimPrefix(f.Place+"/"+part, "/")
		}
	}
	if d.CloudIdentity != nil {
		f.CloudIdentity = d.CloudIdentity.UID
	} else if d.IdentityRecord != nil {
		f.CloudIdentity = d.IdentityRecord.CloudIdentity
	}
	for _, e := range d.Exposures {
		f.Exposures = append(f.Exposures, fmt.Sprint(e.Via, " ", e.Address, " ", e.Ports))
	}
	for _, c := range d.Containers {
		f.Containers = append(f.Containers, containerFact{
			Name: c.Name, Type: c.Type, Image: c.Image, Digest: c.Digest, Manifest: c.ImageDigest, Replicas: c.Replicas,
		})
	}
	return f
}

// compare fails the test unless the inventory shows exactly these facts.
func compare(t *testing.T, want []fact, shown []view.WorkloadDetail) {
	t.Helper()
	got := make([]fact, 0, len(shown))
	for _, d := range shown {
		got = append(got, factOf(d))
	}
	if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
		t.Errorf("workloads mismatch (-want +got):\n%s", diff)
	}
}

// sorted returns the facts in an order that does not depend on the inventory's.
func sorted(facts []fact) []fact {
	for i := range facts {
		slices.Sort(facts[i].Exposures)
		slices.SortFunc(facts[i].Containers, func(a, b containerFact) int {
			return strings.Compare(fmt.Sprint(a.Type, a.Name, a.Digest, a.Manifest), fmt.Sprint(b.Type, b.Name, b.Digest, b.Manifest))
		})
	}
	slices.SortFunc(facts, func(a, b fact) int {
		return strings.Compare(fmt.Sprint(a.Kind, a.Account, a.Place), fmt.Sprint(b.Kind, b.Account, b.Place))
	})
	return facts
}
