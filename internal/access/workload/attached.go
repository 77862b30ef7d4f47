package workload

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/access"
)

// Function returns the role of a function of AWS Lambda as its identity.
//
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
func Function(role Role) ([]Identity, []BrokenLink) {
	const service = "lambda.amazonaws.com"
	trusted, fault := role.trustsService(service, role.Account())
	if trusted.IsFalse() {
		return nil, []BrokenLink{untrusting(Attached, role.ARN, service, fault)}
	}
	return []Identity{{
		ID: role.ARN, Cloud: AWS, Rank: Primary, How: Attached, Formula: trusted,
		Reason: "execution role of the function",
	}}, nil
}

// RunService returns the service account of a revision or job of Cloud Run as
// its identity.
//
// https://cloud.google.com/run/docs/securing/service-identity
func RunService(email string) []Identity {
	if email == "" {
		return []Identity{{
			Cloud: GCP, Rank: Primary, How: Attached, Formula: access.Missing("the default service account of the project that the revision runs in"),
			Reason: "the revision names no service account, so it runs as the default one of its project",
		}}
	}
	return []Identity{{
		ID: GoogleMember(email), Cloud: GCP, Rank: Primary, How: Attached, Formula: access.True(),
		Reason: "service identity of the revision",
	}}
}

// GoogleMember returns what policies of Google Cloud call the service account
// with an email.
func GoogleMember(email string) string { return "serviceAccount:" + email }

// A ManagedIdentity is a managed identity of Azure, or the application of a
// federated identity credential.
type ManagedIdentity struct {
	// PrincipalID is the object id that role assignments name.
	PrincipalID string
	ClientID    string
	Tenant      string
	// ResourceID of a user-assigned identity; empty for others.
	ResourceID string
}

// ID returns what policies name, or the best there is: an identity whose object
// id is not known is called by its client id.
func (m ManagedIdentity) ID() string {
	if m.PrincipalID != "" {
		return m.PrincipalID
	}
	return m.ClientID
}

// Identity returns the managed identity as one of a workload, with everything
// but the rank, the formula and the reason.
func (m ManagedIdentity) Identity(how How) Identity {
	return Identity{
		ID: m.ID(), Cloud: Azure, How: how,
		Session: Session{ClientID: m.ClientID, Tenant: m.Tenant, ResourceID: m.ResourceID},
	}
}

// An AttachedIdentity is a managed identity of a container app or container
// group.
type AttachedIdentity struct {
	ManagedIdentity
	// SystemAssigned: it lives and dies with the workload.
	SystemAssigned bool
	// Lifecycle is the setting of a container app that says which of its
	// containers get it: All, Init, Main or None; empty for All.
	Lifecycle string
}

// AppIdentities returns the managed identities of a container app or container
// group as identities of its containers. Every container can ask for each of
// them by its client id; without one it gets the system-assigned identity.
//
//   - https://learn.microsoft.com/azure/container-apps/managed-identity
//   - https://learn.microsoft.com/azure/container-instances/container-instances-managed-identity
func AppIdentities(attached []AttachedIdentity) []Identity {
	var found []Identity
	for _, a := range attached {
		id := a.ManagedIdentity.Identity(Attached)
		id.Rank, id.Formula, id.Reason = Reachable, access.True(), "user-assigned identity, by its client id"
		if a.SystemAssigned {
			id.Rank, id.Reason = Primary, "system-assigned identity"
		}
		switch a.Lifecycle {
		case "", "All":
		case "None":
			continue // for pulling images and scaling only
		case "Init", "Main":
			id.Reason += ", for " + map[string]string{"Init": "init containers", "Main": "main containers"}[a.Lifecycle] + " only"
		default:
			id.Formula = access.Missing(fmt.Sprintf("what lifecycle %q of identity %s means", a.Lifecycle, a.ID()))
		}
		found = append(found, id)
	}
	return found
}
