package secret

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
)

// An assignment is a name with what follows its equals sign or colon.
type assignment struct {
	name []byte
	// value is at start to end, without quotes.
	start, end int
	quoted     bool
}

const (
	// maxName and maxValue bound what is looked at; no secret with a name is
	// longer.
	maxName  = 80
	maxValue = 400
)

// assignmentAt returns the assignment to the name that a keyword at..end is in.
func (t *text) assignmentAt(at, end int) (assignment, bool) {
	b := t.b
	i := end
	for i < len(b) && i-end < maxName && (isWord(b[i]) || b[i] == '-' || b[i] == '.') {
		i++
	}
	name := i
	if i < len(b) && (b[i] == '"' || b[i] == '\'' || b[i] == '`') {
		i++
	} else if i+1 < len(b) && b[i] == '\\' && b[i+1] == '"' {
		i += 2
	}
	if i < len(b) && b[i] == ']' {
		i++ // config["password"] = "x"
	}
	i = skipBlanks(b, i)
	switch {
	case bytes.HasPrefix(b[i:], []byte(":=")), bytes.HasPrefix(b[i:], []byte("=>")):
		i += 2
	case bytes.HasPrefix(b[i:], []byte("==")):
		return assignment{}, false
	case i < len(b) && (b[i] == '=' || b[i] == ':'):
		i++
	default:
		return assignment{}, false
	}
	i = skipBlanks(b, i)
	start := at
	for start > 0 && at-start < maxName && (isWord(b[start-1]) || b[start-1] == '-' || b[start-1] == '.') {
		start--
	}
	a := assignment{name: b[start:name]}
	a.start, a.end, a.quoted = valueAt(b, i)
	return a, a.end > a.start
}

func skipBlanks(b []byte, i int) int {
	for n := 0; i < len(b) && n < 8 && (b[i] == ' ' || b[i] == '\t'); n++ {
		i++
	}
	return i
}

// valueAt returns where the value at i is: in quotes, or up to a blank.
func valueAt(b []byte, i int) (start, end int, quoted bool) {
	if i < len(b) && b[i] == '\\' && i+1 < len(b) && b[i+1] == '"' {
		i++ // JSON in a string.
	}
	if i < len(b) && (b[i] == '"' || b[i] == '\'' || b[i] == '`') {
		quote := b[i]
		n := bytes.IndexByte(b[i+1:min(i+2+maxValue, len(b))], quote)
		if n < 0 {
			return i, i, true
		}
		end := i + 1 + n
		if n > 0 && b[end-1] == '\\' {
			end--
		}
		return i + 1, end, true
	}
	end = i
	for end < len(b) && end-i < maxValue && b[end] > ' ' && !strings.ContainsRune("\"'`,;&)<>", rune(b[end])) {
		end++
	}
	return i, end, false
}

// assigned returns a rule of values whose shape is a secret only under the name
// of a vendor.
func assigned(id, title, source, shape string, names ...string) Rule {
	return Rule{
		ID: id, Title: title, Source: source, Confidence: Medium, keywords: names, fold: true,
		find: func(t *text, at, end int) (match, bool) { return t.assignedAfter(at, end, shape, nil) },
	}
}

// shapes are the compiled expressions of values.
var shapes sync.Map

// assignedAfter returns the value of the assignment that a keyword is in the
// name of, if it has a shape and its name speaks of a secret.
func (t *text) assignedAfter(at, end int, shape string, valid func([]byte) bool) (match, bool) {
	a, ok := t.assignmentAt(at, end)
	if !ok || !IsSecretName(string(a.name)) {
		return match{}, false
	}
	value := t.b[a.start:a.end]
	t.work += len(value)
	compiled, ok := shapes.Load(shape)
	if !ok {
		compiled, _ = shapes.LoadOrStore(shape, regexp.MustCompile(`\A(?:`+shape+`)\z`))
	}
	if !compiled.(*regexp.Regexp).Match(value) || isExample(value) || valid != nil && !valid(value) {
		return match{}, false
	}
	return match{start: a.start, end: a.end, value: value}, true
}

// genericRules go by names: they come last, for all others know more.
var genericRules = []Rule{
	{
		ID: "generic-secret", Title: "a random secret", Confidence: Low,
		Source: "https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html",
		keywords: []string{
			"password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "api_key", "api-key", "apikey", "access_key",
			"accesskey", "private_key", "auth_key", "authkey", "encryption_key", "signing_key", "master_key", "db_pass",
		},
		fold: true, find: findGeneric,
	},
	{
		ID: "named-secret", Title: "a secret, by its name", Confidence: Low,
		Source: "https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html",
		find:   func(*text, int, int) (match, bool) { return match{}, false }, // [Named] and .env files.
	},
}

// findGeneric finds a value that looks random under a name that promises a
// secret.
func findGeneric(t *text, at, end int) (match, bool) {
	if t.kind == plain || t.kind == prose || t.kind == sample {
		return match{}, false
	}
	a, ok := t.assignmentAt(at, end)
	if !ok || !a.quoted && t.kind == code {
		return match{}, false
	}
	value := t.b[a.start:a.end]
	t.work += len(value)
	if !looksRandom(value) || isUUID(value) || isHexText(value) && (t.kind == code || len(value) < 24) {
		return match{}, false // Checksums and numbers of things are everywhere.
	}
	if !IsSecretName(string(a.name)) {
		return match{}, false
	}
	return match{start: a.start, end: a.end, value: value}, true
}

// looksRandom reports whether a value was made by a generator, or by somebody
// who meant it to look so: letters and digits that change places often, in
// what is no name, path, expression or sentence.
func looksRandom(value []byte) bool {
	if len(value) < 10 || len(value) > 200 || isPoor(value) || isExample(value) {
		return false
	}
	var changes, digits, letters int
	last := byte(0)
	for _, c := range value {
		k := byte(0)
		switch {
		case c <= ' ' || c >= 0x7f || bytes.IndexByte([]byte(`(){}[]<>"'|\`), c) >= 0:
			return false
		case '0' <= c && c <= '9':
			k = 'd'
			digits++
		case 'a' <= c && c <= 'z':
			k = 'l'
			letters++
		case 'A' <= c && c <= 'Z':
			k = 'u'
			letters++
		}
		if last != 0 && k != 0 && k != last {
			changes++
		}
		last = k
	}
	if digits < 2 || letters < 2 || changes*4 < len(value) {
		return false
	}
	return entropy(value) >= 3.2
}

// isUUID reports whether a value has the form of a UUID.
func isUUID(value []byte) bool {
	return len(value) == 36 && bytes.Count(value, []byte("-")) == 4 && isHexText(bytes.ReplaceAll(value, []byte("-"), nil))
}

// isHexText reports whether a value consists of hexadecimal digits.
func isHexText(value []byte) bool {
	for _, c := range value {
		if !isHex(c) {
			return false
		}
	}
	return true
}

var (
	secretName = regexp.MustCompile(`(?i)(?:^|[_.-])(?:pass|passwd|password|passphrase|pwd|secret|secrets|token|credential|credentials|` +
		`api[_-]?key|access[_-]?key|secret[_-]?key|private[_-]?key|auth[_-]?key|encryption[_-]?key|signing[_-]?key|account[_-]?key|master[_-]?key|client[_-]?secret|connection[_-]?string)(?:$|[_.0-9-])|` +
		`(?:password|passwd|passphrase|secret|token|apikey|accesskey|secretkey)$|_app_key$`)
	// notSecretName are names that speak of a secret without holding one.
	notSecretName = regexp.MustCompile(`(?i)(?:[_-]|^)(?:file|path|dir|directory|url|uri|host|port|name|user|username|id|ttl|expiry|expires|` +
		`expiration|timeout|lifetime|length|size|min|max|type|algorithm|header|issuer|audience|enabled|disabled|required|policy|version|` +
		`mount|store|provider|public|pub|sock|gpg|salt_rounds|hash|sha256|checksum|label|hint|prompt|regex|pattern|field|placeholder)$|` +
		`(?:^|[_-])(?:gpg|public|pub|no|disable|enable|allow|require|skip|use|csrf|sha256|sha1|md5)[_-]|^pwd$|^oldpwd$`)
)

// IsSecretName reports whether a name promises a secret as its value. The ID
// of a key is none, though it leads to one.
func IsSecretName(name string) bool {
	return secretName.MatchString(name) && !notSecretName.MatchString(name)
}

// Named returns the match for a value under a name: the secret that is in the
// value by its shape, or else the value when the name promises a secret. This
// is for what was set on purpose, such as an environment variable; in files
// names promise too much.
func Named(name, value string) (Match, bool) {
	if found := SearchValue(value); len(found) > 0 {
		return found[0], true
	}
	// Rules that go by a vendor's name need both.
	t := &text{b: []byte(name + "=" + value), kind: settings}
	t.search()
	for _, m := range t.matches() {
		if m.Rule.ID != genericRules[0].ID {
			return m, true
		}
	}
	if !IsSecretName(name) || !isPlainValue(value) {
		return Match{}, false
	}
	rule, confidence := &rules[len(rules)-1], Low
	if len(value) >= 16 && entropy(value) >= 3.5 {
		rule = &rules[len(rules)-2]
	}
	return Match{Rule: rule, Confidence: confidence, Line: 1, End: len(value), Value: []byte(value)}, true
}

// isPlainValue reports whether a value can be a secret: not a path, a
// reference, a switch, an example or a small number.
func isPlainValue(value string) bool {
	value = strings.Trim(value, `"'`)
	if placeholders[strings.ToLower(value)] || isReference(value) || strings.Trim(strings.ToLower(value), "x*") == "" {
		return false
	}
	if len(value) >= 12 && speaksOfExample([]byte(value)) {
		return false
	}
	return strings.Trim(value, "0123456789.") != "" || len(value) >= 8
}
