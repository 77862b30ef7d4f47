package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/stowage-dev/stowage/internal/api"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

type workloadPage struct {
	view.WorkloadDetail
	Containers []container
	Checks     failedChecks
	Diagram    diagram
	// Identities are the one of the containers and the cloud role behind it.
	Identities []identity
	History    []version
	// Gaps are scopes of the account that could not be read: what is derived
	// from them may be missing here.
	Gaps []view.Scope
}

// A container is a container with its place in the list.
type container struct {
	view.Container
	Index int
}

// TypeName returns the container's type in words.
func (c container) TypeName() string { return containerName(c.Type) }

// Read reports whether the image was read, if only in part.
func (c container) Read() bool { return scanned(c.ScanState) }

// NonRoot reports whether the workload forbids the container to run as root.
func (c container) NonRoot() bool { return c.RunAsNonRoot != nil && *c.RunAsNonRoot }

// Escalation returns whether a process may gain privileges; empty when the
// workload does not say.
func (c container) Escalation() string {
	switch {
	case c.AllowPrivilegeEscalation == nil:
		return ""
	case *c.AllowPrivilegeEscalation:
		return "allowed"
	}
	return "not allowed"
}

// An identity is an identity with what it is to the workload.
type identity struct {
	inventory.Identity
	Role string
}

// A version is a version of the workload and what changed with it.
type version struct {
	view.Version
	// Changed says what is not as in the version before.
	Changed []string
}

func (s *site) workload(r *http.Request) (page, error) {
	ctx := r.Context()
	at, err := api.ParseAsOf(r.URL.Query().Get("as_of"))
	if err != nil {
		return page{}, err
	}
	detail, err := s.store.Workload(ctx, r.PathValue("key"), at)
	if err != nil {
		return page{}, err
	}
	d := workloadPage{WorkloadDetail: detail, Diagram: newDiagram(detail), History: history(detail.Versions)}
	for i, c := range detail.Containers {
		d.Containers = append(d.Containers, container{c, i})
	}
	for _, c := range detail.Checks {
		d.Checks.add(s.checks, c.Check, c.Severity, evidence{Detail: c.Detail, Container: c.Container, Layer: -1})
	}
	if i := detail.IdentityRecord; i != nil {
		d.Identities = append(d.Identities, identity{*i, "The containers act as"})
	}
	if i := detail.CloudIdentity; i != nil {
		d.Identities = append(d.Identities, identity{*i, "which acts in the cloud as"})
	}
	if !d.Past() {
		if d.Gaps, err = s.gapsAround(ctx, detail); err != nil {
			return page{}, err
		}
	}
	return page{Title: detail.Name, Section: "/workloads", Data: d}, nil
}

// gapsAround returns the scopes of the workload's account, besides its own,
// that could tell more of it but could not be read.
func (s *site) gapsAround(ctx context.Context, d view.WorkloadDetail) ([]view.Scope, error) {
	var gaps []view.Scope
	for _, region := range slices.Compact([]string{d.Region, inventory.Global}) {
		found, err := s.store.Scopes(ctx, view.ScopeQuery{
			Provider: d.Provider, Account: d.Account, Region: region, Gaps: true, Paging: view.Paging{Limit: overviewRows},
		})
		if err != nil {
			return nil, err
		}
		for _, gap := range found.Items {
			if gap.ScopeKey != d.Scope.ScopeKey && gap.Outcome != inventory.Disabled {
				gaps = append(gaps, gap)
			}
		}
	}
	return gaps, nil
}

// Past reports whether the page does not show how the workload is now.
func (p workloadPage) Past() bool { return !p.AsOf.IsZero() || !p.GoneAt.IsZero() }

// Then is the time that the page shows, for links to what was there then.
func (p workloadPage) Then() string {
	if p.AsOf.IsZero() {
		return ""
	}
	return p.AsOf.UTC().Format(time.RFC3339Nano)
}

// Ports returns the ports of an exposure in words.
func (workloadPage) Ports(e inventory.Exposure) string { return portList(e.Ports) }

// history compares versions, newest first, with the ones before them.
func history(versions []view.Version) []version {
	var h []version
	for i, v := range versions {
		changed := []string{"first seen"}
		if i+1 < len(versions) {
			changed = changes(versions[i+1], v)
		}
		h = append(h, version{v, changed})
	}
	return h
}

func changes(before, after view.Version) []string {
	var changed []string
	switch {
	case before.Gone:
		changed = append(changed, "came back")
	case !before.To.Equal(after.From):
		changed = append(changed, "seen again")
	}
	if !slices.Equal(before.Images, after.Images) {
		changed = append(changed, "images")
	}
	if before.Replicas != after.Replicas {
		changed = append(changed, "replicas")
	}
	if changed == nil {
		changed = []string{"configuration"}
	}
	return changed
}
