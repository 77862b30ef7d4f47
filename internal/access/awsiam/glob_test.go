package awsiam

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stowage-dev/stowage/internal/access"
)

// slowMatch is match as one would define it: it tries everything.
func slowMatch(g glob, s []rune) bool {
	switch {
	case len(g) == 0:
		return len(s) == 0
	case isMany(g[0]):
		return slowMatch(g[1:], s) || len(s) > 0 && takes(g[0], s[0]) && slowMatch(g, s[1:])
	}
	return len(s) > 0 && takes(g[0], s[0]) && slowMatch(g[1:], s[1:])
}

func checkGlob(t *testing.T, g glob, s string) {
	t.Helper()
	want := slowMatch(g, []rune(s))
	if got := g.match(s); got != want {
		t.Errorf("match(%v, %q) = %v, want %v", g, s, got, want)
	}
	if got := g.matchStates(s); got != want {
		t.Errorf("matchStates(%v, %q) = %v, want %v", g, s, got, want)
	}
}

// words returns every text of the alphabet with n characters or less.
func words(alphabet string, n int) []string {
	all := []string{""}
	for from := 0; n > 0; n-- {
		to := len(all)
		for _, w := range all[from:to] {
			for _, c := range alphabet {
				all = append(all, w+string(c))
			}
		}
		from = to
	}
	return all
}

// TestGlobMatchesAsDefined compares the matchers with one that tries
// everything, for all short texts.
func TestGlobMatchesAsDefined(t *testing.T) {
	t.Parallel()
	texts := words("ab:é", 5)
	r := rand.New(rand.NewPCG(1, 2))
	units := []rune{'a', 'b', ':', 'é', anyOne, anyMany, anyMany, oneInside, manyInside}
	for range 400 {
		var g glob
		for range r.IntN(7) {
			g = g.join(glob{units[r.IntN(len(units))]})
		}
		for _, s := range texts {
			checkGlob(t, g, s)
		}
		for _, prefix := range words("ab:", 2) {
			all, some := true, false
			for _, s := range texts {
				if strings.HasPrefix(s, prefix) && len(s) > len(prefix) {
					matches := slowMatch(g, []rune(s))
					all, some = all && matches, some || matches
				}
			}
			gotAll, gotSome := g.below(prefix)
			// A pattern that takes all short texts may still not take all.
			if gotAll && !all || gotSome != slowSome(g, prefix) || some && !gotSome {
				t.Errorf("below(%v, %q) = %v, %v, want %v, %v", g, prefix, gotAll, gotSome, all, some)
			}
		}
	}
}

func TestGlobBelow(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, prefix string
		all, some       bool
	}{
		{"*", "b/", true, true},
		{"b/*", "b/", true, true},
		{"b*", "b/", true, true},
		{"b/?*", "b/", true, true},
		{"b/??*", "b/", false, true},
		{"b/x*", "b/", false, true},
		{"b/", "b/", false, false},
		{"b", "b/", false, false},
		{"*.txt", "b/", false, true},
		{"c/*", "b/", false, false},
		{"?/**", "b/", true, true},
	} {
		if all, some := newGlob(test.pattern).below(test.prefix); all != test.all || some != test.some {
			t.Errorf("below(%q, %q) = %v, %v, want %v, %v", test.pattern, test.prefix, all, some, test.all, test.some)
		}
	}
}

// TestScenarioR28 checks that a hostile pattern is decided in 10 ms, in the
// best of some runs, as the machine may be busy.
func TestScenarioR28_hostile_pattern(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{
		"arn:aws:s3:::" + strings.Repeat("*a", 200) + "b",
		"arn:aws:s3:" + strings.Repeat("*a", 200) + "b::x",
		"arn:aws:s3:::" + strings.Repeat("?*", 200) + "b",
	} {
		in := read(aRole).identity(allow("s3:"+strings.Repeat("*t", 200), "*"), allow("s3:*", pattern))
		in.Request.Resource.ID = "arn:aws:s3:::" + strings.Repeat("a", 2048)
		best := time.Hour
		for range 20 {
			start := time.Now()
			if d := Evaluate(in); !d.Formula.IsFalse() {
				t.Errorf("%s is %v, want it denied", pattern, d.Formula)
			}
			if best = min(best, time.Since(start)); best < 10*time.Millisecond {
				break
			}
		}
		if best >= 10*time.Millisecond {
			t.Errorf("%s takes %v, want less than 10 ms", pattern, best)
		}
	}
}

// TestManyVariables checks that stars that variables bring together are one.
func TestManyVariables(t *testing.T) {
	t.Parallel()
	pattern := "arn:aws:s3:::" + strings.Repeat("*${a}${b}", 50)
	for value, want := range map[string]access.Verdict{"": access.Allowed, "x": access.Denied} {
		if d := Evaluate(ask(aRole, "s3:GetObject", "arn:aws:s3:::k", "a", value, "b", "").identity(allow("*", pattern))); d.Verdict() != want {
			t.Errorf("with %q: %s", value, explain(d))
		}
	}
	in := ask(aRole, "s3:GetObject", "arn:aws:s3:::k").identity(allow("*", "arn:aws:s3:::"+strings.Repeat("*${a}", 500)))
	if d := Evaluate(in.context(access.NewContext(access.UnknownState))); d.Verdict() != access.Conditional {
		t.Errorf("with unknown variables: %v, want conditional", d.Verdict())
	}
}

func FuzzGlob(f *testing.F) {
	f.Add("a*b?c", "aXXbYc")
	f.Add("*:*", "a:b")
	f.Add("**?é", "€é")
	f.Add("\xff*", "\xffa")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if utf8.RuneCountInString(pattern) > 12 || utf8.RuneCountInString(s) > 12 {
			return
		}
		g := newGlob(pattern)
		checkGlob(t, g, s)
		inside := make(glob, len(g))
		for i, u := range g {
			switch u {
			case anyOne:
				u = oneInside
			case anyMany:
				u = manyInside
			}
			inside[i] = u
		}
		checkGlob(t, inside, s)
		all, some := g.below(s)
		if all && !some {
			t.Errorf("below(%q, %q): all but not some", pattern, s)
		}
		if some != slowSome(g, s) {
			t.Errorf("below(%q, %q) says some = %v", pattern, s, some)
		}
	})
}

// slowSome reports whether a text that is longer than s can match.
func slowSome(g glob, s string) bool {
	for i := range len(g) + 1 {
		if slowMatch(g[:i], []rune(s)) && i < len(g) {
			return true
		}
		if i > 0 && isMany(g[i-1]) && slowMatch(g[:i], []rune(s)) {
			return true
		}
	}
	return false
}
