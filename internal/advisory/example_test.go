package advisory_test

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/advisory"
	"github.com/stowage-dev/stowage/internal/image"
)

func ExampleIndex() {
	record := []byte(`{"id": "DSA-5343-1", "upstream": ["CVE-2023-0286"], "affected": [{
		"package": {"ecosystem": "Debian:11", "name": "openssl"},
		"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1.1n-0+deb11u4"}]}]}]}`)
	a, err := advisory.Parse(record)
	if err != nil {
		panic(err)
	}
	index := advisory.NewIndex()
	index.Put(a)

	p := image.Package{Ecosystem: "Debian:11", Name: "libssl1.1", Version: "1.1.1n-0+deb11u3", Source: "openssl"}
	if advisory.Matchable(p) {
		hits, undecided := index.Match(advisory.PackageOf(p))
		for _, h := range hits {
			fmt.Println(h.Advisory, h.Vulnerabilities, "fixed in", h.Fixed)
		}
		fmt.Println(undecided, "undecided")
	}
	// Output:
	// DSA-5343-1 [CVE-2023-0286] fixed in 1.1.1n-0+deb11u4
	// 0 undecided
}
