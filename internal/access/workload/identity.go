package workload

import (
	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
)

// A Cloud is where an identity belongs to.
type Cloud string

// The clouds.
const (
	AWS   Cloud = "aws"
	Azure Cloud = "azure"
	GCP   Cloud = "gcp"
)

// A Rank says how a workload comes by an identity.
type Rank string

// The ranks, the nearest first.
const (
	// Primary: the libraries of the cloud pick it without being told.
	Primary Rank = "primary"
	// Reachable: the workload gets it by asking for it.
	Reachable Rank = "reachable"
	// Assumable: the workload gets it by a step that needs a permission.
	Assumable Rank = "assumable"
)

// A How is the way by which a workload gets an identity.
type How string

// The ways.
const (
	// StaticKeys: a long-lived key in the environment or a file.
	StaticKeys How = "static-keys"
	// Attached: the identity is a property of the workload, as the role of a
	// function.
	Attached How = "attached"
	// TaskRole of an ECS task.
	TaskRole How = "task-role"
	// NodeMetadata: the role of an EC2 instance, from its metadata service.
	NodeMetadata How = "node-metadata"
	// IRSA: a token of a Kubernetes service account is exchanged at AWS.
	IRSA How = "irsa"
	// PodIdentity of Amazon EKS.
	PodIdentity How = "pod-identity"
	// AKSWorkloadIdentity: a token of a Kubernetes service account is
	// exchanged at Microsoft Entra.
	AKSWorkloadIdentity How = "aks-workload-identity"
	// AKSIdentityBinding: the same through the proxy of the cluster.
	AKSIdentityBinding How = "aks-identity-binding"
	// AADPodIdentity is the predecessor of both.
	AADPodIdentity How = "aad-pod-identity"
	// VMSS: a managed identity of the machine, from its metadata service.
	VMSS How = "vmss"
	// GKEDirect: the Kubernetes service account is itself a principal.
	GKEDirect How = "gke-wif-direct"
	// GKEImpersonation: it impersonates a Google service account.
	GKEImpersonation How = "gke-wif-impersonation"
	// GKENode: the service account of the node.
	GKENode How = "gke-node"
)

// An Identity is whom a workload can act as.
type Identity struct {
	// ID is what the policies of the cloud name: the ARN of a role or user,
	// the object id of a managed identity, "serviceAccount:" with the email of
	// a Google service account, or the "principal://" of a Kubernetes service
	// account. Empty when it is not known who it is.
	ID    string `json:"id"`
	Cloud Cloud  `json:"cloud"`
	Rank  Rank   `json:"rank"`
	How   How    `json:"how"`
	// Containers that have it; nil for all containers of the workload.
	Containers []string `json:"containers,omitempty"`
	// Formula is what has to hold for the workload to get the identity.
	Formula access.Formula `json:"formula"`
	// Reason says in words why the workload gets it.
	Reason string `json:"reason"`
	// Session is what limits or describes the identity in this workload, and
	// not elsewhere.
	Session Session `json:"session,omitzero"`
}

// A Session is what an evaluation of policies needs to know of an identity
// besides its ID.
type Session struct {
	// Policies are the policies of an AWS session; nil when it has none.
	Policies *awsiam.PolicySet `json:"policies,omitempty"`
	// Tags of an AWS session, and the keys of those whose value is not known.
	Tags        map[string]string `json:"tags,omitempty"`
	UnknownTags []string          `json:"unknown_tags,omitempty"`
	// ExternalID that EKS Pod Identity uses to assume a target role.
	ExternalID string `json:"external_id,omitempty"`
	// Via are the ARNs of the roles that were assumed before this one.
	Via []string `json:"via,omitempty"`
	// Scopes are the access scopes of a Google node, to which its service
	// account is limited there; nil when there are none.
	Scopes []string `json:"scopes,omitempty"`
	// Members are all the names by which policies of Google Cloud can mean the
	// identity; empty when the ID is the only one. Cluster and AccountUID are
	// what some of them are made of.
	Members    []string `json:"members,omitempty"`
	Cluster    string   `json:"cluster,omitempty"`
	AccountUID string   `json:"account_uid,omitempty"`
	// ClientID and Tenant of an identity of Microsoft Entra, and the ID of its
	// Azure resource.
	ClientID   string `json:"client_id,omitempty"`
	Tenant     string `json:"tenant,omitempty"`
	ResourceID string `json:"resource_id,omitempty"`
}

// Context returns what the session adds to the context of a request to AWS.
// Tags of the role itself have to be added by whoever knows them, before.
func (s Session) Context() access.Context {
	var c access.Context
	for key, value := range s.Tags {
		c = c.With("aws:PrincipalTag/"+key, value)
	}
	for _, key := range s.UnknownTags {
		c = c.WithUnknown("aws:PrincipalTag/" + key)
	}
	return c
}

// A BrokenLink is a link to an identity that was meant and does not hold.
type BrokenLink struct {
	Cloud Cloud `json:"cloud"`
	How   How   `json:"how"`
	// ID of the identity that was meant, as far as the link tells it.
	ID string `json:"id"`
	// Containers that are concerned; nil for all.
	Containers []string `json:"containers,omitempty"`
	// Problem and Remedy say in words what is wrong and what to do.
	Problem string `json:"problem"`
	Remedy  string `json:"remedy"`
}
