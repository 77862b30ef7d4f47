package image

// A ReferrerKind is what a referrer says of its image.
type ReferrerKind string

// The kinds. A predicate decides between statements, not the tool that made
// them.
const (
	// Signature is a signature of the image, of any tool.
	Signature ReferrerKind = "signature"
	// Provenance is a statement about how the image was built.
	Provenance ReferrerKind = "provenance"
	// SBOM is a list of what is in the image.
	SBOM ReferrerKind = "sbom"
	// Attestation is any other statement, and one that does not say what it
	// is.
	Attestation ReferrerKind = "attestation"
	// OtherReferrer is anything else, such as an index for lazy pulling.
	OtherReferrer ReferrerKind = "other"
)

// A ReferrerPlace is where a referrer was found.
type ReferrerPlace string

// The places.
const (
	// InIndex is an attestation manifest beside the image in its index.
	InIndex ReferrerPlace = "index"
	// InReferrers is the registry's referrers API.
	InReferrers ReferrerPlace = "referrers"
	// InFallbackTag is the tag that stands for the referrers API in
	// registries without one.
	InFallbackTag ReferrerPlace = "fallback tag"
	// InCosignTag is a tag that cosign names after the image's digest.
	InCosignTag ReferrerPlace = "cosign tag"
)

// A Referrer is something that is kept about an image beside it. Anybody who
// may push can put it there: it is present, not verified.
type Referrer struct {
	Kind ReferrerKind `json:"kind"`
	// ArtifactType is the type of the artifact; of cosign's tags, which have
	// none, the media type of what is in it.
	ArtifactType string `json:"artifact_type,omitempty"`
	// PredicateType is what a statement states, if it says so outside of
	// itself.
	PredicateType string `json:"predicate_type,omitempty"`
	// Digest and Size are of the referrer's manifest.
	Digest string        `json:"digest"`
	Size   int64         `json:"size"`
	Place  ReferrerPlace `json:"place"`
	// Subject is the manifest or index that it is about.
	Subject string `json:"subject"`
}

// Referrers are what is kept about one image.
type Referrers struct {
	Items []Referrer `json:"items"`
	// Problem explains why there may be more than Items; empty when there is
	// not. Only then does the absence of a kind mean something.
	Problem string `json:"problem,omitempty"`
}

// Has reports whether there is one of the kind. known is false when there is
// none but not all could be read.
func (r *Referrers) Has(kind ReferrerKind) (has, known bool) {
	if r == nil {
		return false, false
	}
	for _, item := range r.Items {
		if item.Kind == kind {
			return true, true
		}
	}
	return false, r.Problem == ""
}
