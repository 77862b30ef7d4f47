package kubernetes

import (
	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/workload"
)

// A SecretProviderClass says which secrets of a cloud the Secrets Store CSI
// driver puts into volumes.
//
//   - https://secrets-store-csi-driver.sigs.k8s.io/concepts#secretproviderclass
//   - https://docs.aws.amazon.com/secretsmanager/latest/userguide/integrating_csi_driver.html
//   - https://learn.microsoft.com/azure/aks/csi-secrets-store-identity-access
//   - https://cloud.google.com/secret-manager/docs/secret-manager-managed-csi-component
type SecretProviderClass struct {
	Namespace, Name string
	// Provider is aws, azure, gcp, gke or another.
	Provider string
	// Secrets are the ids of the secrets in the cloud.
	Secrets []string
	// ClientID is the identity that an Azure class names; empty for others.
	ClientID string
	// PodIdentity: an AWS class asks with EKS Pod Identity.
	PodIdentity bool
	// Machine: an Azure class asks with an identity of the machine.
	Machine bool
	// Other says that the class asks with an identity that is not the pod's,
	// as a credential in a Secret; empty otherwise.
	Other string
}

// A CloudSecret is a secret of a cloud that the CSI driver puts into a pod.
type CloudSecret struct {
	Class  string `json:"class"`
	Volume string `json:"volume"`
	Secret string `json:"secret"`
	// Via is the id of the identity that it is read with.
	Via     string         `json:"via,omitempty"`
	Channel access.Channel `json:"channel"`
	Formula access.Formula `json:"formula"`
	Reason  string         `json:"reason"`
}

// CloudSecrets returns the secrets that come into the containers of a pod by
// the CSI driver, and those that do not since the identity of the pod has no
// right to them. The function returns what has to hold for an identity to read
// a secret.
func (r *Resolver) CloudSecrets(
	p Pod, as Identities, canRead func(id workload.Identity, secret string) access.Formula,
) ([]CloudSecret, []BrokenSecret) {
	var found []CloudSecret
	var broken []BrokenSecret
	account := r.account(&p)
	for _, v := range p.Volumes {
		if v.SecretProviderClass == "" || !p.mounted(v.Name) {
			continue
		}
		class := r.class(p.Namespace, v.SecretProviderClass)
		if class == nil && r.cluster.ClassesMissing != "" {
			found = append(found, CloudSecret{
				Class: v.SecretProviderClass, Volume: v.Name, Channel: access.Injected,
				Formula: missing("SecretProviderClass "+p.Namespace+"/"+v.SecretProviderClass, r.cluster.ClassesMissing),
				Reason:  "volume " + v.Name + " has the secrets that its class names",
			})
			continue
		}
		if class == nil {
			broken = append(broken, BrokenSecret{
				Namespace: p.Namespace, Name: v.SecretProviderClass,
				Problem: "volume " + v.Name + " names a SecretProviderClass that does not exist",
				Remedy:  "create SecretProviderClass " + v.SecretProviderClass + " in namespace " + p.Namespace,
			})
			continue
		}
		for _, secret := range class.Secrets {
			s := CloudSecret{Class: class.Name, Volume: v.Name, Secret: secret, Channel: access.Injected}
			if s.Formula = r.accountKnown(account.Account); s.Formula.IsTrue() {
				s.Formula, s.Via = class.readable(as, account, secret, canRead)
			}
			s.Reason = "volume " + v.Name + " by SecretProviderClass " + class.Name
			if s.Formula.IsFalse() {
				broken = append(broken, class.unreadable(p, secret, s.Via))
				continue
			}
			found = append(found, s)
		}
	}
	return found, broken
}

func (r *Resolver) class(namespace, name string) *SecretProviderClass {
	for i := range r.cluster.Classes {
		if c := &r.cluster.Classes[i]; c.Namespace == namespace && c.Name == name {
			return c
		}
	}
	return nil
}

// readable returns what has to hold for a secret to be read by an identity of
// the pod that the class asks with, and that identity.
func (c *SecretProviderClass) readable(
	as Identities, account *ServiceAccount, secret string, canRead func(workload.Identity, string) access.Formula,
) (access.Formula, string) {
	if c.Other != "" {
		return access.Missing("who SecretProviderClass " + c.Name + " asks as: " + c.Other), ""
	}
	result, via := access.False(), ""
	for _, id := range as.Found {
		if !c.asksAs(id, account) {
			continue
		}
		f := access.And(id.Formula, canRead(id, secret))
		if via == "" || !f.IsFalse() && result.IsFalse() {
			via = id.ID
		}
		result = access.Or(result, f)
	}
	return result, via
}

// asksAs reports whether the driver uses an identity for the class: of those
// that a service account can be, the one that its annotation names.
func (c *SecretProviderClass) asksAs(id workload.Identity, account *ServiceAccount) bool {
	switch c.Provider {
	case "aws":
		if c.PodIdentity {
			return id.How == workload.PodIdentity
		}
		return id.How == workload.IRSA && id.ID == account.Annotations[annotationRole]
	case "azure":
		if c.Machine {
			return id.How == workload.VMSS
		}
		return (id.How == workload.AKSWorkloadIdentity || id.How == workload.AKSIdentityBinding) &&
			(c.ClientID == "" || c.ClientID == id.Session.ClientID)
	case "gcp", "gke":
		if email := account.Annotations[annotationGSA]; email != "" {
			return id.How == workload.GKEImpersonation && id.ID == workload.GoogleMember(email)
		}
		return id.How == workload.GKEDirect
	}
	return false
}

func (c *SecretProviderClass) unreadable(p Pod, secret, via string) BrokenSecret {
	b := BrokenSecret{
		Namespace: p.Namespace, Name: secret,
		Problem: "no identity of the pod is one that SecretProviderClass " + c.Name + " asks as",
		Remedy:  "give the service account of the pod an identity that may read the secret",
	}
	if via != "" {
		b.Problem = via + " has no right to read the secret, which SecretProviderClass " + c.Name + " asks for"
		b.Remedy = "permit " + via + " to read " + secret
	}
	return b
}
