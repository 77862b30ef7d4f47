package kubernetes

import (
	"fmt"
	"slices"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/workload"
)

// A GKE is a cluster of Google Kubernetes Engine, or one of a fleet, and the
// side of Google Cloud.
type GKE struct {
	// Project, Location and Name are empty for a cluster of another cloud that
	// is in a fleet, whose nodes have no service account.
	Project, Location, Name string
	// Pool is the workload identity pool, "project.svc.id.goog"; empty when
	// the cluster has none. That of a fleet is named after its host project.
	Pool string
	// PoolNumber is the number of the project that the pool is named after.
	PoolNumber string
	// ServiceAccounts are the emails of the Google service accounts that pods
	// may impersonate. ServiceAccountsMissing says why they could not be read,
	// or not all.
	ServiceAccounts        []string
	ServiceAccountsMissing string
	// Permitted returns what has to hold for a Kubernetes service account to
	// have a permission on the Google service account with an email, as package
	// gcpiam decides it. Nil when its policies were not read.
	Permitted func(as workload.Identity, permission, email string) access.Formula
}

// A GoogleNode is the machine of a GKE node.
type GoogleNode struct {
	// Metadata is the mode of its pool: GKE_METADATA, GCE_METADATA or
	// MODE_UNSPECIFIED; empty when it is not known.
	Metadata string
	// ServiceAccount is the email of the service account of the machine; empty
	// for a machine without one.
	ServiceAccount string
	// Scopes are its access scopes.
	Scopes []string
	// Missing says why the node could not be read; empty when it was.
	Missing string
}

const (
	annotationGSA = "iam.gke.io/gcp-service-account"
	// tokenPermission is what makes a token of a service account:
	// https://cloud.google.com/iam/docs/service-account-permissions
	tokenPermission = "iam.serviceAccounts.getAccessToken"
)

// gkeIdentities adds what a pod can be in Google Cloud.
func (r *Resolver) gkeIdentities(a *answer) {
	g := r.cluster.GKE
	node := a.node.Google
	if node == nil {
		node = &GoogleNode{Missing: "it was not read"}
	}
	federated, why := g.federates(a, node)
	direct := g.principal(a.account)
	linked := r.gkeImpersonation(a, direct, federated, why)
	g.direct(a, direct, federated, why, linked)
	g.node(a, node, federated)
}

// principal returns the service account of a pod as a principal of its own.
func (g *GKE) principal(who *ServiceAccount) workload.Identity {
	id := workload.Identity{Cloud: workload.GCP, How: workload.GKEDirect}
	if g.Pool == "" {
		return id
	}
	id.Session = workload.Session{
		Members: g.Members(who.Account, who.UID), AccountUID: who.UID,
	}
	if g.Name != "" {
		id.Session.Cluster = g.url()
	}
	id.ID = id.Session.Members[0]
	return id
}

// url returns what policies call the cluster.
func (g *GKE) url() string {
	return "https://container.googleapis.com/v1/projects/" + g.Project + "/locations/" + g.Location + "/clusters/" + g.Name
}

// federates returns what has to hold for the metadata service to answer the
// pod with the identity of its service account, and why in words.
//
// https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity
func (g *GKE) federates(a *answer, node *GoogleNode) (access.Formula, string) {
	switch {
	case g.Pool == "":
		return access.False(), "the cluster has no workload identity pool"
	case a.pod.HostNetwork:
		return access.False(), "pods in the host network are answered by the metadata service of the machine"
	case node.Missing != "":
		return missing("metadata mode of "+a.machine(), node.Missing), "the node could not be read"
	case node.Metadata == "GKE_METADATA":
		return access.True(), "the GKE metadata server answers on the node"
	case node.Metadata == "":
		return access.Missing("metadata mode of " + a.machine()), "the metadata mode of the node is not known"
	}
	return access.False(), "the node pool does not run the GKE metadata server (mode " + node.Metadata + ")"
}

// Members returns all names by which policies of Google Cloud can mean the pods
// of a service account. The first is its own. None of them but the cluster and
// the UID tells clusters apart that share a pool: equal names are one identity.
//
//   - https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity#principal-id-examples
//   - https://cloud.google.com/iam/docs/principal-identifiers
func (g *GKE) Members(who Account, uid string) []string {
	path := "//iam.googleapis.com/projects/" + g.PoolNumber + "/locations/global/workloadIdentityPools/" + g.Pool
	members := []string{
		"principal:" + path + "/subject/ns/" + who.Namespace + "/sa/" + who.Name,
		"serviceAccount:" + g.Pool + "[" + who.Namespace + "/" + who.Name + "]",
		"principalSet:" + path + "/namespace/" + who.Namespace,
		"principalSet:" + path + "/*",
	}
	if g.Name != "" {
		members = append(members, "principalSet:"+path+"/kubernetes.cluster/"+g.url())
	}
	if uid != "" {
		members = append(members, "principal:"+path+"/kubernetes.serviceaccount.uid/"+uid)
	}
	return members
}

// direct adds the service account itself as a principal.
func (g *GKE) direct(a *answer, id workload.Identity, federated access.Formula, why string, linked access.Formula) {
	if g.Pool == "" {
		return
	}
	if first := access.And(federated, access.Not(linked)); !first.IsFalse() {
		id.Formula, id.Reason = first, why+", and gives a token of the service account itself"
		a.addRanked(id, a.names())
	}
	if !federated.IsTrue() || !linked.IsFalse() {
		// The exchange needs no metadata service, only a token for the pool.
		id.Rank, id.Formula, id.Containers = workload.Reachable, access.True(), nil
		id.Reason = "a pod of the service account can exchange a token for " + g.Pool + " at the Security Token Service"
		a.add(id)
	}
}

// gkeImpersonation adds the Google service accounts that the pod can
// impersonate. It returns what has to hold for the service account to be
// linked to one by its annotation, which is what the metadata service follows.
func (r *Resolver) gkeImpersonation(a *answer, as workload.Identity, federated access.Formula, why string) access.Formula {
	g := r.cluster.GKE
	linked := access.False()
	if known := r.accountKnown(a.account.Account); !known.IsTrue() {
		linked = known
	}
	email := a.account.Annotations[annotationGSA]
	if email != "" {
		linked = access.True()
	}
	if g.Pool == "" {
		if email != "" {
			a.breakLink(workload.BrokenLink{
				Cloud: workload.GCP, How: workload.GKEImpersonation, ID: workload.GoogleMember(email), Problem: why,
				Remedy: "turn on Workload Identity Federation for GKE in the cluster and its node pools",
			})
		}
		return linked
	}
	id := workload.Identity{Cloud: workload.GCP, How: workload.GKEImpersonation}
	if email != "" {
		id.ID = workload.GoogleMember(email)
		permitted := g.permitted(as, email)
		switch {
		case permitted.IsFalse():
			a.breakLink(workload.BrokenLink{
				Cloud: workload.GCP, How: workload.GKEImpersonation, ID: workload.GoogleMember(email),
				Problem: fmt.Sprintf("the service account has the annotation %s, but may not impersonate %s", annotationGSA, email),
				Remedy:  "grant roles/iam.workloadIdentityUser on " + email + " to " + as.ID,
			})
		case federated.IsFalse():
			a.breakLink(workload.BrokenLink{
				Cloud: workload.GCP, How: workload.GKEImpersonation, ID: workload.GoogleMember(email),
				Problem: "the annotation " + annotationGSA + " has no effect: " + why,
				Remedy:  "use a node pool with the GKE metadata server, and no host network",
			})
		default:
			id.Formula = access.And(federated, permitted)
			id.Reason = why + ", and follows the annotation of the service account to impersonate " + email
			a.addRanked(id, a.names())
		}
	}
	others := slices.Clone(g.ServiceAccounts)
	if email != "" && !slices.Contains(others, email) {
		others = append(others, email)
	}
	for _, other := range others {
		id.ID, id.Rank, id.Containers = workload.GoogleMember(other), workload.Reachable, nil
		if a.has(id.ID, id.How) && federated.IsTrue() {
			continue // by the metadata service, whatever else
		}
		id.Formula = g.permitted(as, other)
		id.Reason = "the service account may impersonate it, if it asks for that by itself"
		a.add(id)
	}
	if g.ServiceAccountsMissing != "" {
		a.add(workload.Identity{
			Cloud: workload.GCP, Rank: workload.Reachable, How: workload.GKEImpersonation,
			Formula: missing("Google service accounts that pods may impersonate", g.ServiceAccountsMissing),
			Reason:  "not all Google service accounts could be read; the service account may impersonate any of them",
		})
	}
	return linked
}

// permitted returns what has to hold for a principal to impersonate a Google
// service account.
func (g *GKE) permitted(as workload.Identity, email string) access.Formula {
	if g.Permitted == nil {
		return access.Missing("who may impersonate " + email)
	}
	return g.Permitted(as, tokenPermission, email)
}

// node adds the service account of the machine, for pods that the metadata
// service of the machine itself answers.
func (g *GKE) node(a *answer, node *GoogleNode, federated access.Formula) {
	host := a.pod.host()
	if a.node.Serverless || g.Name == "" || federated.IsTrue() && host == "" {
		return
	}
	id := workload.Identity{
		Cloud: workload.GCP, How: workload.GKENode, Session: workload.Session{Scopes: node.Scopes},
	}
	if node.Missing != "" {
		id.Rank, id.Reason = workload.Reachable, "pods may reach the service account of their node"
		id.Formula = access.And(access.Not(federated), missing("service account of "+a.machine(), node.Missing))
		a.add(id)
		return
	}
	if node.ServiceAccount == "" {
		return
	}
	id.ID = workload.GoogleMember(node.ServiceAccount)
	id.Formula = a.place().Through(a.machine())
	id.Reason = "service account of the node, with its access scopes"
	switch {
	case a.pod.HostNetwork:
		id.Reason += "; " + host
		a.addRanked(id, a.names())
	case host != "":
		id.Rank, id.Formula = workload.Reachable, access.True()
		id.Reason += "; " + host
		a.add(id)
	default:
		id.Formula = access.And(access.Not(federated), id.Formula)
		a.addRanked(id, a.names())
	}
}

// names returns the names of all containers.
func (a *answer) names() []string {
	var names []string
	for _, s := range a.sources {
		names = append(names, s.container.Name)
	}
	return names
}
