package check

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/scan/secret"
)

// Secrets are the secrets in an image's files, and what is done with those
// that checks find elsewhere.
type Secrets struct {
	// Key is what values are hashed under.
	Key secret.Key
	// Allowed reports whether a secret is none of the findings; may be nil.
	// Repositories are those of the image.
	Allowed func(rule, path, hash string) bool
	Files   []FileSecret
}

// A FileSecret is a secret in a file of a layer.
type FileSecret struct {
	Path       string            `json:"path"`
	Line       int               `json:"line"`
	Rule       string            `json:"rule"`
	Title      string            `json:"title"`
	Confidence secret.Confidence `json:"confidence"`
	Hash       string            `json:"hash"`
	// Layer is the first that has it.
	Layer int `json:"layer"`
	// Gone is the layer that deleted or replaced the file, which keeps nobody
	// from reading the layers below; 0 if none did.
	Gone int `json:"gone,omitempty"`
	// Readable is whether every user of the container may read the file.
	Readable bool `json:"readable,omitempty"`
}

// addSecret reports a secret in the configuration, unless it is allowed.
func (r *reporter) addSecret(in *Input, place, detail string, m secret.Match) {
	hash := in.Secrets.Key.Hash(m.Value)
	if in.Secrets.allows(m.Rule.ID, place, hash) {
		return
	}
	r.addFinding(finding.CheckFinding{
		Detail: detail, Layer: fromConfig,
		Secret: &finding.Secret{Rule: m.Rule.ID, Title: m.Rule.Title, Confidence: m.Confidence.String(), Hash: hash},
	})
}

func (s *Secrets) allows(rule, path, hash string) bool {
	return s.Allowed != nil && s.Allowed(rule, path, hash)
}

// severityOf returns the severity of a secret that goes by how sure it is.
func severityOf(c secret.Confidence) finding.Severity {
	switch c {
	case secret.High:
		return finding.High
	case secret.Medium:
		return finding.Medium
	default:
		return finding.Low
	}
}

// mode tells who may read a file, if that is everybody.
func (f FileSecret) mode() string {
	if f.Readable {
		return " Every user may read the file."
	}
	return ""
}

// fate tells what became of a file above its layer.
func (f FileSecret) fate() string {
	if f.Gone == 0 {
		return ""
	}
	return fmt.Sprintf(" It was deleted or replaced in layer %d, and is still in layer %d.", f.Gone, f.Layer)
}
