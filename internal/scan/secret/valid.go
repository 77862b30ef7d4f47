package secret

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// crc62 returns the six digits of base 62 that tokens in GitHub's manner end
// with.
func crc62(random []byte) string {
	sum := crc32.ChecksumIEEE(random)
	var digits [6]byte
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = base62[sum%62]
		sum /= 62
	}
	return string(digits[:])
}

// hasCRC62 reports whether the last six characters of a token are the checksum
// of the 30 before.
func hasCRC62(value []byte) bool {
	n := len(value)
	return n > 36 && crc62(value[n-36:n-6]) == string(value[n-6:])
}

// grafanaCRC returns the digits that a service account token of Grafana ends
// with.
func grafanaCRC(before []byte) string {
	var sum [4]byte
	binary.LittleEndian.PutUint32(sum[:], crc32.ChecksumIEEE(before))
	return hex.EncodeToString(sum[:])
}

func hasGrafanaCRC(value []byte) bool {
	n := len(value)
	return n > 9 && grafanaCRC(value[:n-9]) == string(value[n-8:])
}

// decodeBase64 decodes either alphabet of Base64, padded or not.
func decodeBase64(b []byte) ([]byte, bool) {
	b = bytes.TrimRight(b, "=")
	encoding := base64.RawStdEncoding
	if bytes.ContainsAny(b, "-_") {
		encoding = base64.RawURLEncoding
	}
	out := make([]byte, encoding.DecodedLen(len(b)))
	n, err := encoding.Decode(out, b)
	return out[:n], err == nil
}

// isBase64JSON reports whether a value is a JSON object in Base64.
func isBase64JSON(b []byte) bool {
	decoded, ok := decodeBase64(b)
	return ok && len(decoded) > 1 && decoded[0] == '{' && json.Valid(decoded)
}

// azurite is the SHA-256 of the storage key that Microsoft documents for its
// emulator.
// See https://learn.microsoft.com/en-us/azure/storage/common/storage-connect-azurite.
const azurite = "0011cc25eb4320717494d2703e8cba85743e71b500283c21c8b88147992f9059"

// isAzureStorageKey reports whether a value is 64 random bytes and not the
// documented key of the emulator.
func isAzureStorageKey(value []byte) bool {
	decoded, ok := decodeBase64(value)
	sum := sha256.Sum256(value)
	return ok && len(decoded) == 64 && hex.EncodeToString(sum[:]) != azurite
}
