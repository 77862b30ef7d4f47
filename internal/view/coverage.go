package view

import (
	"time"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// ScopeQuery selects scopes. Zero fields do not restrict.
type ScopeQuery struct {
	Paging
	Provider  inventory.Provider
	Account   string
	Region    string
	Collector string
	Outcome   inventory.Outcome
	// Gaps selects the scopes that are not complete.
	Gaps bool
	// AsOf asks for the outcomes that held at a time in the past.
	AsOf time.Time
}

// A Scope is one row of the coverage list: where Stowage looked, and why it
// could not.
type Scope struct {
	inventory.ScopeKey
	inventory.ScopeResult
	// Records counts what the last complete collection saw.
	Records     int       `json:"records"`
	TriedAt     time.Time `json:"tried_at,omitzero"`
	CompletedAt time.Time `json:"completed_at,omitzero"`
	// DurationMS is how long the last collection took, in milliseconds.
	DurationMS int `json:"duration_ms"`
	// Stale is whether what is shown is from before the last try.
	Stale bool `json:"stale"`
}

// AccountQuery selects accounts. Zero fields do not restrict.
type AccountQuery struct {
	Provider inventory.Provider
	// Name is a part of the identifier or the name, in any case.
	Name string
	// AsOf asks for the accounts, outcomes and workloads at a time in the
	// past.
	AsOf time.Time
}

// An Account is one row of the list of accounts.
type Account struct {
	inventory.Account
	// Scopes counts its scopes by outcome.
	Scopes    map[inventory.Outcome]int `json:"scopes"`
	Workloads int                       `json:"workloads"`
	Exposed   int                       `json:"exposed"`
	// ExposureUnknown counts the workloads of which it is not known whether the
	// internet reaches them.
	ExposureUnknown int       `json:"exposure_unknown"`
	FirstSeen       time.Time `json:"first_seen,omitzero"`
	// CompletedAt is when the scope that was complete longest ago was so.
	CompletedAt time.Time `json:"completed_at,omitzero"`
}

// A Status is how far the service is.
type Status struct {
	Accounts  int                       `json:"accounts"`
	Scopes    map[inventory.Outcome]int `json:"scopes"`
	Workloads int                       `json:"workloads"`
	Replicas  int                       `json:"replicas"`
	Exposed   int                       `json:"exposed"`
	// ExposureUnknown counts the workloads of which it is not known whether the
	// internet reaches them.
	ExposureUnknown int `json:"exposure_unknown"`
	// Images counts images that run by scan state.
	Images map[string]int `json:"images"`
	// Unresolved counts containers whose image could not be determined.
	Unresolved int `json:"unresolved"`
	// Unmatched counts images that run whose distribution has no advisories:
	// that it has no vulnerabilities is not known.
	Unmatched       int                      `json:"unmatched"`
	Packages        int                      `json:"packages"`
	Vulnerabilities map[finding.Severity]int `json:"vulnerabilities"`
	KEV             int                      `json:"kev"`
	Advisories      int                      `json:"advisories"`
	Feeds           []Feed                   `json:"feeds"`
	Queue           []Queue                  `json:"queue"`
	// FirstPass is whether everything found so far was collected, resolved,
	// scanned and matched at least once.
	FirstPass bool `json:"first_pass"`
	// Covered is whether every scope's last collection was complete.
	Covered bool `json:"covered"`
}

// A Feed is a source of advisories.
type Feed struct {
	Source     string    `json:"source"`
	Location   string    `json:"location"`
	Advisories int       `json:"advisories"`
	ImportedAt time.Time `json:"imported_at,omitzero"`
	TriedAt    time.Time `json:"tried_at,omitzero"`
	Error      string    `json:"error,omitempty"`
}

// A Queue is the work of one kind that waits or runs.
type Queue struct {
	Kind    string `json:"kind"`
	Waiting int    `json:"waiting"`
	Running int    `json:"running"`
	// Retrying counts jobs that failed and will be tried again.
	Retrying int `json:"retrying"`
	// Failed counts jobs that were given up.
	Failed int `json:"failed"`
	// LastError is the newest error of a job that failed.
	LastError string `json:"last_error,omitempty"`
}
