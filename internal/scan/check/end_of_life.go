package check

import (
	"fmt"
	"time"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/scan/endoflife"
)

var runtimeEndOfLife = imageCheck{
	Check: finding.Check{
		ID:       "image/runtime-end-of-life",
		Title:    "The support of the language runtime has ended, or ends soon",
		Severity: finding.High,
		Why: "Every program of the image runs on it, and what is found in it from now on stays open. An end within 90 days is low. " +
			"Runtimes that the distribution packages are left to the distribution, which fixes them by itself. A Go program carries what of Go " +
			"it was built with, and advisories still name it: that is medium.",
		Remediation: "Move to a release that is supported.",
		References:  []string{"NIST SP 800-190 4.1.1", "NIST SP 800-53 SA-22", "PCI DSS 12.3.4"},
	},
	find: func(in *Input, report *reporter) { findEnds(in, report, endoflife.Runtime) },
}

var serverEndOfLife = imageCheck{
	Check: finding.Check{
		ID:       "image/server-end-of-life",
		Title:    "The support of a server has ended, or ends soon",
		Severity: finding.High,
		Why: "Databases, web servers and the like listen to others, and what is found in this release from now on stays open. " +
			"An end within 90 days is low. Servers that the distribution packages are left to the distribution.",
		Remediation: "Move to a release that is supported.",
		References:  []string{"NIST SP 800-190 4.1.1", "NIST SP 800-53 SA-22", "PCI DSS 12.3.4"},
	},
	find: func(in *Input, report *reporter) { findEnds(in, report, endoflife.Server) },
}

var libraryEndOfLife = imageCheck{
	Check: finding.Check{
		ID:          "image/library-end-of-life",
		Title:       "The support of a framework or library has ended, or ends soon",
		Severity:    finding.Low,
		Why:         "What is found in this release from now on stays open, and advisories may not even name it. An end within 90 days is only told.",
		Remediation: "Move to a release that is supported.",
		References:  []string{"NIST SP 800-190 4.1.1", "NIST SP 800-53 SA-22"},
	},
	find: func(in *Input, report *reporter) { findEnds(in, report, endoflife.Library) },
}

// versionVariables are the variables in which official images tell what they
// were made for, with the product's name.
var versionVariables = map[string]string{
	"NODE_VERSION": "nodejs", "PYTHON_VERSION": "python", "PHP_VERSION": "php", "RUBY_VERSION": "ruby", "GOLANG_VERSION": "go",
	"JAVA_VERSION": "eclipse-temurin", "DOTNET_VERSION": "dotnet", "ASPNET_VERSION": "dotnet", "JRUBY_VERSION": "jruby",
	"OTP_VERSION": "erlang", "ELIXIR_VERSION": "elixir", "JULIA_VERSION": "julia", "PG_VERSION": "postgresql", "PG_MAJOR": "postgresql",
	"REDIS_VERSION": "redis", "VALKEY_VERSION": "valkey", "NGINX_VERSION": "nginx", "HTTPD_VERSION": "apache-http-server",
	"MONGO_VERSION": "mongodb", "MYSQL_VERSION": "mysql", "MYSQL_MAJOR": "mysql", "MARIADB_VERSION": "mariadb", "TOMCAT_VERSION": "tomcat",
	"HAPROXY_VERSION": "haproxy", "CASSANDRA_VERSION": "apache-cassandra", "RABBITMQ_VERSION": "rabbitmq",
	"MEMCACHED_VERSION": "memcached", "COUCHDB_VERSION": "apache-couchdb", "INFLUXDB_VERSION": "influxdb", "JETTY_VERSION": "eclipse-jetty",
	"SOLR_VERSION": "solr", "JENKINS_VERSION": "jenkins", "DRUPAL_VERSION": "drupal", "NEXTCLOUD_VERSION": "nextcloud",
	"CADDY_VERSION": "caddy", "ZOOKEEPER_VERSION": "zookeeper",
}

// An ending is a release with where it shows.
type ending struct {
	endoflife.Release
	detail string
	path   string
	layer  int
}

// findEnds reports the releases of a kind that have ended or soon will, each
// once.
func findEnds(in *Input, report *reporter, kind endoflife.Kind) {
	seen := make(map[string]bool)
	check := func(e ending) {
		key := e.Product + " " + e.Cycle
		if e.Kind != kind || e.Last.IsZero() || seen[key] {
			return
		}
		seen[key] = true
		day := e.Last.Format(time.DateOnly)
		f := finding.CheckFinding{Path: e.path, Layer: e.layer}
		switch {
		case in.Now.After(e.Last):
			if e.Product == "Go" {
				f.Severity = finding.Medium
			}
			f.Detail = fmt.Sprintf("%s: the support of %s %s ended on %s.", e.detail, e.Product, e.Cycle, day)
		case in.Now.Add(soon).After(e.Last):
			f.Severity = finding.Low
			if kind == endoflife.Library {
				f.Severity = finding.Informational
			}
			f.Detail = fmt.Sprintf("%s: the support of %s %s ends on %s, in %d days.", e.detail, e.Product, e.Cycle, day, days(e.Last.Sub(in.Now)))
		default:
			return
		}
		report.addFinding(f)
	}
	for _, p := range in.Inventory.Packages {
		if r, ok := releaseOf(p); ok {
			check(ending{r, fmt.Sprintf("The package %s has the version %s", p.Name, p.Version), p.Path, p.Layer})
		}
	}
	for _, v := range in.Config.Env {
		if product, ok := versionVariables[v.Name]; ok {
			if r, ok := endoflife.OfProduct(product, v.Value); ok {
				check(ending{r, fmt.Sprintf("%s is %s", v.Name, endoflife.Numbers(v.Value)), "", fromConfig})
			}
		}
	}
}

// releaseOf returns the release of a product that a package is of. Packages
// that a distribution maintains have none.
func releaseOf(p image.Package) (endoflife.Release, bool) {
	if p.OwnedBy != "" {
		return endoflife.Release{}, false
	}
	if r, ok := endoflife.OfPackage(p.PURL); ok {
		return r, true
	}
	for _, v := range vendorPackages {
		if v.name.MatchString(p.Name) && v.version.MatchString(p.Version) {
			return endoflife.OfProduct(v.product, p.Version)
		}
	}
	return endoflife.Release{}, false
}
