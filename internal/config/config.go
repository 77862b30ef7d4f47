// Package config is the configuration of Stowage: one YAML file, overridden by
// STOWAGE_* environment variables, overridden by flags. Every field has a
// usable zero or default value; unknown keys are errors.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path"
	"time"

	"github.com/stowage-dev/stowage/internal/advisory"
)

// A Config is the whole configuration.
type Config struct {
	// Listen is the address of the API and the pages. Anything but a loopback
	// address opens the inventory to the network: there is no login yet.
	Listen string `koanf:"listen"`
	// DatabaseURL is the PostgreSQL server; empty starts a private one.
	// DATABASE_URL in the environment sets it too.
	DatabaseURL Secret `koanf:"database_url"`
	// DataDir is where the private PostgreSQL keeps its data; empty for the
	// user's own data directory.
	DataDir string `koanf:"data_dir"`

	Log        Log        `koanf:"log"`
	AWS        AWS        `koanf:"aws"`
	Kubernetes Kubernetes `koanf:"kubernetes"`
	Registry   Registry   `koanf:"registry"`
	Advisories Advisories `koanf:"advisories"`
	Collect    Collect    `koanf:"collect"`
	Scan       Scan       `koanf:"scan"`
}

// Log is what is logged and how.
type Log struct {
	// Level is the least severe that is logged: debug, info, warn or error.
	Level slog.Level `koanf:"level"`
	// Format is "text", "json", or "auto": text on a terminal, else JSON.
	Format string `koanf:"format"`
}

// AWS tells which AWS accounts are collected.
type AWS struct {
	// Enabled is "auto" (when there are credentials), "true" or "false".
	Enabled string `koanf:"enabled"`
	// Profile is a profile of the shared AWS configuration; empty for the
	// SDK's own choice.
	Profile string `koanf:"profile"`
	// Roles are IAM roles to assume, one per account, instead of reading the
	// account of the ambient credentials.
	Roles []AWSRole `koanf:"roles"`
	// Organization finds the accounts of an AWS organization.
	Organization AWSOrganization `koanf:"organization"`
	// Regions are the AWS regions to collect; empty means all that the account
	// has enabled.
	Regions []string `koanf:"regions"`
}

// An AWSRole is an IAM role to assume.
type AWSRole struct {
	ARN        string `koanf:"arn"`
	ExternalID string `koanf:"external_id"`
}

// AWSOrganization tells how the accounts of an organization are read.
type AWSOrganization struct {
	// Enabled is whether the accounts of the organization are found and read.
	Enabled bool `koanf:"enabled"`
	// RoleName is the role that is assumed in each member account.
	RoleName string `koanf:"role_name"`
	// ExternalID is what the trust policy of that role asks for; may be empty.
	ExternalID string `koanf:"external_id"`
	// ManagementRole is the ARN of a role that may list the accounts; empty
	// when the ambient credentials may.
	ManagementRole string `koanf:"management_role"`
}

// Kubernetes tells which clusters of the kubeconfig are collected. Clusters
// that a cloud's collector finds need no entry.
type Kubernetes struct {
	// Kubeconfig is a path; empty for KUBECONFIG or ~/.kube/config.
	Kubeconfig string `koanf:"kubeconfig"`
	// Contexts are names of contexts, "current", or "*" for all.
	Contexts []string `koanf:"contexts"`
}

// Registry tells how registries are reached.
type Registry struct {
	// Mirrors are asked instead of the registries whose host matches.
	Mirrors []Mirror `koanf:"mirrors"`
	// PlainHTTP are patterns of hosts that are spoken to without TLS.
	PlainHTTP []string `koanf:"plain_http"`
	// DockerConfig is whether credentials of ~/.docker/config.json are used.
	DockerConfig bool `koanf:"docker_config"`
	// CABundle is a PEM file of additional certificate authorities.
	CABundle string `koanf:"ca_bundle"`
	// PerHost is how many requests one registry gets at a time.
	PerHost int `koanf:"per_host"`
	// BaseHosts are patterns of the registries that are asked for the base
	// images which images name; that of the image itself always is.
	BaseHosts []string `koanf:"base_hosts"`
}

// A Mirror is asked instead of the hosts that match, with the original host in
// the query parameter ns, as containerd does.
type Mirror struct {
	// Host is a pattern such as "*.dkr.ecr.*.amazonaws.com".
	Host     string `koanf:"host"`
	Endpoint string `koanf:"endpoint"`
}

// Advisories tells where advisories come from.
type Advisories struct {
	// Locations are directories, zip files or URLs of OSV exports.
	Locations []string `koanf:"locations"`
	// Ecosystems are those to read from locations with an archive for each,
	// <ecosystem>/all.zip: URLs and directories.
	Ecosystems []string `koanf:"ecosystems"`
	// KEV is the location of CISA's catalogue of exploited vulnerabilities;
	// empty for none.
	KEV string `koanf:"kev"`
	// Every is how often the locations are looked at; 0 means never.
	Every time.Duration `koanf:"every"`
}

// Collect tells when accounts are collected.
type Collect struct {
	// Every is how often all accounts are collected; 0 means only once.
	Every time.Duration `koanf:"every"`
	// Concurrency is how many accounts are collected at a time, in one process.
	// Most of the time they wait for the providers' rate limits.
	Concurrency int `koanf:"concurrency"`
}

// Scan tells how images are scanned.
type Scan struct {
	// Concurrency is how many images are scanned at a time, in one process.
	Concurrency int `koanf:"concurrency"`
	// TrustedBases are the base images that images have to be built on; empty
	// when any will do. It is what the check image/base-untrusted follows.
	TrustedBases []TrustedBase `koanf:"trusted_bases"`
	// JavaIndex is a file that tells which artifacts Java archives are, by
	// their SHA-1; see docs/ecosystems.md.
	JavaIndex string `koanf:"java_index"`
	// Secrets is whether the files of images are searched for secrets; their
	// configuration and build steps always are.
	Secrets bool `koanf:"secrets"`
	// SecretKey is what values of secrets are hashed under: 32 bytes in
	// hexadecimal or Base64; empty for one that the database keeps.
	SecretKey Secret `koanf:"secret_key"`
	// SecretAllow is a file that names secrets which are no findings.
	SecretAllow string `koanf:"secret_allow"`
}

// A TrustedBase is a rule for base images.
type TrustedBase struct {
	// Name is a pattern of host/repository, such as "docker.io/library/*" or
	// "registry.example/base/**".
	Name string `koanf:"name"`
	// MaxAge is how old the base may be; 0 for any age.
	MaxAge time.Duration `koanf:"max_age"`
	// Signed is whether its registry has to keep a signature of it.
	Signed bool `koanf:"signed"`
}

// publicRegistries are where most base images are.
var publicRegistries = []string{
	"docker.io", "ghcr.io", "quay.io", "gcr.io", "registry.k8s.io", "public.ecr.aws", "mcr.microsoft.com", "cgr.dev",
	"registry.access.redhat.com", "registry.redhat.io", "registry.suse.com", "container-registry.oracle.com", "nvcr.io", "dhi.io",
}

// Default returns the configuration of a run without file, environment and
// flags.
func Default() Config {
	return Config{
		Listen:     "127.0.0.1:8080",
		Log:        Log{Level: slog.LevelInfo, Format: "auto"},
		AWS:        AWS{Enabled: "auto"},
		Kubernetes: Kubernetes{Contexts: []string{"current"}},
		Registry:   Registry{DockerConfig: true, PerHost: 4, BaseHosts: publicRegistries},
		Advisories: Advisories{
			Locations:  []string{"https://osv-vulnerabilities.storage.googleapis.com"},
			Ecosystems: advisory.DefaultEcosystems,
			KEV:        "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
			Every:      6 * time.Hour,
		},
		Collect: Collect{Every: 15 * time.Minute, Concurrency: 32},
		Scan:    Scan{Concurrency: 2, Secrets: true},
	}
}

// Validate returns all problems of the configuration at once, each with the
// path of its key.
func (c Config) Validate() error {
	var problems []error
	report := func(key, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)))
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		report("listen", "%q is not host:port", c.Listen)
	}
	switch c.Log.Format {
	case "auto", "text", "json":
	default:
		report("log.format", "%q is not auto, text or json", c.Log.Format)
	}
	switch c.AWS.Enabled {
	case "auto", "true", "false":
	default:
		report("aws.enabled", "%q is not auto, true or false", c.AWS.Enabled)
	}
	if c.AWS.Organization.Enabled && c.AWS.Organization.RoleName == "" {
		report("aws.organization.role_name", "is needed to read the member accounts")
	}
	for i, m := range c.Registry.Mirrors {
		if _, err := path.Match(m.Host, ""); m.Host == "" || err != nil {
			report(fmt.Sprintf("registry.mirrors[%d].host", i), "%q is not a pattern of hosts", m.Host)
		}
		if u, err := url.Parse(m.Endpoint); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			report(fmt.Sprintf("registry.mirrors[%d].endpoint", i), "%q is not an http or https URL", m.Endpoint)
		}
	}
	for i, host := range c.Registry.BaseHosts {
		if _, err := path.Match(host, ""); host == "" || err != nil {
			report(fmt.Sprintf("registry.base_hosts[%d]", i), "%q is not a pattern of hosts", host)
		}
	}
	for i, b := range c.Scan.TrustedBases {
		if _, err := path.Match(b.Name, ""); b.Name == "" || err != nil {
			report(fmt.Sprintf("scan.trusted_bases[%d].name", i), "%q is not a pattern of host/repository", b.Name)
		}
		if b.MaxAge < 0 {
			report(fmt.Sprintf("scan.trusted_bases[%d].max_age", i), "%s is negative", b.MaxAge)
		}
	}
	for _, d := range []struct {
		key   string
		value time.Duration
	}{{"advisories.every", c.Advisories.Every}, {"collect.every", c.Collect.Every}} {
		if d.value != 0 && d.value < time.Minute {
			report(d.key, "%s is shorter than a minute; 0 turns it off", d.value)
		}
	}
	for _, n := range []struct {
		key   string
		value int
	}{
		{"registry.per_host", c.Registry.PerHost},
		{"collect.concurrency", c.Collect.Concurrency},
		{"scan.concurrency", c.Scan.Concurrency},
	} {
		if n.value < 1 || n.value > 1000 {
			report(n.key, "%d is not between 1 and 1000", n.value)
		}
	}
	return errors.Join(problems...)
}
