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
