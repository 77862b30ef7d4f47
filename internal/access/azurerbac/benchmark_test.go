package azurerbac

import (
	"fmt"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

// tenant is an estate with many assignments of few roles.
func tenant(b *testing.B, assignments int) Documents {
	b.Helper()
	d := Documents{Roles: builtIn()}
	for i := range assignments {
		a := assign(b, d.Roles[i%len(d.Roles)].Name, fmt.Sprintf("%s/resourceGroups/%d", subscription, i%500))
		a.Principal.ID = fmt.Sprintf("cccccccc-0000-0000-0000-%012d", i/10)
		d.Assignments = append(d.Assignments, a)
	}
	d.Assignments = append(d.Assignments, assign(b, "Reader", subscription), assign(b, "Storage Blob Data Reader", account))
	for i := range 20 {
		d.Denies = append(d.Denies, DenyAssignment{
			ID: fmt.Sprint(i), Scope: fmt.Sprintf("%s/resourceGroups/%d", subscription, i), Principals: []Principal{{everyone, "SystemDefined"}},
			Permissions: []Permission{{Actions: []string{"*/delete"}}},
		})
	}
	return d
}

func BenchmarkEvaluate(b *testing.B) {
	in := askData(tenant(b, 100_000), readBlob, account)
	b.ReportAllocs()
	for b.Loop() {
		if got := Evaluate(in).Verdict(); got != access.Allowed {
			b.Fatal(got)
		}
	}
}

func BenchmarkEvaluateCondition(b *testing.B) {
	a := assign(b, "Storage Blob Data Reader", account)
	a.Condition = `((!(ActionMatches{'` + readBlob + `'} AND NOT SubOperationMatches{'Blob.List'})) OR ` +
		`(@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] ForAnyOfAnyValues:StringEquals {'public', 'logs'}))`
	in := askData(assignments(a), readBlob, public)
	b.ReportAllocs()
	for b.Loop() {
		if got := Evaluate(in).Verdict(); got != access.Allowed {
			b.Fatal(got)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	d := tenant(b, 100_000)
	b.ReportAllocs()
	for b.Loop() {
		Compile(d)
	}
}

// BenchmarkEdges finds the edges of principals that each hold one resource group
// of many, so that nearly all questions have a plain no.
func BenchmarkEdges(b *testing.B) {
	const actors, identities, subscriptions = 100, 200, 50
	place := func(i int) string { return fmt.Sprintf("/subscriptions/%d/resourceGroups/g", i%subscriptions) }
	d, e := Documents{Roles: builtIn()}, Estate{}
	var groups []string
	for i := range 200 {
		groups = append(groups, fmt.Sprintf("GROUP%d", i))
	}
	for i := range subscriptions {
		e.Subscriptions = append(e.Subscriptions, Subscription{ID: fmt.Sprintf("/subscriptions/%d", i), ResourceGroups: []string{place(i)}})
		d.Denies = append(d.Denies, DenyAssignment{
			ID: fmt.Sprint(i), Scope: place(i) + "/providers/Microsoft.Storage/storageAccounts/a", Principals: []Principal{{everyone, "SystemDefined"}},
			Permissions: []Permission{{Actions: []string{"*/delete"}}},
		})
	}
	for i := range actors {
		a := assign(b, "Contributor", place(i))
		a.Principal.ID = fmt.Sprint("actor", i)
		d.Assignments = append(d.Assignments, a)
		e.Principals = append(e.Principals, Actor{ID: a.Principal.ID, Groups: Groups{IDs: groups}})
	}
	for i := range identities {
		e.Identities = append(e.Identities, Identity{
			ID: fmt.Sprint("identity", i), Resource: fmt.Sprintf("%s/providers/Microsoft.ManagedIdentity/userAssignedIdentities/%d", place(i), i),
		})
	}
	e.Policy = Compile(d)
	b.ReportAllocs()
	for b.Loop() {
		if edges, _ := Edges(e); len(edges) != 2*actors*identities/subscriptions {
			b.Fatalf("%d edges", len(edges))
		}
	}
}
