package advisory

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/google/osv-scalibr/semantic"
)

// ErrVersion is the error for a version that its ecosystem's rules cannot
// order.
var ErrVersion = errors.New("not a version that can be compared")

// Compare orders two versions by the rules of an ecosystem: -1 when a is
// before b, 0 when they are equal, +1 when a is after b.
func Compare(ecosystem, a, b string) (int, error) {
	v, err := parseVersion(ecosystem, a)
	if err != nil {
		return 0, err
	}
	return v.compare(b)
}

// maxVersion limits the length of versions, in bytes. Comparing takes time
// that grows with the square of the length, and versions come from images that
// anybody may have built.
const maxVersion = 256

// A version is compared with many others. Its full form is parsed only when
// the first comparison needs it.
type version struct {
	base   string
	text   string
	quick  comparison
	parsed semantic.Version
}

// semanticVersioning are the ecosystems in which a version starts with a
// number. Their parsers take any text, so that "main" would be before 0.
var semanticVersioning = map[string]bool{
	"Bitnami": true, "crates.io": true, "Go": true, "Hex": true, "npm": true,
	"NuGet": true, "Packagist": true, "CRAN": true, "Bioconductor": true, "Pub": true, "RubyGems": true, "SwiftURL": true,
}

// parseVersion checks that text can be a version of the ecosystem.
func parseVersion(ecosystem, text string) (*version, error) {
	v := &version{base: baseEcosystem(ecosystem)}
	if d := distributionOf(v.base); d != nil && d.ordered != "" {
		v.base = d.ordered
	}
	if v.base == "Go" {
		text = goVersion(text)
	}
	if err := v.check(text); err != nil {
		return nil, err
	}
	v.text, v.quick = text, comparisons[v.base]
	return v, nil
}

func (v *version) check(text string) error {
	if len(text) > maxVersion {
		return fmt.Errorf("%s version of %d bytes: %w", v.base, len(text), ErrVersion)
	}
	if !strings.ContainsAny(text, "0123456789") || strings.ContainsAny(text, " \t\r\n\x00<>()") {
		return fmt.Errorf("%s version %q: %w", v.base, text, ErrVersion)
	}
	if semanticVersioning[v.base] && !isDigit(strings.TrimPrefix(text, "v")[0]) {
		return fmt.Errorf("%s version %q does not start with a number: %w", v.base, text, ErrVersion)
	}
	return nil
}

// compare orders v and a bound of an advisory.
func (v *version) compare(bound string) (int, error) {
	if v.text == bound {
		return 0, nil
	}
	if v.quick != nil && len(bound) <= maxVersion {
		if c, ok := v.quick(v.text, bound); ok {
			return c, nil
		}
	}
	if v.parsed == nil {
		parsed, err := semantic.Parse(v.text, v.base)
		if err != nil {
			return 0, fmt.Errorf("%s version %q: %w: %w", v.base, v.text, ErrVersion, err)
		}
		v.parsed = parsed
	}
	if v.base == "Go" {
		bound = goVersion(bound)
	}
	if err := v.check(bound); err != nil {
		return 0, err
	}
	c, err := v.parsed.CompareStr(bound)
	if err != nil {
		return 0, fmt.Errorf("%s version %q: %w: %w", v.base, bound, ErrVersion, err)
	}
	return c, nil
}

// goRelease is a version of the Go toolchain as binaries carry it: "go1.22",
// "1.23rc1", "go1.21.0-fips".
var goRelease = regexp.MustCompile(`^(?:go)?(\d+\.\d+(?:\.\d+)?)(?:(rc|beta)(\d+))?`)

// goVersion returns the semantic version of a Go module or toolchain.
// Toolchain pre-releases become "1.23.0-rc.1", as the advisories write them;
// what a vendor appends to a release ("go1.19.8 X:boringcrypto") does not make
// it older.
func goVersion(s string) string {
	s, _, _ = strings.Cut(s, " ")
	s = strings.TrimPrefix(s, "v")
	end := strings.IndexFunc(s, func(c rune) bool { return c != '.' && (c < '0' || c > '9') })
	if end < 0 || s[end] == '-' || s[end] == '+' {
		return s
	}
	m := goRelease.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	release := m[1]
	if strings.Count(release, ".") == 1 {
		release += ".0"
	}
	if m[2] != "" {
		release += "-" + m[2] + "." + m[3]
	}
	return release
}
