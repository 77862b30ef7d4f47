package secret

import (
	"bytes"
	"cmp"
	"slices"
)

// A Match is a secret in a text.
type Match struct {
	Rule       *Rule
	Confidence Confidence
	// Line counts from 1.
	Line int
	// Start and End are where the secret is, Value what it is without its
	// quotes and encodings. It is valid as long as the text.
	Start, End int
	Value      []byte
}

// maxMatches bounds the matches in one text: a file with more is a list of
// test data.
const maxMatches = 64

// Search returns the secrets in a file by its path, relative to the root, and
// its content. In test data and examples only tokens of services count: keys and
// passwords are what tests are made of.
func Search(path string, content []byte) []Match {
	t := &text{b: content, path: path, kind: kindOf(path)}
	t.search()
	t.searchFormat()
	return t.matches()
}

// SearchValue returns the secrets in a text that is no file: a value, a label,
// a word of a command. Names tell nothing there.
func SearchValue(value string) []Match {
	t := &text{b: []byte(value), kind: plain}
	t.search()
	return t.matches()
}

// A text is what is searched.
type text struct {
	b    []byte
	path string
	kind kind
	// loose is whether shape alone is enough, as it is for what is to be
	// hidden.
	loose bool
	// work counts the bytes that expressions may have looked at.
	work  int
	found []match
	// rejected are the places of what only looks like a secret.
	rejected []match
}

// A match is a [Match] in the making.
type match struct {
	rule       int
	start, end int
	value      []byte
	confidence Confidence
}

// workFactor bounds what expressions look at, in terms of the text's length:
// a text that is made of keywords must not cost more than others.
const (
	workFactor = 4
	workFloor  = 1 << 20
)

// search applies the rules at their keywords. It returns up to where: the end,
// or less in a text that costs too much or has too many matches.
func (t *text) search() int {
	all, limit, reached := hits(), len(t.b)*workFactor+workFloor, len(t.b)
	keywords().each(t.b, func(word int32, end int) bool {
		h := &all[word]
		at := end - len(h.word)
		if !h.fold && string(t.b[at:end]) != h.word {
			return true
		}
		t.try(h.rule, at, end)
		if t.work <= limit && len(t.found) < 8*maxMatches {
			return true
		}
		reached = at
		return false
	})
	return reached
}

// try applies a rule at a keyword.
func (t *text) try(rule, at, end int) {
	r := &rules[rule]
	t.work += 16
	if r.quick != nil && !r.quick(t.b[end:]) {
		return
	}
	var m match
	if r.find != nil {
		var ok bool
		if m, ok = r.find(t, at, end); !ok {
			return
		}
	} else {
		from, to := max(at-r.before, 0), min(at+cmp.Or(r.window, defaultWindow), len(t.b))
		if r.before == 0 && !t.boundary(at) && !t.loose {
			return
		}
		t.work += to - from
		loc := expressions()[rule].FindSubmatchIndex(t.b[from:to])
		if loc == nil || from+loc[0] > at || from+loc[1] < end {
			return
		}
		m.start, m.end = from+loc[0], from+loc[1]
		if len(loc) > 2 && loc[2] >= 0 {
			m.start, m.end = from+loc[2], from+loc[3]
		}
		if t.loose {
			for m.end < len(t.b) && (isWord(t.b[m.end]) || t.b[m.end] == '-') {
				m.end++ // A longer token than was known when this was written.
			}
		}
		m.value = t.b[m.start:m.end]
		if !t.loose {
			if !t.boundary(from+loc[0]) || m.end < len(t.b) && isWord(t.b[m.end]) {
				return
			}
			if r.random && isExample(m.value) || r.valid != nil && !r.valid(m.value) {
				if len(t.rejected) < maxMatches {
					t.rejected = append(t.rejected, m)
				}
				return
			}
		}
	}
	m.rule, m.confidence = rule, cmp.Or(m.confidence, r.Confidence)
	t.found = append(t.found, m)
}

// boundary reports whether a token may begin at a position: after what is not
// part of a word, or after an escape such as \n.
func (t *text) boundary(at int) bool {
	if at == 0 || !isWord(t.b[at-1]) {
		return true
	}
	c := t.b[at-1]
	return at > 1 && t.b[at-2] == '\\' && (c == 'n' || c == 'r' || c == 't')
}

// isWord reports whether c is an ASCII letter, a digit or an underscore.
func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}

// matches returns what was found in the order of the text, each value once and
// without what is part of another match.
func (t *text) matches() []Match {
	slices.SortStableFunc(t.found, func(a, b match) int {
		return cmp.Or(cmp.Compare(b.confidence, a.confidence), cmp.Compare(a.rule, b.rule), cmp.Compare(a.start, b.start))
	})
	var kept []match
	values := make(map[string]bool)
	for _, m := range t.found {
		if t.kind == sample && !(rules[m.rule].random && m.confidence == High) || values[string(m.value)] || len(kept) == maxMatches {
			continue
		}
		overlaps := func(k match) bool { return m.start < k.end && k.start < m.end }
		if slices.ContainsFunc(kept, overlaps) || m.confidence == Low && slices.ContainsFunc(t.rejected, overlaps) {
			continue
		}
		values[string(m.value)] = true
		kept = append(kept, m)
	}
	slices.SortFunc(kept, func(a, b match) int { return cmp.Compare(a.start, b.start) })
	var out []Match
	line, last := 1, 0
	for _, m := range kept {
		line += bytes.Count(t.b[last:m.start], []byte{'\n'})
		last = m.start
		out = append(out, Match{
			Rule: &rules[m.rule], Confidence: m.confidence, Line: line, Start: m.start, End: m.end, Value: m.value,
		})
	}
	return out
}
