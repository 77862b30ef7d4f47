package secret

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"regexp"
)

// keyRules are of keys and tokens that are self-contained.
var keyRules = []Rule{
	{
		ID: "private-key", Title: "a private key", Confidence: High,
		Source:   "https://www.rfc-editor.org/rfc/rfc7468",
		keywords: []string{"-----BEGIN "}, find: func(t *text, at, _ int) (match, bool) { return t.privateKey(at) },
	},
	{
		ID: "putty-key", Title: "a PuTTY private key", Confidence: High,
		Source:   "https://the.earth.li/~sgtatham/putty/latest/htmldoc/AppendixC.html",
		keywords: []string{"PuTTY-User-Key-File-"}, window: 16 << 10,
		quick: func(rest []byte) bool {
			return bytes.Contains(rest[:min(len(rest), 16<<10)], []byte("\nPrivate-Lines: "))
		},
		pattern: `PuTTY-User-Key-File-[23]: [^\n]+\n(?s:.+?)Private-Lines: [0-9]+\r?\n((?:[A-Za-z0-9+/=]+\r?\n)*[A-Za-z0-9+/=]+)\r?\nPrivate-(?:MAC|Hash)`,
		valid:   func(value []byte) bool { return !isExample(value) },
	},
	{
		ID: "kubeconfig-key", Title: "a client key of a kubeconfig", Confidence: High,
		Source:   "https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/",
		keywords: []string{"client-key-data"}, window: 16 << 10,
		pattern: `client-key-data"?:\s*"?([A-Za-z0-9+/]{100,}={0,2})`,
		valid: func(value []byte) bool {
			decoded, ok := decodeBase64(value)
			return ok && isPrivateKey(decoded)
		},
	},
	token("age-secret-key", "an age secret key", "https://github.com/C2SP/C2SP/blob/main/age.md",
		`AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}`, "AGE-SECRET-KEY-1"),
	{
		ID: "json-web-token", Title: "a JSON web token", Confidence: Medium,
		Source: "https://www.rfc-editor.org/rfc/rfc7519", keywords: []string{"eyJ"}, window: 8 << 10,
		quick:   func(rest []byte) bool { return bytes.Contains(rest[:min(len(rest), 1<<10)], []byte(".eyJ")) },
		pattern: `eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}`, valid: isJWT,
	},
}

// isJWT reports whether a value is a signed token and not the one of manuals.
func isJWT(value []byte) bool {
	parts := bytes.Split(value, []byte("."))
	if len(parts) != 3 {
		return false
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	head, ok := decodeBase64(parts[0])
	if !ok || json.Unmarshal(head, &header) != nil || header.Algorithm == "" || header.Algorithm == "none" {
		return false
	}
	claims, ok := decodeBase64(parts[1])
	var members map[string]json.RawMessage
	if !ok || json.Unmarshal(claims, &members) != nil || len(members) == 0 {
		return false
	}
	// The subject of https://jwt.io and its namesakes.
	return !bytes.Contains(claims, []byte("1234567890")) && !bytes.Contains(bytes.ToLower(claims), []byte("john doe")) &&
		!bytes.Contains(bytes.ToLower(claims), []byte("example")) && !isExample(parts[2])
}

// pemLabel is the first line of a private key.
var pemLabel = regexp.MustCompile(`\A-----BEGIN ((?:[A-Z0-9]+ ){0,2}PRIVATE KEY(?: BLOCK)?)-----`)

// maxKey is more than the text of an RSA key of 16,384 bits.
const maxKey = 20 << 10

// privateKey finds a private key in PEM, be its lines broken as in a file or
// as in a string of JSON.
func (t *text) privateKey(at int) (m match, ok bool) {
	rest := t.b[at:min(at+maxKey, len(t.b))]
	t.work += 64
	label := pemLabel.FindSubmatch(rest[:min(len(rest), 64)])
	if label == nil {
		return match{}, false
	}
	t.work += len(rest) / 8
	defer func() { t.work += len(m.value) * 16 }() // Checking the numbers of a key is dear.
	footer := []byte("-----END " + string(label[1]) + "-----")
	head := len(label[0])
	size := bytes.Index(rest[head:], footer)
	if size < 0 {
		return match{start: at, end: at + head}, t.loose
	}
	m = match{start: at, end: at + head + size + len(footer)}
	if t.loose {
		return m, true
	}
	block := decodePEM(string(label[1]), rest[head:head+size])
	if block == nil {
		return match{}, false
	}
	m.value = block.Bytes
	switch {
	case label1IsPGP(label[1]):
		m.confidence = Medium // Whether it has a passphrase is deep inside.
	case isEncrypted(block):
		m.confidence = Medium
	case !isKey(block):
		return match{}, false
	}
	return m, true
}

func label1IsPGP(label []byte) bool { return bytes.HasSuffix(label, []byte("BLOCK")) }

// decodePEM decodes what is between the first and the last line.
func decodePEM(label string, body []byte) *pem.Block {
	body = bytes.ReplaceAll(body, []byte(`\r`), nil)
	body = bytes.ReplaceAll(body, []byte(`\n`), []byte("\n"))
	block := &pem.Block{Type: label, Headers: make(map[string]string)}
	var text []byte
	inHeader := true
	for line := range bytes.Lines(body) {
		line = bytes.TrimSpace(line)
		for _, concatenation := range []string{`" +`, `' +`} {
			line = bytes.TrimSuffix(line, []byte(concatenation))
		}
		line = bytes.Trim(line, " \t\"',;|>#*\\")
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && inHeader {
			block.Headers[string(name)] = string(bytes.TrimSpace(value))
			continue
		}
		if len(line) > 0 {
			inHeader = false
		}
		if label1IsPGP([]byte(label)) && len(line) == 5 && line[0] == '=' {
			continue // The checksum.
		}
		text = append(text, line...)
	}
	decoded, ok := decodeBase64(bytes.ReplaceAll(text, []byte(" "), nil))
	if !ok || len(decoded) < 32 {
		return nil
	}
	block.Bytes = decoded
	return block
}

// isEncrypted reports whether a key is of no use without its passphrase.
func isEncrypted(block *pem.Block) bool {
	if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
		return true
	}
	// The name of the cipher follows the magic bytes.
	// See https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key.
	rest, ok := bytes.CutPrefix(block.Bytes, []byte("openssh-key-v1\x00"))
	return ok && !bytes.HasPrefix(rest, []byte("\x00\x00\x00\x04none"))
}

// isKey reports whether the bytes of a block are a key of its type.
func isKey(block *pem.Block) bool {
	if rest, ok := bytes.CutPrefix(block.Bytes, []byte("openssh-key-v1\x00")); ok {
		return len(rest) > 64
	}
	if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return true
	}
	if _, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return true
	}
	// Curves and kinds that the standard library does not read are still a
	// sequence that fills the block and begins with a version.
	return isSequence(block.Bytes)
}

// isSequence reports whether b is one sequence in DER that begins with an
// integer of one byte.
func isSequence(b []byte) bool {
	if len(b) < 8 || b[0] != 0x30 {
		return false
	}
	size, head := int(b[1]), 2
	if n := int(b[1] & 0x7f); b[1]&0x80 != 0 {
		if n == 0 || n > 3 || len(b) < 2+n+3 {
			return false
		}
		size, head = 0, 2+n
		for _, c := range b[2:head] {
			size = size<<8 | int(c)
		}
	}
	return size == len(b)-head && b[head] == 2 && b[head+1] == 1
}

// isPrivateKey reports whether b is a private key in PEM.
func isPrivateKey(b []byte) bool {
	i := bytes.Index(b, []byte("-----BEGIN "))
	if i < 0 {
		return false
	}
	_, ok := (&text{b: b}).privateKey(i)
	return ok
}
