package awsiam

import (
	"slices"
	"unicode/utf8"
)

// A glob is a pattern as units: the characters of a text, and wildcards, which
// are negative. A wildcard that came in by the value of a variable is a
// character like any other.
type glob []rune

// The wildcards.
const (
	anyOne     rune = -1 // "?"
	anyMany    rune = -2 // "*"
	oneInside  rune = -3 // "?" that is not a colon
	manyInside rune = -4 // "*" without colons
)

// newGlob reads a pattern in which only "*" and "?" have a meaning.
func newGlob(pattern string) glob {
	g := make(glob, 0, len(pattern))
	for _, c := range pattern {
		switch c {
		case '*':
			if len(g) == 0 || g[len(g)-1] != anyMany {
				g = append(g, anyMany)
			}
			continue
		case '?':
			c = anyOne
		}
		g = append(g, c)
	}
	return g
}

// addStar adds a star. One after the other is worth no more than the one that
// takes more, so that at least every second unit of a pattern takes a
// character.
func (g glob) addStar() glob { return g.join(glob{anyMany}) }

// join adds a pattern, which is not changed, to one that nobody else has.
func (g glob) join(h glob) glob {
	if last := len(g) - 1; last >= 0 && len(h) > 0 && isMany(g[last]) && isMany(h[0]) {
		if h[0] == anyMany {
			g[last] = anyMany
		}
		h = h[1:]
	}
	return append(g, h...)
}

// match reports whether a text is one that the pattern describes. It goes back
// to the last star only, which is enough where a star takes everything, so it
// needs time in proportion to the square of the text's length at worst.
func (g glob) match(s string) bool {
	if len(g) > 2*len(s)+1 {
		return false
	}
	p, i := 0, 0
	star, from := -1, 0 // after the last star, and the text that it has not taken
	for i < len(s) {
		c, size := utf8.DecodeRuneInString(s[i:])
		if p < len(g) {
			switch u := g[p]; {
			case u == manyInside:
				return g.matchStates(s)
			case u == anyMany:
				p++
				star, from = p, i
				continue
			case takes(u, c):
				p++
				i += size
				continue
			}
		}
		if star < 0 {
			return false
		}
		_, size = utf8.DecodeRuneInString(s[from:])
		from += size
		p, i = star, from
	}
	for p < len(g) && isMany(g[p]) {
		p++
	}
	return p == len(g)
}

// matchStates is match for patterns whose stars do not all take everything.
func (g glob) matchStates(s string) bool {
	reached := g.after(s)
	return len(reached) == len(g)+1 && reached[len(g)]
}

// after returns which positions of the pattern can be reached by reading s.
// They are no further than what reading can have got to.
func (g glob) after(s string) []bool {
	reach := min(len(g), 2*len(s)+1)
	now, next := make([]bool, reach+1), make([]bool, reach+1)
	now[0] = true
	g.skipMany(now)
	for _, c := range s {
		clear(next)
		for p, reached := range now[:reach] {
			switch {
			case !reached || !takes(g[p], c):
			case isMany(g[p]):
				next[p] = true
			default:
				next[p+1] = true
			}
		}
		g.skipMany(next)
		now, next = next, now
	}
	return now
}

// skipMany lets every star that was reached take nothing.
func (g glob) skipMany(reached []bool) {
	for p := range len(reached) - 1 {
		if reached[p] && isMany(g[p]) {
			reached[p+1] = true
		}
	}
}

// below reports whether the pattern describes all, and whether it describes
// some of the texts that begin with a prefix and are longer.
func (g glob) below(prefix string) (all, some bool) {
	for p, reached := range g.after(prefix) {
		if !reached || p == len(g) {
			continue
		}
		some = true
		if g[p:].isEverything() {
			return true, true
		}
	}
	return false, some
}

// isEverything reports whether the pattern describes every text of one
// character or more.
func (g glob) isEverything() bool {
	stars, ones := 0, 0
	for _, u := range g {
		switch u {
		case anyMany:
			stars++
		case anyOne:
			ones++
		default:
			return false
		}
		if ones > 1 {
			return false
		}
	}
	return stars > 0
}

// isStars reports whether the pattern is "*", however often repeated.
func (g glob) isStars() bool {
	for _, u := range g {
		if u != anyMany {
			return false
		}
	}
	return len(g) > 0
}

// isLiteral reports whether the pattern has no wildcard.
func (g glob) isLiteral() bool {
	for _, u := range g {
		if u < 0 {
			return false
		}
	}
	return true
}

// prefix returns the text before the first wildcard.
func (g glob) prefix() string {
	end := slices.IndexFunc(g, func(u rune) bool { return u < 0 })
	if end < 0 {
		end = len(g)
	}
	return string(g[:end])
}

func isMany(u rune) bool { return u == anyMany || u == manyInside }

// takes reports whether a unit of a pattern takes a character.
func takes(unit, c rune) bool {
	switch unit {
	case anyOne, anyMany:
		return true
	case oneInside, manyInside:
		return c != ':'
	}
	return unit == c
}
