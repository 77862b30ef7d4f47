package content

import (
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// spdxType is the artifact type of an SPDX document.
const spdxType = "application/spdx+json"

// attestation returns the provenance that BuildKit puts beside a manifest in
// the index, under the platform unknown/unknown.
// See https://docs.docker.com/build/metadata/attestations/attestation-storage/.
func attestation(m Manifest) Artifact {
	statement := jsonBlob("application/vnd.in-toto+json", map[string]any{
		"_type":         "https://in-toto.io/Statement/v0.1",
		"predicateType": "https://slsa.dev/provenance/v0.2",
		"subject":       []any{map[string]any{"name": "_", "digest": map[string]string{"sha256": m.Digest[len("sha256:"):]}}},
		"predicate":     map[string]any{"buildType": "https://mobyproject.org/buildkit@v1"},
	})
	layer := descriptor(statement)
	layer.Annotations = map[string]string{"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"}
	config := jsonBlob(types.OCIConfigJSON, v1.ConfigFile{
		OS: "unknown", Architecture: "unknown",
		RootFS: v1.RootFS{Type: "layers", DiffIDs: []v1.Hash{hash(statement.Digest)}},
	})
	return Artifact{
		Blob: jsonBlob(types.OCIManifestSchema1, v1.Manifest{
			SchemaVersion: 2, MediaType: types.OCIManifestSchema1,
			Config: descriptor(config), Layers: []v1.Descriptor{layer},
		}),
		Subject: m.Digest,
		Config:  config,
		Layers:  []Blob{statement},
	}
}

// sbom returns an SPDX document that refers to a manifest.
// See https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers.
func sbom(name string, m Manifest, packages []Package) Artifact {
	var listed []any
	for _, p := range packages {
		listed = append(listed, map[string]string{"name": p.Name, "versionInfo": p.Version})
	}
	document := jsonBlob(spdxType, map[string]any{
		"spdxVersion": "SPDX-2.3", "name": name, "SPDXID": "SPDXRef-DOCUMENT", "packages": listed,
	})
	config := newBlob(string(types.OCIEmptyJSON), []byte("{}"))
	subject := descriptor(m.Blob)
	return Artifact{
		Blob: jsonBlob(types.OCIManifestSchema1, v1.Manifest{
			SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: spdxType,
			Config: descriptor(config), Layers: []v1.Descriptor{descriptor(document)}, Subject: &subject,
		}),
		ArtifactType: spdxType,
		Subject:      m.Digest,
		Referrer:     true,
		Config:       config,
		Layers:       []Blob{document},
	}
}

// cosignSignature returns what cosign 2 keeps under a tag made of the digest
// of what it signed. The signature in it is none.
// See https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md.
func cosignSignature(repository string, top Blob) Artifact {
	payload := jsonBlob("application/vnd.dev.cosign.simplesigning.v1+json", map[string]any{
		"critical": map[string]any{
			"identity": map[string]string{"docker-reference": repository},
			"image":    map[string]string{"docker-manifest-digest": top.Digest},
			"type":     "cosign container image signature",
		},
		"optional": nil,
	})
	layer := descriptor(payload)
	layer.Annotations = map[string]string{"dev.cosignproject.cosign/signature": "c2ltdWxhdGVk"}
	config := jsonBlob(types.OCIConfigJSON, v1.ConfigFile{
		RootFS: v1.RootFS{Type: "layers", DiffIDs: []v1.Hash{hash(payload.Digest)}},
	})
	return Artifact{
		Blob: jsonBlob(types.OCIManifestSchema1, v1.Manifest{
			SchemaVersion: 2, MediaType: types.OCIManifestSchema1, Config: descriptor(config), Layers: []v1.Descriptor{layer},
		}),
		Subject: top.Digest,
		Tag:     strings.Replace(top.Digest, ":", "-", 1) + ".sig",
		Config:  config,
		Layers:  []Blob{payload},
	}
}

// notationSignature returns a signature in the form of the Notary Project,
// which refers to what it signed. The signature in it is none.
// See https://github.com/notaryproject/specifications/blob/main/specs/signature-specification.md.
func notationSignature(top Blob) Artifact {
	const artifactType = "application/vnd.cncf.notary.signature"
	envelope := jsonBlob("application/jose+json", map[string]string{"payload": "c2ltdWxhdGVk", "signature": "c2ltdWxhdGVk"})
	config := newBlob(string(types.OCIEmptyJSON), []byte("{}"))
	subject := descriptor(top)
	return Artifact{
		Blob: jsonBlob(types.OCIManifestSchema1, v1.Manifest{
			SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: artifactType,
			Config: descriptor(config), Layers: []v1.Descriptor{descriptor(envelope)}, Subject: &subject,
		}),
		ArtifactType: artifactType,
		Subject:      top.Digest,
		Referrer:     true,
		Config:       config,
		Layers:       []Blob{envelope},
	}
}
