package secret

import (
	"bytes"
)

// urlRules are of addresses with a password in them.
var urlRules = []Rule{
	{
		ID: "url-password", Title: "a URL with a password", Confidence: Medium,
		Source: "https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1", keywords: []string{"://"}, find: findURL,
	},
	token("azure-sas", "an Azure shared access signature", "https://learn.microsoft.com/en-us/azure/storage/common/storage-sas-overview",
		`sig=([A-Za-z0-9%]{43,63}%3[Dd])`, "sig=").likely(),
}

// maxUserinfo bounds the part of a URL before its host.
const maxUserinfo = 256

// findURL finds scheme://user:password@host.
func findURL(t *text, at, end int) (match, bool) {
	start := at
	for start > 0 && at-start < 24 && (isWord(t.b[start-1]) || t.b[start-1] == '+' || t.b[start-1] == '-') {
		start--
	}
	rest := t.b[end:min(end+maxUserinfo, len(t.b))]
	if start == at {
		return match{}, false
	}
	colon, sign := -1, -1
	for i, c := range rest {
		if c <= ' ' || bytes.IndexByte([]byte("/\"'`<>{}[]|\\^$()?,;"), c) >= 0 && (colon < 0 || c != '$' && c != '?' && c != '^' && c != '(' && c != ')') {
			break
		}
		if c == ':' && colon < 0 {
			colon = i
		}
		if c == '@' {
			sign = i
			break
		}
	}
	t.work += 16
	if colon < 0 || sign-colon-1 < 3 {
		return match{}, false
	}
	user, password := rest[:colon], rest[colon+1:sign]
	m := match{start: end + colon + 1, end: end + sign, value: password}
	if t.loose {
		return m, true
	}
	host := rest[sign+1:]
	for i, c := range host {
		if !isWord(c) && c != '.' && c != '-' {
			host = host[:i]
			break
		}
	}
	if len(host) == 0 || isPoor(password) || bytes.ContainsAny(password, "$%{}<>*") && !isEscaped(password) || isExample(password) && len(password) > 8 {
		return match{}, false
	}
	if t.kind == plain && t.path == "" {
		return m, true // An address that somebody configured.
	}
	if bytes.EqualFold(user, password) || isLocalHost(host) || t.kind == prose || t.kind == sample ||
		t.kind == code && !isStrong(password) {
		return match{}, false
	}
	return m, true
}

// isStrong reports whether a password is more than what documentation in
// source code has in its place.
func isStrong(password []byte) bool {
	folded := bytes.ToLower(password)
	for _, s := range []string{"pass", "secret", "key", "user", "1234", "pwd", "test", ":"} {
		if bytes.Contains(folded, []byte(s)) {
			return false
		}
	}
	return len(password) >= 8 && entropy(password) >= 2.7
}

// isEscaped reports whether each percent sign begins an escape, and nothing
// else of a template is there.
func isEscaped(b []byte) bool {
	for i, c := range b {
		if c == '%' && (i+2 >= len(b) || !isHex(b[i+1]) || !isHex(b[i+2])) || c != '%' && bytes.IndexByte([]byte("${}<>*"), c) >= 0 {
			return false
		}
	}
	return true
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= lower(c) && lower(c) <= 'f' }

// isLocalHost reports whether a host is one of manuals and tests.
func isLocalHost(host []byte) bool {
	h := bytes.ToLower(host)
	for _, s := range []string{"localhost", "127.0.0.1", "0.0.0.0", "host", "hostname", "server", "proxy", "myhost", "somehost", "user", "foo", "bar", "test"} {
		if string(h) == s {
			return true
		}
	}
	for _, s := range []string{"example", "invalid", ".test", ".local", "foo.", "proxy.", "host.", "domain.", "server.", "somewhere", "mydomain", "yourdomain"} {
		if bytes.Contains(h, []byte(s)) {
			return true
		}
	}
	return false
}
