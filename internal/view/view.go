// Package view is the read model: what lists, pages, the API and exports show
// of the inventory. The store fills these types; nothing computes with them.
package view

import (
	"time"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// A Page is one page of a list.
type Page[T any] struct {
	Items []T `json:"items"`
	// Next is the cursor of the next page; empty on the last.
	Next string `json:"next,omitempty"`
}

// Paging is the part of a query that every list shares.
type Paging struct {
	// Cursor is a [Page.Next]; empty for the first page.
	Cursor string
	// Limit is the most items of a page, from 1 to [MaxLimit]; 0 means 50.
	Limit int
}

// MaxLimit is the most items that one page holds.
const MaxLimit = 1000

// WorkloadQuery selects workloads. Zero fields do not restrict.
type WorkloadQuery struct {
	Paging
	Provider  inventory.Provider
	Account   string
	Region    string
	Kind      inventory.Kind
	Cluster   string
	Namespace string
	// Name is a part of the name, in any case.
	Name string
	// Severity is the lowest of the highest severity of the images.
	Severity finding.Severity
	Exposed  Exposed
	KEV      *bool
	// Image names an image that the workload runs: its digest, the beginning
	// of one, or a reference.
	Image string
	// Vulnerability is one that an image of the workload has.
	Vulnerability string
	// AsOf asks for the state at a time in the past. Findings are always
	// today's, so that Severity, KEV, Image and Vulnerability cannot be
	// combined with it.
	AsOf time.Time
}

// A Workload is one row of the list of workloads.
type Workload struct {
	// Key is the workload's stable key in URLs.
	Key       string             `json:"key"`
	UID       string             `json:"uid"`
	Provider  inventory.Provider `json:"provider"`
	Account   string             `json:"account"`
	Region    string             `json:"region"`
	Kind      inventory.Kind     `json:"kind"`
	Name      string             `json:"name"`
	Namespace string             `json:"namespace,omitempty"`
	Cluster   string             `json:"cluster,omitempty"`
	Replicas  int                `json:"replicas"`
	// Images are the references that its containers ask for.
	Images   []string `json:"images"`
	Identity string   `json:"identity,omitempty"`
	Exposed  Exposed  `json:"exposed" enum:"yes,no,unknown"`
	// ExposureGap is the scope for which Exposed is unknown.
	ExposureGap *Gap             `json:"exposure_gap,omitempty"`
	MaxSeverity finding.Severity `json:"max_severity"`
	Critical    int              `json:"critical"`
	High        int              `json:"high"`
	// Unknown counts vulnerabilities that their publishers did not rate.
	Unknown      int       `json:"unknown"`
	KEV          bool      `json:"kev"`
	FailedChecks int       `json:"failed_checks"`
	Score        int       `json:"score"`
	FirstSeen    time.Time `json:"first_seen"`
	ChangedAt    time.Time `json:"changed_at"`
	// LastSeen is when the workload's scope was last complete.
	LastSeen time.Time `json:"last_seen,omitzero"`
	// Outcome is how the last collection of its scope ended; unless complete,
	// the row shows the state at LastSeen.
	Outcome inventory.Outcome `json:"outcome,omitempty"`
}

// An UnresolvedContainer is a container whose image could not be determined.
type UnresolvedContainer struct {
	// Workload is the key of the container's workload.
	Workload  string                  `json:"workload"`
	Provider  inventory.Provider      `json:"provider"`
	Account   string                  `json:"account"`
	Region    string                  `json:"region"`
	Kind      inventory.Kind          `json:"kind"`
	Name      string                  `json:"name"`
	Namespace string                  `json:"namespace,omitempty"`
	Cluster   string                  `json:"cluster,omitempty"`
	Exposed   Exposed                 `json:"exposed" enum:"yes,no,unknown"`
	Container string                  `json:"container"`
	Type      inventory.ContainerType `json:"type"`
	// Reference is what the workload asks for, Digest what the runtime
	// reported, if anything.
	Reference string `json:"reference"`
	Digest    string `json:"digest,omitempty"`
	Replicas  int    `json:"replicas"`
	// Reason says why the image is not known.
	Reason string `json:"reason"`
}

// UnresolvedQuery selects containers whose image could not be determined. Zero
// fields do not restrict.
type UnresolvedQuery struct {
	Paging
	Provider  inventory.Provider
	Account   string
	Region    string
	Cluster   string
	Namespace string
	// Name is a part of the workload's name, Reference one of the reference.
	Name      string
	Reference string
}

// A WorkloadDetail is everything known of one workload.
type WorkloadDetail struct {
	Workload
	Record     inventory.Workload `json:"record"`
	Containers []Container        `json:"containers"`
	// IdentityRecord is the identity that the containers act as;
	// CloudIdentity the cloud role behind a Kubernetes service account.
	IdentityRecord *inventory.Identity  `json:"identity_record,omitempty"`
	CloudIdentity  *inventory.Identity  `json:"cloud_identity,omitempty"`
	Exposures      []inventory.Exposure `json:"exposures"`
	Checks         []WorkloadCheck      `json:"checks"`
	ScoreTerms     []ScoreTerm          `json:"score_terms"`
	Versions       []Version            `json:"versions"`
	Scope          Scope                `json:"scope"`
	// GoneAt is when a complete collection no longer saw the workload; zero
	// while it is there. What else is here is how it was then.
	GoneAt time.Time `json:"gone_at,omitzero"`
	// AsOf is the time in the past that was asked for. Checks and scores were
	// not kept; findings are today's.
	AsOf time.Time `json:"as_of,omitzero"`
}

// A Container is one container with the image that it runs.
type Container struct {
	inventory.Container
	// ImageDigest is the platform manifest that runs; empty while unresolved.
	ImageDigest string `json:"image_digest,omitempty"`
	// Unresolved explains an empty ImageDigest.
	Unresolved  string           `json:"unresolved,omitempty"`
	ScanState   string           `json:"scan_state,omitempty"`
	MaxSeverity finding.Severity `json:"max_severity"`
	Critical    int              `json:"critical"`
	High        int              `json:"high"`
	// Unknown counts vulnerabilities that their publishers did not rate.
	Unknown int `json:"unknown"`
	KEV     int `json:"kev"`
	// TagDigest is what the registry now answers for the tag, if known.
	TagDigest string `json:"tag_digest,omitempty"`
	// Drift is whether the tag now points to something else than what runs.
	Drift bool `json:"drift"`
}

// A WorkloadCheck is a failed check on a workload or one of its containers.
type WorkloadCheck struct {
	Check     string           `json:"check"`
	Container string           `json:"container,omitempty"`
	Severity  finding.Severity `json:"severity"`
	Detail    string           `json:"detail"`
}

// A ScoreTerm is one addend of a score.
type ScoreTerm struct {
	Name   string `json:"name"`
	Points int    `json:"points"`
}

// A Version is one past or present version of a record.
type Version struct {
	From time.Time `json:"from"`
	// To is zero for the present version.
	To time.Time `json:"to,omitzero"`
	// Gone is whether the record ended with this version.
	Gone bool `json:"gone,omitempty"`
	// Images are the references that the containers asked for.
	Images   []string `json:"images"`
	Replicas int      `json:"replicas"`
}
