package export

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/stowage-dev/stowage/internal/finding"
)

// sarifFormat is the results of a static analysis, as code hosting services
// show them: https://docs.oasis-open.org/sarif/sarif/v2.1.0/.
var sarifFormat = ReportFormat{Name: "sarif", MediaType: "application/sarif+json", Extension: ".sarif", write: writeSARIF}

func writeSARIF(w io.Writer, r *Report) error {
	run := sarif.NewRunWithInformationURI("Stowage", toolURL)
	run.Tool.Driver.Version = &r.Version
	// Two images of one repository are two analyses, not one that changes.
	run.AutomationDetails = sarif.NewRunAutomationDetails().WithID("stowage/" + r.repository() + "/")
	properties := sarif.NewPropertyBag().Add("image", r.Name).Add("platform", r.Manifest.Platform.String()).
		Add("digest", r.Manifest.Digest).Add("configDigest", r.Manifest.ConfigDigest)
	run.Properties = properties
	run.Invocations = []*sarif.Invocation{sarifInvocation(r)}
	s := sarifRun{report: r, run: run, rules: map[string]int{}}
	s.addRules()
	for _, v := range r.Vulnerabilities {
		text := fmt.Sprintf("%s %s (%s) has %s: %s.", v.Package, v.Version, v.Ecosystem, v.Vulnerability,
			strings.TrimSuffix(cmp.Or(v.Summary, "no summary"), "."))
		if v.Fixed != "" {
			text += " Fixed in " + v.Fixed + "."
		} else {
			text += " No fix is known."
		}
		s.add(v.Vulnerability, v.Severity, text, v.Path, v.Layer, v.Package)
	}
	for _, c := range r.Checks {
		s.add(c.Check, c.Severity, c.Detail, c.Path, c.Layer, "")
	}
	report := sarif.NewReport()
	report.AddRun(run)
	return report.PrettyWrite(w)
}

// sarifInvocation tells how far the image was read.
func sarifInvocation(r *Report) *sarif.Invocation {
	i := sarif.NewInvocation().WithExecutionSuccessful(true)
	stamp := r.stamp()
	i.EndTimeUtc = &stamp
	note := func(level, text string) {
		n := sarif.NewNotification()
		n.Level, n.Message = level, sarif.NewTextMessage(plainText(text))
		i.ToolExecutionNotifications = append(i.ToolExecutionNotifications, n)
	}
	if r.Partial != "" {
		note("warning", "The image was not read as a whole: "+r.Partial)
	}
	if !r.Matched {
		note("note", "Vulnerabilities were not looked for: no advisories were given.")
	}
	return i
}

// A sarifRun puts the results of a report together.
type sarifRun struct {
	report *Report
	run    *sarif.Run
	// rules are the indexes of the rules.
	rules map[string]int
}

// addRules adds the vulnerabilities and the checks that have results.
func (s *sarifRun) addRules() {
	for _, v := range s.report.vulnerabilities() {
		short := v.id
		if v.summary != "" {
			short += ": " + plainText(v.summary)
		}
		help := fmt.Sprintf("%s.\n\nUpdate the packages that the results name. More: %s", strings.TrimSuffix(short, "."), v.url())
		tags := []string{"security", "vulnerability"}
		if v.kev {
			tags = append(tags, "known-exploited")
		}
		s.addRule(v.id, "Vulnerability", short, short, help, v.url(), v.severity, tags)
	}
	failed := map[string]finding.Severity{}
	for _, c := range s.report.Checks {
		failed[c.Check] = max(failed[c.Check], c.Severity)
	}
	known := map[string]finding.Check{}
	for _, c := range s.report.Rules {
		known[c.ID] = c
	}
	ids := make([]string, 0, len(failed))
	for id := range failed {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		c := known[id]
		help := c.Why + "\n\n" + c.Remediation
		if len(c.References) > 0 {
			help += "\n\nReferences: " + strings.Join(c.References, ", ") + "."
		}
		s.addRule(id, "Check", cmp.Or(c.Title, id), cmp.Or(c.Why, id), help, "", failed[id], []string{"security", "configuration"})
	}
}

func (s *sarifRun) addRule(id, name, short, full, help, page string, severity finding.Severity, tags []string) {
	rule := sarif.NewReportingDescriptor().WithID(id).WithName(name).
		WithShortDescription(sarif.NewMultiformatMessageString().WithText(short)).
		WithFullDescription(sarif.NewMultiformatMessageString().WithText(full)).
		WithHelp(sarif.NewMultiformatMessageString().WithText(help)).
		WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(sarifLevel(severity)))
	if page != "" {
		rule.HelpURI = &page
	}
	rule.Properties = sarif.NewPropertyBag().WithTags(tags).Add("precision", "high")
	if score, ok := securitySeverities[severity]; ok {
		rule.Properties.Add("security-severity", score)
	}
	s.rules[id] = len(s.run.Tool.Driver.Rules)
	s.run.Tool.Driver.Rules = append(s.run.Tool.Driver.Rules, rule)
}

// add adds a result. what tells apart results of one rule at one path.
func (s *sarifRun) add(rule string, severity finding.Severity, text, path string, layer int, what string) {
	r := sarif.NewRuleResult(rule).WithRuleIndex(s.rules[rule]).WithLevel(sarifLevel(severity)).
		WithMessage(sarif.NewTextMessage(plainText(text)))
	r.Properties = sarif.NewPropertyBag().Add("severity", severity.String())
	if digest := s.report.layerDigest(layer); digest != "" {
		r.Properties.Add("layer", layer).Add("layerDigest", digest)
	}
	// Services want a file and a line of each result.
	uri := cmp.Or(path, s.report.repository())
	escaped := strings.ReplaceAll((&url.URL{Path: uri}).EscapedPath(), ":", "%3A") // No scheme begins a path.
	location := sarif.NewArtifactLocation().WithURI(escaped)
	r.Locations = []*sarif.Location{sarif.NewLocation().WithPhysicalLocation(
		sarif.NewPhysicalLocation().WithArtifactLocation(location).WithRegion(sarif.NewRegion().WithStartLine(1)),
	)}
	if path == "" {
		what += text // All that tells apart what the configuration shows.
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{rule, what, path}, "\x00")))
	// By this, services recognise a result in the next analysis. A new version
	// of a package is the same result.
	r.PartialFingerprints = map[string]string{"primaryLocationLineHash": hex.EncodeToString(sum[:8]) + ":1"}
	s.run.AddResult(r)
}

// securitySeverities are scores that code hosting services turn back into the
// severities: https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support.
var securitySeverities = map[finding.Severity]string{
	finding.Critical: "9.5", finding.High: "8.0", finding.Medium: "5.5", finding.Low: "2.0",
}

// sarifLevel returns the level of a severity.
func sarifLevel(s finding.Severity) string {
	switch s {
	case finding.Critical, finding.High:
		return "error"
	case finding.Medium:
		return "warning"
	default:
		return "note"
	}
}

// plainText returns text that no reader of messages takes for a link:
// summaries and paths come from elsewhere.
func plainText(s string) string { return strings.ReplaceAll(s, "](", "] (") }
