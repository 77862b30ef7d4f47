package workload

import (
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// A StaticKey is a long-lived credential that the libraries of a cloud find in
// the environment before they look for anything else.
type StaticKey struct {
	Cloud Cloud
	// Names of the environment variables that make it up.
	Names []string
}

// staticKeys are what each cloud's libraries read first:
//
//   - https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
//   - https://learn.microsoft.com/dotnet/api/azure.identity.environmentcredential
//   - https://cloud.google.com/docs/authentication/application-default-credentials
var staticKeys = []StaticKey{
	{AWS, []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}},
	{Azure, []string{"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"}},
	{Azure, []string{"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_CERTIFICATE_PATH"}},
	{GCP, []string{"GOOGLE_APPLICATION_CREDENTIALS"}},
}

// KeysIn returns the static keys that environment variables of these names
// make up, at most one for each cloud.
func KeysIn(names []string) []StaticKey {
	var found []StaticKey
	for _, k := range staticKeys {
		whole := !slices.ContainsFunc(k.Names, func(n string) bool { return !slices.Contains(names, n) })
		if whole && !slices.ContainsFunc(found, func(f StaticKey) bool { return f.Cloud == k.Cloud }) {
			found = append(found, k)
		}
	}
	return found
}

// Identity returns the key as an identity of a container. The owner is the ID
// of whom the key belongs to; empty when it is not known, since a key's owner
// is not read from its value.
func (k StaticKey) Identity(container, owner string) Identity {
	id := Identity{
		ID: owner, Cloud: k.Cloud, Rank: Primary, How: StaticKeys, Containers: []string{container},
		Formula: access.True(),
		Reason:  "the libraries of the cloud read " + strings.Join(k.Names, ", ") + " before anything else",
	}
	if owner == "" {
		id.Formula = access.Missing("whom the key in " + k.Names[0] + " of container " + container + " belongs to")
	}
	return id
}
