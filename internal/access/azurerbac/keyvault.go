package azurerbac

import (
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// A Vault is a key vault and what decides on its data besides Azure RBAC.
//
// https://learn.microsoft.com/azure/key-vault/general/rbac-access-policy
type Vault struct {
	// RBAC says whether the data plane uses Azure RBAC (On) or access policies.
	RBAC Setting
	// AccessPolicies of the vault, which are ignored under Azure RBAC.
	AccessPolicies []AccessPolicy
	// Missing says why the access policies could not be read; empty when they
	// were.
	Missing string
}

// An AccessPolicy permits operations on everything of a kind in a vault.
type AccessPolicy struct {
	// ObjectID of a user, service principal or group.
	ObjectID string
	// ApplicationID of the client by which the principal has to come; empty
	// for any.
	ApplicationID string
	// Permissions as "get" and "list"; "all" stands for all of them.
	Keys, Secrets, Certificates []string
}

// Evaluate answers whether a principal may do a data action of the vault
// ([access.IAMData]), as Microsoft.KeyVault/vaults/secrets/getSecret/action:
// by Azure RBAC or by access policies, whichever the vault uses.
func (v Vault) Evaluate(in Input) access.Decision {
	in.DataAction = true
	switch v.RBAC {
	case On:
		return Evaluate(in)
	case Off:
		layer := v.policyLayer(in)
		return access.Decision{Formula: layer.Result, Evidence: access.Evidence{Layers: []access.Layer{layer}}}
	}
	d, layer := Evaluate(in), v.policyLayer(in)
	d.Formula = eitherMode(in.Request.Resource.ID, d.Formula, layer.Result)
	d.Evidence.Layers = append(d.Evidence.Layers, layer)
	return d
}

// EvaluateSelfGrant answers whether a principal can give itself all access to
// the data of the vault ([access.ControlPlane], at [access.Admin]): by writing
// access policies where the vault uses them, and everywhere by assigning roles,
// one of which writes access policies. Changing between the two takes it, too.
//
// The resource of the input is the vault; its action is not looked at.
//
// https://learn.microsoft.com/azure/key-vault/general/rbac-migration
func (v Vault) EvaluateSelfGrant(in Input) access.Decision {
	in.DataAction = false
	ask := func(actions ...string) access.Decision {
		var d access.Decision
		for _, a := range actions {
			in.Request.Action = a
			of := Evaluate(in)
			d.Formula = access.Or(d.Formula, of.Formula)
			for _, l := range of.Evidence.Layers {
				l.Name += " for " + a
				d.Evidence.Layers = append(d.Evidence.Layers, l)
			}
		}
		return d
	}
	byRole := ask(actionAssignRole)
	if v.RBAC == On {
		return byRole
	}
	d := ask("Microsoft.KeyVault/vaults/write", "Microsoft.KeyVault/vaults/accessPolicies/write")
	d.Formula = access.Or(d.Formula, byRole.Formula)
	d.Evidence.Layers = append(d.Evidence.Layers, byRole.Evidence.Layers...)
	if v.RBAC == SettingUnknown {
		d.Formula = eitherMode(in.Request.Resource.ID, byRole.Formula, d.Formula)
	}
	return d
}

// eitherMode returns the answer for a vault of which is not known whether it
// uses Azure RBAC: what both modes agree on, and else unknown.
func eitherMode(vault string, byRole, byPolicy access.Formula) access.Formula {
	if byRole.Equal(byPolicy) {
		return byRole
	}
	mode := access.Missing("whether " + vault + " uses Azure RBAC")
	return access.Or(access.And(byRole, byPolicy), access.And(mode, access.Or(byRole, byPolicy)))
}

// policyLayer joins the access policies: one is enough.
func (v Vault) policyLayer(in Input) access.Layer {
	layer := access.Layer{Name: "access policies"}
	kind, needs, known := policyPermission(in.Request.Action)
	s := newSubject(in.Request.Principal.ID, in.Groups)
	var results []access.Formula
	for i, p := range v.AccessPolicies {
		of := access.Statement{Policy: "access policy of " + p.ObjectID, Index: i}
		// The API does not say whether the id is one of a group.
		names, how := s.is(Principal{ID: p.ObjectID})
		switch {
		case names.IsFalse():
			of.Reason = how
		case !known:
			of.Applies = access.And(names, access.Missing("which permission of access policies "+in.Request.Action+" needs"))
		default:
			has, why := p.has(kind, needs)
			of.Applies, of.Reason = access.And(names, has, p.byApplication()), reasons(how, why)
		}
		layer.Statements = append(layer.Statements, of)
		results = append(results, of.Applies)
	}
	if v.Missing != "" {
		results = append(results, access.Missing("access policies of "+in.Request.Resource.ID+": "+v.Missing))
		layer.Note = "the access policies could not be read: " + v.Missing
	} else if v.RBAC == Off {
		layer.Note = "the vault uses access policies; roles give no access to its data"
	}
	layer.Result = access.Or(results...)
	return layer
}

// has returns what has to hold for the policy to give one of the permissions
// that operations behind a data action need.
func (p AccessPolicy) has(kind string, needs []string) (access.Formula, string) {
	given := map[string][]string{"keys": p.Keys, "secrets": p.Secrets, "certificates": p.Certificates}[kind]
	gives := func(need string) bool {
		return slices.ContainsFunc(given, func(g string) bool { return equalASCII(g, need) })
	}
	all := gives("all")
	var found []string
	for _, need := range needs {
		switch {
		case gives(need) || all && need != purge:
			found = append(found, need)
		case all:
			return access.Missing("whether all of " + kind + " has purge is documented both ways"), "it gives all of " + kind
		}
	}
	switch len(found) {
	case 0:
		return access.False(), "it does not give " + strings.Join(needs, " or ") + " of " + kind
	case len(needs):
		return access.True(), "it gives " + strings.Join(found, " and ") + " of " + kind
	}
	return access.If(access.Term{Key: "operation", Operator: "is", Values: found}),
		"it gives only " + strings.Join(found, " and ") + " of " + kind
}

func (p AccessPolicy) byApplication() access.Formula {
	if p.ApplicationID == "" || p.ApplicationID == everyone {
		return access.True()
	}
	return access.If(access.Term{Key: "application", Operator: "is", Values: []string{p.ApplicationID}})
}

// purge is the permission that "all" may lack: the reference of the API has all
// permissions in it, the tools of Microsoft warn that purge has to be given by
// name.
const purge = "purge"

// policyPermissions are the permissions of access policies that stand behind
// the data actions of vaults, as both name the operations of its API.
//
// https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/create-or-update#keypermissions
var policyPermissions = map[string][]string{
	"keys/read":                   {"get", "list"},
	"keys/update/action":          {"update"},
	"keys/create/action":          {"create"},
	"keys/import/action":          {"import"},
	"keys/delete":                 {"delete"},
	"keys/recover/action":         {"recover"},
	"keys/restore/action":         {"restore"},
	"keys/backup/action":          {"backup"},
	"keys/purge/action":           {purge},
	"keys/encrypt/action":         {"encrypt"},
	"keys/decrypt/action":         {"decrypt"},
	"keys/wrap/action":            {"wrapKey"},
	"keys/unwrap/action":          {"unwrapKey"},
	"keys/sign/action":            {"sign"},
	"keys/verify/action":          {"verify"},
	"keys/rotate/action":          {"rotate"},
	"keys/release/action":         {"release"},
	"secrets/getsecret/action":    {"get"},
	"secrets/readmetadata/action": {"list"},
	"secrets/setsecret/action":    {"set"},
	"secrets/delete":              {"delete"},
	"secrets/backup/action":       {"backup"},
	"secrets/restore/action":      {"restore"},
	"secrets/recover/action":      {"recover"},
	"secrets/purge/action":        {purge},
	"certificates/read":           {"get", "list"},
	"certificates/delete":         {"delete"},
	"certificates/create/action":  {"create"},
	"certificates/import/action":  {"import"},
	"certificates/update/action":  {"update"},
	"certificates/recover/action": {"recover"},
	"certificates/backup/action":  {"backup"},
	"certificates/restore/action": {"restore"},
	"certificates/purge/action":   {purge},
}

// policyPermission returns what a data action needs of which kind.
func policyPermission(action string) (kind string, needs []string, ok bool) {
	name, ok := strings.CutPrefix(lowerASCII(action), "microsoft.keyvault/vaults/")
	if !ok {
		return "", nil, false
	}
	needs, ok = policyPermissions[name]
	kind, _, _ = strings.Cut(name, "/")
	return kind, needs, ok
}
