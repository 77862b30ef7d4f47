package view

import (
	"time"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
)

// ImageQuery selects images. Zero fields do not restrict.
type ImageQuery struct {
	Paging
	// Name is a part of a reference by which some workload runs the image.
	Name     string
	Severity finding.Severity
	KEV      *bool
	// State is a scan state: "new", "scanned", "partial" or "failed".
	State         string
	Vulnerability string
	// Package is the name of a package in the image.
	Package string
	Check   string
	// AsOf asks for the images that ran at a time in the past, as far as the
	// runtimes told their digests. Findings are always today's.
	AsOf time.Time
}

// An Image is one row of the list of images.
type Image struct {
	Digest string `json:"digest"`
	// References are those by which workloads run it, at most ten.
	References []string `json:"references"`
	Platform   string   `json:"platform,omitempty"`
	// Size is the compressed size in bytes.
	Size      int64     `json:"size"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	FirstSeen time.Time `json:"first_seen"`
	// ScanState is "new", "scanned", "partial" or "failed"; ScanError explains.
	ScanState    string           `json:"scan_state"`
	ScanError    string           `json:"scan_error,omitempty"`
	ScannedAt    time.Time        `json:"scanned_at,omitzero"`
	Distribution string           `json:"distribution,omitempty"`
	Packages     int              `json:"packages"`
	MaxSeverity  finding.Severity `json:"max_severity"`
	Critical     int              `json:"critical"`
	High         int              `json:"high"`
	Medium       int              `json:"medium"`
	Low          int              `json:"low"`
	// Unknown counts vulnerabilities that their publishers did not rate.
	Unknown      int `json:"unknown"`
	KEV          int `json:"kev"`
	FailedChecks int `json:"failed_checks"`
	// Workloads counts the workloads that run it.
	Workloads int `json:"workloads"`
}

// An ImageDetail is everything known of one image.
type ImageDetail struct {
	Image
	MediaType    string              `json:"media_type,omitempty"`
	ConfigDigest string              `json:"config_digest,omitempty"`
	Config       image.Config        `json:"config"`
	Layers       []image.Layer       `json:"layers"`
	OS           *image.Distribution `json:"os,omitempty"`
	// Unmatched explains why the distribution's packages are compared with no
	// advisories; empty when they are.
	Unmatched       string                         `json:"unmatched,omitempty"`
	PackageList     []image.Package                `json:"package_list"`
	Vulnerabilities []finding.VulnerabilityFinding `json:"vulnerabilities"`
	Checks          []finding.CheckFinding         `json:"checks"`
	// Referrers are what the registry keeps about the image: present, not
	// verified. It is nil while no registry was asked.
	Referrers *image.Referrers `json:"referrers,omitempty"`
	// RunBy are the workloads with the highest scores that run it.
	RunBy []Workload `json:"run_by"`
	// Base is what the image was built from; absent when that is not known.
	Base *Base `json:"base,omitempty"`
}

// A Base is what an image was built from, and what rebuilding would change.
type Base struct {
	image.Base
	// Newer is the manifest that the tag means now, when it is another one.
	Newer string `json:"newer,omitempty"`
	// NewerState is the scan state of that manifest: "new", "scanned",
	// "partial" or "failed".
	NewerState string `json:"newer_state,omitempty"`
	// CheckedAt is when the registry was last asked, TagProblem why it did not
	// answer.
	CheckedAt  time.Time `json:"checked_at,omitzero"`
	TagProblem string    `json:"tag_problem,omitempty"`
	// FromBase and Added count the vulnerabilities in the base's layers and in
	// those above; both are 0 when the base's layers are not known.
	FromBase int `json:"from_base"`
	Added    int `json:"added"`
	// Fixes are the vulnerabilities of the base that the newer one has not, in
	// the same package; absent until the newer one was scanned.
	Fixes []string `json:"fixes,omitempty"`
}

// VulnerabilityQuery selects vulnerabilities that some image has.
type VulnerabilityQuery struct {
	Paging
	Severity finding.Severity
	KEV      *bool
	// ID is a part of the identifier.
	ID string
}

// A Vulnerability is one row of the list of vulnerabilities.
type Vulnerability struct {
	ID        string           `json:"id"`
	Summary   string           `json:"summary,omitempty"`
	Severity  finding.Severity `json:"severity"`
	Score     float64          `json:"score,omitempty"`
	KEV       bool             `json:"kev"`
	Images    int              `json:"images"`
	Workloads int              `json:"workloads"`
	Exposed   int              `json:"exposed"`
	// ExposureUnknown counts the workloads of which it is not known whether the
	// internet reaches them.
	ExposureUnknown int `json:"exposure_unknown"`
}

// A VulnerabilityDetail is everything known of one vulnerability.
type VulnerabilityDetail struct {
	Vulnerability
	Aliases    []string   `json:"aliases,omitempty"`
	Published  time.Time  `json:"published,omitzero"`
	KEVAdded   time.Time  `json:"kev_added,omitzero"`
	Advisories []Advisory `json:"advisories"`
	// Packages are the installed package versions that have it.
	Packages []AffectedPackage `json:"packages"`
	// RunBy are the workloads with the highest scores that run an affected
	// image.
	RunBy []Workload `json:"run_by"`
}

// An Advisory is a publisher's word on a vulnerability.
type Advisory struct {
	ID       string           `json:"id"`
	Source   string           `json:"source"`
	Severity finding.Severity `json:"severity"`
	Summary  string           `json:"summary,omitempty"`
	Modified time.Time        `json:"modified,omitzero"`
}

// An AffectedPackage is an installed package version with a vulnerability.
type AffectedPackage struct {
	Ecosystem string `json:"ecosystem"`
	Name      string `json:"name"`
	Version   string `json:"version"`
	Fixed     string `json:"fixed,omitempty"`
	Images    int    `json:"images"`
}

// An ImageFinding is a vulnerability of one package in one image.
type ImageFinding struct {
	Digest     string   `json:"digest"`
	References []string `json:"references"`
	finding.VulnerabilityFinding
	// Workloads counts the workloads of the query that run the image, Exposed
	// those of them that the internet reaches, and ExposureUnknown those of
	// which that is not known.
	Workloads       int `json:"workloads"`
	Exposed         int `json:"exposed"`
	ExposureUnknown int `json:"exposure_unknown"`
}

// FindingQuery selects vulnerabilities of images that run. Zero fields do not
// restrict.
type FindingQuery struct {
	// Severity is the lowest.
	Severity      finding.Severity
	KEV           *bool
	Vulnerability string
	// Package is the name of the package that has it.
	Package string
	// Fixed is whether a version without it is known.
	Fixed *bool
	// Workloads selects the workloads whose images are meant, by where they
	// are, their names, their exposure and the image.
	Workloads WorkloadQuery
}
