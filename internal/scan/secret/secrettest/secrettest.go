// Package secrettest makes secrets for tests while they run, so that none
// stands in the repository. They have the right shape and checksum, and open
// nothing.
package secrettest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"math/rand/v2"
	"regexp/syntax"
	"strings"

	"github.com/stowage-dev/stowage/internal/scan/secret"
)

// A Sample is a file with one secret.
type Sample struct {
	// Path is where the file is found.
	Path, Content string
	// Value is what is secret in it.
	Value string
}

// Of returns a file with a secret that the rule of that ID finds. The same seed
// gives the same file.
func Of(rule string, seed uint64) Sample {
	h := fnv.New64a()
	h.Write([]byte(rule))
	g := &generator{rand.New(rand.NewPCG(seed, h.Sum64()))}
	if make, ok := formats[rule]; ok {
		return make(g)
	}
	for _, r := range secret.Rules() {
		if r.ID == rule {
			value := g.match(r.Pattern())
			if fix, ok := checksums[rule]; ok {
				value = fix(value)
			}
			return Sample{"app/settings.conf", "first = 1\nvalue: \"" + value + "\"\n", value}
		}
	}
	panic("secrettest: no rule " + rule)
}

// Value returns a secret that the rule of that ID finds.
func Value(rule string) string { return Of(rule, 1).Value }

type generator struct{ *rand.Rand }

// match returns a text that an expression matches, with its optional parts as
// they fall.
func (g *generator) match(pattern string) string {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		panic(err)
	}
	var b strings.Builder
	g.write(&b, re)
	return b.String()
}

func (g *generator) write(b *strings.Builder, re *syntax.Regexp) {
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		b.WriteRune(g.class(re.Rune))
	case syntax.OpConcat, syntax.OpCapture:
		for _, sub := range re.Sub {
			g.write(b, sub)
		}
	case syntax.OpAlternate:
		g.write(b, re.Sub[g.IntN(len(re.Sub))])
	case syntax.OpQuest, syntax.OpStar, syntax.OpPlus, syntax.OpRepeat:
		low, high := re.Min, re.Max
		switch re.Op {
		case syntax.OpQuest:
			low, high = 0, 1
		case syntax.OpStar:
			low, high = 0, 2
		case syntax.OpPlus:
			low, high = 1, 2
		}
		for range low + g.IntN(max(high, low)-low+1) {
			g.write(b, re.Sub[0])
		}
	case syntax.OpEmptyMatch:
	default:
		panic(fmt.Sprintf("secrettest: %v in a pattern", re.Op))
	}
}

// class returns a rune of the ranges.
func (g *generator) class(ranges []rune) rune {
	n := 0
	for i := 0; i < len(ranges); i += 2 {
		n += int(ranges[i+1]-ranges[i]) + 1
	}
	n = g.IntN(n)
	for i := 0; ; i += 2 {
		size := int(ranges[i+1]-ranges[i]) + 1
		if n < size {
			return ranges[i] + rune(n)
		}
		n -= size
	}
}

// text returns n characters of an alphabet.
func (g *generator) text(n int, alphabet string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[g.IntN(len(alphabet))]
	}
	return string(b)
}

func (g *generator) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return b
}

const (
	digits   = "0123456789"
	letters  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	hexes    = "0123456789abcdef"
	alphabet = digits + letters
)

// checksums put the right checksum into a token.
var checksums = map[string]func(token string) string{
	"github-token": crc62,
	"npm-token":    crc62,
	"grafana-token": func(token string) string {
		body := token[:len(token)-9]
		return body + "_" + hex.EncodeToString(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body))))
	},
}

func crc62(token string) string {
	n := len(token)
	sum, digit := crc32.ChecksumIEEE([]byte(token[n-36:n-6])), ""
	for range 6 {
		digit = string(alphabetOf62[sum%62]) + digit
		sum /= 62
	}
	return token[:n-6] + digit
}

const alphabetOf62 = digits + letters

// PEM returns a private key as a file has it.
func PEM(seed uint64) string {
	g := &generator{rand.New(rand.NewPCG(seed, 7))}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: g.key()}))
}

// key returns a private key in PKCS #8.
func (g *generator) key() []byte {
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), append([]byte{1}, g.bytes(31)...))
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		panic(err)
	}
	return der
}

// assigned returns a maker of a file that gives a name a value.
func assigned(name string, value func(g *generator) string) func(*generator) Sample {
	return func(g *generator) Sample {
		v := value(g)
		return Sample{"app/settings.yaml", "a: b\n" + name + ": " + v + "\n", v}
	}
}

// formats are the rules whose secrets need more around them.
var formats = map[string]func(*generator) Sample{
	"aws-access-key": func(g *generator) Sample {
		v := g.text(38, alphabet) + "/+"
		return Sample{
			"root/.aws/credentials",
			"[default]\naws_access_key_id = AKIA" + g.text(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") + "\naws_secret_access_key = " + v + "\n", v,
		}
	},
	"aws-secret-key":    assigned("secretAccessKey", func(g *generator) string { return g.text(40, alphabet) }),
	"datadog-key":       assigned("DATADOG_API_KEY", func(g *generator) string { return g.text(32, hexes) }),
	"pagerduty-key":     assigned("pagerduty_token", func(g *generator) string { return g.text(20, alphabet) }),
	"okta-token":        assigned("okta.api_token", func(g *generator) string { return "00" + g.text(40, alphabet) }),
	"twilio-token":      assigned("TWILIO_AUTH_TOKEN", func(g *generator) string { return g.text(32, hexes) }),
	"cloudflare-token":  assigned("cloudflare_api_token", func(g *generator) string { return g.text(40, alphabet) }),
	"heroku-legacy-key": assigned("heroku_api_key", func(g *generator) string { return g.match(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`) }),
	"generic-secret": assigned("db_password", func(g *generator) string {
		return g.match(`[a-z][0-9][A-Z][0-9][a-z][0-9][A-Z][0-9]`) + g.text(12, alphabet)
	}),
	"named-secret": func(g *generator) Sample {
		v := g.text(9, letters)
		return Sample{"app/.env", "PORT=80\nexport DB_PASSWORD='" + v + "'\n", v}
	},
	"private-key": func(g *generator) Sample {
		der := g.key()
		return Sample{"root/.ssh/id_rsa", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), string(der)}
	},
	"gcp-service-account": func(g *generator) Sample {
		der := g.key()
		b, err := json.MarshalIndent(map[string]string{
			"type": "service_account", "private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
			"client_email": "a@b.iam.gserviceaccount.com",
		}, "", "  ")
		if err != nil {
			panic(err)
		}
		return Sample{"app/key.json", string(b), string(der)}
	},
	"kubeconfig-key": func(g *generator) Sample {
		v := base64.StdEncoding.EncodeToString([]byte(PEM(g.Uint64())))
		return Sample{"root/.kube/config", "users:\n- name: a\n  user:\n    client-key-data: " + v + "\n", v}
	},
	"putty-key": func(g *generator) Sample {
		v := g.text(64, alphabet) + "\n" + g.text(60, alphabet) + "=="
		return Sample{
			"app/key.ppk",
			"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: a\nPublic-Lines: 1\n" + g.text(64, alphabet) +
				"\nPrivate-Lines: 2\n" + v + "\nPrivate-MAC: " + g.text(64, hexes) + "\n", v,
		}
	},
	"json-web-token": func(g *generator) Sample {
		part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
		v := part(`{"alg":"HS256","typ":"JWT"}`) + "." + part(`{"sub":"`+g.text(12, letters)+`"}`) + "." + g.text(43, alphabet)
		return Sample{"app/run.sh", "curl -H 'Authorization: Bearer " + v + "'\n", v}
	},
	"grafana-cloud-token": func(g *generator) Sample {
		v := "glc_" + base64.StdEncoding.EncodeToString([]byte(`{"o":"1","n":"`+g.text(10, letters)+`","k":"`+g.text(24, alphabet)+`"}`))
		return Sample{"app/a.conf", "x " + v + "\n", v}
	},
	"azure-storage-key": func(g *generator) Sample {
		v := base64.StdEncoding.EncodeToString(g.bytes(64))
		return Sample{"app/a.conf", "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=" + v + ";EndpointSuffix=core.windows.net\n", v}
	},
	"azure-shared-access-key": func(g *generator) Sample {
		v := base64.StdEncoding.EncodeToString(g.bytes(32))
		return Sample{"app/a.conf", "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=" + v + "\n", v}
	},
	"azure-service-key": func(g *generator) Sample {
		v := g.text(76, alphabet) + "+ASt" + g.text(6, alphabet) + "=="
		return Sample{"app/a.conf", "key " + v + "\n", v}
	},
	"azure-sas": func(g *generator) Sample {
		v := g.text(43, alphabet) + "%3D"
		return Sample{"app/a.conf", "https://shop.blob.core.windows.net/a?sv=2024-01-01&sr=b&sp=r&sig=" + v + "&se=2030-01-01\n", v}
	},
	"url-password": func(g *generator) Sample {
		v := g.text(12, alphabet)
		return Sample{"app/database.yml", "url: postgres://shop:" + v + "@db.internal:5432/shop\n", v}
	},
	"npmrc-token": func(g *generator) Sample {
		v := g.text(36, alphabet)
		return Sample{"root/.npmrc", "//registry.acme.com/:_authToken=" + v + "\n", v}
	},
	"docker-auth": func(g *generator) Sample {
		v := base64.StdEncoding.EncodeToString([]byte("ci:" + g.text(20, alphabet)))
		return Sample{"root/.docker/config.json", `{"auths": {"registry.acme.com": {"auth": "` + v + `"}}}`, v}
	},
	"netrc-password": func(g *generator) Sample {
		v := g.text(12, alphabet)
		return Sample{"root/.netrc", "machine git.acme.com\n  login ci\n  password " + v + "\n", v}
	},
	"pgpass-password": func(g *generator) Sample {
		v := g.text(12, alphabet)
		return Sample{"root/.pgpass", "# comment\ndb:5432:*:shop:" + v + "\n", v}
	},
	"shadow-hash": func(g *generator) Sample {
		v := "$6$" + g.text(8, alphabet) + "$" + g.text(86, alphabet)
		return Sample{"etc/shadow", "daemon:*:19000:0:99999:7:::\nroot:" + v + ":19000:0:99999:7:::\n", v}
	},
	"htpasswd-hash": func(g *generator) Sample {
		v := "$apr1$" + g.text(8, alphabet) + "$" + g.text(22, alphabet)
		return Sample{"etc/nginx/.htpasswd", "ops:" + v + "\n", v}
	},
	"terraform-output": func(g *generator) Sample {
		v := g.text(20, alphabet)
		return Sample{"app/terraform.tfstate", `{"version": 4, "outputs": {"a": {"value": "plain text", "type": "string"}, "b": {"value": "` + v + `", "type": "string", "sensitive": true}}}`, v}
	},
}
