package registry

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	okDigest  = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	okConfig  = `{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"` + okDigest + `","size":2}`
	okLayer   = `{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"` + okDigest + `","size":3}`
	ociImage  = `{"schemaVersion":2,"config":` + okConfig + `,"layers":[` + okLayer + `]}`
	indexOf   = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}`
	okChild   = `{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"` + okDigest + `","size":3,"platform":{"os":"linux","architecture":"arm64","variant":"v8"}}`
	schema1   = `{"schemaVersion":1,"name":"library/old","fsLayers":[{"blobSum":"` + okDigest + `"}],"history":[]}`
	helmChart = `{"schemaVersion":2,"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"` + okDigest + `","size":2},"layers":[]}`
)

func TestParseDocument(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, raw, declared string
		// want is the media type, or fails the kind.
		want  types.MediaType
		fails Kind
	}{
		{"declared", ociImage, string(types.OCIManifestSchema1), types.OCIManifestSchema1, ""},
		{"not_declared", ociImage, "", types.OCIManifestSchema1, ""},
		{"wrong_type_declared", ociImage, "text/plain", types.OCIManifestSchema1, ""},
		{"docker", strings.Replace(ociImage, `{"schemaVersion"`, `{"mediaType":"application/vnd.docker.distribution.manifest.v2+json","schemaVersion"`, 1), "application/json", types.DockerManifestSchema2, ""},
		{"docker_config_tells", strings.Replace(ociImage, "vnd.oci.image.config.v1", "vnd.docker.container.image.v1", 1), "", types.DockerManifestSchema2, ""},
		{"index", fmt.Sprintf(indexOf, okChild), "", types.OCIImageIndex, ""},
		{"index_of_structure", `{"manifests":[]}`, "text/plain", types.OCIImageIndex, ""},
		{"schema1", schema1, string(types.DockerManifestSchema1Signed), "", Unsupported},
		{"schema1_declared_otherwise", schema1, string(types.DockerManifestSchema2), "", Unsupported},
		{"image_and_index", strings.Replace(ociImage, `"layers"`, `"manifests":[`+okChild+`],"layers"`, 1), "", "", Malformed},
		{"artifact", helmChart, string(types.OCIManifestSchema1), "", Unsupported},
		{"other_media_type", `{"mediaType":"application/x","config":` + okConfig + `}`, "", "", Unsupported},
		{"not_json", `<html>`, string(types.OCIManifestSchema1), "", Malformed},
		{"empty_object", `{}`, "", "", Malformed},
		{"no_config", `{"schemaVersion":2,"layers":[]}`, string(types.OCIManifestSchema1), "", Malformed},
		{"null", `null`, "", "", Malformed},
		{"layer_without_digest", strings.Replace(ociImage, okLayer, `{"size":1}`, 1), "", "", Malformed},
		{"layer_digest_is_a_path", strings.Replace(ociImage, okLayer, `{"digest":"sha256:../../x","size":1}`, 1), "", "", Malformed},
		{"negative_size", strings.Replace(ociImage, `"size":3`, `"size":-3`, 1), "", "", Malformed},
		{"too_many_layers", strings.Replace(ociImage, okLayer, okLayer+strings.Repeat(","+okLayer, maxLayers), 1), "", "", TooLarge},
		{"too_many_children", fmt.Sprintf(indexOf, okChild+strings.Repeat(","+okChild, maxChildren)), "", "", TooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, err := parseDocument([]byte(tt.raw), okDigest, tt.declared)
			if tt.fails != "" {
				if e := wantKind(t, err, tt.fails); e.Object != okDigest {
					t.Errorf("error names %q, want the digest", e.Object)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if doc.MediaType != string(tt.want) || (doc.Image == nil) == (doc.Index == nil) {
				t.Errorf("parseDocument = %+v, want one thing of type %s", doc, tt.want)
			}
		})
	}
}

func TestManifestFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		serve http.HandlerFunc
		want  Kind
	}{
		{"wrong_content", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, ociImage) }, DigestMismatch},
		{"too_large", func(w http.ResponseWriter, _ *http.Request) {
			w.Write(make([]byte, maxManifest+1))
		}, TooLarge},
		{"cut_short", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, ociImage)
		}, Unreachable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, serveManifest(tt.serve))
			_, err := newClient(t, Options{}).Manifest(t.Context(), r.ref("a@"+digestOf([]byte(t.Name()))))
			e := wantKind(t, err, tt.want)
			if e.Repository != "a" || e.Host != hostOf(r.front) {
				t.Errorf("error does not name the image: %v", err)
			}
			if tt.want == Unreachable && len(r.seen()) != maxAttempts {
				t.Errorf("%d requests, want %d", len(r.seen()), maxAttempts)
			}
		})
	}
}

func TestManifestByTagWithWrongHeader(t *testing.T) {
	t.Parallel()
	r := newRig(t, serveManifest(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Docker-Content-Digest", okDigest)
		fmt.Fprint(w, ociImage)
	}))
	_, err := newClient(t, Options{}).Manifest(t.Context(), r.ref("a:1"))
	wantKind(t, err, DigestMismatch)
}

func TestIndexParts(t *testing.T) {
	t.Parallel()
	entry := func(mediaType, rest string) string {
		return fmt.Sprintf(`{"mediaType":%q,"digest":%q,"size":3%s}`, mediaType, okDigest, rest)
	}
	raw := fmt.Sprintf(indexOf, strings.Join([]string{
		okChild,
		entry(string(types.OCIImageIndex), `,"annotations":{"org.opencontainers.image.ref.name":"v1"}`),
		entry(string(types.OCIManifestSchema1), `,"platform":{"os":"unknown","architecture":"unknown"}`),
		entry(string(types.OCIManifestSchema1), `,"artifactType":"application/spdx+json"`),
		// An index for lazy pulling stands beside its image, with its platform.
		entry(string(types.OCIManifestSchema1), `,"artifactType":"application/vnd.amazon.soci.index.v2+json","platform":{"os":"linux","architecture":"arm64","variant":"v8"}`),
		entry("application/x", ""),
	}, ","))
	doc, err := parseDocument([]byte(raw), okDigest, "")
	if err != nil {
		t.Fatal(err)
	}
	i := doc.Index
	if len(i.Images) != 1 || len(i.Indexes) != 1 || len(i.Attestations) != 1 {
		t.Errorf("%d images, %d indexes, %d attestations; want 1 of each", len(i.Images), len(i.Indexes), len(i.Attestations))
	}
	if got := i.Images[0].Platform.String(); got != "linux/arm64/v8" {
		t.Errorf("platform = %s", got)
	}
	if got := i.Indexes[0].Name; got != "v1" {
		t.Errorf("name = %q", got)
	}
}

func FuzzParseDocument(f *testing.F) {
	for _, s := range []string{ociImage, schema1, helmChart, fmt.Sprintf(indexOf, okChild), `{"manifests":[{}],"config":{}}`} {
		f.Add([]byte(s), "")
	}
	f.Add([]byte(ociImage), string(types.DockerManifestList))
	f.Fuzz(func(t *testing.T, raw []byte, declared string) {
		doc, err := parseDocument(raw, okDigest, declared)
		if err != nil {
			wantKind(t, err, err.(*Error).Kind)
			return
		}
		if (doc.Image == nil) == (doc.Index == nil) {
			t.Fatalf("%+v is not one thing", doc)
		}
		if doc.Index != nil {
			for _, c := range doc.Index.Images {
				choose(doc.Index.Images, c.Platform)
			}
		}
	})
}
