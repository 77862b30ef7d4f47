package advisory

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/image"
)

// matches returns the advisories that p is vulnerable to.
func matches(x *Index, p Package) []string {
	var ids []string
	hits, _ := x.Match(p)
	for _, h := range hits {
		ids = append(ids, h.Advisory)
	}
	return ids
}

func TestIndexMatch(t *testing.T) {
	t.Parallel()
	x := NewIndex()
	row := int64(0)
	for ecosystem, records := range samples {
		for _, r := range records {
			a := mustParse(t, r)
			row++
			a.Row, a.Source = row, "osv/"+ecosystem
			x.Put(a)
		}
	}
	p := Package{"Debian:11", "openssl", "1.1.1n-0+deb11u3"}
	got, undecided := x.Match(p)
	if len(got) != 1 || got[0].Row == 0 || undecided != 0 {
		t.Fatalf("Match(%v) = %+v, %d", p, got, undecided)
	}
	want := []Hit{{
		Row: got[0].Row, Source: "osv/Debian", Advisory: "DSA-5343-1",
		Vulnerabilities: []string{"CVE-2022-2097", "CVE-2022-4304", "CVE-2023-0286"},
		Fixed:           "1.1.1n-0+deb11u4",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	for _, p := range []Package{
		{"Debian:12", "openssl", "1.1.1n-0+deb11u3"},
		{"Debian", "openssl", "1.1.1n-0+deb11u3"},
		{"Debian:11", "libssl1.1", "1.1.1n-0+deb11u3"},
		{"PyPI", "openssl", "1.1.1"},
	} {
		if got := matches(x, p); got != nil {
			t.Errorf("Match(%v) = %v, want none", p, got)
		}
	}
}

func TestIndexEcosystems(t *testing.T) {
	t.Parallel()
	tests := []struct {
		advisory, pkg string
		want          bool
	}{
		{"Debian:12", "Debian:12", true},
		{"Debian", "Debian:12", true},
		{"Debian:12", "Debian:12.5", true},
		{"Debian:12", "Debian", false},
		{"Debian:11", "Debian:12", false},
		{"Debian:1", "Debian:12", false},
		{"Ubuntu:22.04:LTS", "Ubuntu:22.04", true},
		{"Ubuntu:22.04", "Ubuntu:22.04:LTS", true},
		{"Ubuntu:23.10", "Ubuntu:23.10", true},
		{"Ubuntu:Pro:22.04:LTS", "Ubuntu:22.04", false},
		{"Alpine:v3.19", "Alpine:v3.19", true},
		{"Alpine:v3.19", "Alpine:3.19", true},
		{"Alpine:v3.19", "Alpine:v3.19.1", true},
		{"Alpine:v3.19", "Alpine:v3.20", false},
		{"Rocky Linux:9", "Rocky Linux:9.4", true},
		{"AlmaLinux:9", "AlmaLinux:8.9", false},
		{"Wolfi", "Wolfi", true},
		{"npm", "PyPI", false},
	}
	for _, tt := range tests {
		x := NewIndex()
		x.Put(mustParse(t, recordOf(tt.advisory, "introduced:0", "")))
		p := PackageOf(image.Package{Ecosystem: tt.pkg, Name: "pkg", Version: "1.0-r0"})
		if got := matches(x, p) != nil; got != tt.want {
			t.Errorf("advisory of %s, package of %s: %v, want %v", tt.advisory, tt.pkg, got, tt.want)
		}
	}
}

func TestPackageOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   image.Package
		want Package
	}{
		{
			image.Package{Ecosystem: "Debian:12", Name: "bsdutils", Version: "1:2.38.1-5+deb12u3", Source: "util-linux", SourceVersion: "2.38.1-5+deb12u3"},
			Package{"Debian:12", "util-linux", "2.38.1-5+deb12u3"},
		},
		{image.Package{Ecosystem: "PyPI", Name: "Zope._Interface", Version: "5"}, Package{"PyPI", "zope-interface", "5"}},
		{image.Package{Ecosystem: "PyPI", Name: "a.", Version: "5"}, Package{"PyPI", "a-", "5"}},
		{image.Package{Ecosystem: "Go", Name: "go", Version: "1.22.1"}, Package{"Go", "stdlib", "1.22.1"}},
		{image.Package{Ecosystem: "Go", Name: "github.com/Azure/go", Version: "v1"}, Package{"Go", "github.com/Azure/go", "v1"}},
		{image.Package{Ecosystem: "Maven", Name: "org.A:b.C", Version: "1"}, Package{"Maven", "org.A:b.C", "1"}},
		{image.Package{Ecosystem: "NuGet", Name: "Newtonsoft.Json", Version: "1"}, Package{"NuGet", "newtonsoft.json", "1"}},
		{image.Package{Ecosystem: "npm", Name: "JSONStream", Version: "1"}, Package{"npm", "JSONStream", "1"}},
	}
	for _, tt := range tests {
		if got := PackageOf(tt.in); got != tt.want {
			t.Errorf("PackageOf(%v) = %v, want %v", tt.in, got, tt.want)
		}
	}
}

func TestMatchable(t *testing.T) {
	t.Parallel()
	p := image.Package{Ecosystem: "PyPI", Name: "flask", Version: "2.0"}
	if !Matchable(p) {
		t.Errorf("Matchable(%v) = false", p)
	}
	owned, unversioned, unplaced := p, p, p
	owned.OwnedBy, unversioned.Version, unplaced.Ecosystem = "python3-flask", "", ""
	for _, p := range []image.Package{owned, unversioned, unplaced} {
		if Matchable(p) {
			t.Errorf("Matchable(%v) = true", p)
		}
	}
}

func TestIndexPutDelete(t *testing.T) {
	t.Parallel()
	const record = `{"id": "X-1", "affected": [
		{"package": {"ecosystem": "npm", "name": "a"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.0"}]}]},
		{"package": {"ecosystem": "npm", "name": "b"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]},
		{"package": {"ecosystem": "npm", "name": "a"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "2.0.0"}, {"fixed": "2.5.0"}]}]}]}`
	x := NewIndex()
	first, other := mustParse(t, record), mustParse(t, record)
	first.Source, other.Source = "osv/npm", "another"
	x.Put(first)
	x.Put(first)
	for version, want := range map[string]int{"0.1.0": 1, "1.0.0": 0, "2.1.0": 1} {
		if got := matches(x, Package{"npm", "a", version}); len(got) != want {
			t.Errorf("a %s matches %v, want %d", version, got, want)
		}
	}
	x.Put(other)
	if got := matches(x, Package{"npm", "a", "2.1.0"}); len(got) != 2 || x.Len() != 2 {
		t.Errorf("with another source, it matches %v", got)
	}
	x.Delete("another", "X-1")
	x.Delete("another", "X-2")
	changed := mustParse(t, recordOf("npm", "introduced:0", ""))
	changed.Source = "osv/npm"
	x.Put(changed)
	if got := matches(x, Package{"npm", "a", "2.1.0"}); got != nil {
		t.Errorf("after the change, a matches %v", got)
	}
	if got := matches(x, Package{"npm", "pkg", "2.1.0"}); len(got) != 1 {
		t.Errorf("after the change, pkg matches %v", got)
	}
	changed.Withdrawn = true
	x.Put(changed)
	if x.Len() != 0 || len(x.packages) != 0 {
		t.Errorf("after the withdrawal, the index holds %v", x.packages)
	}
}

// TestIndexFix takes the lowest fix that is not itself vulnerable.
func TestIndexFix(t *testing.T) {
	t.Parallel()
	x := NewIndex()
	x.Put(&Advisory{ID: "X-1", Vulnerabilities: []string{"X-1"}, Affected: []Affected{{
		Ecosystem: "npm", Name: "a", Versions: []string{"1.6.0"},
		Ranges: []Range{
			{Introduced: "3.0.0", Fixed: "3.1.0"},
			{Fixed: "1.2.0"},
			{Introduced: "1.1.0", Fixed: "1.6.0"},
			{Introduced: "1.6.0", Fixed: "1.10.0"},
		},
	}}})
	for version, want := range map[string]string{"1.0.0": "1.10.0", "1.6.0": "1.10.0", "3.0.5": "3.1.0"} {
		if hits, _ := x.Match(Package{"npm", "a", version}); len(hits) != 1 || hits[0].Fixed != want {
			t.Errorf("a %s: %+v, want a fix in %s", version, hits, want)
		}
	}
}

// TestIndexSpecificFirst gives the fix of the release where an advisory speaks
// of the release and of all.
func TestIndexSpecificFirst(t *testing.T) {
	t.Parallel()
	x := NewIndex()
	x.Put(&Advisory{ID: "X-1", Vulnerabilities: []string{"X-1"}, Affected: []Affected{
		{Ecosystem: "Debian", Name: "a", Ranges: []Range{{Fixed: "3"}}},
		{Ecosystem: "Debian:12", Name: "a", Ranges: []Range{{Fixed: "2"}}},
	}})
	if hits, _ := x.Match(Package{"Debian:12", "a", "1"}); len(hits) != 1 || hits[0].Fixed != "2" {
		t.Errorf("%+v, want one hit with a fix in 2", hits)
	}
}

func TestIndexConcurrent(t *testing.T) {
	t.Parallel()
	x := NewIndex()
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 200 {
				a := &Advisory{
					ID: fmt.Sprintf("X-%d-%d", worker, i), Vulnerabilities: []string{"X"},
					Affected: []Affected{{Ecosystem: "npm", Name: "a", Ranges: []Range{{Fixed: "2.0.0"}}}},
				}
				x.Put(a)
				if len(matches(x, Package{"npm", "a", "1.0.0"})) == 0 {
					t.Error("no match for what was put")
				}
				if i%2 == 0 {
					x.Delete("", a.ID)
				}
			}
		})
	}
	wg.Wait()
	if got := len(matches(x, Package{"npm", "a", "1.0.0"})); got != 400 {
		t.Errorf("%d matches, want 400", got)
	}
}
