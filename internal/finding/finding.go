// Package finding is the domain of what is wrong: severities, checks,
// vulnerabilities and their findings on images and workloads. It depends on
// the standard library only.
package finding

import (
	"fmt"
	"strings"
)

// A Severity orders findings. The zero value is unknown.
type Severity int

// The severities, in ascending order. The numbers are stored.
const (
	// Informational is known to be no failure, unlike Unknown: worth knowing.
	Informational Severity = iota - 1
	Unknown
	Low
	Medium
	High
	Critical
)

// severityNames begin with the lowest severity.
var severityNames = [...]string{"info", "unknown", "low", "medium", "high", "critical"}

// String returns the lower-case name.
func (s Severity) String() string {
	i := int(s - Informational)
	if i < 0 || i >= len(severityNames) {
		return fmt.Sprintf("severity(%d)", int(s))
	}
	return severityNames[i]
}

// ParseSeverity is the inverse of [Severity.String], in any case.
func ParseSeverity(s string) (Severity, error) {
	for i, name := range severityNames {
		if strings.EqualFold(s, name) {
			return Informational + Severity(i), nil
		}
	}
	return Unknown, fmt.Errorf("severity %q: want one of %s", s, strings.Join(severityNames[:], ", "))
}

// MarshalText implements [encoding.TextMarshaler].
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *Severity) UnmarshalText(b []byte) (err error) {
	*s, err = ParseSeverity(string(b))
	return err
}

// A Check describes a rule about images or workloads.
type Check struct {
	// ID is stable: "image/user-root".
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Severity Severity `json:"severity"`
	// Why tells what can happen, Remediation what to do.
	Why         string `json:"why"`
	Remediation string `json:"remediation"`
	// References are foreign identifiers: "CIS Docker 4.1".
	References []string `json:"references,omitempty"`
}

// A CheckFinding is one failed check on one image.
type CheckFinding struct {
	Check    string   `json:"check"`
	Severity Severity `json:"severity"`
	// Detail is one sentence with the evidence: "User is empty".
	Detail string `json:"detail"`
	// Path and Layer locate the evidence; Layer is -1 when the config shows it.
	Path  string `json:"path,omitempty"`
	Layer int    `json:"layer"`
	// Secret is set by checks that find secrets.
	Secret *Secret `json:"secret,omitempty"`
}

// A Secret is what is kept of a secret that was found: never its value nor a
// part of it.
type Secret struct {
	// Rule is the ID of the rule that found it, Title what it looks like.
	Rule  string `json:"rule"`
	Title string `json:"title"`
	// Line is where it is in the file, from 1; 0 outside of files.
	Line int `json:"line,omitempty"`
	// Confidence is low, medium or high.
	Confidence string `json:"confidence"`
	// Hash is an HMAC of the value under a key of the installation: the same
	// in two places if the secret is the same.
	Hash string `json:"hash"`
}

// Failed returns how many findings are failures: some only inform.
func Failed(found []CheckFinding) (n int) {
	for _, f := range found {
		if f.Severity > Informational {
			n++
		}
	}
	return n
}

// A VulnerabilityFinding is one vulnerability of one package in an image.
type VulnerabilityFinding struct {
	// Vulnerability is the CVE where there is one, else the advisory's ID.
	Vulnerability string `json:"vulnerability"`
	// Advisory is the ID of the advisory that matched.
	Advisory string   `json:"advisory"`
	Summary  string   `json:"summary,omitempty"`
	Severity Severity `json:"severity"`
	// KEV is whether CISA lists it as exploited.
	KEV       bool   `json:"kev,omitempty"`
	Ecosystem string `json:"ecosystem"`
	Package   string `json:"package"`
	Version   string `json:"version"`
	// Fixed is the lowest version that fixes it; empty when none is known.
	Fixed string `json:"fixed,omitempty"`
	Path  string `json:"path,omitempty"`
	Layer int    `json:"layer"`
}
