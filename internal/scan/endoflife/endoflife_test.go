package endoflife

import (
	"testing"
	"time"
)

func TestOf(t *testing.T) {
	t.Parallel()
	const day = time.DateOnly
	type lookup func() (Release, bool)
	system := func(id, version string) lookup { return func() (Release, bool) { return OfSystem(id, version) } }
	product := func(name, version string) lookup { return func() (Release, bool) { return OfProduct(name, version) } }
	purl := func(s string) lookup { return func() (Release, bool) { return OfPackage(s) } }
	for name, test := range map[string]struct {
		of   lookup
		want string // product, cycle and last day; empty if there is none
	}{
		"debian_has_free_lts":       {system("debian", "11"), "Debian 11 2026-08-31"},
		"minor_release":             {system("alpine", "3.18.4"), "Alpine Linux 3.18 2025-05-09"},
		"unknown_system":            {system("nixos", "24"), ""},
		"unknown_release":           {system("debian", "99"), ""},
		"without_version":           {system("debian", ""), ""},
		"go":                        {product("go", "go1.21.5"), "Go 1.21 2024-08-13"},
		"not_a_part_of_a_number":    {product("go", "1.2"), ""},
		"java_with_prefix":          {product("eclipse-temurin", "jdk-16.0.2+7"), "Eclipse Temurin 16 2021-09-30"},
		"java_of_old":               {product("eclipse-temurin", "1.8.0_392"), "Eclipse Temurin 8 2030-12-31"},
		"epoch":                     {product("redis", "6:6.0.16"), "Redis 6.0 2022-05-31"},
		"longest_cycle":             {purl("pkg:maven/org.apache.logging.log4j/log4j-core@2.12.1?type=jar"), "Apache Log4j 2.12 2021-12-14"},
		"no_end_yet":                {purl("pkg:maven/org.apache.logging.log4j/log4j-core@2.24.1"), "Apache Log4j 2 "},
		"scoped_npm":                {purl("pkg:npm/%40angular/core@12.0.0"), "Angular 12 2022-11-12"},
		"case_of_python_packages":   {purl("pkg:pypi/Django@3.2"), "Django 3.2 2024-04-01"},
		"packages_of_distributions": {purl("pkg:deb/debian/nginx@1.18.0"), ""},
		"no_purl":                   {purl("nginx@1.18"), ""},
		"no_version":                {purl("pkg:npm/react"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, ok := test.of()
			got := ""
			if ok {
				got = r.Product + " " + r.Cycle + " "
				if !r.Last.IsZero() {
					got += r.Last.Format(day)
				}
			}
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// The table is whole: each product has a name and a kind, each line is used.
func TestTable(t *testing.T) {
	t.Parallel()
	kinds := map[Kind]int{}
	for key, r := range table().cycles {
		if r.Product == "" || r.Kind == "" {
			t.Errorf("%s has no product or kind: %+v", key, r)
		}
		if r.Last.Before(r.End) {
			t.Errorf("%s: long-term support ends before support", key)
		}
		kinds[r.Kind]++
	}
	for _, k := range []Kind{System, Runtime, Server, Library} {
		if kinds[k] == 0 {
			t.Errorf("no release of kind %s", k)
		}
	}
	for purl, product := range table().purls {
		if table().titles[product] == "" {
			t.Errorf("%s is of %q, which is no product", purl, product)
		}
	}
}

func FuzzOfPackage(f *testing.F) {
	f.Add("pkg:npm/%40angular/core@12.0.0")
	f.Add("pkg:maven/a/b@1.2.3?type=jar")
	f.Add("pkg:@")
	f.Fuzz(func(t *testing.T, purl string) {
		if r, ok := OfPackage(purl); ok && r.Product == "" {
			t.Errorf("%q is a release of nothing", purl)
		}
	})
}
