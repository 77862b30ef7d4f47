package export

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/view"
)

// A Report is one image with what was found in it.
type Report struct {
	// Name is what the image was asked for as: a reference, or a path.
	Name string
	// Reference is where a registry has the image; zero for one in a file.
	Reference image.Reference
	Manifest  image.Manifest
	// Distribution is nil in an image without one.
	Distribution *image.Distribution
	Packages     []image.Package
	// Partial explains why the image was not read as a whole.
	Partial         string
	Vulnerabilities []finding.VulnerabilityFinding
	// Matched is whether vulnerabilities were looked for.
	Matched bool
	Checks  []finding.CheckFinding
	// Rules describe the checks.
	Rules []finding.Check
	// Time is when the image was read.
	Time time.Time
	// Version is that of the program.
	Version string
}

// A ReportFormat is a way to write a report.
type ReportFormat struct {
	// Name is what people ask for: "cyclonedx".
	Name      string
	MediaType string
	// Extension is that of the file, with its dots.
	Extension string
	write     func(io.Writer, *Report) error
}

// ReportFormats are all formats of reports, by name.
var ReportFormats = []ReportFormat{cyclonedxFormat, sarifFormat, spdxFormat}

// ReportFormatNamed returns the format with the name.
func ReportFormatNamed(name string) (ReportFormat, error) {
	var names []string
	for _, f := range ReportFormats {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return ReportFormat{}, fmt.Errorf("%w: format %q is none of %s", view.ErrBadQuery, name, strings.Join(names, ", "))
}

// WriteReport writes a report. The same report always gives the same bytes.
func WriteReport(w io.Writer, f ReportFormat, r *Report) error {
	if err := f.write(w, r.sorted()); err != nil {
		return fmt.Errorf("write %s as %s: %w", r.Name, f.Name, err)
	}
	return nil
}

const (
	// toolName is what documents call the program.
	toolName = "stowage"
	toolURL  = "https://github.com/stowage-dev/stowage"
)

// sorted returns the report with its lists in order and without repetitions.
func (r *Report) sorted() *Report {
	s := *r
	s.Packages = slices.Clone(r.Packages)
	slices.SortFunc(s.Packages, comparePackages)
	s.Packages = slices.CompactFunc(s.Packages, func(a, b image.Package) bool { return comparePackages(a, b) == 0 })
	s.Vulnerabilities = slices.Clone(r.Vulnerabilities)
	slices.SortStableFunc(s.Vulnerabilities, func(a, b finding.VulnerabilityFinding) int {
		return cmp.Or(
			cmp.Compare(b.Severity, a.Severity), strings.Compare(a.Vulnerability, b.Vulnerability), strings.Compare(a.Package, b.Package),
			strings.Compare(a.Version, b.Version), strings.Compare(a.Path, b.Path), cmp.Compare(a.Layer, b.Layer),
		)
	})
	s.Checks = slices.Clone(r.Checks)
	slices.SortStableFunc(s.Checks, func(a, b finding.CheckFinding) int {
		return cmp.Or(
			cmp.Compare(b.Severity, a.Severity), strings.Compare(a.Check, b.Check), strings.Compare(a.Path, b.Path), strings.Compare(a.Detail, b.Detail),
		)
	})
	return &s
}

func comparePackages(a, b image.Package) int {
	return cmp.Or(
		strings.Compare(a.Ecosystem, b.Ecosystem), strings.Compare(a.Name, b.Name), strings.Compare(a.Version, b.Version),
		strings.Compare(a.Architecture, b.Architecture), strings.Compare(a.Path, b.Path), cmp.Compare(a.Layer, b.Layer),
	)
}

// identity is the digest that identifies the image: of the manifest, or of the
// configuration where there is no manifest.
func (r *Report) identity() string { return cmp.Or(r.Manifest.Digest, r.Manifest.ConfigDigest) }

// serial returns an identifier of the document about the image, which is the
// same each time.
func (r *Report) serial() string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(toolURL+"/image/"+cmp.Or(r.identity(), r.Name))).String()
}

// stamp returns when the image was read, as documents have it.
func (r *Report) stamp() string { return r.Time.UTC().Format(time.RFC3339) }

// repository returns the name of the image without host, tag and digest; of a
// file its own name.
func (r *Report) repository() string {
	return cmp.Or(r.Reference.Repository, r.Name[strings.LastIndexByte(r.Name, '/')+1:], "image")
}

// purl returns the package URL of the image, or nothing where it has none: of
// a file, and without a manifest.
// See https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md.
func (r *Report) purl() string {
	ref := r.Reference
	if ref.Repository == "" || r.Manifest.Digest == "" {
		return ""
	}
	name := ref.Repository[strings.LastIndexByte(ref.Repository, '/')+1:]
	query := url.Values{"repository_url": {ref.Name()}, "arch": {r.Manifest.Platform.Architecture}}
	if ref.Tag != "" {
		query.Set("tag", ref.Tag)
	}
	return "pkg:oci/" + name + "@" + url.QueryEscape(r.Manifest.Digest) + "?" + query.Encode()
}

// layerDigest returns the digest of the layer, or nothing for none.
func (r *Report) layerDigest(layer int) string {
	if layer < 0 || layer >= len(r.Manifest.Layers) {
		return ""
	}
	return r.Manifest.Layers[layer].Digest
}

// affected returns the packages that a vulnerability was found in.
func (r *Report) affected(v finding.VulnerabilityFinding) []image.Package {
	var out []image.Package
	for _, p := range r.Packages {
		if p.Ecosystem == v.Ecosystem && p.Name == v.Package && p.Version == v.Version && (p.OwnedBy == "" || p.Path == v.Path) {
			out = append(out, p)
		}
	}
	return out
}

// vulnerability is one vulnerability with all packages of the image that have
// it.
type vulnerability struct {
	id string
	// severity is the highest that an advisory gives it here.
	severity finding.Severity
	summary  string
	kev      bool
	// findings are those of the vulnerability, sorted.
	findings []finding.VulnerabilityFinding
}

// vulnerabilities groups the findings, in the order of identifiers.
func (r *Report) vulnerabilities() []vulnerability {
	byID := map[string]*vulnerability{}
	var ids []string
	for _, f := range r.Vulnerabilities {
		v := byID[f.Vulnerability]
		if v == nil {
			v = &vulnerability{id: f.Vulnerability}
			byID[f.Vulnerability] = v
			ids = append(ids, f.Vulnerability)
		}
		v.severity = max(v.severity, f.Severity)
		v.summary = cmp.Or(v.summary, f.Summary)
		v.kev = v.kev || f.KEV
		v.findings = append(v.findings, f)
	}
	slices.Sort(ids)
	out := make([]vulnerability, 0, len(ids))
	for _, id := range ids {
		out = append(out, *byID[id])
	}
	return out
}

// url returns the page about a vulnerability.
func (v vulnerability) url() string { return "https://osv.dev/vulnerability/" + url.PathEscape(v.id) }

// packageRef returns an identifier of a package in documents about the image.
func packageRef(p image.Package) string {
	sum := sha256.Sum256([]byte(strings.Join(
		[]string{p.Ecosystem, p.Name, p.Version, p.Architecture, p.Path, strconv.Itoa(p.Layer)}, "\x00")))
	return "package-" + hex.EncodeToString(sum[:8])
}

// ReportOf returns the report of an image of the inventory. matched is whether
// there were advisories to compare it with.
func ReportOf(d view.ImageDetail, matched bool, rules []finding.Check, version string) (*Report, error) {
	if d.ScanState != "scanned" && d.ScanState != "partial" {
		return nil, fmt.Errorf("%w: image %s was not read, so that there is nothing to report: %s",
			view.ErrBadQuery, d.Digest, cmp.Or(d.ScanError, "it waits for its scan"))
	}
	r := &Report{
		Name: d.Digest,
		Manifest: image.Manifest{
			Digest: d.Digest, MediaType: d.MediaType, ConfigDigest: d.ConfigDigest, Platform: image.ParsePlatform(d.Platform),
			Layers: d.Layers, Config: d.Config,
		},
		Distribution: d.OS, Packages: d.PackageList, Vulnerabilities: d.Vulnerabilities, Matched: matched, Checks: d.Checks,
		Rules: rules, Time: d.ScannedAt, Version: version,
	}
	if len(d.References) > 0 {
		ref, err := image.ParseReference(d.References[0])
		if err == nil {
			r.Reference = ref
		}
		r.Name = d.References[0]
	}
	if d.ScanState == "partial" {
		r.Partial = cmp.Or(d.ScanError, "not said why")
	}
	return r, nil
}
