package inventory

// An Account is an AWS account, Azure subscription, GCP project or a
// stand-alone Kubernetes cluster.
type Account struct {
	Provider Provider `json:"provider"`
	// ID is the provider's own identifier: "111122223333", or the name of the
	// kubeconfig context of a stand-alone cluster.
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	// Organization is the AWS organization, Azure tenant or GCP organization
	// through which the account was found; empty when configured directly.
	Organization string `json:"organization,omitempty"`
	// Status is the provider's own word, such as "ACTIVE" or "SUSPENDED".
	Status string `json:"status,omitempty"`
}

// RecordUID implements [Record].
func (a Account) RecordUID() string { return string(a.Provider) + ":" + a.ID }

// RecordType implements [Record].
func (Account) RecordType() RecordType { return AccountRecord }
