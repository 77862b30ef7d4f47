package kubernetes

import (
	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/workload"
)

// A Cluster is everything about a cluster and its cloud that bears on whom
// pods can act as. Of EKS, AKS and GKE that of its own cloud is set, and those
// of others that take the tokens of its service accounts.
type Cluster struct {
	// ID tells the cluster from all others, as its ARN or resource id.
	ID       string
	Accounts []ServiceAccount
	// AccountsMissing says why service accounts could not be read, or not all.
	AccountsMissing string
	// Namespaces are the labels of namespaces by their name; nil when they
	// were not read.
	Namespaces map[string]map[string]string
	RBAC       RBAC
	// Secrets are those of the cluster, without their values.
	// SecretsMissing says why they could not be read; to read their names is to
	// have a right to their values, so that is the rule.
	Secrets        []Secret
	SecretsMissing string
	// Classes are the secret provider classes of the Secrets Store CSI driver.
	// ClassesMissing says why they could not be read, or not all.
	Classes        []SecretProviderClass
	ClassesMissing string
	EKS            *EKS
	AKS            *AKS
	GKE            *GKE
}

// A ServiceAccount is a service account of the cluster.
type ServiceAccount struct {
	Account
	UID                 string
	Labels, Annotations map[string]string
	// AutomountToken is automountServiceAccountToken; nil when it is not set.
	AutomountToken *bool
}

// A Node is the machine that a pod runs on.
type Node struct {
	Name string
	// Serverless: the pod has a machine of its own that belongs to the cloud,
	// as on EKS Fargate; then there is no identity of a node.
	Serverless bool
	// Firewall says whether pods of the node that are not in its network are
	// kept from its metadata service.
	Firewall workload.Firewall
	// Instance of EC2; nil for others and when it was not read.
	Instance *workload.Instance
	// ScaleSet of Azure; nil for others and when it was not read.
	ScaleSet *ScaleSet
	// Google is the machine of a GKE node; nil for others and when it was not
	// read.
	Google *GoogleNode
}

// Identities are whom a pod can act as, and what was meant but does not hold.
type Identities struct {
	Found  []workload.Identity   `json:"identities"`
	Broken []workload.BrokenLink `json:"broken,omitempty"`
}

// A Resolver answers for the pods of one cluster. It is made once for a
// snapshot of the cluster and can be used by several goroutines.
type Resolver struct {
	cluster  Cluster
	accounts map[Account]*ServiceAccount
	secrets  map[secretKey]*Secret
	rbac     *Authorizer
	eks      *eksIndex
}

// NewResolver prepares a cluster.
func NewResolver(c Cluster) *Resolver {
	r := &Resolver{
		cluster: c, accounts: make(map[Account]*ServiceAccount, len(c.Accounts)),
		secrets: make(map[secretKey]*Secret, len(c.Secrets)), rbac: NewAuthorizer(c.RBAC),
	}
	for i := range c.Secrets {
		r.secrets[secretKey{c.Secrets[i].Namespace, c.Secrets[i].Name}] = &c.Secrets[i]
	}
	for i := range c.Accounts {
		r.accounts[c.Accounts[i].Account] = &c.Accounts[i]
	}
	if c.EKS != nil {
		r.eks = newEKSIndex(c.EKS)
	}
	return r
}

// RBAC returns what service accounts of the cluster may do.
func (r *Resolver) RBAC() *Authorizer { return r.rbac }

// Identities returns whom a pod on a node can act as.
func (r *Resolver) Identities(p Pod, n Node) Identities {
	a := &answer{pod: &p, node: &n, account: r.account(&p), sources: r.sources(&p)}
	a.staticKeys()
	if r.eks != nil {
		r.eks.identities(a)
	}
	if r.cluster.AKS != nil {
		r.aksIdentities(a)
	}
	if r.cluster.GKE != nil {
		r.gkeIdentities(a)
	}
	return Identities{a.found, a.broken}
}

// account returns the service account of a pod; one that is not known has
// nothing but its name.
func (r *Resolver) account(p *Pod) *ServiceAccount {
	key := Account{p.Namespace, p.serviceAccount()}
	if sa := r.accounts[key]; sa != nil {
		return sa
	}
	return &ServiceAccount{Account: key}
}

// accountKnown returns what has to hold for the annotations of an account to be
// known: a pod cannot run without its account, so one that is not there was not
// read.
func (r *Resolver) accountKnown(a Account) access.Formula {
	if r.accounts[a] != nil {
		return access.True()
	}
	why := r.cluster.AccountsMissing
	if why == "" {
		why = "it is not among those of the cluster"
	}
	return access.Missing("service account " + a.Namespace + "/" + a.Name + ": " + why)
}
