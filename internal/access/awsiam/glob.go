package awsiam

import (
	"iter"
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
	if len(g) > furthest(s) {
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
	return len(g) <= furthest(s) && g.read(s).has(len(g))
}

// furthest is how many units of a pattern a text can be read with.
func furthest(s string) int { return 2*len(s) + 1 }

// positions is a set of positions in a pattern, by bits.
type positions []uint64

func (p positions) has(i int) bool { return i/64 < len(p) && p[i/64]>>(i%64)&1 == 1 }

// after yields the positions of the pattern that can be reached by reading s.
func (g glob) after(s string) iter.Seq[int] {
	return func(yield func(int) bool) {
		reached := g.read(s)
		for p := range min(len(g), furthest(s)) + 1 {
			if reached.has(p) && !yield(p) {
				return
			}
		}
	}
}

// read reads s with all positions that can be reached at once.
func (g glob) read(s string) positions {
	units := g[:min(len(g), furthest(s))]
	where := func(is func(unit rune) bool) positions {
		p := make(positions, len(units)/64+1)
		for i, u := range units {
			if is(u) {
				p[i/64] |= 1 << (i % 64)
			}
		}
		return p
	}
	stars, taking := where(isMany), make(map[rune]positions)
	now := make(positions, len(stars))
	now[0] = 1
	now.skip(stars)
	for _, c := range s {
		takers, ok := taking[c]
		if !ok {
			takers = where(func(unit rune) bool { return takes(unit, c) })
			taking[c] = takers
		}
		var carry uint64
		for w := range now {
			taken := now[w] & takers[w]
			one := taken &^ stars[w]
			now[w] = taken&stars[w] | one<<1 | carry
			carry = one >> 63
		}
		now.skip(stars)
	}
	return now
}

// skip lets every star that was reached take nothing. None follows another.
func (p positions) skip(stars positions) {
	var carry uint64
	for w := range p {
		star := p[w] & stars[w]
		p[w] |= star<<1 | carry
		carry = star >> 63
	}
}

// below reports whether the pattern describes all, and whether it describes
// some of the texts that begin with a prefix and are longer.
func (g glob) below(prefix string) (all, some bool) {
	for p := range g.after(prefix) {
		if p == len(g) {
			break
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
