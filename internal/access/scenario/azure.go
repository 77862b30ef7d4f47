package scenario

import (
	"fmt"
	"regexp"
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
	Groups           *list     `yaml:"groups"`
	ManagementGroups *list     `yaml:"management_groups"`
	DataAction       *bool     `yaml:"data_action"`
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
	if err := completeAzure(s, &file); err != nil {
		return err
	}
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
		err := r.each(part.field, part.set, func(from source) error { return part.read(from.data) })
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
	q := &azureQuestion{documents: d, in: azurerbac.Input{
		Request: s.Request, DataAction: *file.DataAction, SubOperation: sub,
		Groups:           azurerbac.Groups{IDs: file.Groups.names, Missing: file.Groups.missing},
		ManagementGroups: azurerbac.ManagementGroups{IDs: file.ManagementGroups.names, Missing: file.ManagementGroups.missing},
		Policy:           azurerbac.Compile(d),
	}}
	q.find(c)
	s.question = q
	return nil
}

// objectID matches the id of a user, group or service principal.
var objectID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// completeAzure refuses what no assignment could match, and notes what a file
// does not say.
func completeAzure(s *Scenario, file *azureFile) error {
	if err := checkAction(s, `^[\w.-]+(/[\w.$-]+)+$`, "Microsoft.Storage/storageAccounts/listKeys/action"); err != nil {
		return err
	}
	if id := s.Request.Principal.ID; !objectID.MatchString(id) {
		return fmt.Errorf("request.principal %q is no object id of Entra ID: az ad user show, az ad sp show and az identity show print it, as id or principalId", id)
	}
	if id := s.Request.Resource.ID; !strings.HasPrefix(id, "/") {
		return fmt.Errorf("request.resource %q is no resource id: want one as /subscriptions/…/resourceGroups/…/providers/…", id)
	}
	if file.DataAction == nil {
		file.DataAction = new(bool)
		s.Notes = append(s.Notes, "the action is taken to be one of the control plane: azure.data_action: true makes it one of the data plane")
	}
	if file.Groups == nil {
		file.Groups = &list{}
		s.Notes = append(s.Notes, "the principal is taken to be in no group: azure.groups names those it is in")
	}
	if file.ManagementGroups == nil {
		file.ManagementGroups = &list{}
		s.Notes = append(s.Notes, "no management group is taken to be above the subscription: azure.management_groups names them")
	}
	return nil
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
		spelling[strings.ToLower(name)] = spelling[key]
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
