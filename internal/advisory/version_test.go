package advisory

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/osv-scalibr/semantic"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	// Each line is in ascending order.
	tests := map[string][]string{
		"Debian:12": {
			"1.0~rc1-1", "1.0-1", "1.0-1+b1", "1.0-1+deb12u1", "1.0-1+deb12u2", "1.0-1.1", "1.0-2",
			"1.0a-1", "1.0.1-1", "1.9-1", "1.10-1", "1:0.5-1",
		},
		"Ubuntu:22.04": {"3.0.2-0ubuntu1", "3.0.2-0ubuntu1.9", "3.0.2-0ubuntu1.10", "3.0.2-1ubuntu1"},
		"Alpine:v3.19": {"1.2_alpha1-r0", "1.2_rc1-r0", "1.2-r0", "1.2-r9", "1.2-r10", "1.2_p1-r0", "1.2.1-r0", "1.10-r0"},
		"Rocky Linux:9": {
			"1.0~rc1-1.el9", "1.0-1.el9", "1.0-1.el9_2", "1.0-10.el9", "1.0.1-1.el9", "1:0.1-1.el9",
		},
		"npm":  {"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.2.0", "1.10.0"},
		"PyPI": {"1.0.dev1", "1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0.post1", "1.1", "1.10", "1!0.1"},
		"Maven": {
			"1.0-alpha-1", "1.0-beta-1", "1.0-M1", "1.0-RC1", "1.0-SNAPSHOT", "1.0", "1.0-sp1", "1.0.1", "1.10",
		},
		"Go": {
			"v0.0.0-20180101000000-aaaaaaaaaaaa", "v0.0.0-20210101000000-bbbbbbbbbbbb", "v0.0.0", "v1.2.3-0.20240101000000-cccccccccccc",
			"v1.2.3", "v1.2.4", "1.10.0", "v2.0.0+incompatible",
		},
		"RubyGems": {"1.0.0.beta", "1.0.0.rc1", "1.0.0", "1.0.0.1", "1.2", "1.10"},
		"NuGet":    {"1.0.0-beta", "1.0.0", "1.0.0.1", "1.2.0", "1.10.0"},
		"Packagist": {
			"1.0.0-dev", "1.0.0-alpha1", "1.0.0-beta2", "1.0.0-RC1", "1.0.0", "1.0.0-p1", "1.0.1", "1.2.0", "1.10.0", "2.0",
		},
		"crates.io": {"0.1.0-alpha.1", "0.1.0-alpha.2", "0.1.0-rc.1", "0.1.0", "0.2.22", "0.10.0", "1.0.0"},
		"Hex":       {"1.6.0-rc.0", "1.6.0-rc.1", "1.6.0", "1.6.2", "1.6.14", "1.7.0"},
		"Pub":       {"0.12.0-nullsafety.0", "0.12.0", "0.13.0", "0.13.3", "1.0.0", "1.0.0+1", "1.0.1"},
		"SwiftURL":  {"1.0.0-beta.1", "1.0.0", "1.19.2", "1.28.0", "2.0.0"},
		"CRAN":      {"0.2", "0.9", "0.9-1", "1.0", "1.4.1", "1.4.1.9000", "1.7", "1.10", "4.0-13"},
	}
	for ecosystem, versions := range tests {
		for i, a := range versions {
			for j, b := range versions {
				if got, err := Compare(ecosystem, a, b); err != nil || got != sign(i-j) {
					t.Errorf("Compare(%s, %s, %s) = %d, %v, want %d", ecosystem, a, b, got, err, sign(i-j))
				}
			}
		}
	}
}

func TestCompareEqual(t *testing.T) {
	t.Parallel()
	tests := []struct{ ecosystem, a, b string }{
		{"Debian", "0:1.0-1", "1.0-1"},
		{"PyPI", "1.0", "1.0.0"},
		{"PyPI", "1.0RC1", "1.0-c1"},
		{"Maven", "1.0", "1.0.0.final"},
		{"Go", "v1.2.3", "1.2.3"},
		{"Go", "v1.2.3+dirty", "1.2.3"},
		{"Go", "go1.22", "1.22.0"},
		{"Go", "go1.23rc1", "1.23.0-rc.1"},
		{"Go", "1.23rc1", "1.23.0-rc.1"},
		{"Go", "go1.21.0-fips", "1.21.0"},
		{"Go", "go1.19.8 X:boringcrypto", "1.19.8"},
	}
	for _, tt := range tests {
		if got, err := Compare(tt.ecosystem, tt.a, tt.b); err != nil || got != 0 {
			t.Errorf("Compare(%s, %s, %s) = %d, %v, want 0", tt.ecosystem, tt.a, tt.b, got, err)
		}
	}
}

func TestCompareRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ ecosystem, version string }{
		{"Go", "(devel)"},
		{"Go", "unknown"},
		{"npm", "latest"},
		{"npm", "file:../lib2"},
		{"Maven", "${project.version}"},
		{"Debian", "<end-of-life>"},
		{"Debian", ""},
		{"PyPI", strings.Repeat("1", maxVersion+1)},
		{"Android", "12"},
	}
	for _, tt := range tests {
		for _, pair := range [][2]string{{tt.version, "1.0"}, {"1.0", tt.version}} {
			if got, err := Compare(tt.ecosystem, pair[0], pair[1]); !errors.Is(err, ErrVersion) {
				t.Errorf("Compare(%s, %q, %q) = %d, %v, want ErrVersion", tt.ecosystem, pair[0], pair[1], got, err)
			}
		}
	}
}

// checkQuick holds the quick comparison of two versions to the full one, in
// every ecosystem that has it.
func checkQuick(t *testing.T, ecosystem, a, b string) {
	t.Helper()
	quick, ok := comparisons[ecosystem](a, b)
	if !ok {
		return
	}
	full, err := semantic.Parse(a, ecosystem)
	if err != nil {
		t.Fatalf("%s: %q decided quickly: %v", ecosystem, a, err)
	}
	if want, err := full.CompareStr(b); err != nil || sign(want) != quick {
		t.Fatalf("%s: %q and %q quickly %d, in full %d, %v", ecosystem, a, b, quick, want, err)
	}
}

func TestComparisons(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	parts := []string{"0", "1", "2", "9", "10", "01", ".", ".", ".", "-", "-r", "~", "+", "a", "rc", ".post", "x", ":"}
	draw := func() string {
		s := ""
		for range 1 + random.IntN(7) {
			s += parts[random.IntN(len(parts))]
		}
		return s
	}
	for range 20_000 {
		a, b := draw(), draw()
		for ecosystem := range comparisons {
			checkQuick(t, ecosystem, a, b)
		}
	}
}

// FuzzCompare holds the quick comparison to the full one and wants versions
// to be usable on both sides or on none.
func FuzzCompare(f *testing.F) {
	for _, s := range []string{
		"1.2.3", "1.10.0", "1.2.3-r1", "1.2.3-r10", "1.2-3+deb12u1", "1.2~rc1", "1:2.0", "1!2.0",
		"01.2", "1.02", "1.2.3.4", "1.2.3.4-beta", "1.2a", "v1.2", "1..2", "1.2.", "1.2-r", "1.2rc1", "1.0-sp", "go1.22rc1",
	} {
		for _, other := range []string{"1.2.4", "1.3", "1.2.3-alpha.1", "2"} {
			f.Add(s, other)
		}
	}
	ecosystems := slices.Sorted(maps.Keys(comparisons))
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, ecosystem := range ecosystems {
			checkQuick(t, ecosystem, a, b)
			_, err := Compare(ecosystem, a, b)
			_, back := Compare(ecosystem, b, a)
			if (err == nil) != (back == nil) {
				t.Fatalf("Compare(%s, %q, %q): %v, the other way round: %v", ecosystem, a, b, err, back)
			}
		}
	})
}
