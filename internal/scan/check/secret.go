package check

import (
	"math"
	"regexp"
	"strings"
)

// secretShapes are values that are secrets whatever they are called. What is
// here must have next to no false matches.
var secretShapes = []struct {
	name    string
	pattern *regexp.Regexp
}{
	{"a private key", regexp.MustCompile(`-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[^-]*(?:-----END (?:[A-Z]+ )?PRIVATE KEY-----)?`)},
	{"an AWS access key ID", regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z2-7]{16}\b`)},
	{"a GitHub token", regexp.MustCompile(`\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})`)},
	{"a GitLab token", regexp.MustCompile(`\bglpat-[A-Za-z0-9_-]{20,}`)},
	{"a Slack token", regexp.MustCompile(`\bxox[abprs]-[A-Za-z0-9-]{10,}`)},
	{"a Stripe key", regexp.MustCompile(`\b[sr]k_live_[A-Za-z0-9]{20,}`)},
	{"a Google API key", regexp.MustCompile(`\bAIza[A-Za-z0-9_-]{35}`)},
	{"an npm token", regexp.MustCompile(`\bnpm_[A-Za-z0-9]{36}\b`)},
	{"a PyPI token", regexp.MustCompile(`\bpypi-[A-Za-z0-9_-]{50,}`)},
	{"a Docker Hub token", regexp.MustCompile(`\bdckr_pat_[A-Za-z0-9_-]{20,}`)},
	{"a SendGrid key", regexp.MustCompile(`\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{40,}`)},
	{"a Hugging Face token", regexp.MustCompile(`\bhf_[A-Za-z0-9]{34,}\b`)},
	{"a JSON web token", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}`)},
	{"an Azure storage key", regexp.MustCompile(`AccountKey=[A-Za-z0-9+/]{80,}`)},
	{"a URL with a password", regexp.MustCompile(`\b[a-z][a-z0-9+.-]*://[^\s/:@'"${}<>]+:[^\s/:@'"${}<>]{3,}@`)},
}

// secretShape returns what kind of secret is in a text by its shape, or an
// empty string.
func secretShape(s string) string {
	for _, shape := range secretShapes {
		if shape.pattern.MatchString(s) {
			return shape.name
		}
	}
	return ""
}

var (
	secretName = regexp.MustCompile(`(?i)(?:^|[_.-])(?:pass|passwd|password|passphrase|pwd|secret|secrets|token|credential|credentials|` +
		`api_?key|access_?key|secret_?key|private_?key|auth_?key|encryption_?key|signing_?key|account_?key|client_?secret|connection_?string)(?:$|[_.0-9-])|` +
		`(?:password|passwd|secret|token|apikey)$`)
	// notSecretName are names that speak of a secret without holding one.
	notSecretName = regexp.MustCompile(`(?i)(?:_|^)(?:file|path|dir|directory|url|uri|host|port|name|user|username|id|ttl|expiry|expires|` +
		`expiration|timeout|lifetime|length|size|min|max|type|algorithm|header|issuer|audience|enabled|disabled|required|policy|version|` +
		`mount|store|provider|public|pub|sock|gpg|salt_rounds)$|(?:^|_)(?:gpg|public|pub|no|disable|enable|allow|require|skip|use)_|^pwd$|^oldpwd$`)
	reference = regexp.MustCompile(`^\$|^<[^>]*>$|^\{\{.*\}\}$|^%[A-Za-z_]+%$|^/|^\./|^(?:https?|file)://|^(?:\*+|x+|X+)$`)
)

// isSecretName reports whether a name promises a secret as its value. The ID
// of a key is none, though it leads to one.
func isSecretName(name string) bool {
	return secretName.MatchString(name) && !notSecretName.MatchString(name)
}

// placeholders are words that stand for a value, or that are one of few.
var placeholders = map[string]bool{
	"": true, "true": true, "false": true, "yes": true, "no": true, "none": true, "null": true, "nil": true,
	"on": true, "off": true, "enabled": true, "disabled": true, "undefined": true, "placeholder": true, "redacted": true,
	"unset": true, "default": true, "optional": true, "required": true,
}

// isPlainValue reports whether a value can be a secret: not a path, a
// reference, a switch or a number.
func isPlainValue(value string) bool {
	value = strings.Trim(value, `"'`)
	if placeholders[strings.ToLower(value)] || reference.MatchString(value) {
		return false
	}
	return strings.Trim(value, "0123456789.") != "" || len(value) >= 8
}

// secretOf returns what kind of secret a named value looks like, or an empty
// string.
func secretOf(name, value string) string {
	if kind := secretShape(value); kind != "" {
		return kind
	}
	if !isSecretName(name) || !isPlainValue(value) {
		return ""
	}
	if len(value) >= 16 && entropy(value) >= 3.5 {
		return "a random secret"
	}
	return "a secret, by its name"
}

// entropy returns the bits of information in each byte of s.
func entropy(s string) float64 {
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
