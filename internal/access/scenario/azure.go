package scenario

import (
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/azurerbac"
)

// azureFile is the policies of Azure as they are written: what Azure Resource
// Manager and Resource Graph return, in files or in line.
type azureFile struct {
	Roles            policySet `yaml:"roles"`
	Assignments      policySet `yaml:"assignments"`
	Denies           policySet `yaml:"deny_assignments"`
	Groups           list      `yaml:"groups"`
	ManagementGroups list      `yaml:"management_groups"`
	DataAction       bool      `yaml:"data_action"`
	SubOperation     string    `yaml:"sub_operation"`
}

// azureQuestion is a request to the engine of Azure.
type azureQuestion struct {
	in        azurerbac.Input
	documents azurerbac.Documents
	// assignments and denies are the places of those that apply, or may: no
	// other can change the answer.
	assignments, denies []int
}

func (q *azureQuestion) decide(c access.Context) access.Decision {
	in := q.in
	in.Request.Context = c
	return azurerbac.Evaluate(in)
}

// azure makes a scenario one of Azure.
func (r *reader) azure(s *Scenario, file azureFile) error {
	c, err := attributes(s.Request.Context, s.spelling)
	if err != nil {
		return err
	}
	s.Request.Context = c
	var d azurerbac.Documents
	d.RolesMissing, d.AssignmentsMissing, d.DeniesMissing = file.Roles.missing, file.Assignments.missing, file.Denies.missing
	for _, part := range []struct {
		field string
		set   *policySet
		read  func(data []byte) error
	}{
		{"azure.roles", &file.Roles, add(&d.Roles, azurerbac.ReadRoleDefinitions)},
		{"azure.assignments", &file.Assignments, add(&d.Assignments, azurerbac.ReadRoleAssignments)},
		{"azure.deny_assignments", &file.Denies, add(&d.Denies, azurerbac.ReadDenyAssignments)},
	} {
		err := r.each(part.field, part.set, func(_ string, data []byte) error { return part.read(data) })
		if err != nil {
			return err
		}
	}
	// Like a context key that is not named, the suboperation is what request.rest
	// says of all others.
	sub := c.Lookup("suboperation")
	if file.SubOperation != "" {
		sub = access.Value{State: access.Known, Values: []string{file.SubOperation}}
	}
	s.Notes = append(s.Notes, file.takenForGranted(d)...)
	q := &azureQuestion{documents: d, in: azurerbac.Input{
		Request: s.Request, DataAction: file.DataAction, SubOperation: sub,
		Groups:           azurerbac.Groups{IDs: file.Groups.names, Missing: file.Groups.missing},
		ManagementGroups: azurerbac.ManagementGroups{IDs: file.ManagementGroups.names, Missing: file.ManagementGroups.missing},
		Policy:           azurerbac.Compile(d),
	}}
	q.find(c)
	s.question = q
	return nil
}

// takenForGranted returns what a file does not say and its assignments could
// depend on.
func (f azureFile) takenForGranted(d azurerbac.Documents) []string {
	var notes []string
	if f.Groups.names == nil && f.Groups.missing == "" && slices.ContainsFunc(d.Assignments, func(a azurerbac.RoleAssignment) bool {
		return a.Principal.Type == "Group"
	}) {
		notes = append(notes, "the principal is taken to be in no group: azure.groups names them, or says why they are missing")
	}
	if f.ManagementGroups.names == nil && f.ManagementGroups.missing == "" && slices.ContainsFunc(d.Assignments, func(a azurerbac.RoleAssignment) bool {
		return strings.HasPrefix(strings.ToLower(a.Scope), "/providers/microsoft.management/")
	}) {
		notes = append(notes, "the resource is taken to be in no management group: azure.management_groups names them, or says why they are missing")
	}
	return notes
}

// add returns a function that reads items and adds them to a list.
func add[T any](to *[]T, read func([]byte) ([]T, error)) func([]byte) error {
	return func(data []byte) error {
		items, err := read(data)
		*to = append(*to, items...)
		return err
	}
}

// attributes returns a context whose attributes, as "@Request[…]", have the
// names that the engine gives them. It needs them as they were written, as the
// key of a blob index tag differs by case, and adds how the names were written.
func attributes(c access.Context, spelling map[string]string) (access.Context, error) {
	for _, key := range c.Keys() {
		if !strings.HasPrefix(key, "@") {
			continue
		}
		name, err := azurerbac.AttributeKey(spelling[key])
		if err != nil {
			return c, err
		}
		spelling[name] = spelling[key]
		switch v := c.Lookup(key); v.State {
		case access.Known:
			c = c.With(name, v.Values...)
		case access.Absent:
			c = c.WithAbsent(name)
		default:
			c = c.WithUnknown(name)
		}
	}
	return c, nil
}

// find finds the assignments that apply, or may.
func (q *azureQuestion) find(c access.Context) {
	applies := make(map[string]bool)
	for _, l := range q.decide(c).Evidence.Layers {
		for _, s := range l.Statements {
			applies[s.ID] = applies[s.ID] || !s.Applies.IsFalse()
		}
	}
	for i, a := range q.documents.Assignments {
		if applies[a.ID] {
			q.assignments = append(q.assignments, i)
		}
	}
	for i, d := range q.documents.Denies {
		if applies[d.ID] {
			q.denies = append(q.denies, i)
		}
	}
}

func (q *azureQuestion) statements() int { return len(q.assignments) + len(q.denies) }

func (q *azureQuestion) without(i int) (other question, policy, statement string) {
	d := q.documents
	if i < len(q.assignments) {
		at := q.assignments[i]
		policy, statement = "role assignment", d.Assignments[at].ID
		d.Assignments = slices.Delete(slices.Clone(d.Assignments), at, at+1)
	} else {
		at := q.denies[i-len(q.assignments)]
		policy, statement = "deny assignment", d.Denies[at].ID
		d.Denies = slices.Delete(slices.Clone(d.Denies), at, at+1)
	}
	in := q.in
	in.Policy = azurerbac.Compile(d)
	return &azureQuestion{in: in, documents: d}, policy, statement
}
