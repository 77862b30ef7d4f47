package archtest

// module is the path that all our packages start with.
const module = "github.com/stowage-dev/stowage/"

// layers are the packages, each with those below it, from the bottom to the
// top. A package may import its own layer and the layers under it.
var layers = []layer{
	{
		name: "domain", standardOnly: true,
		packages: []string{
			"internal/access", "internal/derrors", "internal/finding", "internal/image", "internal/inventory",
			"migrations",
		},
	},
	{
		name: "logic",
		packages: []string{
			"internal/access/awsiam", "internal/access/azurerbac", "internal/access/connection", "internal/access/datastore",
			"internal/access/gcpiam", "internal/access/kubernetes", "internal/access/scenario", "internal/access/workload",
			"internal/advisory", "internal/collect", "internal/compliance", "internal/config",
			"internal/export", "internal/exposure", "internal/policy", "internal/risk", "internal/scan",
			"internal/telemetry", "internal/view",
		},
	},
	{
		name: "adapter", apart: true,
		packages: []string{
			"internal/collect/aws", "internal/collect/azure", "internal/collect/gcp", "internal/collect/kubernetes",
			"internal/postgres", "internal/registry",
		},
	},
	{
		name:     "application",
		packages: []string{"internal/api", "internal/auth", "internal/client", "internal/job", "internal/web"},
	},
	{
		name: "program", apart: true,
		packages: []string{"cmd/cloudsim", "cmd/stowage", "e2e", "internal/archtest"},
	},
}

// A layer is a set of packages.
type layer struct {
	name     string
	packages []string
	// standardOnly: besides each other they import the standard library only.
	standardOnly bool
	// apart: none imports another of its layer.
	apart bool
}

// freeOfHomes may use any library that is used at all: cmd/stowage puts
// everything together, and the rigs of end-to-end tests play the other side.
var freeOfHomes = []string{"cmd/stowage", "e2e"}

// homes are the only places where a library may be used, freeOfHomes and tests
// aside.
var homes = []home{
	{"github.com/aws/", []string{"internal/collect/aws", "e2e/rig"}},
	{"github.com/Azure/", []string{"internal/collect/azure"}},
	{"cloud.google.com/go", []string{"internal/collect/gcp"}},
	{"google.golang.org/api/", []string{"internal/collect/gcp"}},
	{"k8s.io/", []string{"internal/collect/kubernetes", "cmd/cloudsim", "e2e/rig"}},
	{"sigs.k8s.io/", []string{"internal/collect/kubernetes", "cmd/cloudsim"}},
	{"github.com/google/go-containerregistry/", []string{"internal/registry", "cmd/cloudsim", "e2e/rig"}},
	{"github.com/google/osv-scalibr/", []string{"internal/scan", "internal/advisory"}},
	{"github.com/jackc/pgx/", []string{"internal/postgres", "internal/job"}},
	{"github.com/pressly/goose/", []string{"internal/postgres"}},
	{"github.com/riverqueue/river", []string{"internal/job", "internal/postgres"}},
	{"riverqueue.com/riverui", []string{"internal/web"}},
	{"github.com/danielgtaylor/huma/", []string{"internal/api"}},
	{"github.com/knadh/koanf/", []string{"internal/config"}},
	{"cel.dev/", []string{"internal/access/gcpiam", "internal/policy"}},
	{"github.com/CycloneDX/", []string{"internal/export"}},
	{"github.com/spdx/", []string{"internal/export"}},
	{"github.com/owenrumney/go-sarif/", []string{"internal/export"}},
	{"github.com/xuri/excelize/", []string{"internal/export"}},
	{"codeberg.org/go-pdf/fpdf", []string{"internal/export"}},
	{"github.com/alexedwards/scs/", []string{"internal/auth", "internal/web"}},
	{"github.com/coreos/go-oidc/", []string{"internal/auth"}},
	{"github.com/spf13/cobra", []string{"cmd"}},
	// Better choices exist; .golangci.yml names them.
	{"github.com/google/cel-go", nil},
	{"github.com/pkg/errors", nil},
	{"github.com/stretchr/testify", nil},
	{"gopkg.in/yaml", nil},
}

// A home says which packages, each with those below it, may import a library.
type home struct {
	library  string // the start of its import paths
	packages []string
}

// vague are package names that say nothing about what is inside.
var vague = []string{"base", "common", "helper", "helpers", "lib", "misc", "models", "shared", "types", "util", "utils"}

// wellKnownMethods are documented by the interfaces of the standard library.
var wellKnownMethods = []string{"Error", "Read", "ServeHTTP", "String", "Unwrap", "Write"}

// maxLines is the length at which a Go file has to be split.
const maxLines = 600
