package scan

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// chiselManifest is what chisel, which cuts Ubuntu's packages into slices,
// leaves in place of dpkg's database.
// See https://github.com/canonical/chisel.
var chiselManifest = &reader{
	name:     "chisel",
	packages: debType,
	from:     "`/var/lib/chisel/manifest.wall` (Ubuntu's chiselled images)",
	paths:    []string{"var/lib/chisel/manifest.wall"},
	limit:    maxMetadata,
	read: func(_ context.Context, f *file) error {
		z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxMetadata))
		if err != nil {
			return fmt.Errorf("%w: %w", errDatabase, err)
		}
		defer z.Close()
		plain := &io.LimitedReader{R: z, N: maxDatabase}
		found, err := parseChisel(f.walker.lines, plain, f.walker.owns)
		f.found(debType, found)
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", errDatabase, err)
		case plain.N == 0:
			return &LimitError{fmt.Sprintf("it unpacks to more than %d bytes", maxDatabase)}
		case len(found) == 0:
			return nil
		}
		return errNoSources
	},
}

// errNoSources is what is missing when a package is known without its source,
// of which the distribution's advisories speak.
var errNoSources = fmt.Errorf("%w in full: chisel does not tell their sources, so that those with a name other than their source's are not matched", errDatabase)

// parseChisel reads the packages of a manifest, which has an object of JSON on
// each line, and calls owns with each file of theirs.
func parseChisel(buf *bufio.Reader, r io.Reader, owns func(path, name string)) ([]Package, error) {
	var found []Package
	err := eachLine(buf, r, func(line []byte) {
		var entry struct {
			Kind, Name, Version, Arch, Path string
			Slices                          []string
		}
		if json.Unmarshal(line, &entry) != nil {
			return
		}
		switch {
		case entry.Kind == "package" && isName(clean(entry.Name)) && isName(clean(entry.Version)):
			found = append(found, Package{Name: clean(entry.Name), Version: clean(entry.Version), Architecture: clean(entry.Arch)})
		case entry.Kind == "path" && len(entry.Slices) > 0 && len(entry.Path) <= maxPath:
			owner, _, _ := strings.Cut(entry.Slices[0], "_") // "libssl3_libs".
			if p := strings.TrimPrefix(entry.Path, "/"); p != "" && owner != "" {
				owns(p, clean(owner))
			}
		}
	})
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("it is cut")
	}
	return found, err
}
