// Package endoflife tells until when distributions, runtimes, servers and
// libraries are maintained, from a table that is part of the program: nothing
// is asked of a network. `make endoflife` writes the table anew.
package endoflife

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"
	"time"
)

// A Kind is what a product is for.
type Kind string

// The kinds.
const (
	System  Kind = "system"
	Runtime Kind = "runtime"
	Server  Kind = "server"
	Library Kind = "library"
)

// A Release is a release of a product with the end of its maintenance.
type Release struct {
	Kind Kind
	// Product is the name that people know.
	Product string
	// Cycle is the part of the version that is maintained as one: "1.21".
	Cycle string
	// End is when the maintenance by its makers ends, Last that by others which
	// is free for all. Both are the end of a day, and zero as long as no end is
	// set.
	End, Last time.Time
}

// OfSystem returns the release of a distribution by os-release's ID and
// version.
func OfSystem(id, version string) (Release, bool) { return table().find("os/"+id, version) }

// OfProduct returns the release of a product by its name at endoflife.date.
func OfProduct(name, version string) (Release, bool) { return table().find(name, version) }

// OfPackage returns the release that a package URL is of, if it is one of a
// product.
func OfPackage(purl string) (Release, bool) {
	name, version, ok := splitPURL(purl)
	if !ok {
		return Release{}, false
	}
	product, ok := table().purls[name]
	if !ok {
		return Release{}, false
	}
	return table().find(product, version)
}

// splitPURL returns the type and name of a package URL, and its version.
func splitPURL(purl string) (name, version string, ok bool) {
	rest, ok := strings.CutPrefix(purl, "pkg:")
	rest, _, _ = strings.Cut(rest, "?")
	i := strings.LastIndexByte(rest, '@')
	if !ok || i <= 0 {
		return "", "", false
	}
	return strings.ToLower(rest[:i]), rest[i+1:], true
}

// numbers is the part of a version that cycles are found by: "jdk-17.0.9+9"
// and "2:8u392" have 17.0.9 and 8.
var numbers = regexp.MustCompile(`\d+(?:\.\d+)*`)

// Numbers returns the numbers that a version begins with: "17.0.9" of
// "jdk-17.0.9+9".
func Numbers(version string) string {
	if _, after, ok := strings.Cut(version, ":"); ok {
		version = after
	}
	return numbers.FindString(version)
}

//go:embed table.tsv
var tableText string

// A products is the table.
type products struct {
	titles map[string]string // by product
	kinds  map[string]Kind
	cycles map[string]Release // by product, space, cycle
	purls  map[string]string  // products by type and name
}

var table = sync.OnceValue(func() *products {
	t := &products{map[string]string{}, map[string]Kind{}, map[string]Release{}, map[string]string{}}
	for line := range strings.Lines(tableText) {
		fields := strings.Split(strings.TrimRight(line, "\n"), "\t")
		switch {
		case strings.HasPrefix(line, "#"):
		case fields[0] == "product":
			t.kinds[fields[1]], t.titles[fields[1]] = Kind(fields[2]), fields[3]
		case fields[0] == "purl":
			t.purls[fields[1]] = fields[2]
		case fields[0] == "cycle":
			r := Release{Kind: t.kinds[fields[1]], Product: t.titles[fields[1]], Cycle: fields[2], End: day(fields[3])}
			r.Last = r.End
			if len(fields) > 4 {
				r.Last = day(fields[4])
			}
			t.cycles[fields[1]+" "+fields[2]] = r
		}
	}
	return t
})

// day returns the end of a day of the table; "-" is no day.
func day(s string) time.Time {
	if s == "-" {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err) // The table is part of the program.
	}
	return t.Add(24*time.Hour - time.Second)
}

// find returns the release that a version belongs to: that with the longest
// cycle that the version begins with.
func (t *products) find(product, version string) (Release, bool) {
	version = Numbers(version)
	if product == "eclipse-temurin" {
		version = strings.TrimPrefix(version, "1.") // Java 8 still calls itself 1.8.
	}
	for version != "" {
		if r, ok := t.cycles[product+" "+version]; ok {
			return r, true
		}
		version = version[:max(strings.LastIndexByte(version, '.'), 0)]
	}
	return Release{}, false
}
