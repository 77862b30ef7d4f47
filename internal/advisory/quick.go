package advisory

import "strings"

// A comparison orders two versions without an allocation; ok is false when it
// cannot tell. Matching spends nearly all its time in comparing, and the full
// parsers take microseconds, so the ecosystems that containers are made of
// have one. Tests hold each to the full parser.
type comparison func(a, b string) (c int, ok bool)

var comparisons = map[string]comparison{
	"Debian": compareDebian, "Ubuntu": compareDebian,
	"Go": compareSemver, "npm": compareSemver, "crates.io": compareSemver,
	"Alpine": compareAlpine, "Wolfi": compareAlpine, "Chainguard": compareAlpine,
	"Red Hat": compareLeading, "Rocky Linux": compareLeading, "AlmaLinux": compareLeading, "Maven": compareLeading,
	"SUSE": compareLeading, "openSUSE": compareLeading, "openEuler": compareLeading, "Mageia": compareLeading,
	"PyPI": comparePyPI, "RubyGems": compareDotted, "NuGet": compareDotted, "Packagist": compareDotted,
}

// compareDebian follows deb-version(7).
func compareDebian(a, b string) (int, bool) {
	epochA, a, okA := cutEpoch(a)
	epochB, b, okB := cutEpoch(b)
	if !okA || !okB {
		return 0, false
	}
	if c := compareNumber(epochA, epochB); c != 0 {
		return c, true
	}
	a, revisionA := cutRevision(a)
	b, revisionB := cutRevision(b)
	if c := compareDpkg(a, b); c != 0 {
		return c, true
	}
	return compareDpkg(revisionA, revisionB), true
}

// cutEpoch returns the epoch and the rest; ok is false when either has
// something unusual in it.
func cutEpoch(s string) (epoch, rest string, ok bool) {
	if i := strings.IndexByte(s, ':'); i >= 0 {
		epoch, rest = s[:i], s[i+1:]
		if digits(epoch) != i || i == 0 {
			return "", "", false
		}
	} else {
		rest = s
	}
	return epoch, rest, rest != "" && isDigit(rest[0]) && ordinary(rest)
}

// cutRevision splits at the last hyphen.
func cutRevision(s string) (upstream, revision string) {
	if i := strings.LastIndexByte(s, '-'); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

// compareDpkg orders one part of a version as dpkg does: in turn by what is
// not a number, letter for letter, and by the number after it.
func compareDpkg(a, b string) int {
	for a != "" || b != "" {
		for a != "" && !isDigit(a[0]) || b != "" && !isDigit(b[0]) {
			if c := dpkgWeight(a) - dpkgWeight(b); c != 0 {
				return sign(c)
			}
			a, b = a[1:], b[1:]
		}
		i, j := digits(a), digits(b)
		if c := compareNumber(a[:i], b[:j]); c != 0 {
			return c
		}
		a, b = a[i:], b[j:]
	}
	return 0
}

// dpkgWeight orders the first character: a tilde before the end, the end
// (or a number) before letters, letters before the rest.
func dpkgWeight(s string) int {
	switch {
	case s == "" || isDigit(s[0]):
		return 0
	case s[0] == '~':
		return -1
	case isLetter(s[0]):
		return int(s[0])
	}
	return int(s[0]) + 256
}

// compareSemver follows https://semver.org/#spec-item-11, with up to three
// numbers.
func compareSemver(a, b string) (int, bool) {
	numbersA, preA, okA := cutSemver(a)
	numbersB, preB, okB := cutSemver(b)
	if !okA || !okB {
		return 0, false
	}
	for i := range numbersA {
		if c := compareNumber(numbersA[i], numbersB[i]); c != 0 {
			return c, true
		}
	}
	switch {
	case preA == preB:
		return 0, true
	case preA == "":
		return +1, true
	case preB == "":
		return -1, true
	}
	return comparePrerelease(preA, preB), true
}

// cutSemver splits "1.2.3-rc.1+meta"; ok is false for anything else.
func cutSemver(s string) (numbers [3]string, pre string, ok bool) {
	if !ordinary(s) {
		return numbers, "", false
	}
	s, _, _ = strings.Cut(s, "+")
	for i := range numbers {
		n := digits(s)
		if n == 0 {
			return numbers, "", false
		}
		numbers[i], s = s[:n], s[n:]
		if s == "" {
			return numbers, "", true
		}
		if s[0] == '-' {
			pre = s[1:]
			return numbers, pre, pre != "" && pre[0] != '-'
		}
		if s[0] != '.' {
			return numbers, "", false
		}
		s = s[1:]
	}
	return numbers, "", false
}

func comparePrerelease(a, b string) int {
	for {
		partA, restA, moreA := strings.Cut(a, ".")
		partB, restB, moreB := strings.Cut(b, ".")
		numericA, numericB := isNumber(partA), isNumber(partB)
		c := 0
		switch {
		case numericA && numericB:
			c = compareNumber(partA, partB)
		case numericA:
			c = -1
		case numericB:
			c = +1
		default:
			c = strings.Compare(partA, partB)
		}
		switch {
		case c != 0:
			return c
		case !moreA && !moreB:
			return 0
		case !moreA:
			return -1
		case !moreB:
			return +1
		}
		a, b = restA, restB
	}
}

// compareAlpine decides when both versions are dotted numbers, with or without
// a package revision.
func compareAlpine(a, b string) (int, bool) {
	return compareDotted(cutAlpineRevision(a), cutAlpineRevision(b))
}

func cutAlpineRevision(s string) string {
	if i := strings.LastIndex(s, "-r"); i >= 0 && isNumber(s[i+2:]) {
		return s[:i]
	}
	return s
}

// comparePyPI follows https://peps.python.org/pep-0440/ for releases with at
// most one suffix in its usual form.
func comparePyPI(a, b string) (int, bool) {
	a, stageA, countA := cutPyPI(a)
	b, stageB, countB := cutPyPI(b)
	if stageA < 0 || stageB < 0 {
		return 0, false
	}
	for a != "" || b != "" {
		i, j := digits(a), digits(b)
		if c := compareNumber(a[:i], b[:j]); c != 0 {
			return c, true
		}
		a, b = a[min(i+1, len(a)):], b[min(j+1, len(b)):]
	}
	if stageA != stageB {
		return sign(stageA - stageB), true
	}
	return compareNumber(countA, countB), true
}

// cutPyPI splits "1.2rc3" into release, stage and count. Stages ascend; that of
// anything unusual is negative.
func cutPyPI(s string) (release string, stage int, count string) {
	n := dotted(s)
	release, rest := s[:n], s[n:]
	switch {
	case n == 0:
		return "", -1, ""
	case rest == "":
		return release, 4, ""
	}
	for i, suffix := range [...]string{".dev", "a", "b", "rc", "", ".post"} {
		if count, ok := strings.CutPrefix(rest, suffix); ok && isNumber(count) {
			return release, i, count
		}
	}
	return "", -1, ""
}

// compareDotted decides when both versions are dotted numbers that differ in
// one of the first three.
func compareDotted(a, b string) (int, bool) {
	if dotted(a) != len(a) || dotted(b) != len(b) {
		return 0, false
	}
	return compareNumbers(a, b)
}

// compareLeading decides when the versions differ in one of their first three
// numbers, whatever follows, as long as there is no epoch.
func compareLeading(a, b string) (int, bool) {
	if !ordinary(a) || !ordinary(b) {
		return 0, false
	}
	return compareNumbers(a, b)
}

// compareNumbers compares the first three numbers. Leading zeros are
// significant to some ecosystems, and so is whether a number is missing.
func compareNumbers(a, b string) (int, bool) {
	for range 3 {
		i, j := digits(a), digits(b)
		if i == 0 || j == 0 || i > 1 && a[0] == '0' || j > 1 && b[0] == '0' {
			return 0, false
		}
		if c := compareNumber(a[:i], b[:j]); c != 0 {
			return c, true
		}
		if i == len(a) || j == len(b) || a[i] != '.' || b[j] != '.' {
			return 0, false
		}
		a, b = a[i+1:], b[j+1:]
	}
	return 0, false
}

// compareNumber orders numbers of any length; none is 0.
func compareNumber(a, b string) int {
	for a != "" && a[0] == '0' {
		a = a[1:]
	}
	for b != "" && b[0] == '0' {
		b = b[1:]
	}
	if len(a) != len(b) {
		return sign(len(a) - len(b))
	}
	return strings.Compare(a, b)
}

// ordinary reports whether s has only the characters that versions are made
// of.
func ordinary(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c), isLetter(c), c == '.', c == '-', c == '+', c == '~':
		default:
			return false
		}
	}
	return true
}

// dotted returns the length of the numbers at the start of s that have single
// dots between them.
func dotted(s string) int {
	n := digits(s)
	for n > 0 && n < len(s) && s[n] == '.' {
		more := digits(s[n+1:])
		if more == 0 {
			break
		}
		n += 1 + more
	}
	return n
}

func isNumber(s string) bool { return s != "" && digits(s) == len(s) }

// digits returns the length of the number at the start of s.
func digits(s string) int {
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return +1
	}
	return 0
}
