//go:build e2e

// Package managers builds container images with the package managers of
// distributions other than the one that the tests run on, from packages that it
// makes, and tells what those say is installed in them.
package managers

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/stowage-dev/stowage/e2e/rig/cache"
	"github.com/stowage-dev/stowage/e2e/rig/layers"
)

// An Image is an image with what its package manager says of it.
type Image struct {
	// Path is the OCI layout that holds it alone.
	Path string
	// Ecosystem is what its packages are of.
	Ecosystem string
	Packages  []Package
}

// A Package is an installed package.
type Package struct {
	Name, Version, Architecture string
	// SourceRPM is the file name of the source; empty where there is none.
	SourceRPM string
}

//go:embed rpm.sh
var rpm string

//go:embed pacman.sh
var pacman string

// prelude is what the scripts share: the root of the file system, a folder to
// work in, and the list of packages.
const prelude = `set -euo pipefail
work=$1/work root=$1/root list=$1/packages.tsv
mkdir "$work" "$root"
export SOURCE_DATE_EPOCH=1700000000
snapshot() { tar --numeric-owner -C "$root" -cf "$work/../$1.tar" .; }
`

// RPM returns an image with packages of rpm in two layers, of which the second
// upgrades and erases some.
func RPM(t testing.TB) Image { return makeImage(t, "rpm", rpm, "AlmaLinux:9") }

// Pacman returns such an image with packages of pacman.
func Pacman(t testing.TB) Image { return makeImage(t, "pacman", pacman, "arch") }

func makeImage(t testing.TB, name, script, ecosystem string) Image {
	t.Helper()
	dir := cache.Dir(t, name+"-"+cache.Hash(prelude+script), func(dir string) error { return build(dir, script) })
	packages, err := readPackages(filepath.Join(dir, "packages.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	return Image{Path: filepath.Join(dir, "image"), Ecosystem: ecosystem, Packages: packages}
}

// build fills dir with an image and the list of its packages.
func build(dir, script string) error {
	args := []string{"bash", "-c", prelude + script, "bash", dir}
	if os.Geteuid() != 0 {
		args = append([]string{"unshare", "--map-root-user"}, args...)
	}
	if err := cache.Run(exec.Command(args[0], args[1:]...)); err != nil {
		return err
	}
	var all []v1.Layer
	var history []string
	before := ""
	for _, step := range []string{"installed", "changed"} {
		after := filepath.Join(dir, step+".tar")
		layer, err := layers.Difference(before, after, filepath.Join(dir, step+".layer.tar"))
		if err != nil {
			return fmt.Errorf("layer %s: %w", step, err)
		}
		all, history = append(all, layer), append(history, step)
		before = after
	}
	return layers.Write(filepath.Join(dir, "image"), all, history)
}

// readPackages reads the lines of a list: name, version, architecture and
// source, with tabs between them.
func readPackages(path string) ([]Package, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all []Package
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 4 {
			return nil, fmt.Errorf("%s: line %q", path, line)
		}
		all = append(all, Package{fields[0], fields[1], fields[2], fields[3]})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: no packages", path)
	}
	return all, nil
}
