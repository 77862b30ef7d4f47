package scan

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"regexp"
	"strings"
)

var gemType = &packageType{
	purl:  "gem",
	title: "Ruby", matched: "OSV `RubyGems`",
	ecosystem: "RubyGems",
}

var gemSpecification = &reader{
	name:     "gem-specification",
	packages: gemType,
	from:     "`specifications/*.gemspec` of installed gems, also of those that Ruby comes with",
	suffixes: []string{".gemspec"},
	wants:    isGemSpecification,
	limit:    maxMetadata,
	read: func(_ context.Context, f *file) error {
		found, err := parseGemSpecification(f.walker.lines, f)
		f.found(gemType, found)
		return err
	},
}

// isGemSpecification reports whether a path is that of the specification which
// RubyGems writes for an installed gem, or Ruby for one that it comes with.
func isGemSpecification(p string) bool {
	dir := strings.TrimSuffix(folderOf(p), "/default")
	return dir == "specifications" || strings.HasSuffix(dir, "/specifications")
}

var (
	gemName    = regexp.MustCompile(`^\s*s\.name\s*=\s*["']([^"']+)["']`)
	gemVersion = regexp.MustCompile(`^\s*s\.version\s*=\s*(?:Gem::Version\.new\(?\s*)?["']([^"']+)["']`)
)

// parseGemSpecification reads the specification of an installed gem. RubyGems
// puts what it needs most into a comment, "# stub: rack 2.2.6 ruby lib", so
// that it need not evaluate the rest either; older ones only have the
// assignments. See Gem::StubSpecification.
func parseGemSpecification(buf *bufio.Reader, r io.Reader) ([]Package, error) {
	var (
		p     Package
		found bool
	)
	err := eachLine(buf, r, func(line []byte) {
		if found {
			return
		}
		if stub, ok := bytes.CutPrefix(line, []byte("# stub: ")); ok {
			if f := strings.Fields(clean(string(stub))); len(f) >= 3 {
				p, found = Package{Name: f[0], Version: f[1]}, true
			}
			return
		}
		if m := gemName.FindSubmatch(line); m != nil && p.Name == "" {
			p.Name = clean(string(m[1]))
		} else if m := gemVersion.FindSubmatch(line); m != nil && p.Version == "" {
			p.Version = clean(string(m[1]))
		}
	})
	return packages(p), err
}
