package secret

import (
	"bytes"
	"encoding/json"
	"path"
	"strings"
)

// fileRules are of files whose format says what is a secret in them. Those
// without keywords are applied by the file's name.
var fileRules = []Rule{
	{
		ID: "npmrc-token", Title: "an npm registry's credential", Confidence: High,
		Source: "https://docs.npmjs.com/cli/configuring-npm/npmrc#auth-related-configuration", keywords: []string{":_authToken", ":_password", ":_auth", "_auth="},
		pattern: `:?_(?:authToken|password|auth)\s*=\s*"?([A-Za-z0-9+/=_.~-]{8,200})`, valid: func(value []byte) bool { return !isPoor(value) && !isExample(value) },
	},
	{
		ID: "docker-auth", Title: "a registry's credential", Confidence: High,
		Source: "https://docs.docker.com/reference/cli/docker/login/#default-behavior", keywords: []string{`"auth"`},
		pattern: `"auth"\s*:\s*"([A-Za-z0-9+/]{8,}={0,2})"`, window: 4200, valid: isBasicAuth,
	},
	{
		ID: "netrc-password", Title: "a password of .netrc", Confidence: High,
		Source: "https://everything.curl.dev/usingcurl/netrc.html", find: never,
	},
	{
		ID: "pgpass-password", Title: "a PostgreSQL password", Confidence: High,
		Source: "https://www.postgresql.org/docs/current/libpq-pgpass.html", find: never,
	},
	{
		ID: "shadow-hash", Title: "a login password's hash", Confidence: High,
		Source: "https://man7.org/linux/man-pages/man5/shadow.5.html", find: never,
	},
	{
		ID: "htpasswd-hash", Title: "a web password's hash", Confidence: Medium,
		Source: "https://httpd.apache.org/docs/current/misc/password_encryptions.html", find: never,
	},
	{
		ID: "terraform-output", Title: "a sensitive Terraform output", Confidence: High,
		Source: "https://developer.hashicorp.com/terraform/language/manage-sensitive-data", find: never,
	},
}

func never(*text, int, int) (match, bool) { return match{}, false }

// fileRule returns the number of a rule that goes by the file's name.
func fileRule(id string) int {
	for i := range rules {
		if rules[i].ID == id {
			return i
		}
	}
	panic("no rule " + id)
}

// isBasicAuth reports whether a value is user:password in Base64.
func isBasicAuth(value []byte) bool {
	decoded, ok := decodeBase64(value)
	if !ok {
		return false
	}
	user, password, ok := bytes.Cut(decoded, []byte(":"))
	if !ok || len(user) == 0 || len(password) < 3 || isPoor(password) {
		return false
	}
	for _, c := range decoded {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// searchFormat looks into files of a known format.
func (t *text) searchFormat() {
	base := path.Base(t.path)
	switch {
	case t.kind == sample:
	case base == ".netrc" || base == "_netrc":
		t.netrc()
	case base == ".pgpass" || base == "pgpass.conf":
		t.columns("pgpass-password", 4, func(fields [][]byte) bool { return len(fields) == 5 && !isPoor(fields[4]) })
	case t.path == "etc/shadow" || t.path == "etc/shadow-":
		t.columns("shadow-hash", 1, func(fields [][]byte) bool { return len(fields) > 2 && isHash(fields[1]) })
	case base == ".htpasswd" || base == "htpasswd":
		t.columns("htpasswd-hash", 1, func(fields [][]byte) bool { return len(fields) == 2 && isHash(fields[1]) })
	case strings.HasSuffix(base, ".tfstate") || strings.HasSuffix(base, ".tfstate.backup"):
		t.outputs()
	case strings.HasPrefix(base, ".env") || strings.HasSuffix(base, ".env"):
		t.environment()
	}
}

// add adds a match at start..end.
func (t *text) add(id string, start, end int) {
	if len(t.found) < 8*maxMatches {
		n := fileRule(id)
		t.found = append(t.found, match{rule: n, start: start, end: end, value: t.b[start:end], confidence: rules[n].Confidence})
	}
}

// netrc finds the words after "password".
func (t *text) netrc() {
	wanted, at := false, 0
	for at < len(t.b) {
		if t.b[at] <= ' ' {
			at++
			continue
		}
		end := at
		for end < len(t.b) && t.b[end] > ' ' {
			end++
		}
		word := t.b[at:end]
		if wanted && !isPoor(word) {
			t.add("netrc-password", at, end)
		}
		wanted = string(word) == "password"
		at = end
	}
}

// columns finds a column of lines with colons.
func (t *text) columns(id string, column int, ok func(fields [][]byte) bool) {
	at := 0
	for line := range bytes.Lines(t.b) {
		start := at
		at += len(line)
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		fields := bytes.Split(line, []byte(":"))
		if !ok(fields) {
			continue
		}
		for _, f := range fields[:column] {
			start += len(f) + 1
		}
		t.add(id, start, start+len(fields[column]))
	}
}

// isHash reports whether a field is the hash of a password that can be tried:
// neither locked nor empty.
func isHash(b []byte) bool {
	return len(b) > 12 && (b[0] == '$' && bytes.Count(b, []byte("$")) >= 3 || bytes.HasPrefix(b, []byte("{SHA}")))
}

// outputs finds the outputs of a Terraform state that are marked as sensitive.
func (t *text) outputs() {
	var state struct {
		Outputs map[string]struct {
			Value     json.RawMessage `json:"value"`
			Sensitive bool            `json:"sensitive"`
		} `json:"outputs"`
	}
	if json.Unmarshal(t.b, &state) != nil {
		return
	}
	for _, o := range state.Outputs {
		if len(t.found) == 8*maxMatches {
			return
		}
		value := bytes.Trim(o.Value, `"`)
		if !o.Sensitive || len(value) < 4 || isPoor(value) || speaksOfExample(value) {
			continue
		}
		if at := bytes.Index(t.b, o.Value); at >= 0 {
			at += bytes.Index(o.Value, value)
			t.add("terraform-output", at, at+len(value))
		}
	}
}

// environment finds the values in a .env file whose names promise secrets.
func (t *text) environment() {
	at := 0
	for line := range bytes.Lines(t.b) {
		start := at
		at += len(line)
		equals := bytes.IndexByte(line, '=')
		if equals < 0 || line[0] == '#' {
			continue
		}
		name := bytes.TrimPrefix(bytes.TrimSpace(line[:equals]), []byte("export "))
		from, to, _ := valueAt(t.b[:at], skipBlanks(t.b[:at], start+equals+1))
		value := t.b[from:to]
		if to > from && IsSecretName(string(name)) && isPlainValue(string(value)) && !isPoor(value) {
			t.add("named-secret", from, to)
		}
	}
}
