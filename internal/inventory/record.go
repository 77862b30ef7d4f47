package inventory

// A RecordType tells the typed table that a record belongs to.
type RecordType string

// The record types.
const (
	AccountRecord    RecordType = "account"
	ScopeRecord      RecordType = "scope"
	WorkloadRecord   RecordType = "workload"
	IdentityRecord   RecordType = "identity"
	ResourceRecord   RecordType = "resource"
	ExposureRecord   RecordType = "exposure"
	RepositoryRecord RecordType = "repository_image"
)

// A Record is one thing that a collector found in a scope: [Account],
// [ChildScope], [Workload], [Identity], [Resource], [Exposure] or
// [RepositoryImage]. Its JSON encoding is hashed to find changes, so it must
// hold nothing that changes at every look (times of the look, random order).
type Record interface {
	// RecordUID is unique in its tenant and record type and stable over time:
	// an ARN, or a path that contains the cluster.
	RecordUID() string
	// RecordType names the record's table.
	RecordType() RecordType
}
