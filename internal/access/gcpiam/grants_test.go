package gcpiam_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/accesstest"
	"github.com/stowage-dev/stowage/internal/access/datastore"
	"github.com/stowage-dev/stowage/internal/access/gcpiam"
)

// randomOrganization makes principals and stores with policies of a few words,
// so that they meet often.
func randomOrganization(r *rand.Rand) ([]gcpiam.Holder, []gcpiam.DataStore) {
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	policies := func(name string) gcpiam.Node {
		n := gcpiam.Node{Name: name}
		for range r.IntN(3) {
			b := gcpiam.Binding{Role: one("roles/storage.objectViewer", "roles/owner", "roles/storage.admin", "roles/pubsub.subscriber", "roles/viewer", "roles/unheard.of", "roles/secretmanager.secretAccessor")}
			for range 1 + r.IntN(2) {
				b.Members = append(b.Members, one(
					"user:a@example.com", "user:A@Example.com", "user:b@example.com", "serviceAccount:s@p.iam.gserviceaccount.com", "group:g@example.com",
					"group:h@example.com", "domain:example.com", "allUsers", "allAuthenticatedUsers", "projectViewer:p", "nobody", "deleted:user:a@example.com?uid=1",
				))
			}
			if r.IntN(6) == 0 {
				b.Condition = &gcpiam.Condition{Expression: one(`resource.name.startsWith("projects/_/buckets/b/objects/x")`, `request.time < timestamp("2030-01-01T00:00:00Z")`)}
			}
			if r.IntN(20) == 0 {
				b.Unread = "unknown field"
			}
			n.Allow.Policies = append(n.Allow.Policies, gcpiam.Policy{Name: "allow policy of " + name, Bindings: []gcpiam.Binding{b}})
		}
		if r.IntN(20) == 0 {
			n.Allow.Missing = "refused"
		}
		if r.IntN(10) == 0 {
			n.Deny.Policies = []gcpiam.DenyPolicy{{Name: "deny", Rules: []gcpiam.DenyRule{{
				DeniedPrincipals: []string{one("principalSet://goog/public:all", "principal://goog/subject/a@example.com")}, DeniedPermissions: []string{"storage.googleapis.com/objects.get"},
			}}}}
		}
		return n
	}
	var holders []gcpiam.Holder
	for _, id := range []string{"user:a@example.com", "user:b@example.com", "serviceAccount:s@p.iam.gserviceaccount.com", "user:stranger@example.org"} {
		h := gcpiam.Holder{Principal: access.Principal{Kind: gcpiam.User, ID: id}}
		if id[0] == 's' {
			h.Principal.Kind, h.Principal.Account = gcpiam.ServiceAccount, "p"
		}
		if r.IntN(2) == 0 {
			h.Identity.Groups = []string{one("g@example.com", "H@example.com")}
		}
		if r.IntN(5) == 0 {
			h.Identity.GroupsMissing = "refused"
		}
		holders = append(holders, h)
	}
	above := []gcpiam.Node{policies("organizations/9"), policies("projects/p")}
	var stores []gcpiam.DataStore
	for i, id := range []string{
		"//storage.googleapis.com/projects/_/buckets/b", "//storage.googleapis.com/projects/_/buckets/c",
		"//secretmanager.googleapis.com/projects/1/secrets/s", "//pubsub.googleapis.com/projects/p/topics/t",
	} {
		s := gcpiam.DataStore{
			Store: access.Store{ID: id, Account: "p", Type: []string{"gcp.storage.bucket", "gcp.storage.bucket", "gcp.secretmanager.secret", "gcp.pubsub.topic"}[i]},
			Input: gcpiam.Input{Project: gcpiam.Project{ID: "p", Number: "1"}, Hierarchy: append(append([]gcpiam.Node{}, above...), policies(id))},
		}
		if i < 2 {
			s.Input.PublicAccessPrevention = gcpiam.PublicAccess(r.IntN(3))
		}
		if r.IntN(20) == 0 {
			s.Input.HierarchyMissing = "refused"
		}
		stores = append(stores, s)
	}
	return holders, stores
}

// TestEngine compares the grants of random organizations with single requests
// of every principal about every store, and again after something changed.
func TestEngine(t *testing.T) {
	t.Parallel()
	table, err := datastore.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	some := 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 5))
		e := gcpiam.NewEngine(table.Types())
		estate := access.NewEstate(e)
		holders, stores := randomOrganization(r)
		for step := range 3 {
			e.Set(holders, stores)
			if _, err := estate.Update(t.Context()); err != nil {
				t.Fatal(err)
			}
			var principals, ids []string
			for _, h := range holders {
				principals = append(principals, h.Principal.ID)
			}
			for _, s := range stores {
				ids = append(ids, s.ID)
			}
			some += accesstest.EqualsRequests(t, fmt.Sprintf("seed %d, step %d", seed, step), e.RequestEngine, estate, principals, ids)
			otherHolders, otherStores := randomOrganization(r)
			if r.IntN(2) == 0 {
				holders = otherHolders[1:]
			} else {
				stores = otherStores[1:]
			}
		}
	}
	if some < 1000 {
		t.Errorf("%d grants in all, which is too few for a test", some)
	}
}
