package registry

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/stowage-dev/stowage/internal/image"
)

const (
	slsa = "https://slsa.dev/provenance/v1"
	spdx = "https://spdx.dev/Document"
)

// artifact returns a manifest with one layer for each predicate, or with one
// of no statement.
func artifact(t *testing.T, artifactType, layerType string, subject *v1.Descriptor, predicates map[string]string) v1.Image {
	t.Helper()
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.MediaType(artifactType))
	add := mutate.Addendum{Layer: static.NewLayer([]byte("statement of "+artifactType), types.MediaType(layerType)), Annotations: predicates}
	img, err := mutate.Append(img, add)
	if err != nil {
		t.Fatal(err)
	}
	if subject != nil {
		img = mutate.Subject(img, *subject).(v1.Image)
	}
	return img
}

// descriptorOf returns the descriptor of an image or index.
func descriptorOf(t *testing.T, m interface {
	Digest() (v1.Hash, error)
	MediaType() (types.MediaType, error)
	Size() (int64, error)
},
) v1.Descriptor {
	t.Helper()
	digest, err := m.Digest()
	if err != nil {
		t.Fatal(err)
	}
	mt, err := m.MediaType()
	if err != nil {
		t.Fatal(err)
	}
	size, err := m.Size()
	if err != nil {
		t.Fatal(err)
	}
	return v1.Descriptor{MediaType: mt, Digest: digest, Size: size}
}

// found returns referrers as lines.
func found(r image.Referrers) []string {
	lines := []string{}
	for _, i := range r.Items {
		lines = append(lines, fmt.Sprintf("%s %q %q in %s", i.Kind, i.ArtifactType, i.PredicateType, i.Place))
	}
	return lines
}

// TestReferrers has an index with attestations, signatures of both kinds and
// an index for lazy pulling, in registries with and without the API.
func TestReferrers(t *testing.T) {
	t.Parallel()
	for _, api := range []bool{true, false} {
		t.Run(fmt.Sprintf("api_%t", api), func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(registry.New(registry.WithReferrersSupport(api), registry.Logger(discard())))
			t.Cleanup(server.Close)
			push := func(tag string, img v1.Image) {
				t.Helper()
				ref, err := name.ParseReference(hostOf(server) + "/shop/cart" + tag)
				if err != nil {
					t.Fatal(err)
				}
				if err := remote.Write(ref, img); err != nil {
					t.Fatal(err)
				}
			}
			img := newTestImage(t, []byte("x"))
			subject := descriptorOf(t, img)
			beside := artifact(t, string(types.OCIConfigJSON), "application/vnd.in-toto+json", nil, map[string]string{annotationInToto: slsa})
			index := mutate.AppendManifests(
				empty.Index,
				mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}},
				mutate.IndexAddendum{Add: beside, Descriptor: v1.Descriptor{
					Platform: &v1.Platform{OS: "unknown", Architecture: "unknown"},
					Annotations: map[string]string{
						annotationReferenceType: "attestation-manifest", annotationReferenceDigest: subject.Digest.String(),
					},
				}},
			)
			ref, err := name.ParseReference(hostOf(server) + "/shop/cart:1")
			if err != nil {
				t.Fatal(err)
			}
			if err := remote.WriteIndex(ref, index); err != nil {
				t.Fatal(err)
			}
			top := descriptorOf(t, index)

			at := func(img v1.Image) string { return "@" + descriptorOf(t, img).Digest.String() }
			notation := artifact(t, notationSignature, "application/jose+json", &top, nil)
			bundle := artifact(t, "application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.dev.sigstore.bundle.v0.3+json", &subject,
				map[string]string{annotationBundlePredicate: spdx})
			soci := artifact(t, "application/vnd.amazon.soci.index.v1+json", "application/octet-stream", &subject, nil)
			for _, a := range []v1.Image{notation, bundle, soci} {
				push(at(a), a)
			}
			push(":"+digestTag(top.Digest.String())+".sig", artifact(t, string(types.OCIConfigJSON), cosignSimpleSigning, nil, nil))
			push(":"+digestTag(subject.Digest.String())+".att", artifact(t, string(types.OCIConfigJSON), dsseEnvelope, nil,
				map[string]string{annotationCosignPredicate: "https://cosign.sigstore.dev/attestation/vuln/v1"}))

			c := newClient(t, Options{})
			r, err := c.Referrers(t.Context(), mustRef(t, hostOf(server)+"/shop/cart:1"), subject.Digest.String(), top.Digest.String())
			if err != nil || r.Problem != "" {
				t.Fatalf("Referrers = %+v, %v", r, err)
			}
			place := "fallback tag"
			if api {
				place = "referrers"
			}
			want := []string{
				`signature "` + cosignSimpleSigning + `" "" in cosign tag`,
				`signature "` + notationSignature + `" "" in ` + place,
				`provenance "" "` + slsa + `" in index`,
				`sbom "application/vnd.dev.sigstore.bundle.v0.3+json" "` + spdx + `" in ` + place,
				`attestation "` + dsseEnvelope + `" "https://cosign.sigstore.dev/attestation/vuln/v1" in cosign tag`,
				`other "application/vnd.amazon.soci.index.v1+json" "" in ` + place,
			}
			got := found(r)
			if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
				t.Errorf("referrers mismatch (-want +got):\n%s", diff)
			}
			for _, i := range r.Items {
				if !image.ValidDigest(i.Digest) || i.Size <= 0 || (i.Subject != subject.Digest.String() && i.Subject != top.Digest.String()) {
					t.Errorf("referrer %+v is not described in full", i)
				}
			}

			// Another image of the repository has none, which is known though an
			// index of it is only in another repository.
			other := newTestImage(t, []byte("other"))
			push(":2", other)
			r, err = c.Referrers(t.Context(), mustRef(t, hostOf(server)+"/shop/cart:2"), descriptorOf(t, other).Digest.String(),
				digestOf([]byte("elsewhere")))
			if err != nil || r.Problem != "" || len(r.Items) != 0 {
				t.Errorf("Referrers of an image without = %+v, %v", r, err)
			}
			if has, known := r.Has(image.Signature); has || !known {
				t.Errorf("Has = %t, %t, want a known absence", has, known)
			}
		})
	}
}

// TestReferrersAnswers has answers that mean none, more, or that nobody knows.
func TestReferrersAnswers(t *testing.T) {
	t.Parallel()
	digest := digestOf([]byte("subject"))
	descriptors := func(from, to int) string {
		var list []map[string]any
		for i := from; i < to; i++ {
			list = append(list, map[string]any{
				"mediaType": types.OCIManifestSchema1, "digest": digestOf(fmt.Append(nil, i)), "size": 7, "artifactType": notationSignature,
			})
		}
		raw, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": types.OCIImageIndex, "manifests": list})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	index := func(w http.ResponseWriter, body string) {
		w.Header().Set("Content-Type", string(types.OCIImageIndex))
		fmt.Fprint(w, body)
	}
	for name, tt := range map[string]struct {
		answer  http.HandlerFunc
		items   int
		problem string
	}{
		"not_known":   {func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, 0, ""},
		"not_allowed": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMethodNotAllowed) }, 0, ""},
		"page_for_people": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html>")
		}, 0, ""},
		"denied":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, 0, "denied"},
		"failing":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, 0, "unreachable"},
		"broken_index":  {func(w http.ResponseWriter, _ *http.Request) { index(w, `{"manifests":`) }, 0, "malformed"},
		"no_list":       {func(w http.ResponseWriter, _ *http.Request) { index(w, `{"schemaVersion": 2}`) }, 0, "not an index"},
		"bad_digest":    {func(w http.ResponseWriter, _ *http.Request) { index(w, `{"schemaVersion":2,"manifests":[{"size":1}]}`) }, 0, "is not a digest"},
		"pages":         {pages(descriptors, index, 5), 5, ""},
		"endless_pages": {pages(descriptors, index, 1000), maxReferrerPages, "more than 20 referrers"},
		"too_many":      {func(w http.ResponseWriter, _ *http.Request) { index(w, descriptors(0, 500)) }, maxReferrers, "more than 200"},
		"twice": {func(w http.ResponseWriter, _ *http.Request) {
			index(w, strings.Replace(descriptors(0, 1), "[", "["+descriptor(descriptors(0, 1))+",", 1))
		}, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rig := newRig(t, func(next http.Handler) http.Handler { return serve("/referrers/", tt.answer)(next) })
			r, err := newClient(t, Options{}).Referrers(t.Context(), rig.ref("shop/cart:1"), digest)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Items) != tt.items || (tt.problem == "") != (r.Problem == "") || !strings.Contains(r.Problem, tt.problem) {
				t.Errorf("Referrers = %d items, problem %q, want %d and %q", len(r.Items), r.Problem, tt.items, tt.problem)
			}
			if _, known := r.Has(image.SBOM); known == (tt.problem != "") {
				t.Errorf("an absence is known: %t, with problem %q", known, r.Problem)
			}
		})
	}
}

// Types are kept in part when they are no types.
func TestReferrersLongTypes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 1<<19)
	body := fmt.Sprintf(`{"schemaVersion":2,"manifests":[{"mediaType":%q,"digest":%q,"size":7,"artifactType":"a\u0000%s","annotations":{%q:%q}}]}`,
		types.OCIManifestSchema1, digestOf([]byte("x")), long, annotationInToto, long)
	rig := newRig(t, func(next http.Handler) http.Handler {
		return serve("/referrers/", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", string(types.OCIImageIndex))
			fmt.Fprint(w, body)
		})(next)
	})
	r, err := newClient(t, Options{}).Referrers(t.Context(), rig.ref("shop/cart:1"), digestOf([]byte("subject")))
	if err != nil || len(r.Items) != 1 {
		t.Fatalf("Referrers = %+v, %v, want one", r, err)
	}
	for _, s := range []string{r.Items[0].ArtifactType, r.Items[0].PredicateType} {
		if len(s) == 0 || len(s) > maxType || !utf8.ValidString(s) || strings.Contains(s, "\x00") {
			t.Errorf("a type of %d bytes is kept, want at most %d of valid text", len(s), maxType)
		}
	}
}

// pages answers with n pages of one referrer.
func pages(descriptors func(from, to int) string, index func(http.ResponseWriter, string), n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page := 0
		_, _ = fmt.Sscan(r.URL.Query().Get("page"), &page)
		if page+1 < n {
			// Another host must not be asked.
			w.Header().Set("Link", fmt.Sprintf(`<https://elsewhere.example%s?page=%d>; rel="next"`, r.URL.Path, page+1))
		}
		index(w, descriptors(page, page+1))
	}
}

// descriptor returns the only one of an index.
func descriptor(index string) string {
	_, rest, _ := strings.Cut(index, "[")
	only, _, _ := strings.Cut(rest, "]")
	return only
}

func TestKindOfReferrer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		artifactType, predicate string
		annotations             map[string]string
		want                    image.ReferrerKind
	}{
		{notationSignature, "", nil, image.Signature},
		{"application/vnd.dev.cosign.artifact.sig.v1+json", "", nil, image.Signature},
		{"application/vnd.dev.sigstore.bundle.v0.3+json", "https://sigstore.dev/cosign/sign/v1", nil, image.Signature},
		{"application/vnd.dev.sigstore.bundle.v0.3+json", "", map[string]string{annotationBundleContent: "message-signature"}, image.Signature},
		{"application/vnd.dev.sigstore.bundle.v0.3+json", "", map[string]string{annotationBundleContent: "dsse-envelope"}, image.Attestation},
		{"application/vnd.in-toto+json", slsa, nil, image.Provenance},
		{"application/vnd.in-toto+json", "https://cyclonedx.org/bom/v1.6", nil, image.SBOM},
		{"application/vnd.in-toto+json", "", nil, image.Attestation},
		{"application/spdx+json", "", nil, image.SBOM},
		{"application/vnd.cyclonedx+json", "", nil, image.SBOM},
		{dockerAttestation, "", nil, image.Attestation},
		{"application/vnd.amazon.soci.index.v2+json", "", nil, image.OtherReferrer},
		{"", "", nil, image.OtherReferrer},
	} {
		if got := kindOfReferrer(tt.artifactType, tt.predicate, tt.annotations); got != tt.want {
			t.Errorf("kindOfReferrer(%q, %q, %v) = %s, want %s", tt.artifactType, tt.predicate, tt.annotations, got, tt.want)
		}
	}
}

func FuzzReferrers(f *testing.F) {
	f.Add([]byte(`{"schemaVersion":2,"manifests":[{"digest":"sha256:` + strings.Repeat("a", 64) + `","size":1,"artifactType":"x","annotations":{"a":"b"}}]}`))
	f.Add([]byte(`{"schemaVersion":2,"manifests":[]}`))
	f.Add([]byte(`</v2/a/referrers/b?n=1>; rel="next"`))
	f.Add([]byte(`{"layers":[{"annotations":{"in-toto.io/predicate-type":"https://slsa.dev/provenance/v1"}}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, err := parseReferrers(raw)
		if (list == nil) != (err != nil) {
			t.Errorf("parseReferrers = %v, %v", list, err)
		}
		for _, d := range list {
			kindOfReferrer(d.ArtifactType, predicateOf(d.Annotations), d.Annotations)
		}
		nextPage(http.Header{"Link": {string(raw)}})
		predicates, _ := statementsOf(raw)
		for _, p := range predicates {
			if p == "" {
				t.Error("statementsOf has an empty predicate")
			}
		}
	})
}
