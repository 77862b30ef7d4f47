package scan

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"

	"github.com/stowage-dev/stowage/internal/image"
)

// releasePaths are the places of os-release, the one that wins first.
var releasePaths = []string{"etc/os-release", "usr/lib/os-release"}

var osRelease = &reader{
	name:  "os-release",
	paths: releasePaths,
	limit: maxMetadata,
	read: func(_ context.Context, f *file) error {
		d, err := parseRelease(f.walker.lines, f)
		f.walker.releases[f.path] = Release{f.path, d}
		return err
	},
}

// parseRelease reads an os-release file.
// See https://www.freedesktop.org/software/systemd/man/latest/os-release.html.
func parseRelease(buf *bufio.Reader, r io.Reader) (image.Distribution, error) {
	var d image.Distribution
	err := eachLine(buf, r, func(line []byte) {
		key, value, _ := strings.Cut(clean(string(bytes.TrimSpace(line))), "=")
		switch key {
		case "ID":
			d.ID = strings.ToLower(unquote(value))
		case "VERSION_ID":
			d.Version = unquote(value)
		case "VERSION_CODENAME":
			d.Codename = unquote(value)
		case "PRETTY_NAME":
			d.Name = unquote(value)
		}
	})
	return d, err
}

// unquote drops a shell's quotes, and bounds what a value may be.
func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		quote := s[:1]
		s = s[1 : len(s)-1]
		if quote == `"` {
			s = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\$`, `$`, "\\`", "`").Replace(s)
		}
	}
	if !isName(s) {
		return ""
	}
	return s
}
