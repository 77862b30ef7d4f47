package gcpiam

import "fmt"

// ParseRoles reads a custom role, or a page of roles.list with view=FULL. A
// role that has no permissions in the answer, as in that of view=BASIC, is kept
// as one that was not read.
//
// https://cloud.google.com/iam/docs/reference/rest/v1/organizations.roles
func ParseRoles(data []byte) (map[string]Role, error) {
	var page struct {
		Roles []roleJSON
		roleJSON
	}
	if err := decode("roles", data, &page); err != nil {
		return nil, err
	}
	if page.Roles == nil && page.Name != "" {
		page.Roles = append(page.Roles, page.roleJSON)
	}
	roles := make(map[string]Role, len(page.Roles))
	for i, r := range page.Roles {
		if r.Name == "" {
			return nil, fmt.Errorf("roles[%d] has no name", i)
		}
		role := Role{Permissions: r.IncludedPermissions, Off: r.Deleted || r.Stage == "DISABLED"}
		if !role.Off && len(r.IncludedPermissions) == 0 {
			role.Missing = "the answer has no permissions, as that of view=BASIC"
		}
		roles[r.Name] = role
	}
	return roles, nil
}

type roleJSON struct {
	Name, Stage         string
	Deleted             bool
	IncludedPermissions []string
}
