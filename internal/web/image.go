package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/view"
)

// shortList is how many vulnerabilities and packages show at first; some
// images have thousands.
const shortList = 200

type imagePage struct {
	view.ImageDetail
	Found    excerpt[finding.VulnerabilityFinding]
	Packages excerpt[image.Package]
	Checks   failedChecks
	Layers   []layer
	RunBy    workloadTable
	// Find restricts the vulnerabilities and packages.
	Find string
	// All is the address of the page without limits.
	All string
	// Different is how many vulnerabilities Found has: it has each once for
	// every package that has it.
	Different int
	// Bars count the vulnerabilities by severity.
	Bars []severityBar
}

// An excerpt is the part of a list that matches, and of that the part that
// shows.
type excerpt[T any] struct {
	Items           []T
	Matching, Total int
}

// Cut reports whether more items match than show.
func (e excerpt[T]) Cut() bool { return len(e.Items) < e.Matching }

// A layer is a layer with what it brought.
type layer struct {
	image.Layer
	Packages, Vulnerabilities, Urgent, Checks int
	// Width is the size relative to the largest layer, from 0 to 100.
	Width int
}

func (s *site) image(r *http.Request) (page, error) {
	detail, err := s.store.Image(r.Context(), r.PathValue("digest"))
	if err != nil {
		return page{}, err
	}
	find := strings.TrimSpace(r.URL.Query().Get("q"))
	limit := shortList
	if r.URL.Query().Get("all") == "true" {
		limit = 0
	}
	query := url.Values{}
	if find != "" {
		query.Set("q", find)
	}
	counts := severities(detail.Vulnerabilities)
	d := imagePage{
		ImageDetail: detail, Find: find, All: address(imageURL(detail.Digest), query, "all", "true"), Layers: layers(detail),
		RunBy: workloadTable{Caption: "Workloads that run this image", Items: detail.RunBy},
		Bars:  severityBars(counts),
	}
	for _, n := range counts {
		d.Different += n
	}
	d.Found = cut(detail.Vulnerabilities, limit, func(f finding.VulnerabilityFinding) bool {
		return holds(find, f.Vulnerability, f.Advisory, f.Package, f.Path, f.Summary)
	})
	d.Packages = cut(detail.PackageList, limit, func(p image.Package) bool {
		return holds(find, p.Name, p.Source, p.Version, p.Ecosystem, p.Path)
	})
	for _, c := range detail.Checks {
		d.Checks.add(s.checks, c.Check, c.Severity, evidence{Detail: c.Detail, Path: c.Path, Layer: c.Layer})
	}
	return page{Title: imageTitle(detail.Image), Section: "/images", Data: d}, nil
}

// severities counts vulnerabilities by severity, each once however many
// packages have it.
func severities(found []finding.VulnerabilityFinding) map[finding.Severity]int {
	worst := map[string]finding.Severity{}
	for _, f := range found {
		worst[f.Vulnerability] = max(worst[f.Vulnerability], f.Severity)
	}
	counts := map[finding.Severity]int{}
	for _, s := range worst {
		counts[s]++
	}
	return counts
}

// imageTitle returns the name by which people know an image.
func imageTitle(i view.Image) string {
	if len(i.References) > 0 {
		return i.References[0]
	}
	return shortDigest(i.Digest)
}

// cut returns the items that match, of which at most limit show; 0 is no limit.
func cut[T any](items []T, limit int, matches func(T) bool) excerpt[T] {
	e := excerpt[T]{Total: len(items)}
	for _, item := range items {
		if !matches(item) {
			continue
		}
		if e.Matching++; limit == 0 || e.Matching <= limit {
			e.Items = append(e.Items, item)
		}
	}
	return e
}

// holds reports whether one of the texts has part in it, in any case.
func holds(part string, texts ...string) bool {
	part = strings.ToLower(part)
	return slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(strings.ToLower(s), part) })
}

// layers returns the layers with what each brought.
func layers(d view.ImageDetail) []layer {
	rows := make([]layer, len(d.Layers))
	var largest int64
	for i, l := range d.Layers {
		rows[i].Layer = l
		largest = max(largest, l.Size)
	}
	for i := range rows {
		rows[i].Width = width(int(rows[i].Size), int(largest))
	}
	at := func(i int) *layer {
		if i < 0 || i >= len(rows) {
			return &layer{} // Nobody knows the layer: count it nowhere.
		}
		return &rows[i]
	}
	for _, p := range d.PackageList {
		at(p.Layer).Packages++
	}
	type place struct {
		vulnerability string
		layer         int
	}
	seen := map[place]bool{}
	for _, f := range d.Vulnerabilities {
		// Several packages of the layer may have it; the worst comes first.
		if p := (place{f.Vulnerability, f.Layer}); !seen[p] {
			seen[p] = true
		} else {
			continue
		}
		l := at(f.Layer)
		l.Vulnerabilities++
		if f.Severity >= finding.High || f.KEV {
			l.Urgent++
		}
	}
	for _, c := range d.Checks {
		if c.Severity > finding.Informational {
			at(c.Layer).Checks++
		}
	}
	return rows
}

// Read reports whether the image was read, if only in part.
func (p imagePage) Read() bool { return scanned(p.ScanState) }

// scanned reports whether a scan in the state read the image, if only in part.
// Without that, no package and no vulnerability means nothing.
func scanned(state string) bool { return state == "scanned" || state == "partial" }
