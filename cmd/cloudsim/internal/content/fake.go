package content

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/rand/v2"
)

// The secrets in the images are drawn from names, so that no string that looks
// like a secret stands in the source. None of them opens anything.

// fakeBytes returns n bytes drawn from a name.
func fakeBytes(name string, n int) []byte {
	b := make([]byte, n)
	// ChaCha8's Read never fails.
	_, _ = rand.NewChaCha8(sha256.Sum256([]byte(name))).Read(b)
	return b
}

func fakeHex(name string, digits int) string {
	return hex.EncodeToString(fakeBytes(name, (digits+1)/2))[:digits]
}

func fakeBase64(name string, n int) string {
	return base64.StdEncoding.EncodeToString(fakeBytes(name, n))
}

// fakeAccessKey returns an AWS access key ID and secret.
func fakeAccessKey(name string) (id, secret string) {
	return "AKIA" + base32.StdEncoding.EncodeToString(fakeBytes(name, 10)), fakeBase64(name+" secret", 30)
}

// fakePrivateKey returns a private key in PEM form.
func fakePrivateKey(name string) string {
	key, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(fakeBytes(name, ed25519.SeedSize)))
	if err != nil {
		panic(err) // the key type is supported
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
}
