package registry

import (
	"cmp"
	"strings"

	"github.com/stowage-dev/stowage/internal/image"
)

// The types and annotations by which tools tell what an artifact is.
const (
	notationSignature   = "application/vnd.cncf.notary.signature"
	cosignArtifactStart = "application/vnd.dev.cosign.artifact."
	cosignSimpleSigning = "application/vnd.dev.cosign.simplesigning.v1+json"
	bundleStart         = "application/vnd.dev.sigstore.bundle"
	inTotoStart         = "application/vnd.in-toto"
	dsseEnvelope        = "application/vnd.dsse.envelope.v1+json"
	dockerAttestation   = "application/vnd.docker.attestation.manifest.v1+json"

	annotationBundleContent   = "dev.sigstore.bundle.content"
	annotationBundlePredicate = "dev.sigstore.bundle.predicateType"
	annotationInToto          = "in-toto.io/predicate-type"
	annotationCosignPredicate = "predicateType"
)

// predicateOf returns the type of the predicate that annotations tell of.
func predicateOf(annotations map[string]string) string {
	return cmp.Or(annotations[annotationInToto], annotations[annotationBundlePredicate], annotations[annotationCosignPredicate])
}

// kindOfReferrer classifies an artifact by its own word: its type, the
// predicate of the statement in it, and the annotations of its descriptor.
func kindOfReferrer(artifactType, predicate string, annotations map[string]string) image.ReferrerKind {
	if predicate != "" {
		return kindOfPredicate(predicate)
	}
	t := strings.ToLower(artifactType)
	switch {
	case t == notationSignature, t == cosignSimpleSigning, strings.HasPrefix(t, cosignArtifactStart+"sig"):
		return image.Signature
	case strings.HasPrefix(t, bundleStart):
		if annotations[annotationBundleContent] == "message-signature" {
			return image.Signature
		}
		return image.Attestation
	case strings.HasPrefix(t, cosignArtifactStart+"sbom"), strings.Contains(t, "spdx"), strings.Contains(t, "cyclonedx"),
		strings.HasPrefix(t, "application/vnd.syft"):
		return image.SBOM
	case strings.HasPrefix(t, cosignArtifactStart+"att"), strings.HasPrefix(t, inTotoStart), t == dsseEnvelope, t == dockerAttestation:
		return image.Attestation
	}
	return image.OtherReferrer
}

// kindOfPredicate classifies a statement.
func kindOfPredicate(predicate string) image.ReferrerKind {
	p := strings.ToLower(predicate)
	switch {
	case strings.HasPrefix(p, "https://sigstore.dev/cosign/sign/"):
		return image.Signature // cosign 3 signs by a statement that states nothing.
	case strings.HasPrefix(p, "https://slsa.dev/provenance/"), p == "slsaprovenance", strings.HasPrefix(p, "https://in-toto.io/provenance/"):
		return image.Provenance
	case strings.HasPrefix(p, "https://spdx.dev/document"), strings.HasPrefix(p, "https://cyclonedx.org/bom"),
		strings.HasPrefix(p, "https://cyclonedx.org/schema"), strings.HasPrefix(p, "https://syft.dev/bom"):
		return image.SBOM
	}
	return image.Attestation
}
