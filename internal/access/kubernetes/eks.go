package kubernetes

import (
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
	"github.com/stowage-dev/stowage/internal/access/workload"
)

// An EKS is a cluster of Amazon EKS, or one of another cloud whose issuer of
// tokens is an OIDC provider of AWS, and the side of AWS.
type EKS struct {
	// ARN and Name are empty for a cluster of another cloud, whose nodes have
	// no role of AWS.
	ARN, Name string
	// Issuer is the URL of its issuer of tokens, as
	// "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE".
	Issuer string
	// Providers are the OIDC providers of IAM for the issuer, one in each
	// account that knows it. ProvidersMissing says why they could not be read.
	Providers        []Provider
	ProvidersMissing string
	// Associations of EKS Pod Identity. AssociationsMissing says why they could
	// not be read.
	Associations        []Association
	AssociationsMissing string
	// Agent says whether the EKS Pod Identity agent runs on the nodes; nil
	// when it is not known.
	Agent *bool
	// Roles are all roles that may trust the cluster. RolesMissing says why
	// they could not be read, or not all.
	Roles        []workload.Role
	RolesMissing string
}

// A Provider is an OIDC provider of IAM.
type Provider struct {
	ARN string
	// Audiences is its list of client ids; nil when it was not read.
	Audiences []string
}

// An Association of EKS Pod Identity.
type Association struct {
	ID                        string
	Namespace, ServiceAccount string
	RoleARN                   string
	// TargetRoleARN is the role that is assumed with the first one; empty when
	// there is none. ExternalID goes with it.
	TargetRoleARN, ExternalID string
	DisableSessionTags        bool
	// Policy is the session policy; nil when there is none.
	Policy *awsiam.PolicySet
}

// The annotations of the webhook of EKS, and what it puts into containers:
// https://github.com/aws/amazon-eks-pod-identity-webhook
const (
	annotationRole     = "eks.amazonaws.com/role-arn"
	annotationAudience = "eks.amazonaws.com/audience"
	annotationSkip     = "eks.amazonaws.com/skip-containers"

	envRole           = "AWS_ROLE_ARN"
	envWebIdentity    = "AWS_WEB_IDENTITY_TOKEN_FILE"
	envCredentialsURI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"

	irsaVolume      = "aws-iam-token"
	defaultAudience = "sts.amazonaws.com"
)

// An eksIndex finds roles and associations.
type eksIndex struct {
	*EKS
	issuer       string // without the scheme
	roles        map[string]workload.Role
	federated    []workload.Role  // that may trust a token of the cluster
	bySubject    map[string][]int // of those that name their subjects, by each
	wide         []int            // of the others
	associations map[Account][]Association
}

func newEKSIndex(c *EKS) *eksIndex {
	x := &eksIndex{
		EKS: c, issuer: strings.TrimPrefix(c.Issuer, "https://"),
		roles: make(map[string]workload.Role, len(c.Roles)), associations: make(map[Account][]Association),
		bySubject: make(map[string][]int),
	}
	for _, r := range c.Roles {
		x.roles[r.ARN] = r
		if x.issuer == "" || !x.mayTrust(r) {
			continue
		}
		i := len(x.federated)
		x.federated = append(x.federated, r)
		subjects, literal := x.subjects(r)
		if !literal {
			x.wide = append(x.wide, i)
		}
		for _, s := range subjects {
			x.bySubject[s] = append(x.bySubject[s], i)
		}
	}
	for _, a := range c.Associations {
		key := Account{a.Namespace, a.ServiceAccount}
		x.associations[key] = append(x.associations[key], a)
	}
	return x
}

// mayTrust reports whether it is worth to evaluate the trust policy of a role
// for tokens of the cluster: it cannot be read, or it names the issuer.
func (x *eksIndex) mayTrust(r workload.Role) bool {
	if r.Trust.Missing != "" {
		return true
	}
	return slices.ContainsFunc(r.Trust.Policies, func(p awsiam.Policy) bool {
		return slices.ContainsFunc(p.Document.Statements, x.mayAllow)
	})
}

// mayAllow reports whether a statement may let in a token of the cluster, as
// far as its principals tell.
func (x *eksIndex) mayAllow(s awsiam.Statement) bool {
	if s.Deny {
		return false
	}
	return s.Principal == nil || s.Principal.Any || slices.ContainsFunc(s.Principal.Federated, func(f string) bool {
		return f == "*" || strings.HasSuffix(f, "/"+x.issuer)
	})
}

// subjects returns the only subjects of tokens that a trust policy can let in,
// or false when it does not name them one by one. A company may have thousands
// of roles, each for one service account.
func (x *eksIndex) subjects(r workload.Role) (subjects []string, literal bool) {
	if r.Trust.Missing != "" {
		return nil, false
	}
	for _, p := range r.Trust.Policies {
		for _, s := range p.Document.Statements {
			if !x.mayAllow(s) {
				continue
			}
			i := slices.IndexFunc(s.Conditions, func(c awsiam.Condition) bool {
				// A token always has one subject, so modifiers change nothing.
				return c.Operator == "StringEquals" && strings.EqualFold(c.Key, x.issuer+":sub") &&
					!slices.ContainsFunc(c.Values, func(v string) bool { return strings.Contains(v, "${") })
			})
			if i < 0 {
				return nil, false
			}
			subjects = append(subjects, s.Conditions[i].Values...)
		}
	}
	slices.Sort(subjects)
	return slices.Compact(subjects), true
}

// candidates returns the roles that may trust a service account.
func (x *eksIndex) candidates(who Account) []int {
	list := slices.Concat(x.bySubject[who.String()], x.wide)
	slices.Sort(list)
	return list
}

// identities adds what a pod can be in AWS.
func (x *eksIndex) identities(a *answer) {
	podIdentity, irsa := x.injected(a)
	x.podIdentity(a, podIdentity, irsa)
	x.irsa(a, irsa)
	x.trusting(a)
	x.node(a)
}

// injected returns the containers in which the webhook configured the
// libraries for Pod Identity and for IRSA. Of a pod that runs, its environment
// tells. In one that is to come, Pod Identity wins. A container may have both
// if it sets one by itself.
func (x *eksIndex) injected(a *answer) (podIdentity, irsa []string) {
	skipped := strings.Split(a.pod.Annotations[annotationSkip], ",")
	associated := len(x.associations[a.account.Account]) > 0 && !a.node.Serverless && !a.pod.Windows
	for _, s := range a.sources {
		name := s.container.Name
		byPodIdentity := s.has(envCredentialsURI)
		byIRSA := s.has(envRole, envWebIdentity)
		if a.pod.Template && !slices.Contains(skipped, name) {
			if associated {
				byPodIdentity = true
			} else if a.account.Annotations[annotationRole] != "" {
				byIRSA = true
			}
		}
		if byPodIdentity {
			podIdentity = append(podIdentity, name)
		}
		if byIRSA {
			irsa = append(irsa, name)
		}
	}
	return podIdentity, irsa
}

// node adds the role of the machine.
func (x *eksIndex) node(a *answer) {
	if a.node.Serverless || x.ARN == "" {
		return
	}
	if a.node.Instance == nil {
		a.add(workload.Identity{
			Cloud: workload.AWS, Rank: workload.Reachable, How: workload.NodeMetadata,
			Formula: access.Missing("the instance of " + a.machine()), Reason: "pods may reach the role of their node",
		})
		return
	}
	if id, ok := a.node.Instance.Identity(a.place()); ok {
		if host := a.pod.host(); host != "" {
			id.Reason += "; " + host
		}
		a.add(id)
	}
}
