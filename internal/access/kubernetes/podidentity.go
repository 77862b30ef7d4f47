package kubernetes

import (
	"maps"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
	"github.com/stowage-dev/stowage/internal/access/workload"
)

// podIdentityService is who assumes the role of an association.
const podIdentityService = "pods.eks.amazonaws.com"

// podIdentity adds the role of the association of the service account of a
// pod. In a container that is configured for IRSA as well, the libraries look
// there first:
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
func (x *eksIndex) podIdentity(a *answer, containers, irsa []string) {
	associations := x.associations[a.account.Account]
	if len(associations) == 0 {
		x.withoutAssociation(a, containers)
		return
	}
	if a.node.Serverless || a.pod.Windows {
		for _, s := range associations {
			a.breakLink(workload.BrokenLink{
				Cloud: workload.AWS, How: workload.PodIdentity, ID: s.role(),
				Problem: "the service account has an association of EKS Pod Identity, which pods on Fargate and on Windows do not get",
				Remedy:  "use IAM roles for service accounts, or run the pod on a Linux node of EC2",
			})
		}
		return
	}
	for _, s := range associations {
		id, fault := x.associated(a, s)
		if id.Formula.IsFalse() {
			a.breakLink(workload.BrokenLink{
				Cloud: workload.AWS, How: workload.PodIdentity, ID: s.role(), Containers: a.all(containers),
				Problem: "association " + s.ID + " gives no credentials: " + fault,
				Remedy: "in the trust policy of " + s.RoleARN + ", allow sts:AssumeRole and sts:TagSession to the service " + podIdentityService +
					" for this service account, and run the EKS Pod Identity agent; a target role has to let in the role of the association",
			})
			continue
		}
		var first, second []string
		for _, c := range containers {
			if slices.Contains(irsa, c) {
				second = append(second, c)
			} else {
				first = append(first, c)
			}
		}
		a.addRanked(id, first)
		if len(second) > 0 {
			id.Rank, id.Containers = workload.Reachable, a.all(second)
			id.Reason += "; the libraries pick the role in " + envRole
			a.add(id)
		}
		if len(containers) == 0 {
			id.Rank, id.Containers = workload.Assumable, nil
			id.Reason = "the service account has an association of EKS Pod Identity; containers that started before it, or that are skipped, do not have it"
			a.add(id)
		}
	}
}

// withoutAssociation reports containers that ask the agent in vain, or for
// nobody knows what.
func (x *eksIndex) withoutAssociation(a *answer, containers []string) {
	unknown := workload.Identity{
		Cloud: workload.AWS, Rank: workload.Assumable, How: workload.PodIdentity,
		Formula: missing("associations of EKS Pod Identity", x.AssociationsMissing),
		Reason:  "the service account may have an association, which pods that start from now on get",
	}
	switch {
	case x.AssociationsMissing != "" && len(containers) > 0:
		unknown.Reason = "the libraries ask the EKS Pod Identity agent"
		a.addRanked(unknown, containers)
	case x.AssociationsMissing != "" && !a.node.Serverless && !a.pod.Windows:
		a.add(unknown)
	case len(containers) == 0:
	default:
		a.breakLink(workload.BrokenLink{
			Cloud: workload.AWS, How: workload.PodIdentity, Containers: a.all(containers),
			Problem: "containers have " + envCredentialsURI + ", but the service account has no association of EKS Pod Identity",
			Remedy:  "create the association, or start the pod again",
		})
	}
}

// role returns the role whose credentials the pod gets.
func (s Association) role() string {
	if s.TargetRoleARN != "" {
		return s.TargetRoleARN
	}
	return s.RoleARN
}

// associated returns the identity of an association, with what has to hold for
// EKS to hand it out.
func (x *eksIndex) associated(a *answer, s Association) (workload.Identity, string) {
	id := workload.Identity{
		ID: s.role(), Cloud: workload.AWS, How: workload.PodIdentity,
		Reason:  "the libraries ask the EKS Pod Identity agent, which has association " + s.ID,
		Session: workload.Session{Policies: s.Policy},
	}
	if !s.DisableSessionTags {
		id.Session = x.session(a, s)
	}
	agent := access.Missing("whether the EKS Pod Identity agent runs on the nodes of " + x.Name)
	if x.Agent != nil {
		if agent = access.Of(*x.Agent); agent.IsFalse() {
			id.Formula = agent
			return id, "the EKS Pod Identity agent does not run on the nodes of " + x.Name
		}
	}
	trusted, fault := x.serviceTrusted(a, s)
	if id.Formula = access.And(agent, trusted); s.TargetRoleARN == "" || id.Formula.IsFalse() {
		return id, fault
	}
	id.Session.Via = []string{s.RoleARN}
	id.Session.ExternalID = s.ExternalID
	id.Reason += ", and assumes its target role with " + s.RoleARN
	target, fault := x.targetTrusts(a, s)
	id.Formula = access.And(id.Formula, target)
	return id, fault
}

// serviceTrusted returns what has to hold for EKS to assume the role of an
// association.
//
// https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
func (x *eksIndex) serviceTrusted(a *answer, s Association) (access.Formula, string) {
	role, ok := x.roles[s.RoleARN]
	if !ok {
		return x.unreadRole(s.RoleARN), ""
	}
	c := x.requestTags(a, s).WithAbsent("sts:ExternalId")
	if x.ARN != "" {
		c = c.With("aws:SourceArn", x.ARN)
		if parts := strings.SplitN(x.ARN, ":", 6); len(parts) == 6 {
			c = c.With("aws:SourceAccount", parts[4])
		}
	}
	return role.Trusts(access.Principal{Kind: awsiam.Service, ID: podIdentityService}, c, s.actions()...)
}

// targetTrusts returns what has to hold for the role of an association to
// assume its target role. The tags go with it; the external id does when there
// are none, and otherwise the documentation does not say.
//
//   - https://docs.aws.amazon.com/eks/latest/userguide/pod-id-assign-target-role.html
//   - https://docs.aws.amazon.com/eks/latest/APIReference/API_PodIdentityAssociation.html
func (x *eksIndex) targetTrusts(a *answer, s Association) (access.Formula, string) {
	from, ok := x.roles[s.RoleARN]
	if !ok {
		return x.unreadRole(s.RoleARN), ""
	}
	target, ok := x.roles[s.TargetRoleARN]
	if !ok {
		return x.unreadRole(s.TargetRoleARN), ""
	}
	c := x.requestTags(a, s)
	if s.DisableSessionTags && s.ExternalID != "" {
		c = c.With("sts:ExternalId", s.ExternalID)
	}
	if !s.DisableSessionTags {
		c = c.Merge(x.session(a, s).Context())
	}
	return target.LetsIn(from, c, s.actions()...)
}

// actions returns what EKS asks for. Tags need a permission of their own.
func (s Association) actions() []string {
	if s.DisableSessionTags {
		return []string{"sts:AssumeRole"}
	}
	return []string{"sts:AssumeRole", "sts:TagSession"}
}

// requestTags returns the context of a request of EKS with its session tags.
//
// https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
func (x *eksIndex) requestTags(a *answer, s Association) access.Context {
	c := access.NewContext(access.UnknownState).WithPrefix("aws:RequestTag/", access.Absent)
	if s.DisableSessionTags {
		return c.WithAbsent("aws:TagKeys", "sts:TransitiveTagKeys")
	}
	tags := x.tags(a)
	for _, key := range tagKeys {
		if value, ok := tags[key]; ok {
			c = c.With("aws:RequestTag/"+key, value)
		} else {
			c = c.WithUnknown("aws:RequestTag/" + key)
		}
	}
	return c.With("aws:TagKeys", tagKeys...).With("sts:TransitiveTagKeys", tagKeys...)
}

// tagKeys are the session tags of EKS Pod Identity.
var tagKeys = []string{
	"eks-cluster-arn", "eks-cluster-name", "kubernetes-namespace", "kubernetes-pod-name", "kubernetes-pod-uid",
	"kubernetes-service-account",
}

// tags returns the session tags of a pod, as far as they are known.
func (x *eksIndex) tags(a *answer) map[string]string {
	tags := map[string]string{
		"eks-cluster-arn": x.ARN, "eks-cluster-name": x.Name,
		"kubernetes-namespace": a.account.Namespace, "kubernetes-service-account": a.account.Name,
		"kubernetes-pod-name": a.pod.Name, "kubernetes-pod-uid": a.pod.UID,
	}
	if a.pod.Template {
		tags["kubernetes-pod-name"], tags["kubernetes-pod-uid"] = "", ""
	}
	maps.DeleteFunc(tags, func(_, value string) bool { return value == "" })
	return tags
}

// session returns the session of an association with tags.
func (x *eksIndex) session(a *answer, s Association) workload.Session {
	session := workload.Session{Policies: s.Policy, Tags: x.tags(a)}
	for _, key := range tagKeys {
		if _, ok := session.Tags[key]; !ok {
			session.UnknownTags = append(session.UnknownTags, key)
		}
	}
	return session
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
