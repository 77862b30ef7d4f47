package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/advisory"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
)

// match compares the packages of a report with the advisories: worst first.
// What the advisories have nothing about is told in the report.
func (r *scanReport) match(ctx context.Context, o scanOptions) error {
	store := &memoryStore{index: advisory.NewIndex(), advisories: map[[2]string]advisory.Advisory{}}
	importer := &advisory.Importer{Store: store}
	imported := map[string]bool{} // A feed of all ecosystems is found for each.
	for _, ecosystem := range r.ecosystems() {
		found := false
		for _, location := range o.advisories {
			feeds, err := advisory.Open(location, ecosystem)
			if errors.Is(err, advisory.ErrNoRecords) {
				continue
			}
			if err != nil {
				return err
			}
			for _, feed := range feeds {
				found = true
				if imported[feed.Name] {
					continue
				}
				if _, err := importer.Import(ctx, feed); err != nil {
					return err
				}
				imported[feed.Name] = true
			}
		}
		if !found {
			r.NotCompared = append(r.NotCompared, ecosystem)
		}
	}
	var kev *advisory.KEV
	if o.kev != "" {
		var err error
		if kev, _, err = importer.Fetcher.LoadKEV(ctx, o.kev, advisory.State{}); err != nil {
			return err
		}
	}
	r.Vulnerabilities = store.match(r.Packages, kev)
	return nil
}

// ecosystems returns the ecosystems of the packages that there are advisories
// for, without releases.
func (r *scanReport) ecosystems() []string {
	all := map[string]bool{}
	for _, p := range r.Packages {
		if r.Unmatched != "" && p.Ecosystem == r.Distribution || !advisory.Matchable(p) {
			continue
		}
		base, _, _ := strings.Cut(p.Ecosystem, ":")
		all[base] = true
	}
	return slices.Sorted(maps.Keys(all))
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
