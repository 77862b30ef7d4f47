package advisory

import (
	"archive/zip"
	"encoding/json"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/osv-scalibr/semantic"

	"github.com/stowage-dev/stowage/internal/image"
)

// osvArchive returns an archive in the layout of the public exports: one of
// those in STOWAGE_OSV_DIR, or a small one.
func osvArchive(t testing.TB, ecosystem string) string {
	t.Helper()
	if dir := os.Getenv("STOWAGE_OSV_DIR"); dir != "" {
		return filepath.Join(dir, ecosystem, "all.zip")
	}
	path := filepath.Join(t.TempDir(), ecosystem, "all.zip")
	writeZip(t, path, samples[ecosystem])
	return path
}

// writeZip writes records by ID into an archive.
func writeZip(t testing.TB, path string, records map[string]string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, zipOf(t, records), 0o644); err != nil {
		t.Fatal(err)
	}
}

// recordsOf returns the raw records of an ecosystem.
func recordsOf(t testing.TB, ecosystem string) [][]byte {
	t.Helper()
	z, err := zip.OpenReader(osvArchive(t, ecosystem))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var records [][]byte
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, b)
	}
	return records
}

// advisoriesOf yields the advisories of an ecosystem that hold.
func advisoriesOf(t testing.TB, ecosystem string) iter.Seq[*Advisory] {
	return func(yield func(*Advisory) bool) {
		for _, b := range recordsOf(t, ecosystem) {
			a, err := Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			a.Source = "osv/" + ecosystem
			if !a.Withdrawn && !yield(a) {
				return
			}
		}
	}
}

// TestOSVMatch holds the index to a plain reading of the schema's evaluation
// algorithm (https://ossf.github.io/osv-schema/#evaluation), on every version
// that the records name, and to the publishers' own lists of versions.
func TestOSVMatch(t *testing.T) {
	t.Parallel()
	for _, ecosystem := range []string{"Go", "PyPI", "Debian"} {
		t.Run(ecosystem, func(t *testing.T) {
			t.Parallel()
			x := NewIndex()
			records := map[string][]record{}
			for _, b := range recordsOf(t, ecosystem) {
				a, err := Parse(b)
				if err != nil {
					t.Fatal(err)
				}
				var r record
				if err := json.Unmarshal(b, &r); err != nil {
					t.Fatal(err)
				}
				x.Put(a)
				if a.Withdrawn {
					continue
				}
				for _, p := range r.Affected {
					name := NormalizeName(p.Package.Ecosystem, p.Package.Name)
					if known := records[name]; len(known) == 0 || known[len(known)-1].ID != r.ID {
						records[name] = append(known, r)
					}
				}
			}
			checked, found := 0, 0
			for name, about := range records {
				for _, r := range about[:min(len(about), 3)] {
					for _, p := range named(&r, name) {
						want := oracle(p, about)
						got := matches(x, p)
						if diff := cmp.Diff(want, got); diff != "" {
							t.Fatalf("%v: mismatch (-want +got):\n%s", p, diff)
						}
						checked++
						found += len(got)
					}
				}
			}
			t.Logf("%d advisories, %d names, %d versions, %d matches", x.Len(), len(records), checked, found)
			if found == 0 {
				t.Error("nothing matched")
			}
		})
	}
}

// named returns the package at the versions that a record names for it.
func named(r *record, name string) []Package {
	seen := map[Package]bool{}
	for _, p := range r.Affected {
		if NormalizeName(p.Package.Ecosystem, p.Package.Name) != name {
			continue
		}
		versions := p.Versions[max(0, len(p.Versions)-5):]
		for _, rg := range p.Ranges {
			if rg.Type == "GIT" {
				continue
			}
			for _, e := range rg.Events {
				versions = append(versions, e.Introduced, e.Fixed, e.LastAffected)
			}
		}
		for _, v := range versions {
			if v != "" {
				seen[Package{p.Package.Ecosystem, name, v}] = true
			}
		}
	}
	return slices.Collect(maps.Keys(seen))
}

// oracle returns the records that p is vulnerable to, sorted.
func oracle(p Package, about []record) []string {
	var ids []string
	for _, r := range about {
		for _, a := range r.Affected {
			if a.Package.Ecosystem != p.Ecosystem || NormalizeName(p.Ecosystem, a.Package.Name) != p.Name {
				continue
			}
			if slices.Contains(a.Versions, p.Version) || slices.ContainsFunc(a.Ranges, func(r recordRange) bool { return oracleRange(p, r) }) {
				ids = append(ids, r.ID)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func oracleRange(p Package, r recordRange) bool {
	if r.Type == "GIT" {
		return false
	}
	v := semantic.MustParse(p.Version, p.Ecosystem)
	reached := func(version string) int {
		c, err := v.CompareStr(version)
		if err != nil {
			panic(err)
		}
		return c
	}
	events := slices.Clone(r.Events)
	slices.SortStableFunc(events, func(a, b recordEvent) int {
		x, y := a.Introduced+a.Fixed+a.LastAffected, b.Introduced+b.Fixed+b.LastAffected
		if x == "0" || y == "0" {
			return strings.Compare(x, y)
		}
		c, err := semantic.MustParse(x, p.Ecosystem).CompareStr(y)
		if err != nil {
			panic(err)
		}
		return c
	})
	vulnerable := false
	for _, e := range events {
		switch {
		case e.Introduced == "0", e.Introduced != "" && reached(e.Introduced) >= 0:
			vulnerable = true
		case e.Fixed != "" && reached(e.Fixed) >= 0, e.LastAffected != "" && reached(e.LastAffected) > 0:
			vulnerable = false
		}
	}
	return vulnerable
}

// TestOSVFacts has what is known of packages in images.
func TestOSVFacts(t *testing.T) {
	t.Parallel()
	x := NewIndex()
	for _, ecosystem := range []string{"Go", "PyPI", "Debian"} {
		for a := range advisoriesOf(t, ecosystem) {
			x.Put(a)
		}
	}
	tests := []struct {
		pkg   image.Package
		id    string
		fixed string
		want  bool
	}{
		// A pseudo-version is before 0, and "introduced: 0" holds it.
		{image.Package{Ecosystem: "Go", Name: "golang.org/x/text", Version: "v0.0.0-20180302201248-b7ef84aaf62a"}, "GO-2021-0113", "0.3.7", true},
		{image.Package{Ecosystem: "Go", Name: "golang.org/x/text", Version: "v0.3.6"}, "GO-2021-0113", "0.3.7", true},
		{image.Package{Ecosystem: "Go", Name: "golang.org/x/text", Version: "v0.3.7"}, "GO-2021-0113", "", false},
		{image.Package{Ecosystem: "Go", Name: "golang.org/x/net", Version: "v0.0.0-20210119194325-5f4716e94777"}, "GO-2022-0969", "0.0.0-20220906165146-f3363e06e74c", true},
		// Advisories with no fix are not lost.
		{image.Package{Ecosystem: "Go", Name: "gogs.io/gogs", Version: "v0.13.0"}, "GO-2026-4619", "", true},
		// The toolchain, as binaries and as scanners call it.
		{image.Package{Ecosystem: "Go", Name: "stdlib", Version: "1.18.5"}, "GO-2022-0969", "1.18.6", true},
		{image.Package{Ecosystem: "Go", Name: "go", Version: "go1.19"}, "GO-2022-0969", "1.19.1", true},
		{image.Package{Ecosystem: "Go", Name: "go", Version: "go1.19rc2"}, "GO-2022-0969", "1.19.1", true},
		{image.Package{Ecosystem: "Go", Name: "go", Version: "go1.18.6-vendor"}, "GO-2022-0969", "", false},
		{image.Package{Ecosystem: "Go", Name: "stdlib", Version: "1.26.8"}, "GO-2022-0969", "", false},
		{image.Package{Ecosystem: "PyPI", Name: "Flask", Version: "2.2.2"}, "PYSEC-2023-62", "2.2.5", true},
		{image.Package{Ecosystem: "PyPI", Name: "flask", Version: "2.3.1"}, "PYSEC-2023-62", "2.3.2", true},
		{image.Package{Ecosystem: "PyPI", Name: "flask", Version: "2.2.5"}, "PYSEC-2023-62", "", false},
		{image.Package{Ecosystem: "PyPI", Name: "py", Version: "1.11.0"}, "PYSEC-2022-42969", "", true},
		{image.Package{Ecosystem: "PyPI", Name: "gratient", Version: "0.5"}, "PYSEC-2024-1", "", true},
		{
			image.Package{Ecosystem: "Debian:11", Name: "libssl1.1", Version: "1.1.1n-0+deb11u3", Source: "openssl"},
			"DSA-5343-1", "1.1.1n-0+deb11u4", true,
		},
		// The binary's version has an epoch that its source has not.
		{
			image.Package{Ecosystem: "Debian:8", Name: "libxmltooling6", Version: "1:1.5.3-2", Source: "xmltooling", SourceVersion: "1.5.3-2"},
			"DSA-3321-1", "1.5.3-2+deb8u1", true,
		},
	}
	for _, tt := range tests {
		hits, undecided := x.Match(PackageOf(tt.pkg))
		i := slices.IndexFunc(hits, func(h Hit) bool { return h.Advisory == tt.id })
		if undecided > 0 || (i >= 0) != tt.want {
			t.Errorf("%s %s, %s: vulnerable %v, %d undecided, want %v", tt.pkg.Name, tt.pkg.Version, tt.id, i >= 0, undecided, tt.want)
		} else if i >= 0 && hits[i].Fixed != tt.fixed {
			t.Errorf("%s %s, %s: fixed in %q, want %q", tt.pkg.Name, tt.pkg.Version, tt.id, hits[i].Fixed, tt.fixed)
		}
	}
}
