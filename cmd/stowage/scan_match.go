package main

import (
	"context"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/advisory"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
)

// matchPackages returns the vulnerabilities of the packages, worst first.
func matchPackages(ctx context.Context, packages []image.Package, o scanOptions) ([]finding.VulnerabilityFinding, error) {
	store := &memoryStore{index: advisory.NewIndex(), advisories: map[[2]string]advisory.Advisory{}}
	importer := &advisory.Importer{Store: store}
	ecosystems := map[string]bool{}
	for _, p := range packages {
		base, _, _ := strings.Cut(p.Ecosystem, ":")
		ecosystems[base] = true
	}
	var wanted []string
	for e := range ecosystems {
		wanted = append(wanted, e)
	}
	for _, location := range o.advisories {
		feeds, err := advisory.Open(location, wanted...)
		if err != nil {
			return nil, err
		}
		for _, feed := range feeds {
			if _, err := importer.Import(ctx, feed); err != nil {
				return nil, err
			}
		}
	}
	var kev *advisory.KEV
	if o.kev != "" {
		var err error
		if kev, _, err = importer.Fetcher.LoadKEV(ctx, o.kev, advisory.State{}); err != nil {
			return nil, err
		}
	}
	return store.match(packages, kev), nil
}

// A memoryStore holds advisories for one scan.
type memoryStore struct {
	index      *advisory.Index
	advisories map[[2]string]advisory.Advisory
}

// FeedState implements [advisory.Store].
func (*memoryStore) FeedState(context.Context, string) (advisory.State, error) {
	return advisory.State{}, nil
}

// SaveFeedState implements [advisory.Store].
func (*memoryStore) SaveFeedState(context.Context, string, advisory.State) error { return nil }

// AdvisoryHashes implements [advisory.Store].
func (*memoryStore) AdvisoryHashes(context.Context, string) (map[string]int64, error) {
	return nil, nil
}

// ApplyAdvisories implements [advisory.Store].
func (m *memoryStore) ApplyAdvisories(_ context.Context, source string, upserts []advisory.Advisory, _ []string) error {
	for _, a := range upserts {
		a.Source = source
		m.index.Put(&a)
		m.advisories[[2]string{source, a.ID}] = a
	}
	return nil
}

func (m *memoryStore) match(packages []image.Package, kev *advisory.KEV) []finding.VulnerabilityFinding {
	found := []finding.VulnerabilityFinding{}
	for _, p := range packages {
		if !advisory.Matchable(p) {
			continue
		}
		hits, _ := m.index.Match(advisory.PackageOf(p))
		for _, h := range hits {
			a := m.advisories[[2]string{h.Source, h.Advisory}]
			for _, v := range h.Vulnerabilities {
				found = append(found, finding.VulnerabilityFinding{
					Vulnerability: v, Advisory: h.Advisory, Summary: a.Summary, Severity: a.Severity, KEV: kev.Has(v),
					Ecosystem: p.Ecosystem, Package: p.Name, Version: p.Version, Fixed: h.Fixed, Path: p.Path, Layer: p.Layer,
				})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b finding.VulnerabilityFinding) int {
		if a.Severity != b.Severity {
			return int(b.Severity) - int(a.Severity)
		}
		return strings.Compare(a.Vulnerability, b.Vulnerability)
	})
	return found
}

var _ advisory.Store = (*memoryStore)(nil)
