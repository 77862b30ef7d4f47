package gcpiam

import (
	"encoding/json"
	"fmt"
	"strings"
)

// ParseBucketACL reads the access control list of a bucket without uniform
// bucket-level access, as bucketAccessControls.list or the bucket itself has
// it, into the policy of the legacy roles that it amounts to.
//
// https://cloud.google.com/storage/docs/access-control/iam#acls
func ParseBucketACL(bucket string, data []byte) (Policy, error) {
	return parseACL("ACL of bucket "+bucket, data, map[string]string{
		"READER": "roles/storage.legacyBucketReader",
		"WRITER": "roles/storage.legacyBucketWriter",
		"OWNER":  "roles/storage.legacyBucketOwner",
	})
}

// ParseObjectACL reads the access control list of an object.
//
// https://cloud.google.com/storage/docs/access-control/iam#acls
func ParseObjectACL(object string, data []byte) (Policy, error) {
	return parseACL("ACL of object "+object, data, map[string]string{
		"READER": "roles/storage.legacyObjectReader",
		"OWNER":  "roles/storage.legacyObjectOwner",
	})
}

func parseACL(what string, data []byte, roles map[string]string) (Policy, error) {
	var list struct {
		Items, ACL []struct{ Entity, Role string }
	}
	if err := decode(what, data, &list); err != nil {
		return Policy{}, err
	}
	p := Policy{Name: what}
	for i, entry := range append(list.Items, list.ACL...) {
		role, ok := roles[entry.Role]
		b := Binding{Role: role, Members: []string{aclMember(entry.Entity)}}
		if !ok {
			b.Role, b.Unread = entry.Role, fmt.Sprintf("entry %d has role %q", i, shorten(entry.Role))
		}
		p.Bindings = append(p.Bindings, b)
	}
	return p, nil
}

// aclMember returns the member that an entity of an access control list is, as
// "user-ann@example.com" or "project-viewers-123".
// https://cloud.google.com/storage/docs/json_api/v1/bucketAccessControls#resource
func aclMember(entity string) string {
	for _, k := range []struct{ prefix, member string }{
		{"project-owners-", "projectOwner:"},
		{"project-editors-", "projectEditor:"},
		{"project-viewers-", "projectViewer:"},
		{"group-", "group:"},
		{"domain-", "domain:"},
	} {
		if value, ok := strings.CutPrefix(entity, k.prefix); ok {
			return k.member + value
		}
	}
	if email, ok := strings.CutPrefix(entity, "user-"); ok {
		return accountMember(email)
	}
	return entity // allUsers, allAuthenticatedUsers, or of no known form.
}

// accountMember returns the member that an address of an account is.
func accountMember(email string) string {
	if strings.HasSuffix(email, ".gserviceaccount.com") {
		return "serviceAccount:" + email
	}
	return "user:" + email
}

// datasetRoles are the basic roles of datasets.
// https://cloud.google.com/bigquery/docs/access-control-basic-roles#dataset-basic-roles
var datasetRoles = map[string]string{
	"READER": "roles/bigquery.dataViewer",
	"WRITER": "roles/bigquery.dataEditor",
	"OWNER":  "roles/bigquery.dataOwner",
}

// ParseDataset reads the access entries of a dataset of BigQuery, as
// datasets.get returns it, into the policy that they amount to. Entries that
// authorize a view, routine or dataset name no principal and are left out.
//
// https://cloud.google.com/bigquery/docs/reference/rest/v2/datasets#Dataset
func ParseDataset(data []byte) (Policy, error) {
	var d struct {
		DatasetReference struct{ ProjectID, DatasetID string }
		Access           []json.RawMessage
	}
	if err := decode("dataset", data, &d); err != nil {
		return Policy{}, err
	}
	what := "access entries of dataset " + d.DatasetReference.ProjectID + "." + d.DatasetReference.DatasetID
	p := Policy{Name: what}
	for i, raw := range d.Access {
		var a datasetAccessJSON
		unread, err := decodeStrict(raw, &a)
		if err != nil {
			return Policy{}, fmt.Errorf("%s: access[%d]: %w", what, i, err)
		}
		if unread == "" && (a.View != nil || a.Routine != nil || a.Dataset != nil) {
			continue
		}
		b := Binding{Role: a.Role, Members: []string{a.member(d.DatasetReference.ProjectID)}, Unread: unread}
		if role, ok := datasetRoles[a.Role]; ok {
			b.Role = role
		}
		if b.Condition, unread, err = readCondition(a.Condition); err != nil {
			return Policy{}, fmt.Errorf("%s: access[%d].condition: %w", what, i, err)
		}
		if unread != "" {
			b.Unread = "condition: " + unread
		}
		p.Bindings = append(p.Bindings, b)
	}
	return p, nil
}

type datasetAccessJSON struct {
	Role, UserByEmail, GroupByEmail, Domain, SpecialGroup, IAMMember string
	View, Routine, Dataset                                           map[string]any
	Condition                                                        json.RawMessage
}

func (a datasetAccessJSON) member(project string) string {
	switch {
	case a.UserByEmail != "":
		return accountMember(a.UserByEmail)
	case a.GroupByEmail != "":
		return "group:" + a.GroupByEmail
	case a.Domain != "":
		return "domain:" + a.Domain
	case a.IAMMember != "":
		return a.IAMMember
	}
	switch a.SpecialGroup {
	case "projectOwners":
		return "projectOwner:" + project
	case "projectWriters":
		return "projectEditor:" + project
	case "projectReaders":
		return "projectViewer:" + project
	}
	return a.SpecialGroup // allAuthenticatedUsers, or of no known form.
}
