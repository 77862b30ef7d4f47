package kubernetes

import (
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/inventory"
)

func TestParseImageID(t *testing.T) {
	t.Parallel()
	sha256 := "sha256:" + strings.Repeat("0a", 32)
	sha512 := "sha512:" + strings.Repeat("0a", 64)
	for _, test := range []struct {
		id, digest string
		kind       inventory.DigestKind
	}{
		{"registry.example:5000/shop/cart@" + sha256, sha256, inventory.UnknownDigest},
		{"registry.example/shop/cart@" + sha512, sha512, inventory.UnknownDigest},
		{"docker-pullable://registry.example/shop/cart@" + sha256, sha256, inventory.UnknownDigest},
		{"docker://" + sha256, sha256, inventory.ConfigDigest},
		{sha256, sha256, inventory.ConfigDigest},
		{"", "", ""},
		{"registry.example/shop/cart:1", "", ""},
		{"registry.example/shop/cart@sha256:abc", "", ""},
		{"registry.example/shop/cart@" + strings.ToUpper(sha256), "", ""},
		{"registry.example/shop/cart@" + sha256 + "0", "", ""},
		{"://", "", ""},
		{"@", "", ""},
	} {
		digest, kind := parseImageID(test.id)
		if digest != test.digest || kind != test.kind {
			t.Errorf("parseImageID(%q) = %q, %q, want %q, %q", test.id, digest, kind, test.digest, test.kind)
		}
	}
}

func FuzzParseImageID(f *testing.F) {
	f.Add("docker-pullable://a/b@sha256:" + strings.Repeat("a", 64))
	f.Fuzz(func(t *testing.T, id string) {
		digest, kind := parseImageID(id)
		if !strings.HasSuffix(id, digest) || digest == "" && kind != "" {
			t.Errorf("parseImageID(%q) = %q, %q", id, digest, kind)
		}
	})
}
