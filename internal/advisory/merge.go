package advisory

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
)

// A Vulnerability is what one or more advisories are about.
type Vulnerability struct {
	// ID is the CVE where there is one, else the GitHub identifier, else the
	// first of its advisories.
	ID string `json:"id"`
	// Aliases are its other identifiers, sorted.
	Aliases []string `json:"aliases,omitempty"`
	Summary string   `json:"summary,omitempty"`
	// Severity is the worst that an advisory gives, with its Score and Vector.
	Severity finding.Severity `json:"severity"`
	Score    float64          `json:"score,omitempty"`
	Vector   string           `json:"vector,omitempty"`
	// KEV is whether CISA lists it as exploited.
	KEV bool `json:"kev,omitempty"`
	// Advisories are the IDs of the advisories about it, sorted.
	Advisories []string `json:"advisories"`
}

// Merge groups advisories by what they are about, in the order of IDs. The
// advisories are read twice; the first with a summary gives it. An advisory about several CVEs belongs to each
// of them and makes no two of them one. Its severity counts for a CVE only
// when no advisory about that CVE alone has one, because it is that of its
// worst.
func Merge(advisories iter.Seq[*Advisory], kev *KEV) []Vulnerability {
	names := aliasNames(advisories)
	merged := map[string]*group{}
	for a := range advisories {
		if a.Withdrawn {
			continue
		}
		ids := a.Vulnerabilities
		if cveOf(ids[0]) == "" {
			ids = names.of(a)
		}
		for _, id := range ids {
			g := merged[id]
			if g == nil {
				g = &group{Vulnerability: Vulnerability{ID: id, KEV: kev.Has(id)}}
				merged[id] = g
			}
			g.add(a, len(ids) == 1)
		}
	}
	result := make([]Vulnerability, 0, len(merged))
	for _, id := range slices.Sorted(maps.Keys(merged)) {
		result = append(result, merged[id].finish())
	}
	return result
}

// A group is a vulnerability being put together.
type group struct {
	Vulnerability
	// ownSeverity and ownSummary are whether those are of an advisory about it
	// alone.
	ownSeverity, ownSummary bool
}

func (g *group) add(a *Advisory, alone bool) {
	g.Advisories = append(g.Advisories, a.ID)
	if alone {
		g.Aliases = append(append(g.Aliases, a.Aliases...), a.ID)
	}
	worse := cmp.Or(cmp.Compare(a.Severity, g.Severity), cmp.Compare(a.Score, g.Score)) > 0
	if a.Severity != finding.Unknown && (alone && !g.ownSeverity || alone == g.ownSeverity && worse) {
		g.Severity, g.Score, g.Vector, g.ownSeverity = a.Severity, a.Score, a.Vector, alone
	}
	if a.Summary != "" && (g.Summary == "" || alone && !g.ownSummary) {
		g.Summary, g.ownSummary = a.Summary, alone
	}
}

func (g *group) finish() Vulnerability {
	v := g.Vulnerability
	v.Advisories = sortedSet(v.Advisories)
	v.Aliases = slices.DeleteFunc(sortedSet(v.Aliases), func(s string) bool { return s == v.ID })
	return v
}

func sortedSet(s []string) []string {
	slices.Sort(s)
	return slices.Compact(s)
}

// aliases finds the common name of the advisories that name no CVE.
type aliases struct {
	// cve is the one CVE that an identifier stands for; empty when advisories
	// disagree.
	cve map[string]string
	// parent is a forest of identifiers that are the same without a CVE.
	parent map[string]string
}

func aliasNames(advisories iter.Seq[*Advisory]) *aliases {
	n := &aliases{cve: map[string]string{}, parent: map[string]string{}}
	for a := range advisories {
		if a.Withdrawn {
			continue
		}
		own := slices.Concat([]string{a.ID}, a.Aliases)
		if cve := cveOf(a.Vulnerabilities[0]); cve == "" {
			for _, id := range own[1:] {
				n.join(a.ID, id)
			}
		} else if len(a.Vulnerabilities) == 1 && slices.ContainsFunc(own, func(s string) bool { return cveOf(s) == cve }) {
			for _, id := range own {
				if known, ok := n.cve[id]; ok && known != cve {
					n.cve[id] = ""
					continue
				}
				n.cve[id] = cve
			}
		}
	}
	return n
}

// of returns the name of an advisory without a CVE: that of an alias, or the
// best of the identifiers that are the same.
func (n *aliases) of(a *Advisory) []string {
	for _, id := range a.Aliases {
		if cve := n.cve[id]; cve != "" {
			return []string{cve}
		}
	}
	return []string{n.root(a.ID)}
}

func (n *aliases) root(id string) string {
	for {
		parent, ok := n.parent[id]
		if !ok {
			return id
		}
		id = parent
	}
}

// join makes two identifiers the same. The better name becomes the root.
func (n *aliases) join(a, b string) {
	a, b = n.root(a), n.root(b)
	if a == b {
		return
	}
	if betterName(b, a) {
		a, b = b, a
	}
	n.parent[b] = a
}

// betterName prefers GitHub's identifiers, which most feeds share.
func betterName(a, b string) bool {
	if x, y := strings.HasPrefix(a, "GHSA-"), strings.HasPrefix(b, "GHSA-"); x != y {
		return x
	}
	return a < b
}
