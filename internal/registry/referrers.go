package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/stowage-dev/stowage/internal/image"
)

const (
	// maxReferrers bounds what is kept of one image's referrers.
	maxReferrers = 200
	// maxType is longer than media types and the addresses of predicates are.
	maxType = 512
	// maxReferrerPages bounds the pages of one list.
	maxReferrerPages = 20
	// maxStatements bounds the manifests that are read only to learn what
	// statement is in them.
	maxStatements = 30
	// referrersTimeout bounds all the requests for one image.
	referrersTimeout = 2 * time.Minute
)

// errReferrersTime is the cause when a registry is too slow.
var errReferrersTime = fmt.Errorf("reading what the registry keeps about the image takes more than %v", referrersTimeout)

// Referrers returns what the repository of ref keeps about the manifest, or
// about an index that holds it: attestations in the index, referrers by the
// API or by the tag that stands for it, and what cosign keeps under tags.
// Nothing is verified, and no content is read but manifests.
//
// What a registry does not answer is told in the result and is no error: the
// error is that of an ended context.
func (c *Client) Referrers(ctx context.Context, ref image.Reference, digest string, indexes ...string) (image.Referrers, error) {
	limited, cancel := context.WithTimeoutCause(ctx, referrersTimeout, errReferrersTime)
	defer cancel()
	g := &gatherer{client: c, ref: ref, seen: map[image.Referrer]bool{}}
	subjects := []string{digest}
	for _, index := range indexes {
		if g.index(limited, index, digest) {
			subjects = append(subjects, index)
		}
	}
	for _, subject := range subjects {
		g.list(limited, subject)
		g.cosign(limited, subject)
	}
	if ctx.Err() != nil {
		return image.Referrers{}, context.Cause(ctx)
	}
	return g.result(), nil
}

// A gatherer collects the referrers of one image.
type gatherer struct {
	client   *Client
	ref      image.Reference
	found    []image.Referrer
	seen     map[image.Referrer]bool
	problems []string
	// statements counts the manifests that were read.
	statements int
}

func (g *gatherer) result() image.Referrers {
	slices.SortFunc(g.found, func(a, b image.Referrer) int {
		return cmp.Or(
			cmp.Compare(rank(a.Kind), rank(b.Kind)), strings.Compare(a.PredicateType, b.PredicateType), strings.Compare(a.Digest, b.Digest),
			strings.Compare(string(a.Place), string(b.Place)), strings.Compare(a.Subject, b.Subject),
		)
	})
	r := image.Referrers{Items: g.found}
	if len(g.problems) > 0 {
		r.Problem = g.problems[0]
		if more := len(g.problems) - 1; more > 0 {
			r.Problem += fmt.Sprintf(" (and %d more)", more)
		}
	}
	return r
}

func rank(k image.ReferrerKind) int {
	return slices.Index([]image.ReferrerKind{image.Signature, image.Provenance, image.SBOM, image.Attestation, image.OtherReferrer}, k)
}

// problem notes why something was not read.
func (g *gatherer) problem(err error) {
	if text := err.Error(); !slices.Contains(g.problems, text) {
		g.problems = append(g.problems, text)
	}
}

// bounded returns the beginning of a type, as it can be stored.
func bounded(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s[:min(len(s), maxType)], ""), "\x00", "")
}

// add notes a referrer. The same one may be in several places; the first
// counts.
func (g *gatherer) add(r image.Referrer) {
	r.ArtifactType, r.PredicateType = bounded(r.ArtifactType), bounded(r.PredicateType)
	key := r
	key.Place, key.ArtifactType = "", ""
	switch {
	case g.seen[key]:
	case len(g.found) == maxReferrers:
		g.problem(fmt.Errorf("the image has more than %d referrers, and only these were kept", maxReferrers))
	default:
		g.seen[key] = true
		g.found = append(g.found, r)
	}
}

// index adds the attestations about the manifest that are beside it. It
// reports whether the repository may have the index: it may be known from
// another one that has the image.
func (g *gatherer) index(ctx context.Context, index, digest string) bool {
	doc, err := g.client.Manifest(ctx, g.ref.At(index))
	if isKind(err, NotFound) {
		return false
	}
	if err != nil {
		g.problem(err)
		return true
	}
	if doc.Index == nil {
		return true
	}
	for _, a := range doc.Index.Attestations {
		if a.Of != digest {
			continue
		}
		g.addStatements(ctx, image.Referrer{
			Kind: image.Attestation, ArtifactType: a.ArtifactType, Digest: a.Digest, Size: a.Size, Place: image.InIndex, Subject: digest,
		})
	}
	return true
}

// list adds what the referrers API, or the tag in place of it, lists.
func (g *gatherer) list(ctx context.Context, subject string) {
	t, err := g.client.target(g.ref.At(subject))
	if err != nil {
		g.problem(err)
		return
	}
	place := image.InReferrers
	descriptors, err := g.client.referrers(ctx, t)
	if err == errNoReferrersAPI {
		place = image.InFallbackTag
		descriptors, err = g.client.fallbackTag(ctx, g.ref, subject)
	}
	if err != nil {
		g.problem(err)
	}
	for _, m := range descriptors {
		d, err := newDescriptor(m)
		if err != nil {
			g.problem(t.fail(Malformed, fmt.Errorf("referrer: %w", err)))
			continue
		}
		predicate := predicateOf(m.Annotations)
		r := image.Referrer{
			Kind: kindOfReferrer(m.ArtifactType, predicate, m.Annotations), ArtifactType: m.ArtifactType,
			PredicateType: predicate, Digest: d.Digest, Size: d.Size, Place: place, Subject: subject,
		}
		if r.Kind == image.Attestation && predicate == "" {
			g.addStatements(ctx, r)
			continue
		}
		g.add(r)
	}
}

// cosign adds what is under the tags that cosign makes of a digest.
func (g *gatherer) cosign(ctx context.Context, subject string) {
	for _, suffix := range []string{"sig", "att", "sbom"} {
		ref := g.ref
		ref.Tag, ref.Digest = digestTag(subject)+"."+suffix, ""
		t, err := g.client.target(ref)
		if err != nil {
			g.problem(err)
			return
		}
		d, err := g.client.head(ctx, t)
		if isKind(err, NotFound) {
			continue
		}
		if err != nil {
			g.problem(err)
			continue
		}
		if d.Digest == "" {
			// The registry does not tell without sending it.
			raw, header, err := g.client.rawManifest(ctx, t)
			if isKind(err, NotFound) {
				continue
			}
			if err == nil {
				d.Digest, err = verifyManifest(raw, t.object, header)
			}
			if err != nil {
				g.problem(locate(err, t.name, t.repository, t.object))
				continue
			}
			d.Size = int64(len(raw))
		}
		r := image.Referrer{Digest: d.Digest, Size: d.Size, Place: image.InCosignTag, Subject: subject}
		switch suffix {
		case "sig":
			r.Kind, r.ArtifactType = image.Signature, cosignSimpleSigning
			g.add(r)
		case "sbom":
			r.Kind = image.SBOM
			g.add(r)
		default:
			r.Kind, r.ArtifactType = image.Attestation, dsseEnvelope
			g.addStatements(ctx, r)
		}
	}
}

// addStatements adds an attestation once for each statement in it, which its
// manifest tells.
func (g *gatherer) addStatements(ctx context.Context, r image.Referrer) {
	if g.statements == maxStatements {
		g.problem(fmt.Errorf("the image has more than %d attestations that do not say what they state", maxStatements))
		g.add(r)
		return
	}
	g.statements++
	t, err := g.client.target(g.ref.At(r.Digest))
	if err != nil {
		g.problem(err)
		return
	}
	raw, header, err := g.client.rawManifest(ctx, t)
	if err == nil {
		_, err = verifyManifest(raw, t.object, header)
	}
	var predicates []string
	if err == nil {
		predicates, err = statementsOf(raw)
	}
	if err != nil {
		g.problem(locate(err, t.name, t.repository, t.object))
	}
	if len(predicates) == 0 {
		g.add(r)
	}
	for _, p := range predicates {
		r.Kind, r.PredicateType = kindOfPredicate(p), p
		g.add(r)
	}
}

// statementsOf returns the types of the predicates that a manifest tells of.
func statementsOf(raw []byte) ([]string, error) {
	var m struct {
		Annotations map[string]string `json:"annotations"`
		Layers      []struct {
			Annotations map[string]string `json:"annotations"`
		} `json:"layers"`
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fault(Malformed, "manifest: %w", err)
	}
	if len(m.Layers) > maxLayers {
		return nil, fault(TooLarge, "%d layers, more than %d", len(m.Layers), maxLayers)
	}
	var predicates []string
	for _, l := range m.Layers {
		predicates = append(predicates, predicateOf(l.Annotations))
	}
	predicates = append(predicates, predicateOf(m.Annotations))
	slices.Sort(predicates)
	return slices.DeleteFunc(slices.Compact(predicates), func(p string) bool { return p == "" }), nil
}

// errNoReferrersAPI is returned by registries that do not know the API.
var errNoReferrersAPI = errors.New("no referrers API")

// referrers reads the list of the referrers API. With an error it returns what
// was read until then.
// See https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers.
func (c *Client) referrers(ctx context.Context, t target) ([]v1.Descriptor, error) {
	var all []v1.Descriptor
	for page := 0; ; page++ {
		list, next, err := c.referrersPage(ctx, t)
		if err != nil {
			if page > 0 && err == errNoReferrersAPI {
				err = t.fail(Malformed, errors.New("a page of the referrers is no index"))
			}
			return all, err
		}
		all = append(all, list...)
		switch {
		case next == "":
			return all, nil
		case len(all) > maxReferrers || page+1 == maxReferrerPages:
			return all, t.fail(TooLarge, fmt.Errorf("more than %d referrers", len(all)))
		}
		t.page = next
	}
}

// referrersPage reads one page, and returns the query of the next.
func (c *Client) referrersPage(ctx context.Context, t target) ([]v1.Descriptor, string, error) {
	raw, header, err := c.read(ctx, t, "referrers", http.Header{"Accept": {string(types.OCIImageIndex)}})
	if isKind(err, NotFound) || isKind(err, Unsupported) || isKind(err, Malformed) {
		// Also those that lead to a page for people.
		return nil, "", errNoReferrersAPI
	}
	if err != nil {
		return nil, "", err
	}
	list, err := parseReferrers(raw)
	if err != nil {
		if mediaType(header) != string(types.OCIImageIndex) {
			return nil, "", errNoReferrersAPI
		}
		return nil, "", locate(err, t.name, t.repository, t.object)
	}
	return list, nextPage(header), nil
}

// fallbackTag reads the index that clients keep in registries without the
// API, under a tag made of the subject's digest.
func (c *Client) fallbackTag(ctx context.Context, ref image.Reference, subject string) ([]v1.Descriptor, error) {
	ref.Tag, ref.Digest = digestTag(subject), ""
	t, err := c.target(ref)
	if err != nil {
		return nil, err
	}
	raw, _, err := c.rawManifest(ctx, t)
	if isKind(err, NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := parseReferrers(raw)
	return list, locate(err, t.name, t.repository, t.object)
}

// parseReferrers decodes an index of referrers.
func parseReferrers(raw []byte) ([]v1.Descriptor, error) {
	var index struct {
		SchemaVersion int             `json:"schemaVersion"`
		Manifests     []v1.Descriptor `json:"manifests"`
	}
	if err := json.Unmarshal(raw, &index); err != nil {
		return nil, fault(Malformed, "referrers: %w", err)
	}
	if index.SchemaVersion != 2 || index.Manifests == nil {
		return nil, fault(Malformed, "referrers: not an index")
	}
	return index.Manifests, nil
}

// nextPage returns the query of the page that a Link header names. Where it
// leads is not followed: only the same list has more of the same list.
func nextPage(h http.Header) string {
	for _, link := range h.Values("Link") {
		place, params, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(link), "<"), ">")
		if !ok || !strings.Contains(strings.ReplaceAll(params, `"`, ""), "rel=next") {
			continue
		}
		if _, query, ok := strings.Cut(place, "?"); ok {
			return query
		}
	}
	return ""
}

// digestTag returns the tag that stands for a digest.
// See https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema.
func digestTag(digest string) string {
	algorithm, hex, _ := strings.Cut(digest, ":")
	return algorithm + "-" + hex[:min(len(hex), 64)]
}

// isKind reports whether err is an [*Error] of the kind.
func isKind(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}
