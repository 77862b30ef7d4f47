package web

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// edges returns a diagram's edges in words.
func edges(g diagram) []string {
	var words []string
	for _, e := range g.Edges {
		words = append(words, e.from.Title+" "+e.Label+" "+e.to.Title)
	}
	return words
}

func TestDiagram(t *testing.T) {
	t.Parallel()
	d := checkout()
	want := []string{
		"Internet reaches shop-1234567890.eu-west-1.elb.amazonaws.com",
		"shop-1234567890.eu-west-1.elb.amazonaws.com leads to checkout",
		"checkout runs app",
		"app from " + shopRef,
		"checkout runs proxy",
		"proxy from " + proxyRef,
		"checkout runs migrate",
		"migrate from registry.internal/shop/migrate",
		"checkout acts as " + roleARN,
	}
	if diff := cmp.Diff(want, edges(newDiagram(d))); diff != "" {
		t.Errorf("edges mismatch (-want +got):\n%s", diff)
	}
}

// TestDiagramUnknown draws an identity and a role that could not be read.
func TestDiagramUnknown(t *testing.T) {
	t.Parallel()
	d := view.WorkloadDetail{Workload: view.Workload{Name: "w", Identity: "kubernetes:c/serviceaccounts/x/y"}}
	if diff := cmp.Diff([]string{"w acts as kubernetes:c/serviceaccounts/x/y"}, edges(newDiagram(d))); diff != "" {
		t.Errorf("edges mismatch (-want +got):\n%s", diff)
	}
	d.IdentityRecord = &inventory.Identity{UID: "sa", Name: "y", CloudIdentity: roleARN}
	g := newDiagram(d)
	if diff := cmp.Diff([]string{"w acts as sa", "sa assumes " + roleARN}, edges(g)); diff != "" {
		t.Errorf("edges mismatch (-want +got):\n%s", diff)
	}
	if got := g.Nodes[2].Note; got != "not read" {
		t.Errorf("note of the role = %q, want that it was not read", got)
	}
}

// TestDiagramPlaces looks whether boxes overlap or leave the picture, however
// many there are.
func TestDiagramPlaces(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, columnNodes, 40} {
		d := checkout()
		d.Containers, d.Exposures = nil, nil
		for i := range n {
			d.Containers = append(d.Containers, view.Container{Container: inventory.Container{Name: fmt.Sprint(i)}, ImageDigest: fmt.Sprint("sha256:", i)})
			d.Exposures = append(d.Exposures, inventory.Exposure{Address: fmt.Sprint(i)})
		}
		g := newDiagram(d)
		if len(g.Nodes) > 3*columnNodes+4 {
			t.Errorf("%d containers make %d nodes", n, len(g.Nodes))
		}
		for i, a := range g.Nodes {
			if a.X < 0 || a.Y < 0 || a.X+nodeWidth > g.Width || a.Y+nodeHeight > g.Height {
				t.Errorf("%d containers: %s %s is outside of the picture", n, a.Kind, a.Label)
			}
			for _, b := range g.Nodes[i+1:] {
				if a.X == b.X && a.Y < b.Y+nodeHeight && b.Y < a.Y+nodeHeight {
					t.Errorf("%d containers: %s %s and %s %s overlap", n, a.Kind, a.Label, b.Kind, b.Label)
				}
			}
		}
	}
}
