package export

import (
	"fmt"
	"io"
	"strings"

	spdxjson "github.com/spdx/tools-golang/json"
	"github.com/spdx/tools-golang/spdx"
	"github.com/spdx/tools-golang/spdx/v2/common"
	"github.com/spdx/tools-golang/spdx/v2/v2_3"

	"github.com/stowage-dev/stowage/internal/image"
)

// spdxFormat is a bill of materials: https://spdx.github.io/spdx-spec/v2.3/.
var spdxFormat = ReportFormat{Name: "spdx", MediaType: "application/spdx+json", Extension: ".spdx.json", write: writeSPDX}

// noAssertion is what SPDX has for what is not known: no scan reads licences.
const noAssertion = "NOASSERTION"

func writeSPDX(w io.Writer, r *Report) error {
	root := spdxPackage("image", r.Name, r.Manifest.Digest, "CONTAINER")
	root.PackageComment = "Platform " + r.Manifest.Platform.String() + ", configuration " + r.Manifest.ConfigDigest + "."
	if hex, ok := strings.CutPrefix(r.Manifest.Digest, "sha256:"); ok {
		root.PackageChecksums = []common.Checksum{{Algorithm: common.SHA256, Value: hex}}
	}
	if purl := r.purl(); purl != "" {
		root.PackageExternalReferences = []*v2_3.PackageExternalReference{spdxPURL(purl)}
	}
	doc := &v2_3.Document{
		SPDXVersion: spdx.Version, DataLicense: spdx.DataLicense, SPDXIdentifier: "DOCUMENT", DocumentName: r.Name,
		DocumentNamespace: toolURL + "/spdx/" + r.serial(),
		CreationInfo: &v2_3.CreationInfo{
			Created: r.stamp(), Creators: []common.Creator{{CreatorType: "Tool", Creator: toolName + "-" + r.Version}},
		},
		Packages: []*v2_3.Package{root},
	}
	if r.Partial != "" {
		doc.CreationInfo.CreatorComment = "The image was not read as a whole, so packages may be missing: " + r.Partial
	}
	relate := func(a, b common.ElementID, relationship string) {
		doc.Relationships = append(doc.Relationships, &v2_3.Relationship{
			RefA: common.DocElementID{ElementRefID: a}, RefB: common.DocElementID{ElementRefID: b}, Relationship: relationship,
		})
	}
	relate("DOCUMENT", root.PackageSPDXIdentifier, common.TypeRelationshipDescribe)
	add := func(p *v2_3.Package) {
		doc.Packages = append(doc.Packages, p)
		relate(root.PackageSPDXIdentifier, p.PackageSPDXIdentifier, common.TypeRelationshipContains)
	}
	if d := r.Distribution; d != nil {
		p := spdxPackage("distribution", d.ID, d.Version, "OPERATING_SYSTEM")
		p.PackageSummary = d.Name
		add(p)
	}
	security := spdxSecurity(r)
	for _, p := range r.Packages {
		q := spdxPackage(packageRef(p), p.Name, p.Version, "LIBRARY")
		q.PackageSourceInfo = spdxPlace(r, p)
		if p.PURL != "" {
			q.PackageExternalReferences = append(q.PackageExternalReferences, spdxPURL(p.PURL))
		}
		q.PackageExternalReferences = append(q.PackageExternalReferences, security[packageRef(p)]...)
		add(q)
	}
	return spdxjson.Write(doc, w, spdxjson.Indent("  "), spdxjson.EscapeHTML(false))
}

func spdxPackage(id, name, version, purpose string) *v2_3.Package {
	return &v2_3.Package{
		PackageSPDXIdentifier: common.ElementID(id), PackageName: name, PackageVersion: version, PrimaryPackagePurpose: purpose,
		PackageDownloadLocation: noAssertion, PackageLicenseConcluded: noAssertion, PackageLicenseDeclared: noAssertion,
		PackageCopyrightText: noAssertion, IsFilesAnalyzedTagPresent: true,
	}
}

func spdxPURL(purl string) *v2_3.PackageExternalReference {
	return &v2_3.PackageExternalReference{Category: common.CategoryPackageManager, RefType: common.TypePackageManagerPURL, Locator: purl}
}

// spdxPlace says where a package is.
func spdxPlace(r *Report, p image.Package) string {
	place := p.Ecosystem + " package, told by /" + p.Path
	if digest := r.layerDigest(p.Layer); digest != "" {
		place += fmt.Sprintf(" of layer %d (%s)", p.Layer, digest)
	}
	if p.Source != "" {
		place += ", built from source package " + strings.TrimSpace(p.Source+" "+p.SourceVersion)
	}
	if p.OwnedBy != "" {
		place += ", in distribution package " + p.OwnedBy
	}
	return place
}

// spdxSecurity returns the vulnerabilities of each package as references.
func spdxSecurity(r *Report) map[string][]*v2_3.PackageExternalReference {
	refs := map[string][]*v2_3.PackageExternalReference{}
	for _, v := range r.vulnerabilities() {
		seen := map[string]bool{}
		for _, f := range v.findings {
			comment := v.id + ", " + f.Severity.String() + " severity"
			if f.Fixed != "" {
				comment += ", fixed in " + f.Fixed
			}
			if v.kev {
				comment += ", known to be exploited"
			}
			for _, p := range r.affected(f) {
				if id := packageRef(p); !seen[id] {
					seen[id] = true
					refs[id] = append(refs[id], &v2_3.PackageExternalReference{
						Category: common.CategorySecurity, RefType: common.TypeSecurityAdvisory, Locator: v.url(), ExternalRefComment: comment,
					})
				}
			}
		}
	}
	return refs
}
