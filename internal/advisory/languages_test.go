package advisory

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/image"
)

// languageSamples are records of the ecosystems of languages, cut down to what
// is matched.
var languageSamples = []string{
	`{"id": "GHSA-hxqx-xwvh-44m2", "aliases": ["CVE-2022-30122"], "modified": "2024-02-18T00:00:00Z", "affected": [
		{"package": {"ecosystem": "RubyGems", "name": "rack"},
			"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.2"}, {"fixed": "2.0.9.1"}]}]},
		{"package": {"ecosystem": "RubyGems", "name": "rack"},
			"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "2.1"}, {"fixed": "2.1.4.1"}]}]},
		{"package": {"ecosystem": "RubyGems", "name": "rack"},
			"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "2.2"}, {"fixed": "2.2.3.1"}]}]}]}`,
	`{"id": "GHSA-5crp-9r3c-p9vr", "modified": "2023-01-01T00:00:00Z", "affected": [
		{"package": {"ecosystem": "NuGet", "name": "Newtonsoft.Json"},
			"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "13.0.1"}]}]}]}`,
	`{"id": "GHSA-754h-5r27-7x3r", "aliases": ["CVE-2022-24894"], "modified": "2023-02-01T00:00:00Z", "affected": [
		{"package": {"ecosystem": "Packagist", "name": "symfony/http-kernel"},
			"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "2.0.0"}, {"fixed": "4.4.50"}]}]},
		{"package": {"ecosystem": "Packagist", "name": "symfony/http-kernel"},
			"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "5.0.0"}, {"fixed": "5.4.20"}]}]}]}`,
	`{"id": "RUSTSEC-2022-0013", "aliases": ["CVE-2022-24713"], "modified": "2022-03-08T00:00:00Z", "affected": [
		{"package": {"ecosystem": "crates.io", "name": "regex"},
			"ranges": [{"type": "SEMVER", "events": [{"introduced": "0.0.0-0"}, {"fixed": "1.5.5"}]}]}]}`,
	`{"id": "GHSA-p8f7-22gq-m7j9", "aliases": ["CVE-2022-42975"], "modified": "2022-10-17T00:00:00Z", "affected": [
		{"package": {"ecosystem": "Hex", "name": "phoenix"},
			"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.6.14"}]}]}]}`,
	`{"id": "GHSA-4rgh-jx4f-qfcq", "aliases": ["CVE-2020-35669"], "modified": "2022-05-24T00:00:00Z", "affected": [
		{"package": {"ecosystem": "Pub", "name": "http"},
			"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "0.13.3"}]}]}]}`,
	`{"id": "CVE-2022-24668", "modified": "2022-02-10T00:00:00Z", "affected": [
		{"package": {"ecosystem": "SwiftURL", "name": "github.com/apple/swift-nio-http2"},
			"ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"fixed": "1.19.2"}]}]}]}`,
	`{"id": "RSEC-2023-6", "aliases": ["CVE-2020-5238"], "modified": "2023-10-20T07:27:00.600Z", "affected": [
		{"package": {"ecosystem": "CRAN", "name": "commonmark"},
			"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0.2"}, {"fixed": "1.8"}]}],
			"versions": ["0.2", "0.4", "1.6", "1.7"]}]}`,
}

func TestMatchLanguages(t *testing.T) {
	t.Parallel()
	x := NewIndex()
	for i, r := range languageSamples {
		a := mustParse(t, r)
		a.Row, a.Source = int64(i+1), "osv"
		x.Put(a)
	}
	tests := []struct{ ecosystem, name, version, want string }{
		{"RubyGems", "rack", "2.2.3", "GHSA-hxqx-xwvh-44m2"},
		{"RubyGems", "rack", "2.2.3.1", ""},
		{"RubyGems", "rack", "2.0.9", "GHSA-hxqx-xwvh-44m2"},
		{"RubyGems", "rack", "1.1.6", ""},
		{"RubyGems", "rack", "3.0.0.beta1", ""},
		{"NuGet", "newtonsoft.json", "12.0.3", "GHSA-5crp-9r3c-p9vr"},
		{"NuGet", "Newtonsoft.Json", "13.0.1-beta2", "GHSA-5crp-9r3c-p9vr"},
		{"NuGet", "Newtonsoft.Json", "13.0.1", ""},
		{"Packagist", "Symfony/http-kernel", "v5.4.19", "GHSA-754h-5r27-7x3r"},
		{"Packagist", "symfony/http-kernel", "5.4.20", ""},
		{"Packagist", "symfony/http-kernel", "5.4.20-RC1", "GHSA-754h-5r27-7x3r"},
		{"Packagist", "symfony/http-kernel", "dev-main", ""},
		{"crates.io", "regex", "1.5.4", "RUSTSEC-2022-0013"},
		{"crates.io", "regex", "0.1.0-alpha", "RUSTSEC-2022-0013"},
		{"crates.io", "regex", "1.5.5", ""},
		{"Hex", "phoenix", "1.6.9", "GHSA-p8f7-22gq-m7j9"},
		{"Hex", "phoenix", "1.6.14-rc.0", "GHSA-p8f7-22gq-m7j9"},
		{"Hex", "phoenix", "1.6.14", ""},
		{"Pub", "http", "0.13.2", "GHSA-4rgh-jx4f-qfcq"},
		{"Pub", "http", "0.13.3", ""},
		{"SwiftURL", "github.com/Apple/swift-nio-http2", "1.9.0", "CVE-2022-24668"},
		{"SwiftURL", "https://github.com/apple/swift-nio-http2.git", "1.19.1", "CVE-2022-24668"},
		{"SwiftURL", "github.com/apple/swift-nio-http2", "1.19.2", ""},
		{"CRAN", "commonmark", "1.7", "RSEC-2023-6"},
		{"CRAN", "commonmark", "1.7-1", "RSEC-2023-6"},
		{"CRAN", "commonmark", "1.8", ""},
	}
	for _, tt := range tests {
		var want []string
		if tt.want != "" {
			want = []string{tt.want}
		}
		got := matches(x, PackageOf(image.Package{Ecosystem: tt.ecosystem, Name: tt.name, Version: tt.version}))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s %s %s mismatch (-want +got):\n%s", tt.ecosystem, tt.name, tt.version, diff)
		}
	}
}
