package inventory

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// A Provider is a cloud, or "kubernetes" for a stand-alone cluster.
type Provider string

// The providers.
const (
	AWS        Provider = "aws"
	Azure      Provider = "azure"
	GCP        Provider = "gcp"
	Kubernetes Provider = "kubernetes"
)

// A Kind names a type of resource as <provider>.<service>.<resource>, in the
// provider's own words: "aws.ecs.service", "kubernetes.apps.deployment".
type Kind string

// Provider returns the part of k before the first dot.
func (k Kind) Provider() Provider {
	p, _, _ := strings.Cut(string(k), ".")
	return Provider(p)
}

// An ID is the database key of a record: the first 63 bits of the SHA-256 of
// its UID, so that any process computes it without asking the database.
type ID int64

// IDOf returns the key of the record with the given UID.
func IDOf(uid string) ID {
	sum := sha256.Sum256([]byte(uid))
	return ID(binary.BigEndian.Uint64(sum[:8]) >> 1)
}
