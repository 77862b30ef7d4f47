package gcpiam

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// attributes are resource.name, resource.type and resource.service as they
// follow from the full name of a resource.
type attributes struct {
	values map[string]attribute
	prefix *string // of the name, of a question about anything below
}

type attribute struct {
	value   access.Value
	missing string
}

// A serviceNames says how a service names its resources in conditions.
// https://cloud.google.com/iam/docs/conditions-resource-attributes
type serviceNames struct {
	service string
	// number: names have the number of the project, not its id.
	number bool
	// types by the last collection of the name.
	types map[string]string
}

// services are those whose resources have the attributes, by the host of the
// full resource name. Those of which it is written that they do not, or which
// hold data and are not on the list, have no types; of others nothing is known.
var services = map[string]serviceNames{
	"storage.googleapis.com":       {"storage.googleapis.com", false, map[string]string{"buckets": "Bucket", "objects": "Object", "managedFolders": "ManagedFolder"}},
	"bigquery.googleapis.com":      {"bigquery.googleapis.com", false, map[string]string{"datasets": "Dataset", "tables": "Table", "models": "Model", "routines": "Routine"}},
	"bigtableadmin.googleapis.com": {"bigtableadmin.googleapis.com", false, bigtableTypes},
	"bigtable.googleapis.com":      {"bigtableadmin.googleapis.com", false, bigtableTypes},
	"cloudkms.googleapis.com":      {"cloudkms.googleapis.com", false, map[string]string{"keyRings": "KeyRing", "cryptoKeys": "CryptoKey", "cryptoKeyVersions": "CryptoKeyVersion"}},
	"compute.googleapis.com": {"compute.googleapis.com", false, map[string]string{
		"disks": "Disk", "snapshots": "Snapshot", "images": "Image", "instances": "Instance", "instanceTemplates": "InstanceTemplate",
	}},
	"container.googleapis.com":        {"container.googleapis.com", false, map[string]string{"clusters": "Clusters"}},
	"firestore.googleapis.com":        {"firestore.googleapis.com", false, map[string]string{"databases": "Database"}},
	"logging.googleapis.com":          {"logging.googleapis.com", false, map[string]string{"buckets": "LogBucket", "views": "LogView"}},
	"managedkafka.googleapis.com":     {"managedkafka.googleapis.com", true, map[string]string{"clusters": "Cluster", "topics": "Topic", "consumerGroups": "ConsumerGroup"}},
	"parametermanager.googleapis.com": {"parametermanager.googleapis.com", true, map[string]string{"parameters": "Parameter", "versions": "ParameterVersion"}},
	"secretmanager.googleapis.com":    {"secretmanager.googleapis.com", true, map[string]string{"secrets": "Secret", "versions": "SecretVersion"}},
	"spanner.googleapis.com":          {"spanner.googleapis.com", false, map[string]string{"instances": "Instance", "databases": "Database", "backups": "Backup"}},
	"sqladmin.googleapis.com":         {"sqladmin.googleapis.com", false, sqlTypes},
	"cloudsql.googleapis.com":         {"sqladmin.googleapis.com", false, sqlTypes},

	"alloydb.googleapis.com":          {},
	"artifactregistry.googleapis.com": {},
	"iam.googleapis.com":              {},
	"pubsub.googleapis.com":           {},
	"redis.googleapis.com":            {},
}

var (
	bigtableTypes = map[string]string{"instances": "Instance", "clusters": "Cluster", "tables": "Table", "appProfiles": "AppProfile", "backups": "Backup"}
	sqlTypes      = map[string]string{"instances": "Instance", "backupRuns": "BackupRun"}
)

// resourceAttributes returns what follows from the name of the resource that is
// asked for.
func resourceAttributes(in *Input) attributes {
	a := attributes{values: make(map[string]attribute)}
	host, path, ok := strings.Cut(strings.TrimPrefix(in.Request.Resource.ID, "//"), "/")
	if !ok || !strings.HasPrefix(in.Request.Resource.ID, "//") {
		return a
	}
	if host == "cloudresourcemanager.googleapis.com" {
		a.known("resource.service", host)
		if strings.HasPrefix(path, "projects/") {
			a.known("resource.type", host+"/Project")
			a.absent("resource.name")
		}
		return a
	}
	names, ok := services[host]
	if !ok {
		return a
	}
	if names.types == nil {
		for _, name := range []string{"resource.service", "resource.type", "resource.name"} {
			a.absent(name)
		}
		return a
	}
	a.known("resource.service", names.service)
	if host == "storage.googleapis.com" {
		path = bucketPath(path)
	}
	if typ, ok := names.types[lastCollection(host, path, in.Request.Resource.Below)]; ok {
		a.known("resource.type", names.service+"/"+typ)
	} else if !in.Request.Resource.Below {
		return a
	}
	name, missing := projectForm(in.Project, path, names.number)
	switch {
	case missing != "":
		a.values["resource.name"] = attribute{missing: missing}
	case in.Request.Resource.Below:
		a.values["resource.name"] = attribute{value: access.Value{State: access.UnknownState}}
		a.prefix = &name
	default:
		a.known("resource.name", name)
	}
	return a
}

func (a attributes) known(name, value string) {
	a.values[name] = attribute{value: access.Value{State: access.Known, Values: []string{value}}}
}

func (a attributes) absent(name string) {
	a.values[name] = attribute{value: access.Value{State: access.Absent}}
}

// bucketPath returns the name that conditions have for what the asset
// inventory calls by the bucket alone.
func bucketPath(path string) string {
	if strings.HasPrefix(path, "projects/_/buckets/") {
		return path
	}
	return "projects/_/buckets/" + path
}

// lastCollection returns the collection that a resource is in: "tables" of
// "projects/p/datasets/d/tables/t". What is below a resource is in one if the
// name says so, as "projects/p/datasets/d/tables/" does. Names of objects have
// slashes of their own.
func lastCollection(host, path string, below bool) string {
	parts := strings.Split(path, "/")
	if host == "storage.googleapis.com" && len(parts) > 5 {
		return parts[4]
	}
	if len(parts)%2 != 0 || below && parts[len(parts)-1] != "" {
		return ""
	}
	return parts[len(parts)-2]
}

// projectForm writes a name with the number or the id of its project, as the
// service does. What cannot be translated is missing.
func projectForm(project Project, path string, number bool) (name, missing string) {
	rest, ok := strings.CutPrefix(path, "projects/")
	if !ok {
		return path, ""
	}
	named, rest, _ := strings.Cut(rest, "/")
	if named == "_" || isNumber(named) == number {
		return path, ""
	}
	other, what := project.ID, "id"
	if number {
		other, what = project.Number, "number"
	}
	if other == "" || named != project.ID && named != project.Number {
		return "", what + " of project " + named
	}
	return "projects/" + other + "/" + rest, ""
}
