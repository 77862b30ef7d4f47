package advisory

import (
	"archive/zip"
	"bytes"
	"maps"
	"slices"
	"testing"
)

// samples are a few records of each kind, by ecosystem and ID. Tests that want
// more read the public exports instead; see osvArchive.
var samples = map[string]map[string]string{
	"Go": {
		"GO-2021-0113": `{"id": "GO-2021-0113", "aliases": ["GHSA-ppp9-7jff-5vj2", "CVE-2021-38561"],
			"modified": "2024-05-20T16:03:47Z", "published": "2021-10-06T17:51:21Z",
			"summary": "Out-of-bounds read in golang.org/x/text/language",
			"affected": [{"package": {"ecosystem": "Go", "name": "golang.org/x/text"},
				"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "0.3.7"}]}],
				"ecosystem_specific": {"imports": [{"path": "golang.org/x/text/language"}]}}]}`,
		"GO-2022-0969": `{"id": "GO-2022-0969", "aliases": ["CVE-2022-27664", "GHSA-69cg-p879-7622"],
			"modified": "2024-05-20T16:03:47Z", "published": "2022-09-12T20:23:06Z",
			"summary": "Denial of service in net/http and golang.org/x/net/http2",
			"affected": [
				{"package": {"ecosystem": "Go", "name": "stdlib"}, "ranges": [{"type": "SEMVER", "events": [
					{"introduced": "0"}, {"fixed": "1.18.6"}, {"introduced": "1.19.0-0"}, {"fixed": "1.19.1"}]}]},
				{"package": {"ecosystem": "Go", "name": "golang.org/x/net"}, "ranges": [{"type": "SEMVER", "events": [
					{"introduced": "0"}, {"fixed": "0.0.0-20220906165146-f3363e06e74c"}]}]}]}`,
		"GO-2026-4619": `{"id": "GO-2026-4619", "aliases": ["CVE-2026-26196", "GHSA-x9p5-w45c-7ffc"],
			"modified": "0001-01-01T00:00:00Z", "published": "0001-01-01T00:00:00Z",
			"affected": [{"package": {"ecosystem": "Go", "name": "gogs.io/gogs"},
				"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}]}`,
	},
	"PyPI": {
		"PYSEC-2023-62": `{"id": "PYSEC-2023-62", "aliases": ["CVE-2023-30861", "GHSA-m2qf-hxjv-5gpq"],
			"details": "# Flask\nWhen all of the conditions are met, a response may be cached.",
			"modified": "2023-05-10T17:10:00Z", "published": "2023-05-02T18:15:00Z",
			"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
			"affected": [{"package": {"ecosystem": "PyPI", "name": "Flask", "purl": "pkg:pypi/flask"},
				"ranges": [{"type": "GIT", "repo": "https://github.com/pallets/flask",
						"events": [{"introduced": "0"}, {"fixed": "70f906c51ce49c485f1d355703e9cc3386b1cc2b"}]},
					{"type": "ECOSYSTEM", "events": [
						{"introduced": "0"}, {"fixed": "2.2.5"}, {"introduced": "2.3.0"}, {"fixed": "2.3.2"}]}],
				"versions": ["0.1", "2.2.4", "2.3.0", "2.3.1"]}]}`,
		"PYSEC-2022-42969": `{"id": "PYSEC-2022-42969", "aliases": ["CVE-2022-42969"],
			"modified": "2022-11-08T00:00:00Z", "affected": [{"package": {"ecosystem": "PyPI", "name": "py"},
				"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"last_affected": "1.11.0"}]}],
				"versions": ["0.8.0-alpha2", "1.11.0"]}]}`,
		"PYSEC-2024-1": `{"id": "PYSEC-2024-1", "modified": "2024-01-01T00:00:00Z",
			"affected": [{"package": {"ecosystem": "PyPI", "name": "gratient"}, "versions": ["0.5"]}]}`,
	},
	"Debian": {
		"DSA-5343-1": `{"id": "DSA-5343-1", "modified": "2023-02-07T00:00:00Z", "summary": "openssl - security update",
			"upstream": ["CVE-2022-2097", "CVE-2022-4304", "CVE-2023-0286"],
			"affected": [{"package": {"ecosystem": "Debian:11", "name": "openssl"},
				"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1.1n-0+deb11u4"}]}]}]}`,
		"DSA-3321-1": `{"id": "DSA-3321-1", "modified": "2015-07-30T00:00:00Z", "upstream": ["CVE-2015-0851"],
			"affected": [
				{"package": {"ecosystem": "Debian:7", "name": "xmltooling"},
					"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.4.2-5+deb7u1"}]}]},
				{"package": {"ecosystem": "Debian:8", "name": "xmltooling"},
					"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.5.3-2+deb8u1"}]}]}]}`,
	},
}

// zipOf returns an archive of records by ID, in the order of IDs.
func zipOf(t testing.TB, records map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, id := range slices.Sorted(maps.Keys(records)) {
		w, err := z.Create(id + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(records[id])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// mustParse returns the advisory of a record.
func mustParse(t testing.TB, record string) *Advisory {
	t.Helper()
	a, err := Parse([]byte(record))
	if err != nil {
		t.Fatal(err)
	}
	return a
}
