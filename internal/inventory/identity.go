package inventory

import "encoding/json"

// An Identity is a role, managed identity or service account that a container
// can act as. Policies are stored as documents for the access evaluation.
type Identity struct {
	UID  string `json:"uid"`
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
	// Namespace is the Kubernetes namespace of a service account.
	Namespace string `json:"namespace,omitempty"`
	// CloudIdentity is the UID of the cloud role that a Kubernetes service
	// account acts as (IRSA, workload identity); empty if none.
	CloudIdentity string `json:"cloud_identity,omitempty"`
	// Trust is the AWS trust policy document.
	Trust json.RawMessage `json:"trust,omitempty"`
	// Inline are the inline policies.
	Inline []Policy `json:"inline,omitempty"`
	// Attached are the ARNs of attached managed policies.
	Attached []string `json:"attached,omitempty"`
	// Boundary is the ARN of the permissions boundary.
	Boundary string            `json:"boundary,omitempty"`
	Tags     map[string]string `json:"tags,omitempty"`
}

// A Policy is a named policy document.
type Policy struct {
	Name     string          `json:"name"`
	Document json.RawMessage `json:"document"`
}

// RecordUID implements [Record].
func (i Identity) RecordUID() string { return i.UID }

// RecordType implements [Record].
func (Identity) RecordType() RecordType { return IdentityRecord }
