package azurerbac

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

// A world is a random tenant of which everything is known.
type world struct {
	documents  Documents
	groups     []string
	management []string
	context    access.Context
	sub        access.Value
	dataAction bool
	action     string
	resource   string
}

var (
	worldScopes = []string{
		"/", platform, "/providers/Microsoft.Management/managementGroups/root", subscription, group, account, public, private,
		group + "/providers/Microsoft.KeyVault/vaults/shop", subscription + "/resourceGroups/other",
	}
	worldPatterns = []string{
		"*", "*/read", "Microsoft.Storage/*", "microsoft.storage/storageaccounts/*/READ", readBlob, writeBlob, blobs + "*",
		"Microsoft.Storage/storageAccounts/listKeys/action", "*/action", "Other/*",
	}
	worldActions    = []string{readBlob, writeBlob, listKeys, "Microsoft.Storage/storageAccounts/read"}
	worldConditions = []string{
		"", "", "",
		`!(ActionMatches{'` + readBlob + `'}) OR @Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'public'`,
		`!(ActionMatches{'*/read'} AND NOT SubOperationMatches{'Blob.List'}) OR @Request[a] StringLike 'x*'`,
		`@Request[a] ForAnyOfAnyValues:StringEquals {'x1', 'x2'} AND (NOT Exists @Request[b] OR @Environment[c] BoolEquals true)`,
		`@Request[b] NumericLessThan 5 OR (@Environment[c] BoolNotEquals true AND @Request[a] StringNotEquals 'x1')`,
	}
	worldKeys = []string{"@request[a]", "@request[b]", "@environment[c]"}
)

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func some(r *rand.Rand, from []string, most int) []string {
	var out []string
	for range r.IntN(most + 1) {
		out = append(out, pick(r, from))
	}
	return out
}

func randomPermissions(r *rand.Rand) []Permission {
	var all []Permission
	for range 1 + r.IntN(2) {
		all = append(all, Permission{
			Actions: some(r, worldPatterns, 2), NotActions: some(r, worldPatterns[1:], 1),
			DataActions: some(r, worldPatterns, 2), NotDataActions: some(r, worldPatterns[1:], 1),
			Condition: pick(r, worldConditions),
		})
	}
	return all
}

func randomPrincipal(r *rand.Rand) Principal {
	return pick(r, []Principal{
		{app, "ServicePrincipal"},
		{app, ""},
		{team, "Group"},
		{parent, "Group"},
		{parent, ""},
		{other, "User"},
		{"bbbbbbbb-0000-0000-0000-000000000003", "Group"},
		{everyone, "SystemDefined"},
	})
}

func randomAssignment(r *rand.Rand, i int) RoleAssignment {
	return RoleAssignment{
		ID: fmt.Sprintf("assignment-%d", i), RoleID: fmt.Sprintf("role-%d", r.IntN(4)), Scope: pick(r, worldScopes),
		Principal: randomPrincipal(r), Condition: pick(r, worldConditions), Eligible: r.IntN(10) == 0,
	}
}

func randomDeny(r *rand.Rand, i int) DenyAssignment {
	d := DenyAssignment{
		ID: fmt.Sprintf("deny-%d", i), Scope: pick(r, worldScopes), Permissions: randomPermissions(r),
		Principals: []Principal{randomPrincipal(r)}, Condition: pick(r, worldConditions),
		Effect: pick(r, []string{"", "enforced", "audit"}),
	}
	if r.IntN(2) == 0 {
		d.ExcludePrincipals = []Principal{randomPrincipal(r)}
	}
	return d
}

func randomWorld(r *rand.Rand) world {
	w := world{
		action: pick(r, worldActions), resource: pick(r, []string{account, public, private}), dataAction: r.IntN(2) == 0,
		groups: some(r, []string{team, parent}, 2), management: some(r, worldScopes[1:3], 2),
		context: access.NewContext(access.Absent).With("@request[a]", pick(r, []string{"x1", "x2", "y"})).
			With("@request[b]", pick(r, []string{"3", "7"})).With("@environment[c]", pick(r, []string{"true", "false"})),
		sub: access.Value{State: access.Known, Values: []string{pick(r, []string{"Blob.List", "Blob.Other"})}},
	}
	for i := range 4 {
		w.documents.Roles = append(w.documents.Roles, RoleDefinition{ID: fmt.Sprintf("role-%d", i), Permissions: randomPermissions(r)})
	}
	for i := range r.IntN(5) {
		w.documents.Assignments = append(w.documents.Assignments, randomAssignment(r, i))
	}
	for i := range r.IntN(3) {
		w.documents.Denies = append(w.documents.Denies, randomDeny(r, i))
	}
	return w
}

func (w world) input() Input {
	return Input{
		Request: access.Request{
			Principal: access.Principal{ID: app}, Action: w.action, Resource: access.Resource{ID: w.resource}, Context: w.context,
		},
		DataAction: w.dataAction, SubOperation: w.sub, Groups: Groups{IDs: w.groups},
		ManagementGroups: ManagementGroups{IDs: w.management}, Policy: Compile(w.documents),
	}
}

// truth returns whether a term is true of the world. It parses what evaluation
// left over.
func (w world) truth(t *testing.T, term access.Term) access.Formula {
	t.Helper()
	if term.Operator == "within" {
		return access.Of(scope(term.Values[0]).contains(scope(w.resource)) == above)
	}
	text := term.Key + " " + term.Operator + " "
	switch {
	case term.Operator == "Exists":
		text = "Exists " + term.Key
	case term.Operator == "SubOperationMatches":
		text = term.Operator + "{'" + strings.Join(term.Values, "', '") + "'}"
	case strings.HasPrefix(term.Operator, "Numeric") || strings.HasPrefix(term.Operator, "Bool"):
		text += term.Values[0]
	case len(term.Values) == 1:
		text += "'" + term.Values[0] + "'"
	default:
		text += "{'" + strings.Join(term.Values, "', '") + "'}"
	}
	c, err := ParseCondition(text)
	if err != nil {
		t.Fatalf("term %v: %v", term, err)
	}
	return c.evaluate(&evaluation{
		action: lowerASCII(w.action), subOperation: w.sub, attributes: w.context, scope: scope(w.resource), name: "term",
	}, false)
}

// forget takes away some of what is known of a world.
func (w world) forget(r *rand.Rand) Input {
	in := w.input()
	d := w.documents
	drop := func() bool { return r.IntN(3) == 0 }
	if drop() {
		d.Assignments = slices.DeleteFunc(slices.Clone(d.Assignments), func(RoleAssignment) bool { return drop() })
		d.AssignmentsMissing = "refused"
	}
	if drop() {
		d.Denies = slices.DeleteFunc(slices.Clone(d.Denies), func(DenyAssignment) bool { return drop() })
		d.DeniesMissing = "refused"
	}
	if drop() {
		d.Roles = slices.DeleteFunc(slices.Clone(d.Roles), func(RoleDefinition) bool { return drop() })
	}
	in.Policy = Compile(d)
	if drop() {
		in.Groups = Groups{IDs: in.Groups.IDs[:len(in.Groups.IDs)/2], Missing: "refused"}
	}
	if drop() {
		in.ManagementGroups = ManagementGroups{IDs: w.management[:len(w.management)/2], Missing: "refused"}
	}
	for _, key := range worldKeys {
		if drop() {
			in.Request.Context = in.Request.Context.WithUnknown(key)
		}
	}
	if drop() {
		in.SubOperation = access.Value{}
	}
	return in
}

const worlds = 5_000

func TestUnknownNeverRounds(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	counts := map[access.Verdict]int{}
	for i := range worlds {
		w := randomWorld(r)
		w.context = w.context.With("@resource[microsoft.storage/storageaccounts/blobservices/containers:name]", "public")
		full := Evaluate(w.input()).Formula
		want, known := full.Value()
		if !known {
			t.Fatalf("world %d is completely known, but %v", i, full)
		}
		in := w.forget(r)
		got := Evaluate(in).Formula
		subject := newSubject(in.Request.Principal.ID, in.Groups)
		if short := permits(in, subject, in.Policy.candidates(subject)); !short.Equal(got) {
			t.Fatalf("world %d: %v without evidence, %v with it", i, short, got)
		}
		counts[got.Verdict()]++
		if got.Verdict() == access.Unknown {
			continue // anything is possible
		}
		resolved := got.Map(func(term access.Term) access.Formula { return w.truth(t, term) })
		if value, known := resolved.Value(); !known || value != want {
			t.Fatalf("world %d: %v of what is known in part, %v of all\n%+v", i, got, full, w)
		}
	}
	for _, v := range []access.Verdict{access.Denied, access.Unknown, access.Conditional, access.Allowed} {
		if counts[v] < worlds/200 {
			t.Errorf("only %d worlds are %v", counts[v], v)
		}
	}
}

func TestAddedAssignmentsNeverRemoveAccess(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(2, 2))
	for i := range worlds {
		w := randomWorld(r)
		before := w.forget(r)
		after := before
		d := w.documents
		d.Denies = nil
		before.Policy = Compile(d)
		d.Assignments = append(slices.Clip(d.Assignments), randomAssignment(r, 9))
		after.Policy = Compile(d)
		implies(t, i, Evaluate(before).Formula, Evaluate(after).Formula, r)
	}
}

func TestAddedDenialsNeverAddAccess(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 3))
	for i := range worlds {
		w := randomWorld(r)
		before := w.forget(r)
		after := before
		d := w.documents
		before.Policy = Compile(d)
		deny := randomDeny(r, 9)
		deny.DoNotApplyToChildScopes = r.IntN(2) == 0
		d.Denies = append(slices.Clip(d.Denies), deny)
		after.Policy = Compile(d)
		implies(t, i, Evaluate(after).Formula, Evaluate(before).Formula, r)
	}
}

// implies checks for some truths of the terms that a formula follows from
// another.
func implies(t *testing.T, i int, from, to access.Formula, r *rand.Rand) {
	t.Helper()
	for range 4 {
		truths := map[string]bool{}
		value := func(f access.Formula) bool {
			v, _ := f.Map(func(term access.Term) access.Formula {
				key := term.String()
				if _, ok := truths[key]; !ok {
					truths[key] = r.IntN(2) == 0
				}
				return access.Of(truths[key])
			}).Value()
			return v
		}
		if value(from) && !value(to) {
			t.Fatalf("world %d: %v holds, %v does not, with %v", i, from, to, truths)
		}
	}
}

// TestPartsOfAResource checks the answer for any blob of an account against
// those for blobs of its containers.
func TestPartsOfAResource(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(4, 4))
	conditional := 0
	for i := range worlds {
		w := randomWorld(r)
		w.dataAction, w.resource = true, account
		in := w.input()
		in.Request.Resource.Below = true
		any := Evaluate(in).Formula
		if any.Verdict() == access.Conditional {
			conditional++
		}
		for _, container := range []string{public, private} {
			w.resource = container + "/blobs/x"
			want := Evaluate(w.input()).Formula
			got := any.Map(func(term access.Term) access.Formula { return w.truth(t, term) })
			if !got.Equal(want) {
				t.Fatalf("world %d: %v for %s by %v, want %v\n%+v", i, got, container, any, want, w)
			}
		}
	}
	if conditional < worlds/200 {
		t.Errorf("only %d worlds are conditional", conditional)
	}
}
