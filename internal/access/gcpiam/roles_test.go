package gcpiam

import (
	"slices"
	"testing"
	"time"
)

func TestRoleTable(t *testing.T) {
	t.Parallel()
	if _, err := time.Parse(time.DateOnly, RolesDate()); err != nil {
		t.Error(err)
	}
	table := predefined()
	if len(table.roles) < 2000 || len(table.permissions) < 10_000 {
		t.Errorf("%d roles, %d permissions: the table is not whole", len(table.roles), len(table.permissions))
	}
	for _, test := range []struct {
		role, permission string
		want             bool
	}{
		{"roles/storage.objectViewer", "storage.objects.get", true},
		{"roles/storage.objectViewer", "storage.objects.create", false},
		{"roles/viewer", "storage.objects.get", false},
		{"roles/viewer", "datastore.entities.get", true},
		{"roles/editor", "iam.serviceAccounts.actAs", true},
		{"roles/editor", "iam.serviceAccountKeys.create", true},
		{"roles/editor", "iam.serviceAccounts.getAccessToken", false},
		{"roles/iam.workloadIdentityUser", "iam.serviceAccounts.getAccessToken", true},
		{"roles/iam.serviceAccountTokenCreator", "iam.serviceAccounts.implicitDelegation", true},
		{"roles/owner", "secretmanager.versions.access", true},
	} {
		if got, known := table.holds(test.role, test.permission); got != test.want || !known {
			t.Errorf("%s has %s: %t, %t, want %t", test.role, test.permission, got, known, test.want)
		}
	}
	permissions, ok := Permissions("roles/secretmanager.secretAccessor")
	if !ok || !slices.IsSorted(permissions) || !slices.Contains(permissions, "secretmanager.versions.access") {
		t.Errorf("Permissions(roles/secretmanager.secretAccessor) = %q, %t", permissions, ok)
	}
	if _, ok := Permissions("roles/no.such"); ok {
		t.Error("a role that does not exist has permissions")
	}
}

// The other tables name permissions that exist.
func TestTables(t *testing.T) {
	t.Parallel()
	known := predefined().permissions
	for scope, row := range scopeTable() {
		for _, p := range row.permissions {
			if p == "-" || p[len(p)-1] == '*' {
				continue
			}
			if _, ok := known[p]; !ok {
				t.Errorf("scope %s names %s, which no role has", scope, p)
			}
		}
	}
	if b := blocked(); b.defaultVersion != 4 || b.newest != 4 || len(b.services) < 20 {
		t.Errorf("table of what boundaries block: default version %d, newest %d, %d services", b.defaultVersion, b.newest, len(b.services))
	}
	used := make(map[string]bool)
	for p := range known {
		v2 := denyPermission(p)
		for host, rows := range blocked().services {
			for _, r := range rows {
				for _, pattern := range slices.Concat(r.blocks, r.excludes) {
					if matchesPermission(pattern, v2) {
						used[pattern], used[host] = true, true
					}
				}
			}
		}
	}
	for host := range blocked().services {
		if !used[host] {
			t.Errorf("no permission is one of %s", host)
		}
	}
}
