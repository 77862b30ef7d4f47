package kubernetes

import (
	"slices"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
	"github.com/stowage-dev/stowage/internal/access/workload"
)

// irsa adds the role that the libraries of containers exchange the token of
// the service account for.
func (x *eksIndex) irsa(a *answer, containers []string) {
	intended := a.account.Annotations[annotationRole]
	byRole := map[string][]string{}
	for _, name := range containers {
		arn := intended
		// The variable of a running container counts, if it was kept.
		for _, s := range a.sources {
			if e := s.container.env(envRole); s.container.Name == name && e != nil && e.Identity != "" {
				arn = e.Identity
			}
		}
		byRole[arn] = append(byRole[arn], name)
	}
	for _, arn := range sortedKeys(byRole) {
		x.irsaRole(a, arn, byRole[arn])
	}
	if intended != "" && len(byRole) == 0 && !a.pod.Template && len(x.associations[a.account.Account]) == 0 {
		a.breakLink(workload.BrokenLink{
			Cloud: workload.AWS, How: workload.IRSA, ID: intended,
			Problem: "the service account has the annotation " + annotationRole + ", but no container of the running pod has " + envRole,
			Remedy:  "start the pod again: the webhook puts the variables in when a pod is created",
		})
	}
}

func (x *eksIndex) irsaRole(a *answer, arn string, containers []string) {
	id := workload.Identity{
		ID: arn, Cloud: workload.AWS, How: workload.IRSA,
		Reason: "the libraries exchange the token of the service account for the role in " + envRole,
	}
	if a.pod.Template && x.AssociationsMissing != "" && !a.node.Serverless && !a.pod.Windows {
		id.Reason += ", unless the service account has an association of EKS Pod Identity, which goes first and was not read"
	}
	if arn == "" {
		id.Formula = access.Missing("which role " + envRole + " names: its value was not kept, and the service account has no annotation " + annotationRole)
		a.addRanked(id, containers)
		return
	}
	audience := x.audience(a)
	role, ok := x.roles[arn]
	if !ok {
		id.Formula = x.unreadRole(arn)
		a.addRanked(id, containers)
		return
	}
	f, fault := x.trust(role, a.account.Account, audience)
	if f.IsFalse() {
		a.breakLink(workload.BrokenLink{
			Cloud: workload.AWS, How: workload.IRSA, ID: arn, Containers: a.all(containers),
			Problem: "the role does not trust " + a.account.String() + ": " + fault,
			Remedy: "in the trust policy of the role, allow sts:AssumeRoleWithWebIdentity to the OIDC provider of the cluster (" +
				x.provider(role) + ") with " + x.issuer + ":sub " + a.account.String() + " and " + x.issuer + ":aud " + audience,
		})
		return
	}
	id.Formula = f
	a.addRanked(id, containers)
}

// trusting adds the roles that trust the service account, whether it has an
// annotation or not.
func (x *eksIndex) trusting(a *answer) {
	for _, i := range x.candidates(a.account.Account) {
		role := x.federated[i]
		if a.has(role.ARN, workload.IRSA) {
			continue
		}
		result, with := access.False(), ""
		for _, audience := range x.audiences(role) {
			f, _ := x.trust(role, a.account.Account, audience)
			if result = access.Or(result, f); f.IsTrue() {
				with = audience
				break
			}
		}
		reason := "the trust policy of the role lets " + a.account.String() + " in"
		if slices.Contains(a.pod.audiences(), with) {
			reason += ", and the pod has a token for " + with
		} else if with != "" {
			reason += "; a pod of the service account has to ask for a token for " + with
		}
		a.add(workload.Identity{
			ID: role.ARN, Cloud: workload.AWS, Rank: workload.Reachable, How: workload.IRSA, Formula: result, Reason: reason,
		})
	}
	if x.RolesMissing != "" && x.issuer != "" {
		a.add(workload.Identity{
			Cloud: workload.AWS, Rank: workload.Reachable, How: workload.IRSA,
			Formula: missing("roles that may trust the cluster", x.RolesMissing),
			Reason:  "not all roles could be read; any of them may trust the service account",
		})
	}
}

// audience returns the audience of the token that the libraries use.
func (x *eksIndex) audience(a *answer) string {
	for _, v := range a.pod.Volumes {
		if v.Name == irsaVolume && len(v.Tokens) > 0 && v.Tokens[0].Audience != "" {
			return v.Tokens[0].Audience
		}
	}
	if audience := a.account.Annotations[annotationAudience]; audience != "" {
		return audience
	}
	return defaultAudience
}

// audiences returns those that tokens can have for a role: whoever starts a pod
// chooses one, and the provider takes those of its list.
func (x *eksIndex) audiences(r workload.Role) []string {
	arn := x.provider(r)
	for _, p := range x.Providers {
		if p.ARN == arn && p.Audiences != nil {
			return p.Audiences
		}
	}
	return []string{defaultAudience}
}

// provider returns the ARN that the OIDC provider of the cluster has in the
// account of a role.
func (x *eksIndex) provider(r workload.Role) string {
	return "arn:" + r.Partition() + ":iam::" + r.Account() + ":oidc-provider/" + x.issuer
}

// trust returns what has to hold for a token of a service account to be
// exchanged for a role, and what is at fault when nothing can.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
func (x *eksIndex) trust(role workload.Role, who Account, audience string) (access.Formula, string) {
	if x.issuer == "" {
		return access.False(), "the cluster has no issuer of tokens that is known to AWS"
	}
	arn := x.provider(role)
	registered, fault := x.registered(arn, audience)
	if registered.IsFalse() {
		return registered, fault
	}
	c := access.NewContext(access.UnknownState).
		With(x.issuer+":sub", who.String()).With(x.issuer+":aud", audience).
		WithPrefix(x.issuer+":", access.Absent).
		With("aws:FederatedProvider", arn).
		WithPrefix("aws:RequestTag/", access.Absent).
		WithAbsent("aws:TagKeys", "sts:ExternalId")
	trusted, fault := role.Trusts(access.Principal{Kind: awsiam.WebIdentity, ID: arn}, c, "sts:AssumeRoleWithWebIdentity")
	return access.And(registered, trusted), fault
}

// registered returns whether the OIDC provider exists and takes an audience.
func (x *eksIndex) registered(arn, audience string) (access.Formula, string) {
	if x.ProvidersMissing != "" {
		return missing("OIDC providers of IAM", x.ProvidersMissing), ""
	}
	i := slices.IndexFunc(x.Providers, func(p Provider) bool { return p.ARN == arn })
	if i < 0 {
		return access.False(), "there is no OIDC provider " + arn + " in IAM"
	}
	if list := x.Providers[i].Audiences; list != nil && !slices.Contains(list, audience) {
		return access.False(), "OIDC provider " + arn + " does not take tokens for " + audience
	}
	return access.True(), ""
}

func (x *eksIndex) unreadRole(arn string) access.Formula {
	why := x.RolesMissing
	if why == "" {
		why = "it is not among the roles that were read"
	}
	return missing("role "+arn, why)
}
