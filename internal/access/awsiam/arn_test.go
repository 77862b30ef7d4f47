package awsiam

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stowage-dev/stowage/internal/access"
)

// slowResource is the documented rule of wildcards in the ARN of a Resource
// element, one character after the other: a star takes colons when it ends its
// segment or is in the last one, and a question mark in the last one.
func slowResource(pattern, s string, colons int) bool {
	if pattern == "" {
		return s == ""
	}
	rest := pattern[1:]
	lastSegment := colons >= arnSegments-1
	switch pattern[0] {
	case '*':
		crosses := lastSegment || rest == "" || rest[0] == ':'
		for i := 0; i <= len(s); i++ {
			if slowResource(rest, s[i:], colons) {
				return true
			}
			if i < len(s) && s[i] == ':' && !crosses {
				return false
			}
		}
		return false
	case '?':
		return s != "" && (lastSegment || s[0] != ':') && slowResource(rest, s[1:], colons)
	case ':':
		colons++
	}
	return s != "" && s[0] == pattern[0] && slowResource(rest, s[1:], colons)
}

func FuzzResourcePattern(f *testing.F) {
	for _, seed := range [][2]string{
		{"s3:::b/*", "s3:::b/k"},
		{"dynamodb:*:table/t", "dynamodb:eu:1:table/t"},
		{"sqs:e*u:*:q", "sqs:eu:1:q"},
		{"sqs:?:1:a?b", "sqs:::1:a:b"},
		{"s3", "s3:::b"},
		{"s3:*", "s3:::b"},
		{"logs:*:*:log-group:*:*", "logs:eu:1:log-group:a:log-stream:b"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, resource string) {
		notASCII := func(c rune) bool { return c >= utf8.RuneSelf || c == '$' }
		if len(pattern) > 14 || len(resource) > 14 || strings.ContainsFunc(pattern+resource, notASCII) {
			return
		}
		pattern, resource = "arn:aws:"+pattern, "arn:aws:"+resource
		p := newResourcePattern(pattern, true)
		r := newRequest(&Input{Request: access.Request{Action: "s3:GetObject", Resource: access.Resource{ID: resource}}})
		got := p.match(r, identityPolicy)
		want := slowResource(pattern, resource, 0) || strings.Count(pattern, ":") < arnSegments-1 && slowResource(pattern+":*", resource, 0)
		switch value, known := got.Value(); {
		case known && value != want:
			t.Errorf("%q of %q is %v, want %v", pattern, resource, got, want)
		case !known && (!want || p.doubt == ""):
			t.Errorf("%q of %q is %v without a reason", pattern, resource, got)
		}
	})
}

func TestARNPattern(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, arn string
		want         bool
	}{
		{"arn:aws:iam::*:role/a*", "arn:aws:iam::111122223333:role/abc", true},
		{"arn:aws:iam::*:role/a*", "arn:aws:iam::1:2:role/abc", false},
		{"arn:*:iam::1:role/a", "arn:aws-cn:iam::1:role/a", true},
		{"arn:aws:logs:*:1:log-group:*", "arn:aws:logs:eu-west-1:1:log-group:a:b", true},
		{"arn:aws:iam::1:role/a", "arn:aws:iam::1", false},
	} {
		p, ok := newARNPattern(newGlob(test.pattern))
		if !ok {
			t.Errorf("%q is no pattern", test.pattern)
		}
		if got := p.match(test.arn); got != test.want {
			t.Errorf("%q of %q is %v, want %v", test.pattern, test.arn, got, test.want)
		}
	}
}
