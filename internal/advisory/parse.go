package advisory

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stowage-dev/stowage/internal/finding"
)

// A record is the part of an OSV record that is read.
// See https://ossf.github.io/osv-schema/.
type record struct {
	ID        string           `json:"id"`
	Aliases   []string         `json:"aliases"`
	Upstream  []string         `json:"upstream"`
	Related   []string         `json:"related"`
	Published string           `json:"published"`
	Modified  string           `json:"modified"`
	Withdrawn string           `json:"withdrawn"`
	Summary   string           `json:"summary"`
	Details   string           `json:"details"`
	Severity  []recordSeverity `json:"severity"`
	Affected  []recordAffected `json:"affected"`
	Database  specific         `json:"database_specific"`
}

type recordSeverity struct {
	Type  string `json:"type"`
	Score string `json:"score"`
}

type recordAffected struct {
	Package struct {
		Ecosystem string `json:"ecosystem"`
		Name      string `json:"name"`
		PURL      string `json:"purl"`
	} `json:"package"`
	Severity  []recordSeverity `json:"severity"`
	Ranges    []recordRange    `json:"ranges"`
	Versions  []string         `json:"versions"`
	Ecosystem specific         `json:"ecosystem_specific"`
	Database  specific         `json:"database_specific"`
}

type recordRange struct {
	Type   string        `json:"type"`
	Events []recordEvent `json:"events"`
}

type recordEvent struct {
	Introduced   string `json:"introduced"`
	Fixed        string `json:"fixed"`
	LastAffected string `json:"last_affected"`
	Limit        string `json:"limit"`
}

// specific is an object that each database fills as it likes; only a severity
// in words is of use.
type specific struct {
	Severity word `json:"severity"`
}

// A word is a string where there may be anything else, which is no word.
type word string

// UnmarshalJSON never fails: no value is wrong here.
func (w *word) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, (*string)(w)) != nil {
		*w = ""
	}
	return nil
}

// Parse reads one record in the OSV format. Commit ranges are left out, so an
// advisory may affect no package at all.
func Parse(b []byte) (*Advisory, error) {
	var r record
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("parse OSV record: %w", err)
	}
	if err := checkText("id", r.ID); err != nil {
		return nil, fmt.Errorf("parse OSV record: %w", err)
	}
	a := &Advisory{
		ID:              r.ID,
		Aliases:         tidy(r.Aliases),
		Vulnerabilities: vulnerabilities(&r),
		Summary:         summary(&r),
		Published:       parseTime(r.Published),
		Modified:        parseTime(r.Modified),
		Withdrawn:       r.Withdrawn != "",
	}
	a.rate(&r)
	for i := range r.Affected {
		p, err := affected(&r.Affected[i])
		if err != nil {
			return nil, fmt.Errorf("parse OSV record %s: affected %d: %w", r.ID, i, err)
		}
		if len(p.Ranges)+len(p.Versions) > 0 && isMatched(p.Ecosystem) {
			a.Affected = append(a.Affected, intoModules(p, r.Summary)...)
		}
	}
	a.Affected = distinct(a.Affected)
	return a, nil
}

// distinct drops what a record says twice: of products or repositories that
// are one ecosystem here. The order stays.
func distinct(all []Affected) []Affected {
	type key struct{ ecosystem, name string }
	seen := make(map[key][]int, len(all))
	var kept []Affected
	for _, p := range all {
		k := key{p.Ecosystem, p.Name}
		if slices.ContainsFunc(seen[k], func(i int) bool {
			return slices.Equal(kept[i].Ranges, p.Ranges) && slices.Equal(kept[i].Versions, p.Versions)
		}) {
			continue
		}
		seen[k] = append(seen[k], len(kept))
		kept = append(kept, p)
	}
	return kept
}

// maxText limits identifiers, names and versions, in bytes.
const maxText = 1024

// checkText refuses what no identifier or name holds and what the store could
// not keep.
func checkText(what, s string) error {
	switch {
	case s == "":
		return errors.New(what + " is missing")
	case len(s) > maxText:
		return fmt.Errorf("%s is %d bytes long, more than %d", what, len(s), maxText)
	case strings.ContainsFunc(s, unicode.IsControl):
		return fmt.Errorf("%s %q has control characters", what, s)
	}
	return nil
}

// tidy returns the sorted set of the usable identifiers.
func tidy(ids []string) []string {
	ids = slices.DeleteFunc(slices.Clone(ids), func(s string) bool { return checkText("", s) != nil })
	slices.Sort(ids)
	return slices.Compact(ids)
}

// cvePattern finds the CVE in identifiers that wrap one, like Debian's
// DEBIAN-CVE-2024-3094.
var cvePattern = regexp.MustCompile(`(?:^|-)(CVE-\d{4}-\d{4,})$`)

// cveOf returns the CVE that an identifier is or wraps; empty if none.
func cveOf(id string) string {
	if !strings.Contains(id, "CVE-") {
		return ""
	}
	m := cvePattern.FindStringSubmatch(id)
	if m == nil {
		return ""
	}
	return m[1]
}

// vulnerabilities returns the CVEs that are the same as the record; if there
// are none, those that it is derived from; else its own identifier. Some
// distributions, AlmaLinux among them, give what they fix as related.
func vulnerabilities(r *record) []string {
	sources := [][]string{append([]string{r.ID}, r.Aliases...), r.Upstream}
	if len(r.Affected) > 0 && distributionOf(r.Affected[0].Package.Ecosystem) != nil {
		sources = append(sources, r.Related)
	}
	for _, ids := range sources {
		var cves []string
		for _, id := range ids {
			if cve := cveOf(id); cve != "" {
				cves = append(cves, cve)
			}
		}
		if cves = tidy(cves); len(cves) > 0 {
			return cves
		}
	}
	return []string{r.ID}
}

// maxSummary limits the summary, in bytes.
const maxSummary = 300

// summary returns one line: many records have only details in Markdown.
func summary(r *record) string {
	s := r.Summary
	if strings.TrimSpace(s) == "" {
		for line := range strings.Lines(r.Details) {
			if s = strings.TrimSpace(strings.TrimLeft(line, "#* ")); s != "" {
				break
			}
		}
	}
	s = strings.Join(strings.FieldsFunc(s, func(c rune) bool {
		return unicode.IsSpace(c) || unicode.IsControl(c)
	}), " ")
	if len(s) <= maxSummary {
		return s
	}
	cut := maxSummary - len("…")
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// parseTime returns the zero time for what is not a time: no match depends on
// it.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Year() < 1970 {
		return time.Time{}
	}
	return t.UTC()
}

// rate sets the severity: by the newest CVSS vector, else by the worst word.
func (a *Advisory) rate(r *record) {
	ratings := slices.Clone(r.Severity)
	words := []string{string(r.Database.Severity)}
	for i := range r.Affected {
		p := &r.Affected[i]
		ratings = append(ratings, p.Severity...)
		words = append(words, string(p.Ecosystem.Severity), string(p.Database.Severity))
	}
	newest := ""
	for _, s := range ratings {
		if !strings.HasPrefix(s.Type, "CVSS_") {
			words = append(words, s.Score)
			continue
		}
		score, ok := ScoreCVSS(s.Score)
		if !ok {
			continue
		}
		if c := cmp.Compare(s.Type, newest); c > 0 || c == 0 && score > a.Score {
			newest, a.Score, a.Vector = s.Type, score, s.Score
		}
	}
	if a.Vector != "" {
		a.Severity = SeverityOf(a.Score)
		return
	}
	a.Severity = finding.Unknown
	for _, word := range words {
		a.Severity = max(a.Severity, wordSeverity(word))
	}
}
