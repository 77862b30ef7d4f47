package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

// A Key is what values are hashed under. It is made once for an installation:
// without it nobody can try values against stored hashes.
type Key [32]byte

// NewKey returns a random key.
func NewKey() Key {
	var k Key
	_, _ = rand.Read(k[:]) // It never fails.
	return k
}

// errKey quotes nothing of what it is about.
var errKey = errors.New("the key is not 32 bytes in hexadecimal or Base64; `openssl rand -hex 32` makes one")

// ParseKey reads a key of 32 bytes in hexadecimal or Base64.
func ParseKey(s string) (Key, error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		b, err = base64.StdEncoding.DecodeString(s)
	}
	if err != nil || len(b) != len(Key{}) {
		return Key{}, errKey
	}
	return Key(b), nil
}

// IsZero reports whether no key was set.
func (k Key) IsZero() bool { return k == Key{} }

// String hides the key.
func (Key) String() string { return "REDACTED" }

// Format hides the key whatever the verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(k.String())) }

// MarshalText hides the key.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// ID tells keys apart without telling anything of them.
func (k Key) ID() string { return k.sum("stowage secret key")[:16] }

// Hash returns the HMAC-SHA-256 of a value in hexadecimal.
func (k Key) Hash(value []byte) string { return k.sum("stowage secret value\x00" + string(value)) }

func (k Key) sum(message string) string {
	h := hmac.New(sha256.New, k[:])
	h.Write([]byte(message))
	return hex.EncodeToString(h.Sum(nil))
}
