package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/scan/check"
)

// maxPlaces is how many places of one package or check the table names.
const maxPlaces = 5

// printScan prints a report for people: what it is first, then vulnerabilities
// and checks, worst first.
func printScan(w io.Writer, r scanReport) error { return printScanAt(w, r, terminalWidth(w)) }

func printScanAt(w io.Writer, r scanReport, width int) error {
	p := &scanPrinter{columns{w: w, width: width}}
	p.summary(r)
	p.vulnerabilities(r)
	p.checks(r)
	return p.err
}

// A scanPrinter prints the report of a scan.
type scanPrinter struct{ columns }

// summary prints what the image is. A digest takes 71 characters, so that 80
// leave 9 for what it is called.
func (p *scanPrinter) summary(r scanReport) {
	row := func(name, value string) {
		for _, line := range wrap(printable(value), p.width-9) {
			p.line(fmt.Sprintf("%-8s %s", name, line))
			name = ""
		}
	}
	row("Image", r.Reference)
	if r.Digest != "" {
		row("Digest", r.Digest)
	} else {
		row("Image ID", r.ConfigDigest)
		row("", "the digest of the configuration: an archive of docker save holds no manifest, so the image has no other")
	}
	row("Platform", r.Platform)
	if r.os != nil {
		row("System", cmp.Or(r.os.Name, strings.TrimSpace(r.os.ID+" "+r.os.Version)))
	}
	var size int64
	for _, l := range r.Layers {
		size += l.Size
	}
	row("Content", fmt.Sprintf("%s in %s, %s", plural(len(r.Packages), "package"), plural(len(r.Layers), "layer"), megabytes(size)))
	if r.Referrers != nil {
		row("Signed", signedLine(r.Referrers))
	}
	if r.Partial != "" {
		row("Partial", r.Partial)
	}
	if r.Matched {
		row("Found", r.countVulnerabilities())
	} else {
		row("Found", "vulnerabilities were not looked for: name advisories with --advisories")
	}
	row("", r.countChecks())
	if r.Unmatched != "" {
		row("Unknown", r.Unmatched)
	}
	if len(r.NotCompared) > 0 {
		row("Unknown", "the advisories have nothing about "+strings.Join(r.NotCompared, ", ")+": these packages were not compared")
	}
}

// signedLine tells what the registry keeps about an image.
func signedLine(r *image.Referrers) string {
	line := referrersLine(r)
	if has, known := r.Has(image.Signature); known && !has && len(r.Items) > 0 {
		line = "no; " + line
	} else if line == "none" {
		line = "no: the registry keeps no signature and no attestation"
	}
	return line
}

// megabytes returns a size for people.
func megabytes(n int64) string {
	if n < 1_000_000 {
		return fmt.Sprintf("%.1f kB", float64(n)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1_000_000)
}

// An affected is a package version, or several that are affected alike, with
// vulnerabilities of one severity and one fix.
type affected struct {
	severity   finding.Severity
	packages   []string
	version    string
	fixed      string
	ids        []string
	exploited  bool
	places     []string
	maintained bool // by a distribution, whose database is its place
}

func (p *scanPrinter) vulnerabilities(r scanReport) {
	if len(r.Vulnerabilities) == 0 {
		return
	}
	rows := groupVulnerabilities(r)
	longest := func(least int, cell func(affected) string) int {
		for _, a := range rows {
			least = max(least, utf8.RuneCountInString(cell(a)))
		}
		return least
	}
	widths := []int{
		len("SEVERITY"),
		min(longest(len("PACKAGE"), affected.what), p.width*3/8),
		min(longest(len("FIXED IN"), affected.fix), p.width/5),
	}
	p.line("")
	p.row(widths, "SEVERITY", "PACKAGE", "FIXED IN", "VULNERABILITIES")
	for _, a := range rows {
		p.row(widths, severityName(a.severity), a.what(), a.fix(), strings.Join(a.ids, " "))
		if !a.maintained {
			p.places(a.places)
		}
	}
	if slices.ContainsFunc(rows, func(a affected) bool { return a.exploited }) {
		p.line("* known to be exploited")
	}
}

func (a affected) what() string { return strings.Join(a.packages, ", ") + " " + a.version }

func (a affected) fix() string { return cmp.Or(a.fixed, "no fix") }

func severityName(s finding.Severity) string {
	if s == finding.Unknown {
		return "unrated"
	}
	return s.String()
}

// places prints where something is, below its row.
func (p *scanPrinter) places(places []string) {
	indent := []int{len("SEVERITY"), 1}
	for i, place := range places {
		if i == maxPlaces && len(places) > maxPlaces+1 {
			p.row(indent, "", "-", fmt.Sprintf("and %d more; --format json tells all", len(places)-maxPlaces))
			return
		}
		p.row(indent, "", "-", place)
	}
}

// groupVulnerabilities returns the rows of the table: one for the package
// versions that have the same vulnerabilities of one severity, with one fix.
func groupVulnerabilities(r scanReport) []affected {
	// A file that tells of several packages is a database.
	names := map[string]map[string]bool{}
	for _, p := range r.Packages {
		if names[p.Path] == nil {
			names[p.Path] = map[string]bool{}
		}
		names[p.Path][p.Name] = true
	}
	type key struct {
		severity                        finding.Severity
		ecosystem, name, version, fixed string
	}
	byPackage := map[key]*affected{}
	var order []key
	for _, v := range r.Vulnerabilities {
		k := key{v.Severity, v.Ecosystem, v.Package, v.Version, v.Fixed}
		a := byPackage[k]
		if a == nil {
			a = &affected{severity: v.Severity, packages: []string{v.Package}, version: v.Version, fixed: v.Fixed, maintained: true}
			byPackage[k] = a
			order = append(order, k)
		}
		id := v.Vulnerability
		if v.KEV {
			id += "*"
			a.exploited = true
		}
		a.ids = append(a.ids, id)
		a.maintained = a.maintained && len(names[v.Path]) > 1
		a.places = append(a.places, v.Path)
	}
	merged := map[string]int{}
	var rows []affected
	for _, k := range order {
		a := *byPackage[k]
		a.ids, a.places = uniqueStrings(a.ids), uniqueStrings(a.places)
		same := strings.Join(append([]string{severityName(a.severity), a.version, a.fixed}, a.ids...), "\x00")
		if i, ok := merged[same]; ok && a.maintained && rows[i].maintained {
			rows[i].packages = append(rows[i].packages, a.packages...)
			continue
		}
		merged[same] = len(rows)
		rows = append(rows, a)
	}
	for i := range rows {
		rows[i].packages = uniqueStrings(rows[i].packages)
	}
	slices.SortStableFunc(rows, func(a, b affected) int {
		return cmp.Or(cmp.Compare(b.severity, a.severity), compareBool(b.exploited, a.exploited), strings.Compare(a.what(), b.what()))
	})
	return rows
}

// compareBool orders false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// checks prints the failed checks, each with the places that fail it.
func (p *scanPrinter) checks(r scanReport) {
	informs := func(c finding.CheckFinding) bool { return c.Severity == finding.Informational }
	p.checkTable("FAILED CHECK", slices.DeleteFunc(slices.Clone(r.Checks), informs))
	p.checkTable("GOOD TO KNOW", slices.DeleteFunc(slices.Clone(r.Checks), func(c finding.CheckFinding) bool { return !informs(c) }))
}

// checkTable prints the findings of each check together, the worst first.
func (p *scanPrinter) checkTable(title string, found []finding.CheckFinding) {
	if len(found) == 0 {
		return
	}
	titles := map[string]string{}
	for _, c := range check.All() {
		titles[c.ID] = c.Title
	}
	worst := map[string]finding.Severity{}
	places := map[string][]string{}
	for _, c := range found {
		if before, ok := worst[c.Check]; !ok || c.Severity > before {
			worst[c.Check] = c.Severity
		}
		place := c.Detail
		if c.Path != "" && !strings.Contains(c.Detail, c.Path) {
			place = c.Path + ": " + c.Detail
		}
		places[c.Check] = append(places[c.Check], place)
	}
	ids := make([]string, 0, len(worst))
	for id := range worst {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(worst[b], worst[a]), strings.Compare(a, b)) })
	widths := []int{len("SEVERITY")}
	p.line("")
	p.row(widths, "SEVERITY", title)
	for _, id := range ids {
		p.row(widths, severityName(worst[id]), fmt.Sprintf("%s (%s)", cmp.Or(titles[id], "Not described"), id))
		p.places(places[id])
	}
}
