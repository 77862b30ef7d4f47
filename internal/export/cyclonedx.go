package export

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
)

// cyclonedxFormat is a bill of materials with vulnerabilities:
// https://cyclonedx.org/docs/1.6/json/.
var cyclonedxFormat = ReportFormat{
	Name: "cyclonedx", MediaType: "application/vnd.cyclonedx+json; version=1.6", Extension: ".cdx.json", write: writeCycloneDX,
}

func writeCycloneDX(w io.Writer, r *Report) error {
	bom := cyclonedx.NewBOM()
	bom.SerialNumber = "urn:uuid:" + r.serial()
	root := cycloneImage(r)
	bom.Metadata = &cyclonedx.Metadata{
		Timestamp: r.stamp(),
		Lifecycles: &[]cyclonedx.Lifecycle{
			{Phase: cyclonedx.LifecyclePhasePostBuild},
		},
		Tools: &cyclonedx.ToolsChoice{Components: &[]cyclonedx.Component{
			{Type: cyclonedx.ComponentTypeApplication, Name: toolName, Version: r.Version},
		}},
		Component: &root,
	}
	properties := []cyclonedx.Property{{Name: "stowage:matched", Value: strconv.FormatBool(r.Matched)}}
	if r.Partial != "" {
		properties = append(properties, cyclonedx.Property{Name: "stowage:partial", Value: r.Partial})
		bom.Compositions = &[]cyclonedx.Composition{{
			Aggregate: cyclonedx.CompositionAggregateIncomplete, Assemblies: &[]cyclonedx.BOMReference{cyclonedx.BOMReference(root.BOMRef)},
		}}
	}
	bom.Metadata.Properties = &properties

	components := []cyclonedx.Component{}
	refs := []string{}
	if d := r.Distribution; d != nil {
		components = append(components, cyclonedx.Component{
			BOMRef: "distribution", Type: cyclonedx.ComponentTypeOS, Name: d.ID, Version: d.Version, Description: d.Name,
		})
		refs = append(refs, "distribution")
	}
	for _, p := range r.Packages {
		components = append(components, cyclonePackage(r, p))
		refs = append(refs, packageRef(p))
	}
	bom.Components = &components
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: root.BOMRef, Dependencies: &refs}}
	if r.Matched {
		vulnerabilities := []cyclonedx.Vulnerability{}
		for _, v := range r.vulnerabilities() {
			vulnerabilities = append(vulnerabilities, cycloneVulnerability(r, v))
		}
		bom.Vulnerabilities = &vulnerabilities
	}
	return cyclonedx.NewBOMEncoder(w, cyclonedx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).
		EncodeVersion(bom, cyclonedx.SpecVersion1_6)
}

// cycloneImage returns the component that the document is about.
func cycloneImage(r *Report) cyclonedx.Component {
	properties := []cyclonedx.Property{
		{Name: "stowage:platform", Value: r.Manifest.Platform.String()},
		{Name: "stowage:config_digest", Value: r.Manifest.ConfigDigest},
	}
	for i, l := range r.Manifest.Layers {
		properties = append(properties, cyclonedx.Property{Name: fmt.Sprintf("stowage:layer:%d", i), Value: l.Digest})
	}
	c := cyclonedx.Component{
		BOMRef: "image", Type: cyclonedx.ComponentTypeContainer, Name: r.Name, Version: r.Manifest.Digest, PackageURL: r.purl(),
		Properties: &properties,
	}
	if hex, ok := strings.CutPrefix(r.Manifest.Digest, "sha256:"); ok {
		c.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex}}
	}
	return c
}

func cyclonePackage(r *Report, p image.Package) cyclonedx.Component {
	properties := []cyclonedx.Property{{Name: "stowage:ecosystem", Value: p.Ecosystem}}
	add := func(name, value string) {
		if value != "" {
			properties = append(properties, cyclonedx.Property{Name: "stowage:" + name, Value: value})
		}
	}
	add("source", p.Source)
	add("source_version", p.SourceVersion)
	add("owned_by", p.OwnedBy)
	if digest := r.layerDigest(p.Layer); digest != "" {
		add("layer", strconv.Itoa(p.Layer))
		add("layer_digest", digest)
	}
	c := cyclonedx.Component{
		BOMRef: packageRef(p), Type: cyclonedx.ComponentTypeLibrary, Name: p.Name, Version: p.Version, PackageURL: p.PURL,
		Properties: &properties,
	}
	if group, name, ok := strings.Cut(p.Name, ":"); ok && p.Ecosystem == "Maven" {
		c.Group, c.Name = group, name
	}
	if p.Path != "" {
		c.Evidence = &cyclonedx.Evidence{Occurrences: &[]cyclonedx.EvidenceOccurrence{{Location: p.Path}}}
	}
	return c
}

// cycloneSeverities are the format's names of severities.
var cycloneSeverities = map[finding.Severity]cyclonedx.Severity{
	finding.Unknown: cyclonedx.SeverityUnknown, finding.Low: cyclonedx.SeverityLow, finding.Medium: cyclonedx.SeverityMedium,
	finding.High: cyclonedx.SeverityHigh, finding.Critical: cyclonedx.SeverityCritical,
}

func cycloneVulnerability(r *Report, v vulnerability) cyclonedx.Vulnerability {
	c := cyclonedx.Vulnerability{
		BOMRef: "vulnerability-" + v.id, ID: v.id, Source: &cyclonedx.Source{Name: "OSV", URL: v.url()}, Description: v.summary,
		Ratings: &[]cyclonedx.VulnerabilityRating{{Severity: cycloneSeverities[v.severity], Method: cyclonedx.ScoringMethodOther}},
	}
	affects := []cyclonedx.Affects{}
	references := []cyclonedx.VulnerabilityReference{}
	var fixes []string
	seen := map[string]bool{}
	once := func(key string) bool {
		first := !seen[key]
		seen[key] = true
		return first
	}
	for _, f := range v.findings {
		if f.Advisory != "" && f.Advisory != v.id && once("advisory "+f.Advisory) {
			references = append(references, cyclonedx.VulnerabilityReference{
				ID: f.Advisory, Source: &cyclonedx.Source{Name: "OSV", URL: vulnerability{id: f.Advisory}.url()},
			})
		}
		for _, p := range r.affected(f) {
			if once("package " + packageRef(p)) {
				affects = append(affects, cyclonedx.Affects{
					Ref: packageRef(p), Range: &[]cyclonedx.AffectedVersions{{Version: p.Version, Status: cyclonedx.VulnerabilityStatusAffected}},
				})
			}
		}
		if fix := f.Package + " " + f.Fixed; f.Fixed != "" && once("fix "+fix) {
			fixes = append(fixes, fix)
		}
	}
	if len(fixes) > 0 {
		c.Recommendation = "Fixed in " + strings.Join(fixes, ", ") + "."
	}
	if len(affects) > 0 {
		c.Affects = &affects
	}
	if len(references) > 0 {
		c.References = &references
	}
	if v.kev {
		c.Properties = &[]cyclonedx.Property{{Name: "stowage:kev", Value: "true"}}
	}
	return c
}
