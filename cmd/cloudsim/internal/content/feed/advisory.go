package feed

import (
	"slices"
	"strings"
)

// lastStep is the step of the estate at which all advisories are known.
const lastStep = 2

// An advisory is what is known of one vulnerability by one source.
type advisory struct {
	id string
	// aliases are other names of the same vulnerability, separated by spaces.
	aliases string
	// upstream are the vulnerabilities that a distribution's advisory fixes.
	upstream string
	// date is when it was published.
	date string
	// withdrawn is when it was taken back.
	withdrawn string
	// severity is a CVSS vector; many distributions give none.
	severity string
	summary  string
	// step is the step of the estate at which it becomes known.
	step     int
	affected []affected
}

// affected is a package and its vulnerable versions.
type affected struct {
	// ecosystem is OSV's, with the release: "Debian:12".
	ecosystem, name string
	// events are introduced and fixed versions in turn, separated by spaces.
	events string
}

// archive returns the ecosystem without the release, by which OSV's archives
// are named.
func (a affected) archive() string {
	name, _, _ := strings.Cut(a.ecosystem, ":")
	return name
}

func (a advisory) concerns(ecosystem string) bool {
	return slices.ContainsFunc(a.affected, func(f affected) bool { return f.archive() == ecosystem })
}

// The documents of the OSV schema. See https://ossf.github.io/osv-schema/.
type (
	osvDocument struct {
		SchemaVersion    string         `json:"schema_version"`
		ID               string         `json:"id"`
		Modified         string         `json:"modified"`
		Published        string         `json:"published"`
		Withdrawn        string         `json:"withdrawn,omitempty"`
		Aliases          []string       `json:"aliases,omitempty"`
		Upstream         []string       `json:"upstream,omitempty"`
		Summary          string         `json:"summary,omitempty"`
		Details          string         `json:"details"`
		Severity         []osvSeverity  `json:"severity,omitempty"`
		Affected         []osvAffected  `json:"affected"`
		References       []osvReference `json:"references"`
		DatabaseSpecific map[string]any `json:"database_specific,omitempty"`
	}
	osvSeverity struct {
		Type  string `json:"type"`
		Score string `json:"score"`
	}
	osvAffected struct {
		Package osvPackage `json:"package"`
		Ranges  []osvRange `json:"ranges"`
	}
	osvPackage struct {
		Ecosystem string `json:"ecosystem"`
		Name      string `json:"name"`
	}
	osvRange struct {
		Type   string              `json:"type"`
		Events []map[string]string `json:"events"`
	}
	osvReference struct {
		Type string `json:"type"`
		URL  string `json:"url"`
	}
)

// document returns the advisory in OSV's form.
func (a advisory) document() osvDocument {
	d := osvDocument{
		SchemaVersion: "1.7.0", ID: a.id,
		Modified: midnight(a.date), Published: midnight(a.date),
		Aliases: strings.Fields(a.aliases), Upstream: strings.Fields(a.upstream),
		Summary: a.summary, Details: a.summary,
		References: []osvReference{{"ADVISORY", "https://osv.dev/vulnerability/" + a.id}},
	}
	if a.withdrawn != "" {
		d.Withdrawn = midnight(a.withdrawn)
	}
	if a.severity != "" {
		d.Severity = []osvSeverity{{"CVSS_V3", a.severity}}
	}
	for _, f := range a.affected {
		for _, events := range a.ranges(f.events) {
			d.Affected = append(d.Affected, osvAffected{
				Package: osvPackage{f.ecosystem, f.name},
				Ranges:  []osvRange{f.versions(events)},
			})
		}
	}
	return d
}

// ranges splits the events as the advisory's source does: GitHub gives each
// pair of introduced and fixed an entry of its own, the others put all in one,
// some of them not in order.
func (a advisory) ranges(events string) [][]string {
	all := strings.Fields(events)
	if !strings.HasPrefix(a.id, "GHSA-") {
		return [][]string{all}
	}
	return slices.Collect(slices.Chunk(all, 2))
}

// versions returns a range as OSV has it: the versions of Go and npm are
// semantic ones, those of the others follow their ecosystem.
func (a affected) versions(events []string) osvRange {
	r := osvRange{Type: "ECOSYSTEM"}
	if a.ecosystem == "Go" || a.ecosystem == "npm" {
		r.Type = "SEMVER"
	}
	for i, v := range events {
		name := "introduced"
		if i%2 == 1 {
			name = "fixed"
		}
		r.Events = append(r.Events, map[string]string{name: v})
	}
	return r
}

func midnight(date string) string { return date + "T00:00:00Z" }

// advisories are those of all ecosystems.
var advisories = slices.Concat(mavenAdvisories, npmAdvisories, pythonAdvisories, goAdvisories,
	debianAdvisories, alpineAdvisories, ubuntuAdvisories)
