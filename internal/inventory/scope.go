package inventory

import (
	"encoding/json"
	"strings"
)

// A ScopeKey identifies a scope: the unit of collection, freshness, failure
// and rate limiting.
type ScopeKey struct {
	Provider Provider `json:"provider"`
	// Account is [Account.ID].
	Account string `json:"account"`
	// Region is the provider's region, or "global".
	Region string `json:"region"`
	// Collector is the name of the collector that reads the scope.
	Collector string `json:"collector"`
	// Target tells apart scopes of the same collector in one region, such as
	// the clusters of a region; mostly empty.
	Target string `json:"target,omitempty"`
}

// Global is the region of scopes that no region holds.
const Global = "global"

// String returns the key as provider/account/region/collector[/target].
func (k ScopeKey) String() string {
	s := strings.Join([]string{string(k.Provider), k.Account, k.Region, k.Collector}, "/")
	if k.Target != "" {
		s += "/" + k.Target
	}
	return s
}

// A ChildScope is a scope found while collecting another: the accounts of an
// organization, the regions of an account, the services of a region, the
// clusters of a service. It ends (with all it holds) when its parent is
// complete and no longer shows it.
type ChildScope struct {
	ScopeKey
	// Params is what the child's collector needs to begin, such as a
	// cluster's endpoint; never a credential.
	Params map[string]string `json:"params,omitempty"`
}

// RecordUID implements [Record].
func (c ChildScope) RecordUID() string { return c.ScopeKey.String() }

// RecordType implements [Record].
func (ChildScope) RecordType() RecordType { return ScopeRecord }

// An Outcome is how the last collection of a scope ended.
type Outcome string

// The outcomes. Only Complete may close what was not seen.
const (
	// Pending scopes were found but not collected yet.
	Pending Outcome = "pending"
	// Complete means that everything in the scope was seen.
	Complete Outcome = "complete"
	// Denied means that a permission is missing.
	Denied Outcome = "denied"
	// Throttled means that the provider refused by rate until attempts ran out.
	Throttled Outcome = "throttled"
	// Failed means any other error.
	Failed Outcome = "failed"
	// Disabled means that the provider says the service or region is off.
	Disabled Outcome = "disabled"
	// Unreachable means that no connection could be made.
	Unreachable Outcome = "unreachable"
)

// A ScopeResult is an outcome with its explanation.
type ScopeResult struct {
	Outcome Outcome `json:"outcome"`
	// Reason is one sentence for a person: what failed, on what, why.
	Reason string `json:"reason,omitempty"`
	// Permission is the missing action, such as "ecs:ListClusters".
	Permission string `json:"permission,omitempty"`
	// Remedy tells what to do about it.
	Remedy string `json:"remedy,omitempty"`
}

// A Resource is a collected cloud object that is neither workload nor
// identity, kept because it explains one: a cluster, a load balancer, a
// security group, a managed policy.
type Resource struct {
	UID  string `json:"uid"`
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
	// Attrs is a JSON object whose shape the kind's collector documents.
	Attrs json.RawMessage `json:"attrs"`
}

// RecordUID implements [Record].
func (r Resource) RecordUID() string { return r.UID }

// RecordType implements [Record].
func (Resource) RecordType() RecordType { return ResourceRecord }
