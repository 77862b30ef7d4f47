package awsiam

import (
	"encoding/base64"
	"fmt"
	"math/big"
	"net/netip"
	"strings"
	"time"
)

// An operator compares the value of a key with the value of a condition. None
// is negated; that is the business of the condition.
type operator interface {
	// name is how terms call it.
	name() string
	// wildcards and variables say whether they have a meaning in the values of
	// a condition.
	wildcards() bool
	variables() bool
	// parse reads a value of a condition, or says what is wrong with it.
	parse(template) (parsed any, problem string)
	// match compares a value of a condition with one of a key, or says why
	// that is not possible.
	match(o *operand, t *resolved, s string) (matches bool, problem string)
	// term returns how a term says that the key has the value of a condition.
	// What two operators have in common is said in the same way.
	term(o *operand, t *resolved) (name, value, problem string)
}

type operatorSpec struct {
	operator operator
	negated  bool
}

var (
	arnOperator        operator = arnLike{}
	nullOperator       operator = boolean{operatorName: "Null"}
	ignoreCaseOperator operator = ignoreCase{}
)

// operators is every operator by its name in policies, without modifiers.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
var operators = map[string]operatorSpec{
	"StringEquals":              {stringEquals{}, false},
	"StringNotEquals":           {stringEquals{}, true},
	"StringEqualsIgnoreCase":    {ignoreCaseOperator, false},
	"StringNotEqualsIgnoreCase": {ignoreCaseOperator, true},
	"StringLike":                {stringLike{}, false},
	"StringNotLike":             {stringLike{}, true},
	"ArnEquals":                 {arnOperator, false},
	"ArnNotEquals":              {arnOperator, true},
	"ArnLike":                   {arnOperator, false},
	"ArnNotLike":                {arnOperator, true},
	"Bool":                      {boolean{operatorName: "Bool"}, false},
	"Null":                      {nullOperator, false},
	"BinaryEquals":              {binary{}, false},
	"IpAddress":                 {address{}, false},
	"NotIpAddress":              {address{}, true},
	"NumericEquals":             {number{operatorName: "NumericEquals", right: equal}, false},
	"NumericNotEquals":          {number{operatorName: "NumericEquals", right: equal}, true},
	"NumericLessThan":           {number{operatorName: "NumericLessThan", right: less}, false},
	"NumericLessThanEquals":     {number{operatorName: "NumericLessThanEquals", right: lessOrEqual}, false},
	"NumericGreaterThan":        {number{operatorName: "NumericGreaterThan", right: greater}, false},
	"NumericGreaterThanEquals":  {number{operatorName: "NumericGreaterThanEquals", right: greaterOrEqual}, false},
	"DateEquals":                {date{operatorName: "DateEquals", right: equal}, false},
	"DateNotEquals":             {date{operatorName: "DateEquals", right: equal}, true},
	"DateLessThan":              {date{operatorName: "DateLessThan", right: less}, false},
	"DateLessThanEquals":        {date{operatorName: "DateLessThanEquals", right: lessOrEqual}, false},
	"DateGreaterThan":           {date{operatorName: "DateGreaterThan", right: greater}, false},
	"DateGreaterThanEquals":     {date{operatorName: "DateGreaterThanEquals", right: greaterOrEqual}, false},
}

// A comparison says which orders of the key's value and the condition's are right.
type comparison [3]bool // less, equal, greater

var (
	equal          = comparison{false, true, false}
	less           = comparison{true, false, false}
	lessOrEqual    = comparison{true, true, false}
	greater        = comparison{false, false, true}
	greaterOrEqual = comparison{false, true, true}
)

// text is what operators of strings have in common.
type text struct{}

func (text) variables() bool              { return true }
func (text) wildcards() bool              { return false }
func (text) parse(template) (any, string) { return nil, "" }

// plain is what operators have in common whose values are taken as they are.
type plain struct{}

func (plain) variables() bool { return false }
func (plain) wildcards() bool { return false }

type stringEquals struct{ text }

func (stringEquals) name() string { return "StringEquals" }
func (stringEquals) match(_ *operand, t *resolved, s string) (bool, string) {
	return t.glob().match(s), ""
}

func (stringEquals) term(_ *operand, t *resolved) (name, value, problem string) {
	return "StringEquals", t.String(false), ""
}

type stringLike struct{ text }

func (stringLike) wildcards() bool { return true }
func (stringLike) name() string    { return "StringLike" }
func (stringLike) term(_ *operand, t *resolved) (name, value, problem string) {
	if t.isLiteral() {
		return "StringEquals", t.String(false), ""
	}
	return "StringLike", t.String(true), ""
}

func (stringLike) match(_ *operand, t *resolved, s string) (bool, string) {
	return t.glob().match(s), ""
}

// ignoreCase compares without case. Of letters that are not ASCII it is not
// documented which belong together.
type ignoreCase struct{ text }

func (ignoreCase) name() string { return "StringEqualsIgnoreCase" }
func (ignoreCase) term(_ *operand, t *resolved) (name, value, problem string) {
	return "StringEqualsIgnoreCase", asciiLower(t.String(false)), ""
}

func (ignoreCase) match(_ *operand, t *resolved, s string) (bool, string) {
	lower := make(glob, 0, len(s))
	for _, u := range t.glob() {
		if 'A' <= u && u <= 'Z' {
			u += 'a' - 'A'
		}
		lower = append(lower, u)
	}
	if lower.match(asciiLower(s)) {
		return true, ""
	}
	if len(t.open) == 0 && strings.EqualFold(t.String(false), s) {
		return false, fmt.Sprintf("%q and %q differ in the case of letters that are not ASCII", t.String(false), s)
	}
	return false, ""
}

type arnLike struct{ text }

func (arnLike) wildcards() bool { return true }
func (arnLike) name() string    { return "ArnLike" }
func (arnLike) term(_ *operand, t *resolved) (name, value, problem string) {
	switch _, ok := newARNPattern(t.glob()); {
	case !ok:
		return "", "", shortPattern(t)
	case t.isLiteral():
		return "StringEquals", t.String(false), ""
	}
	return "ArnLike", t.String(true), ""
}

func (arnLike) match(_ *operand, t *resolved, s string) (bool, string) {
	g := t.glob()
	p, ok := newARNPattern(g)
	switch {
	case ok:
		return p.match(s), ""
	case g.match(s):
		return false, shortPattern(t)
	}
	return false, ""
}

func shortPattern(t *resolved) string {
	return fmt.Sprintf("%q has less than six segments, and what that means is not documented", t.String(true))
}

// boolean is the operators Bool and Null, which have the same values.
type boolean struct {
	plain
	operatorName string
}

func (o boolean) name() string { return o.operatorName }
func (o boolean) term(x *operand, _ *resolved) (name, value, problem string) {
	return o.operatorName, asciiLower(x.text), ""
}

func (boolean) parse(t template) (any, string) { b, problem := parseBool(t.text); return b, problem }

func (boolean) match(o *operand, _ *resolved, s string) (bool, string) {
	b, problem := parseBool(s)
	return b == o.parsed, problem
}

func parseBool(s string) (value bool, problem string) {
	switch asciiLower(s) {
	case "true":
		return true, ""
	case "false":
		return false, ""
	}
	return false, quote(s) + " is neither true nor false"
}

// binary compares bytes, which are in base 64 on both sides.
type binary struct{ plain }

func (binary) name() string { return "BinaryEquals" }
func (binary) term(x *operand, _ *resolved) (name, value, problem string) {
	return "BinaryEquals", x.text, ""
}
func (binary) parse(t template) (any, string) { return wrap(parseBinary(t.text)) }
func (binary) match(o *operand, _ *resolved, s string) (bool, string) {
	b, problem := parseBinary(s)
	return b == o.parsed, problem
}

func parseBinary(s string) (value, problem string) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return "", quote(s) + " is not in base 64"
	}
	return string(b), ""
}

// address compares an IP address with a range of addresses.
type address struct{ plain }

func (address) name() string { return "IpAddress" }
func (address) term(x *operand, _ *resolved) (name, value, problem string) {
	return "IpAddress", x.parsed.(netip.Prefix).String(), ""
}
func (address) parse(t template) (any, string) { return wrap(parsePrefix(t.text)) }
func (address) match(o *operand, _ *resolved, s string) (bool, string) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return false, quote(s) + " is not an IP address"
	}
	return o.parsed.(netip.Prefix).Contains(a), ""
}

func parsePrefix(s string) (netip.Prefix, string) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), ""
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, quote(s) + " is neither an IP address nor a range in CIDR notation"
	}
	return netip.PrefixFrom(a, a.BitLen()), ""
}

// number compares integers and decimals.
type number struct {
	plain
	operatorName string
	right        comparison
}

func (o number) name() string { return o.operatorName }
func (o number) term(x *operand, _ *resolved) (name, value, problem string) {
	return o.operatorName, x.text, ""
}
func (number) parse(t template) (any, string) { return wrap(parseNumber(t.text)) }
func (n number) match(o *operand, _ *resolved, s string) (bool, string) {
	x, problem := parseNumber(s)
	if problem != "" {
		return false, problem
	}
	return n.right[x.Cmp(o.parsed.(*big.Rat))+1], ""
}

// maxDigits is how long a number may be.
const maxDigits = 100

func parseNumber(s string) (*big.Rat, string) {
	digits := strings.TrimLeft(s, "+-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if len(s)-len(digits) > 1 || len(s) > maxDigits || !isDigits(whole+fraction) {
		return nil, quote(s) + " is not a number"
	}
	x, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil, quote(s) + " is not a number"
	}
	return x, ""
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// date compares points in time, in a format of ISO 8601 that W3C lists or in
// seconds since 1970. Four digits could be either.
type date struct {
	plain
	operatorName string
	right        comparison
}

func (o date) name() string { return o.operatorName }
func (o date) term(x *operand, _ *resolved) (name, value, problem string) {
	return o.operatorName, x.text, ""
}
func (date) parse(t template) (any, string) { return wrap(parseDate(t.text)) }
func (d date) match(o *operand, _ *resolved, s string) (bool, string) {
	at, problem := parseDate(s)
	if problem != "" {
		return false, problem
	}
	return d.right[at.Compare(o.parsed.(time.Time))+1], ""
}

// dateFormats is those of https://www.w3.org/TR/NOTE-datetime that are not a
// year alone.
var dateFormats = []string{"2006-01", time.DateOnly, "2006-01-02T15:04Z07:00", time.RFC3339Nano}

func parseDate(s string) (time.Time, string) {
	if isDigits(s) && len(s) == len("2006") {
		return time.Time{}, quote(s) + " may be a year or seconds since 1970"
	}
	if isDigits(s) && len(s) <= len("253402300799") {
		var seconds int64
		for _, c := range s {
			seconds = seconds*10 + int64(c-'0')
		}
		return time.Unix(seconds, 0), ""
	}
	for _, format := range dateFormats {
		if at, err := time.Parse(format, s); err == nil {
			return at, ""
		}
	}
	return time.Time{}, quote(s) + " is not a date"
}

// wrap makes the answer of a parser that of an operator.
func wrap[T any](parsed T, problem string) (any, string) { return parsed, problem }
