package image

import (
	"crypto/sha256"
	"fmt"
	"path"
	"strings"
	"time"
)

// A BaseEvidence tells how the base of an image is known, the best first.
type BaseEvidence string

// The kinds of evidence.
const (
	// BaseByClaim: the image names its base, and the base's layers are the
	// lowest of the image.
	BaseByClaim BaseEvidence = "claim"
	// BaseByLayers: another known image consists of the lowest layers.
	BaseByLayers BaseEvidence = "layers"
	// BaseByHistory: a build step ends a base, whose name is not known.
	BaseByHistory BaseEvidence = "history"
	// BaseUnverified: the image names its base, which could not be compared.
	BaseUnverified BaseEvidence = "unverified claim"
)

// A Base is the image that another was built from.
type Base struct {
	// Name is host/repository:tag; empty when it is not known.
	Name string `json:"name,omitempty"`
	// Digest is that of the base's platform manifest; of an unverified claim
	// it is what the image says, be it an index.
	Digest string `json:"digest,omitempty"`
	// Layers is how many of the lowest layers are the base's; 0 when it is not
	// known.
	Layers   int          `json:"layers"`
	Evidence BaseEvidence `json:"evidence"`
	// Created is when the base was built, by its own word.
	Created time.Time `json:"created,omitzero"`
	// Signed is whether the registry keeps a signature of the base, not
	// verified; nil when it was not asked or did not answer.
	Signed *bool `json:"signed,omitempty"`
	// Problem explains why the claim could not be compared.
	Problem string `json:"problem,omitempty"`
}

// The annotations and labels in which an image names its base.
// See https://github.com/opencontainers/image-spec/blob/main/annotations.md.
const (
	AnnotationBaseName   = "org.opencontainers.image.base.name"
	AnnotationBaseDigest = "org.opencontainers.image.base.digest"
)

// BaseClaim returns the base that an image names in its annotations or, as
// builders that have none do, in its labels. ok is false if it names none that
// can be asked for.
func (m Manifest) BaseClaim() (ref Reference, ok bool) {
	for _, words := range []map[string]string{m.Annotations, m.Config.Labels} {
		name, digest := words[AnnotationBaseName], words[AnnotationBaseDigest]
		ref, err := ParseReference(name)
		if name == "" || err != nil {
			continue
		}
		if ValidDigest(digest) {
			ref.Digest = digest
		}
		return ref, true
	}
	return Reference{}, false
}

// DiffIDs returns the digests of the unpacked layers, or nil if one of them is
// not known.
func (m Manifest) DiffIDs() []string {
	ids := make([]string, 0, len(m.Layers))
	for _, l := range m.Layers {
		if !ValidDigest(l.DiffID) {
			return nil
		}
		ids = append(ids, l.DiffID)
	}
	return ids
}

// ChainIDs returns, for each layer, the identity of the file system that it
// and all below it make. See
// https://github.com/opencontainers/image-spec/blob/main/config.md#layer-chainid.
func ChainIDs(diffIDs []string) []string {
	chain := make([]string, 0, len(diffIDs))
	for i, id := range diffIDs {
		if i > 0 {
			id = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(chain[i-1]+" "+id)))
		}
		chain = append(chain, id)
	}
	return chain
}

// StandsOn reports whether the layers of base are the lowest of m, and m has
// more.
func (m Manifest) StandsOn(base Manifest) bool {
	own, below := m.DiffIDs(), base.DiffIDs()
	if len(below) == 0 || len(below) >= len(own) {
		return false
	}
	for i, id := range below {
		if own[i] != id {
			return false
		}
	}
	return true
}

// BaseLayersByHistory returns how many layers the last base has by the build
// steps, or 0 if they do not tell: an image usually ends with a command, so
// that one in the middle is the end of what it was built from.
func (m Manifest) BaseLayersByHistory() int {
	history := m.Config.History
	layers, found := 0, 0
	for i, h := range history {
		if !h.Empty {
			layers++
			continue
		}
		if isCommand(h.CreatedBy) && layersFollow(history[i+1:]) {
			found = layers
		}
	}
	if layers != len(m.Layers) {
		return 0 // The history is not that of these layers.
	}
	return found
}

// isCommand reports whether a build step sets the command: in the form of the
// classic builder or in that of BuildKit.
func isCommand(step string) bool {
	step = strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(step, "/bin/sh -c"), " #(nop)"))
	return strings.HasPrefix(step, "CMD ")
}

func layersFollow(steps []History) bool {
	for _, h := range steps {
		if !h.Empty {
			return true
		}
	}
	return false
}

// A TrustedBase says which base images are trusted.
type TrustedBase struct {
	// Name is a pattern of host/repository, as of [path.Match] with "**" at
	// the end for any number of parts.
	Name string `json:"name"`
	// MaxAge is how old it may be; 0 for any age.
	MaxAge time.Duration `json:"max_age,omitempty"`
	// Signed is whether there has to be a signature.
	Signed bool `json:"signed,omitempty"`
}

// Trusts reports whether the rule is about a base, and if so why it does not
// trust it; an empty reason means that it does.
func (t TrustedBase) Trusts(b Base, now time.Time) (about bool, reason string) {
	ref, err := ParseReference(b.Name)
	if err != nil || !matchName(t.Name, ref.Name()) {
		return false, ""
	}
	switch {
	case b.Evidence == BaseUnverified:
		return true, "only the image says so: its layers could not be compared"
	case t.MaxAge > 0 && b.Created.IsZero():
		return true, "its age is not known"
	case t.MaxAge > 0 && now.Sub(b.Created) > t.MaxAge:
		return true, fmt.Sprintf("it is %d days old", int(now.Sub(b.Created).Hours()/24))
	case t.Signed && b.Signed == nil:
		return true, "whether it is signed is not known"
	case t.Signed && !*b.Signed:
		return true, "it has no signature"
	}
	return true, ""
}

func matchName(pattern, name string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "**"); ok {
		return strings.HasPrefix(name, prefix)
	}
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}
