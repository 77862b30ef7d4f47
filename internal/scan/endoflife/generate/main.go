// Generate writes the table of ends of life from a JSON file of the releases
// of all products of endoflife.date, by product: title, category, identifiers
// and releases as its repository has them.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 || os.Args[1] == "" {
		log.Fatal("usage: generate <file of endoflife.date's releases> <table>; make endoflife ENDOFLIFE=<file>")
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func run(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	table, err := convert(data)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return os.WriteFile(to, table, 0o644)
}

// A product is one of endoflife.date's.
type product struct {
	Title       string
	Category    string
	Identifiers []struct{ PURL string }
	Releases    []release
}

// A release is one cycle of a product.
type release struct {
	ReleaseCycle      string
	EOL, EOES         end
	LatestReleaseDate string
}

// An end is a day, or whether there was one.
type end struct {
	day   string
	ended bool
}

// UnmarshalJSON decodes a day or a boolean.
func (e *end) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &e.ended); err == nil {
		return nil
	}
	return json.Unmarshal(b, &e.day)
}

// convert returns the table.
func convert(data []byte) ([]byte, error) {
	var all map[string]product
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	newest := ""
	for _, p := range all {
		for _, r := range p.Releases {
			newest = max(newest, r.LatestReleaseDate)
		}
	}
	if newest == "" {
		return nil, errors.New("no release has a date")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# From https://endoflife.date as of %s, MIT licence, copyright (c) the endoflife.date contributors.\n", newest)
	b.WriteString("# Written by `make endoflife`. Days are the last ones of maintenance, then of long-term support that is free; - is no end yet.\n")
	write := func(id, name, kind string) error {
		p, ok := all[name]
		if !ok {
			return fmt.Errorf("no product %q", name)
		}
		fmt.Fprintf(&b, "product\t%s\t%s\t%s\n", id, kind, p.Title)
		writeCycles(&b, id, p)
		if kind == "system" {
			return nil
		}
		for _, purl := range purlsOf(p, aliases[name]) {
			fmt.Fprintf(&b, "purl\t%s\t%s\n", purl, id)
		}
		return nil
	}
	for _, s := range systems {
		if err := write("os/"+s.id, s.product, "system"); err != nil {
			return nil, err
		}
	}
	for _, name := range runtimes {
		if err := write(name, name, "runtime"); err != nil {
			return nil, err
		}
	}
	for _, name := range servers {
		if err := write(name, name, "server"); err != nil {
			return nil, err
		}
	}
	for _, name := range librariesOf(all) {
		if err := write(name, name, "library"); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// writeCycles writes the releases of a product that have a known end or none.
func writeCycles(b *bytes.Buffer, id string, p product) {
	for _, r := range p.Releases {
		day := r.EOL.day
		if r.EOL.ended {
			continue // Nobody knows when.
		}
		if day == "" {
			day = "-"
		}
		fmt.Fprintf(b, "cycle\t%s\t%s\t%s", id, r.ReleaseCycle, day)
		if id == "os/debian" && r.EOES.day != "" {
			fmt.Fprintf(b, "\t%s", r.EOES.day) // That of others has a price.
		}
		b.WriteByte('\n')
	}
}

// purlsOf returns the package URLs that name a product, without version.
func purlsOf(p product, more []string) []string {
	purls := slices.Clone(more)
	for _, i := range p.Identifiers {
		purl := strings.ToLower(strings.TrimPrefix(i.PURL, "pkg:"))
		typ, _, _ := strings.Cut(purl, "/")
		if slices.Contains(purlTypes, typ) && !strings.ContainsAny(purl, "?@") {
			purls = append(purls, purl)
		}
	}
	slices.Sort(purls)
	return slices.Compact(purls)
}

// librariesOf returns the products that are libraries of a language.
func librariesOf(all map[string]product) []string {
	var names []string
	for name, p := range all {
		if p.Category == "framework" && len(purlsOf(p, nil)) > 0 && !slices.Contains(runtimes, name) && !slices.Contains(servers, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
