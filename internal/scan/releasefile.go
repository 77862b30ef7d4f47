package scan

import (
	"context"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/image"
)

// releaseFilePaths are the files that tell of a distribution which is older or
// smaller than os-release, the one that wins first: what is copied from another
// distribution comes after what is not.
var releaseFilePaths = []string{
	"etc/lsb-release", "etc/openwrt_release", "etc/alpine-release", "etc/oracle-release", "etc/rocky-release",
	"etc/almalinux-release", "etc/fedora-release", "etc/centos-release", "etc/mageia-release", "etc/photon-release",
	"etc/mariner-release", "etc/redhat-release", "etc/system-release", "etc/arch-release", "etc/debian_version",
}

var releaseFiles = &reader{
	name:  "release-files",
	paths: releaseFilePaths,
	limit: maxMetadata,
	read: func(_ context.Context, f *file) error {
		text, err := io.ReadAll(io.LimitReader(f, maxLine))
		if d := parseReleaseFile(path.Base(f.path), clean(string(text))); d.ID != "" {
			f.walker.releases[f.path] = Release{f.path, d}
		}
		return err
	},
}

// parseReleaseFile reads a file of a name.
func parseReleaseFile(name, text string) image.Distribution {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	line = unquote(strings.TrimSpace(line))
	switch name {
	case "lsb-release", "openwrt_release":
		return parseLSBRelease(text)
	case "arch-release":
		return image.Distribution{ID: "arch", Name: "Arch Linux"} // The file is empty.
	case "alpine-release":
		if line != "" {
			return image.Distribution{ID: "alpine", Version: line, Name: "Alpine Linux " + line}
		}
	case "debian_version":
		if codename, _, ok := strings.Cut(line, "/"); ok {
			return image.Distribution{ID: "debian", Codename: codename, Name: "Debian " + line}
		}
		if line != "" {
			return image.Distribution{ID: "debian", Version: line, Name: "Debian " + line}
		}
	default:
		return parseReleaseLine(line)
	}
	return image.Distribution{}
}

// releaseNames are the starts of names in release files, in lower case, with
// the IDs of os-release.
var releaseNames = []struct{ name, id string }{
	{"red hat enterprise linux", "rhel"},
	{"centos", "centos"},
	{"fedora", "fedora"},
	{"rocky linux", "rocky"},
	{"almalinux", "almalinux"},
	{"oracle linux", "ol"},
	{"amazon linux", "amzn"},
	{"mageia", "mageia"},
	{"vmware photon", "photon"},
	{"cbl-mariner", "mariner"},
	{"microsoft azure linux", "azurelinux"},
}

var releaseNumber = regexp.MustCompile(`\d+(?:\.\d+)*`)

// parseReleaseLine reads "CentOS Linux release 7.9.2009 (Core)".
func parseReleaseLine(line string) image.Distribution {
	lower := strings.ToLower(line)
	i := slices.IndexFunc(releaseNames, func(n struct{ name, id string }) bool { return strings.HasPrefix(lower, n.name) })
	if i < 0 {
		return image.Distribution{}
	}
	return image.Distribution{ID: releaseNames[i].id, Version: releaseNumber.FindString(line), Name: line}
}

// parseLSBRelease reads assignments like those of os-release, under other
// names.
func parseLSBRelease(text string) image.Distribution {
	var d image.Distribution
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "DISTRIB_ID":
			d.ID = strings.ToLower(unquote(value))
		case "DISTRIB_RELEASE":
			d.Version = unquote(value)
		case "DISTRIB_CODENAME":
			d.Codename = unquote(value)
		case "DISTRIB_DESCRIPTION":
			d.Name = unquote(value)
		}
	}
	if distributionsByID[d.ID] == nil {
		return image.Distribution{} // The IDs of others are spelled otherwise.
	}
	return d
}
