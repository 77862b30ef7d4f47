package scan

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/package-url/packageurl-go"
)

var swiftType = &packageType{
	purl:  "swift",
	title: "Swift", matched: "OSV `SwiftURL`",
	ecosystem: "SwiftURL",
	url:       func(u *packageurl.PackageURL, _ Package) { splitNamespace(u) },
}

var swiftResolved = &reader{
	name:     "swift",
	packages: swiftType,
	from:     "`Package.resolved`, as programs say nothing of what is in them",
	names:    []string{"Package.resolved"},
	limit:    maxMetadata,
	read:     parsed(swiftType, parseSwiftResolved),
}

// parseSwiftResolved reads a Package.resolved of any version. A package's name
// is the place of its repository: "github.com/apple/swift-nio".
func parseSwiftResolved(r io.Reader) ([]Package, error) {
	type pin struct {
		Location      string `json:"location"`
		RepositoryURL string `json:"repositoryURL"` // Until version 1.
		State         struct {
			Version string `json:"version"`
		} `json:"state"`
	}
	var file struct {
		Pins   []pin `json:"pins"`
		Object struct {
			Pins []pin `json:"pins"` // Until version 1.
		} `json:"object"`
	}
	if err := json.NewDecoder(r).Decode(&file); err != nil {
		return nil, err
	}
	var found []Package
	for _, p := range append(file.Pins, file.Object.Pins...) {
		name := swiftName(p.Location)
		if name == "" {
			name = swiftName(p.RepositoryURL)
		}
		found = append(found, packages(Package{Name: name, Version: clean(p.State.Version)})...)
	}
	return found, nil
}

// swiftName returns the name of the package in a repository:
// "https://github.com/apple/swift-nio.git", "git@github.com:apple/swift-nio".
func swiftName(location string) string {
	s := clean(location)
	if _, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
	} else if host, rest, ok := strings.Cut(s, ":"); ok {
		s = host + "/" + strings.TrimPrefix(rest, "/")
	}
	host, rest, ok := strings.Cut(s, "/")
	if !ok {
		return ""
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:] // Who asks, perhaps with a password.
	}
	return strings.ToLower(host) + "/" + strings.TrimSuffix(strings.Trim(rest, "/"), ".git")
}
