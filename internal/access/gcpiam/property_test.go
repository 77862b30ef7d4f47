package gcpiam

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

// A world is a request of which everything is known.
type world struct {
	principal                                    string
	groups                                       []string
	domain, customer, cluster, uid, time, object string
	tags                                         []Tag
	ancestors                                    []string
	allow                                        [4][]Binding
	deny                                         [4][]DenyRule
	custom                                       Role
	boundaries                                   []BoundaryBinding
	public                                       PublicAccess
	scopes                                       []string
	number                                       string
	repository                                   string
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func some[T any](r *rand.Rand, most int, from ...T) []T {
	list := make([]T, r.IntN(most+1))
	for i := range list {
		list[i] = pick(r, from...)
	}
	return list
}

const ciPool = "iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/ci/"

var (
	worldMembers = []string{
		"user:ann@example.com", app, pods, "principal://" + ciPool + "subject/main", "group:a@example.com", "domain:example.com", "allUsers", "allAuthenticatedUsers",
		poolOf + "namespace/web", poolOf + "kubernetes.cluster/" + clusterA, "principalSet://" + ciPool + "attribute.repository/shop", "principalSet://" + ciPool + "*",
		"projectViewer:shop", "projectEditor:123456789", "deleted:" + app + "?uid=1", "principalSet://cloudresourcemanager.googleapis.com/folders/7/type/ServiceAccount",
	}
	worldDenied = []string{
		"principalSet://goog/public:all", "principal://goog/subject/ann@example.com", "principalSet://goog/group/a@example.com", "principalSet://goog/cloudIdentityCustomerId/C01",
		"principal://iam.googleapis.com/projects/-/serviceAccounts/app@shop.iam.gserviceaccount.com", pods, "principalSet://" + ciPool + "attribute.repository/shop",
		"principalSet://cloudresourcemanager.googleapis.com/projects/123456789/type/ServiceAccount",
	}
	worldRoles      = []string{"roles/storage.objectViewer", "roles/storage.objectViewer", "roles/storage.objectViewer", "roles/viewer", "roles/editor", "projects/shop/roles/reader", "roles/storage.admin"}
	worldConditions = []*Condition{
		nil,
		{Expression: `request.time < timestamp("2026-01-01T00:00:00Z")`},
		{Expression: `resource.name.startsWith("projects/_/buckets/records/objects/a") || resource.type == "x"`},
		{Expression: `!resource.name.endsWith(".jpg") && resource.matchTag("9/env", "prod")`},
		{Expression: `resource.matchTagId("tagKeys/1", "tagValues/2") ? request.time.getHours() > 8 : resource.name.extract("objects/{n}") == "a"`},
		{Expression: `request.host == "x"`},
		{Expression: `resource.name == "projects/_/buckets/records/objects/a"`},
		{Expression: `resource.name != "projects/_/buckets/records/objects/a"`},
		{Expression: `resource.name in ["projects/_/buckets/records", "projects/_/buckets/records/objects/b"]`},
		{Expression: `!(resource.hasTagKey("9/env") || request.time > timestamp("2026-06-01T00:00:00Z"))`},
	}
)

// newBinding returns a binding, one in thirty of which is not understood.
func newBinding(r *rand.Rand, principal string) Binding {
	b := Binding{Role: pick(r, worldRoles...), Members: some(r, 3, worldMembers...), Condition: pick(r, worldConditions...)}
	if principal != "" && r.IntN(2) == 0 {
		b.Members = append(b.Members, principal)
	}
	switch r.IntN(90) {
	case 0:
		b.Role = "roles/storage.of-the-future"
	case 1:
		b.Members = append(b.Members, "robot:r2d2")
	case 2:
		b.Condition = &Condition{Expression: `no.such.thing`}
	}
	return b
}

func newWorld(r *rand.Rand) world {
	w := world{
		principal: pick(r, "user:ann@example.com", app, pods, "principal://"+ciPool+"subject/main", ""),
		groups:    some(r, 2, "a@example.com", "b@example.com"),
		domain:    pick(r, "example.com", "example.org"), customer: pick(r, "C01", "C02"), cluster: pick(r, clusterA, clusterB), uid: "u",
		time: pick(r, "2025-06-01T07:00:00Z", "2026-03-01T12:00:00Z", "2027-01-01T10:00:00Z"), object: pick(r, "a", "a.jpg", "b", "c/a"),
		ancestors: pick(r, []string{"projects/123456789", "folders/7", "organizations/9"}, []string{"projects/5", "organizations/8"}),
		custom:    Role{Permissions: some(r, 2, "storage.objects.get", "storage.objects.list"), Off: r.IntN(4) == 0},
		public:    pick(r, PublicAccessPrevented, PublicAccessNotPrevented), number: pick(r, "123456789", "5"), repository: pick(r, "shop", "till"),
		scopes: pick(r, nil, nil, some(r, 2, "https://www.googleapis.com/auth/devstorage.read_only", "https://www.googleapis.com/auth/logging.write")),
		tags:   some(r, 1, Tag{"9/env", "prod", "tagKeys/1", "tagValues/2"}, Tag{"9/env", "dev", "tagKeys/1", "tagValues/3"}),
	}
	for i := range w.allow {
		for range r.IntN(2) {
			w.allow[i] = append(w.allow[i], newBinding(r, w.principal))
		}
		if i < 3 && r.IntN(4) == 0 {
			w.deny[i] = append(w.deny[i], newRule(r))
		}
	}
	if r.IntN(3) == 0 {
		w.boundaries = append(w.boundaries, BoundaryBinding{
			Name: "b", PrincipalSet: pick(r, "//cloudresourcemanager.googleapis.com/organizations/9", "//cloudresourcemanager.googleapis.com/projects/123456789", "//"+ciPool[:len(ciPool)-1]),
			Condition: pick(r, nil, &Condition{Expression: `principal.type == "iam.googleapis.com/ServiceAccount"`}),
			Policy: &BoundaryPolicy{
				Resources:          some(r, 2, "//cloudresourcemanager.googleapis.com/organizations/9", "//cloudresourcemanager.googleapis.com/projects/5", "//cloudresourcemanager.googleapis.com/folders/8"),
				EnforcementVersion: pick(r, "1", "4", "latest", "9"),
			},
		})
	}
	return w
}

func newRule(r *rand.Rand) DenyRule {
	return DenyRule{
		DeniedPrincipals: some(r, 2, worldDenied...), ExceptionPrincipals: some(r, 1, worldDenied...),
		DeniedPermissions:    []string{pick(r, "storage.googleapis.com/objects.get", "storage.googleapis.com/*.*", "storage.googleapis.com/buckets.*")},
		ExceptionPermissions: some(r, 1, "storage.googleapis.com/*.get", "storage.googleapis.com/objects.list"),
		Condition:            pick(r, nil, nil, &Condition{Expression: `resource.matchTag("9/env", "prod")`}, &Condition{Expression: `!resource.matchTag("9/env", "prod")`}),
	}
}

// The parts of a world that can be hidden or changed.
var worldParts = []struct {
	name string
	hide func(*Input)
	copy func(to, from *world)
}{
	{"groups", func(in *Input) { in.Identity.Groups, in.Identity.GroupsMissing = nil, "hidden" }, func(to, from *world) { to.groups = from.groups }},
	{"domain", func(in *Input) { in.Identity.Domain, in.Identity.Customer = "", "" }, func(to, from *world) { to.domain, to.customer = from.domain, from.customer }},
	{"cluster", func(in *Input) { in.Identity.Cluster = "" }, func(to, from *world) { to.cluster = from.cluster }},
	{"time", func(in *Input) { in.Request.Context = in.Request.Context.WithUnknown("request.time") }, func(to, from *world) { to.time = from.time }},
	{"repository", func(in *Input) { in.Request.Context = in.Request.Context.WithUnknown("attribute.repository") }, func(to, from *world) { to.repository = from.repository }},
	{"object", func(in *Input) { in.Request.Resource = access.Resource{ID: objectsOf, Below: true} }, func(to, from *world) { to.object = from.object }},
	{"tags", func(in *Input) { in.Tags = nil }, func(to, from *world) { to.tags = from.tags }},
	{"tag_names", func(in *Input) {
		for i := range in.Tags.tagsOrNone() {
			in.Tags.Tags[i].Key, in.Tags.Tags[i].Value = "", ""
		}
	}, func(*world, *world) {}},
	{"ancestors", func(in *Input) { in.Identity.Ancestors = nil }, func(to, from *world) { to.ancestors = from.ancestors }},
	{"custom_role", func(in *Input) { in.CustomRoles = nil }, func(to, from *world) { to.custom = from.custom }},
	{"boundaries", func(in *Input) { in.Boundaries = &BoundarySet{Missing: "hidden"} }, func(to, from *world) { to.boundaries = from.boundaries }},
	{"some_boundaries", func(in *Input) {
		if in.Boundaries == nil {
			in.Boundaries = &BoundarySet{}
		}
		in.Boundaries.Missing = "hidden"
	}, func(to, from *world) { to.boundaries = slices.Concat(to.boundaries, from.boundaries) }},
	{"public", func(in *Input) { in.PublicAccessPrevention = PublicAccessUnknown }, func(to, from *world) { to.public = from.public }},
	{"scopes", func(in *Input) { in.Scopes = &ScopeSet{Missing: "hidden"} }, func(to, from *world) { to.scopes = from.scopes }},
	{"number", func(in *Input) { in.Project.Number = "" }, func(to, from *world) { to.number = from.number }},
	{"allow_of_folder", func(in *Input) { in.Hierarchy[1].Allow = PolicySet{Missing: "hidden"} }, func(to, from *world) { to.allow[1] = from.allow[1] }},
	{"allow_of_project", func(in *Input) { in.Hierarchy[2].Allow = PolicySet{Missing: "hidden"} }, func(to, from *world) { to.allow[2] = from.allow[2] }},
	{"allow_of_bucket", func(in *Input) { in.Hierarchy[3].Allow = PolicySet{Missing: "hidden"} }, func(to, from *world) { to.allow[3] = from.allow[3] }},
	{"deny_of_project", func(in *Input) { in.Hierarchy[2].Deny = DenySet{Missing: "hidden"} }, func(to, from *world) { to.deny[2] = from.deny[2] }},
	{"above", func(in *Input) { in.Hierarchy, in.HierarchyMissing = in.Hierarchy[2:], "hidden" }, func(to, from *world) {
		to.allow[0], to.allow[1], to.deny[0], to.deny[1] = from.allow[0], from.allow[1], from.deny[0], from.deny[1]
	}},
}

func (t *TagSet) tagsOrNone() []Tag {
	if t == nil {
		return nil
	}
	return t.Tags
}

func (w world) input() Input {
	in := request(w.principal, "storage.objects.get", objectsOf+w.object)
	if w.principal == "" {
		in.Request.Principal.Kind = Anonymous
	}
	in.Request.Context = access.NewContext(access.Absent).With("request.time", w.time).With("attribute.repository", w.repository)
	in.Identity = Identity{Groups: w.groups, Domain: w.domain, Customer: w.customer, Ancestors: w.ancestors, Cluster: w.cluster, ServiceAccountUID: w.uid}
	in.Project.Number = w.number
	in.Tags = &TagSet{Tags: slices.Clone(w.tags)}
	in.CustomRoles = map[string]Role{"projects/shop/roles/reader": w.custom}
	in.PublicAccessPrevention = w.public
	if w.boundaries != nil {
		in.Boundaries = &BoundarySet{Bindings: w.boundaries}
	}
	if w.scopes != nil {
		in.Scopes = &ScopeSet{Scopes: w.scopes}
	}
	for i := range w.allow {
		in.Hierarchy[i].Allow.Policies = []Policy{{Name: fmt.Sprint("policy ", i), Bindings: w.allow[i]}}
		in.Hierarchy[i].Deny.Policies = []DenyPolicy{{Name: fmt.Sprint("deny policy ", i), Rules: w.deny[i]}}
	}
	return in
}

// TestUnknownIsNeverRounded: what is decided without knowing something is so
// whatever that is.
func TestUnknownIsNeverRounded(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	verdicts := make(map[access.Verdict]int)
	for n := range 10_000 {
		w, other := newWorld(r), newWorld(r)
		hidden, changed := w.input(), w
		var names []string
		rarity := pick(r, 6, 30)
		for _, p := range worldParts {
			// What only the request has is hidden often: it leaves conditions.
			request := p.name == "time" || p.name == "object" || p.name == "repository"
			if request && r.IntN(2) != 0 || !request && r.IntN(rarity) != 0 {
				continue
			}
			if p.name == "allow_of_folder" && len(hidden.Hierarchy) < 4 {
				continue
			}
			// Parts of the hierarchy by their place, before it is cut.
			p.hide(&hidden)
			p.copy(&changed, &other)
			names = append(names, p.name)
			if p.name == "above" {
				break
			}
		}
		got := Evaluate(hidden).Formula
		verdicts[got.Verdict()]++
		if !got.Equal(Decide(hidden)) {
			t.Fatalf("case %d: Evaluate is %s, Decide %s", n, got, Decide(hidden))
		}
		value, known := got.Value()
		if !known {
			continue
		}
		for _, in := range []Input{w.input(), changed.input()} {
			if of := Evaluate(in); !of.Formula.Equal(access.Of(value)) {
				t.Fatalf("case %d: without %v it is %s, with them %s\n%s", n, names, got, of.Formula, explain(of))
			}
		}
	}
	for _, v := range []access.Verdict{access.Denied, access.Unknown, access.Conditional, access.Allowed} {
		if verdicts[v] < 50 {
			t.Errorf("only %d of the cases are %s", verdicts[v], v)
		}
	}
}

// TestMonotone: a binding more never takes access away, a deny rule more never
// gives any.
func TestMonotone(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 5000 {
		w := newWorld(r)
		before := Decide(w.input())
		more := w
		i := r.IntN(4)
		more.allow[i] = append(slices.Clone(w.allow[i]), newBinding(r, w.principal))
		if after := Decide(more.input()); before.IsTrue() && !after.IsTrue() || after.IsFalse() && !before.IsFalse() {
			t.Fatalf("case %d: a binding more makes %s of %s", n, after, before)
		}
		less := w
		i = r.IntN(3)
		less.deny[i] = append(slices.Clone(w.deny[i]), newRule(r))
		if after := Decide(less.input()); before.IsFalse() && !after.IsFalse() || after.IsTrue() && !before.IsTrue() {
			t.Fatalf("case %d: a deny rule more makes %s of %s", n, after, before)
		}
	}
}
