package secret

import (
	"bytes"
	"math"
	"strings"
)

// exampleWords are in values that stand for a secret and are none. They are
// long enough not to come up by chance.
var exampleWords = [][]byte{
	[]byte("example"), []byte("sample"), []byte("dummy"), []byte("placeholder"), []byte("changeme"), []byte("change_me"),
	[]byte("change-me"), []byte("replace"), []byte("redacted"), []byte("your_"), []byte("your-"), []byte("yourkey"),
	[]byte("yourtoken"), []byte("yoursecret"), []byte("insert"), []byte("xxxxx"), []byte("*****"), []byte("....."),
	[]byte("fake_"), []byte("fake-"), []byte("notreal"), []byte("not-real"), []byte("<"), []byte("${"), []byte("{{"), []byte("%("), []byte("$("),
}

// exampleRuns are what people type where a generator would have worked.
var exampleRuns = [][]byte{
	[]byte("abcdef"), []byte("12345"), []byte("98765"), []byte("00000"), []byte("deadbeef"), []byte("testtest"), []byte("foobar"),
}

// speaksOfExample reports whether a value says itself that it is none.
func speaksOfExample(value []byte) bool { return containsAny(bytes.ToLower(value), exampleWords) }

func containsAny(b []byte, words [][]byte) bool {
	for _, w := range words {
		if bytes.Contains(b, w) {
			return true
		}
	}
	return false
}

// isExample reports whether a value that should be random is an example or a
// placeholder.
func isExample(value []byte) bool {
	folded := bytes.ToLower(value)
	if containsAny(folded, exampleWords) || containsAny(folded, exampleRuns) {
		return true
	}
	// What a generator makes has no character five times in a row, and most
	// of those that it may use.
	run := 1
	for i := 1; i < len(folded); i++ {
		if folded[i] != folded[i-1] {
			run = 1
		} else if run++; run == 5 {
			return true
		}
	}
	return entropy(value) < 2.5
}

// entropy returns the bits of information in each byte of s.
func entropy[T string | []byte](s T) float64 {
	var counts [256]int
	for i := range len(s) {
		counts[s[i]]++
	}
	bits := 0.0
	for _, n := range counts {
		if n > 0 {
			p := float64(n) / float64(len(s))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}

// placeholders are words that stand for a password, or that are one of few.
var placeholders = setOf(
	"", "true", "false", "yes", "no", "none", "null", "nil", "on", "off", "enabled", "disabled", "undefined", "placeholder",
	"redacted", "unset", "default", "optional", "required", "nobody",
)

// poorPasswords are what manuals and tests write where a password belongs.
var poorPasswords = setOf(
	"password", "passwd", "passwort", "passw0rd", "pass", "pw", "pwd", "p", "secret", "mysecret", "secretpassword", "mypassword", "mypass",
	"yourpassword", "userpassword", "userpass", "user", "username", "admin", "root", "guest", "test", "testing", "testpass",
	"foo", "bar", "baz", "token", "mytoken", "key", "xxx", "xxxx", "abc", "abc123", "123", "1234", "12345", "123456", "changeme", "change-me",
	"changeit", "example", "letmein", "postgres", "mysql", "guest", "rabbitmq", "redis", "mongo", "oauth2", "x-oauth-basic", "x-token-auth",
	"api_key", "apikey", "access_token", "credentials", "hidden", "private", "public", "string", "value", "anonymous",
	"demo", "dev", "local", "localhost", "domain", "host", "port", "something", "whatever", "auth", "me", "you", "b", "c", "s3cr3t", "s3cret",
)

func setOf(words ...string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, w := range words {
		set[w] = true
	}
	return set
}

// isPoor reports whether a value is a password of manuals and tests.
func isPoor(value []byte) bool {
	folded := strings.ToLower(string(value))
	return placeholders[folded] || poorPasswords[folded] || speaksOfExample(value) || isReference(folded) || strings.Trim(folded, folded[:1]) == ""
}

// isReference reports whether a value leads to a secret instead of being one:
// a variable, a template, a path, an address.
func isReference(value string) bool {
	if value == "" {
		return true
	}
	switch value[0] {
	case '$', '<', '{', '%', '/', '*', '[', '(', '@', '#', '&', '!', '`', '~', '\\', '_':
		return true
	}
	return strings.Contains(value, "${") || strings.Contains(value, "{{") || strings.Contains(value, "$(") ||
		strings.Contains(value, "://") || strings.HasPrefix(value, "./") || strings.HasPrefix(value, "../")
}
