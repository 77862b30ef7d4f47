package azurerbac

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A quantifier says of how many values on each side a comparison has to hold.
type quantifier struct {
	name              string
	allLeft, allRight bool
}

var quantifiers = map[string]quantifier{
	"foranyofanyvalues": {"ForAnyOfAnyValues", false, false},
	"forallofanyvalues": {"ForAllOfAnyValues", true, false},
	"foranyofallvalues": {"ForAnyOfAllValues", false, true},
	"forallofallvalues": {"ForAllOfAllValues", true, true},
}

// An operator compares two values.
type operator struct {
	name     string
	negative bool
	// slow: its time is the product of the lengths of what it compares.
	slow bool
	// compare returns the answer without the negation.
	compare func(left, right value) answer
}

func (o operator) apply(left, right value) answer {
	a := o.compare(left, right)
	if o.negative {
		return yes - a
	}
	return a
}

// operators by their names in lower case.
var operators = makeOperators()

func operatorOf(text string) (quantifier, operator, error) {
	name := lowerASCII(text)
	var q quantifier
	if before, after, ok := strings.Cut(name, ":"); ok {
		if q, ok = quantifiers[before]; !ok {
			return q, operator{}, fmt.Errorf("operator %q is not documented", shorten(text))
		}
		name = after
	}
	o, ok := operators[name]
	if !ok {
		return q, o, fmt.Errorf("operator %q is not documented", shorten(text))
	}
	return q, o, nil
}

func makeOperators() map[string]operator {
	all := map[string]operator{}
	add := func(name string, negative bool, compare func(left, right value) answer) {
		all[lowerASCII(name)] = operator{name: name, negative: negative, slow: strings.Contains(name, "Like"), compare: compare}
	}
	pair := func(kind, verb string, suffix string, compare func(left, right value) answer) {
		add(kind+verb+suffix, false, compare)
		add(kind+"Not"+verb+suffix, true, compare)
	}
	for verb, holds := range map[string]func(text, pattern string) answer{
		"Equals":     func(t, p string) answer { return answerOf(t == p) },
		"StartsWith": func(t, p string) answer { return answerOf(strings.HasPrefix(t, p)) },
		"Like":       like,
	} {
		pair("String", verb, "", stringOperator(holds, false))
		pair("String", verb, "IgnoreCase", stringOperator(holds, true))
	}
	pair("Bool", "Equals", "", compareBools)
	pair("Guid", "Equals", "", compareGUIDs)
	for kind, order := range map[string]func(left, right value) (int, bool){"Numeric": orderNumbers, "DateTime": orderTimes} {
		pair(kind, "Equals", "", ordered(order, func(c int) bool { return c == 0 }))
		add(kind+"GreaterThan", false, ordered(order, func(c int) bool { return c > 0 }))
		add(kind+"GreaterThanEquals", false, ordered(order, func(c int) bool { return c >= 0 }))
		add(kind+"LessThan", false, ordered(order, func(c int) bool { return c < 0 }))
		add(kind+"LessThanEquals", false, ordered(order, func(c int) bool { return c <= 0 }))
	}
	return all
}

// stringOperator compares texts. When the case of a text is not known, only
// texts that differ by more than it are sure to differ. How letters outside
// ASCII are folded is not documented: where it matters, the answer is unsure.
func stringOperator(holds func(text, pattern string) answer, ignoreCase bool) func(left, right value) answer {
	folded := func(l, r string) answer {
		a, b := holds(lowerASCII(l), lowerASCII(r)), holds(strings.ToLower(l), strings.ToLower(r))
		if a != b {
			return unsure
		}
		return a
	}
	return func(l, r value) answer {
		switch {
		case l.kind == bare || r.kind == bare:
			return unsure
		case ignoreCase:
			return folded(l.text, r.text)
		case l.folded || r.folded:
			return min(folded(l.text, r.text), unsure)
		}
		return holds(l.text, r.text)
	}
}

func compareBools(l, r value) answer {
	a, okA := boolOf(l)
	b, okB := boolOf(r)
	if !okA || !okB {
		return unsure
	}
	return answerOf(a == b)
}

func boolOf(v value) (holds, ok bool) {
	if v.kind == quoted {
		return false, false
	}
	switch lowerASCII(v.text) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

func compareGUIDs(l, r value) answer {
	a, okA := guidOf(l.text)
	b, okB := guidOf(r.text)
	if !okA || !okB {
		return unsure
	}
	return answerOf(a == b)
}

// guidOf returns the digits of a GUID, which built-in roles have with dashes
// and without.
func guidOf(text string) (string, bool) {
	if len(text) == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-' {
		text = text[:8] + text[9:13] + text[14:18] + text[19:23] + text[24:]
	}
	if len(text) != 32 {
		return "", false
	}
	text = lowerASCII(text)
	return text, isHex(text)
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func ordered(order func(l, r value) (int, bool), holds func(int) bool) func(left, right value) answer {
	return func(l, r value) answer {
		c, ok := order(l, r)
		if !ok {
			return unsure
		}
		return answerOf(holds(c))
	}
}

// orderNumbers orders integers; others are not supported by the language.
func orderNumbers(l, r value) (int, bool) {
	a, errA := strconv.ParseInt(l.text, 10, 64)
	b, errB := strconv.ParseInt(r.text, 10, 64)
	if errA != nil || errB != nil || l.kind == quoted || r.kind == quoted {
		return 0, false
	}
	switch {
	case a < b:
		return -1, true
	case a > b:
		return 1, true
	}
	return 0, true
}

// orderTimes orders times in UTC, as "2022-06-01T00:00:00.0Z".
func orderTimes(l, r value) (int, bool) {
	a, errA := time.Parse(time.RFC3339Nano, l.text)
	b, errB := time.Parse(time.RFC3339Nano, r.text)
	if errA != nil || errB != nil || !strings.HasSuffix(l.text, "Z") || !strings.HasSuffix(r.text, "Z") ||
		l.kind == bare || r.kind == bare {
		return 0, false
	}
	return a.Compare(b), true
}
