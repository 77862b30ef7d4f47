package azurerbac

import "strings"

// A pattern is the name of an operation in which "*" stands for any characters,
// slashes too. Case does not matter.
type pattern struct {
	text  string
	parts []string // between the stars, in lower case
}

func compilePatterns(texts []string) []pattern {
	if len(texts) == 0 {
		return nil
	}
	patterns := make([]pattern, len(texts))
	for i, t := range texts {
		patterns[i] = pattern{text: t, parts: strings.Split(lowerASCII(t), "*")}
	}
	return patterns
}

// match reports whether a name in lower case matches. Taking the first place
// where each part fits is enough, as stars are all that is between the parts;
// so every byte of the name is looked at once.
func (p pattern) match(name string) bool {
	last := len(p.parts) - 1
	if last == 0 {
		return name == p.parts[0]
	}
	name, ok := strings.CutPrefix(name, p.parts[0])
	if !ok {
		return false
	}
	for _, part := range p.parts[1:last] {
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name = name[i+len(part):]
	}
	return strings.HasSuffix(name, p.parts[last])
}

// matching returns the first pattern that a name in lower case matches.
func matching(patterns []pattern, name string) (string, bool) {
	for _, p := range patterns {
		if p.match(name) {
			return p.text, true
		}
	}
	return "", false
}

// lowerASCII changes A to Z only: letters that look like them are others.
func lowerASCII(s string) string {
	for i := range len(s) {
		if c := s[i]; 'A' <= c && c <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				if 'A' <= b[j] && b[j] <= 'Z' {
					b[j] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// equalASCII compares without the case of A to Z.
func equalASCII(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z' {
			return false
		}
	}
	return true
}
