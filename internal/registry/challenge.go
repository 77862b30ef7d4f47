package registry

import (
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// authParam is one parameter of a WWW-Authenticate header, quoted or not
// (RFC 9110, section 11.2).
var authParam = regexp.MustCompile(`([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))`)

var unquote = strings.NewReplacer(`\"`, `"`, `\\`, `\`)

// parseChallenges reads the WWW-Authenticate headers of a 401, one challenge
// in each, as all registries send them. Schemes other than basic and bearer
// are left out.
func parseChallenges(headers []string) []transport.Challenge {
	var out []transport.Challenge
	for _, h := range headers {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(h), " ")
		scheme = strings.ToLower(scheme)
		if scheme != "basic" && scheme != "bearer" {
			continue
		}
		ch := transport.Challenge{Scheme: scheme, Parameters: map[string]string{}}
		for _, m := range authParam.FindAllStringSubmatch(rest, -1) {
			value := m[3]
			if value == "" {
				value = unquote.Replace(m[2])
			}
			ch.Parameters[strings.ToLower(m[1])] = value
		}
		out = append(out, ch)
	}
	return out
}

func isBearer(ch transport.Challenge) bool { return ch.Scheme == "bearer" }
