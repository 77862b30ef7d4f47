//go:build e2e

// Package debian builds container images from Debian's packages, with Debian's
// own tools, and tells what those say is installed in them.
package debian

import (
	"bufio"
	"errors"
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

// Release is the release of Debian, Ecosystem its name in advisories.
const (
	Release   = "bookworm"
	Ecosystem = "Debian:12"
)

// An Image is an image with what dpkg says of it.
type Image struct {
	// Name tells the image apart: "base", "python", "web".
	Name string
	// Path is the OCI layout that holds it alone.
	Path string
	v1.Image
	// Packages are the installed packages.
	Packages []Package
	// Absent are the names of packages that a layer installed and a later one
	// removed, with and without their configuration.
	Absent []string
}

// A Package is an installed package, as dpkg-query tells.
type Package struct {
	Name, Version, Architecture string
}

// A step changes the file system of the step before it, which gives a layer.
type step struct {
	name, command string
}

var steps = []step{
	{name: "base"}, // What mmdebstrap makes.
	{"python", "apt-get install -qq -y python3-minimal"},
	{"server", "apt-get install -qq -y nginx-light sqlite3 cron"},
	{"purged", "apt-get purge -qq -y sqlite3 && apt-get remove -qq -y cron && apt-get autoremove -qq -y"},
}

// A recipe says how many steps an image has.
type recipe struct {
	name   string
	steps  int
	absent []string
}

var recipes = []recipe{
	{name: "base", steps: 1},
	{name: "python", steps: 2},
	{name: "web", steps: 4, absent: []string{"sqlite3", "cron"}},
}

// Images returns the images by name. They are built once and kept.
func Images(t testing.TB) map[string]Image {
	t.Helper()
	dir := cache.Dir(t, "debian-"+Release+"-"+cache.Hash(fmt.Sprint(options, steps, recipes)), build)
	all := map[string]Image{}
	for _, r := range recipes {
		path := filepath.Join(dir, r.name)
		image, err := layers.Read(path)
		if err != nil {
			t.Fatalf("image %s: %v", r.name, err)
		}
		packages, err := readPackages(path + ".tsv")
		if err != nil {
			t.Fatalf("image %s: %v", r.name, err)
		}
		all[r.name] = Image{Name: r.name, Path: path, Image: image, Packages: packages, Absent: r.absent}
	}
	return all
}

// options keep the file systems small.
var options = []string{
	"--variant=minbase", "--quiet", `--aptopt=APT::Install-Recommends "false"`,
	"--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
}

// build fills dir with one OCI layout for each image. The file system of each
// step leaves mmdebstrap as a tar; the difference of two is a layer.
func build(dir string) error {
	work, err := os.MkdirTemp(dir, "work-")
	if err != nil {
		return err
	}
	args := append([]string{}, options...)
	for _, s := range steps {
		if s.command != "" {
			args = append(args, `--customize-hook=chroot "$1" sh -euc '`+s.command+`' >&2`)
		}
		args = append(args,
			`--customize-hook=chroot "$1" dpkg-query -W -f '`+queryFormat+`' >"$1/packages.tsv"`,
			"--customize-hook=download /packages.tsv "+filepath.Join(work, s.name+".tsv"),
			`--customize-hook=rm "$1/packages.tsv"`,
			// A mounted /proc and what apt downloaded are no part of an image.
			`--customize-hook=tar --one-file-system --numeric-owner --exclude=./snapshot.tar --exclude='./var/cache/apt/*'`+
				` --exclude='./var/lib/apt/lists/*' --exclude='./tmp/*' -C "$1" -cf "$1/snapshot.tar" .`,
			"--customize-hook=download /snapshot.tar "+filepath.Join(work, s.name+".tar"),
			`--customize-hook=rm "$1/snapshot.tar"`)
	}
	if err := cache.Run(exec.Command("mmdebstrap", append(args, Release, "/dev/null")...)); err != nil {
		return err
	}
	var all []v1.Layer
	var history []string
	before := ""
	for _, s := range steps {
		after := filepath.Join(work, s.name+".tar")
		layer, err := layers.Difference(before, after, filepath.Join(work, s.name+".layer.tar"))
		if err != nil {
			return fmt.Errorf("layer %s: %w", s.name, err)
		}
		all, history = append(all, layer), append(history, "mmdebstrap, step "+s.name)
		before = after
	}
	for _, r := range recipes {
		to := filepath.Join(dir, r.name)
		if err := layers.Write(to, all[:r.steps], history[:r.steps]); err != nil {
			return fmt.Errorf("image %s: %w", r.name, err)
		}
		if err := os.Rename(filepath.Join(work, steps[r.steps-1].name+".tsv"), to+".tsv"); err != nil {
			return err
		}
	}
	return os.RemoveAll(work)
}

// queryFormat is what dpkg-query prints of a package.
const queryFormat = `${Package}\t${Version}\t${Architecture}\t${db:Status-Status}\n`

// readPackages returns the installed packages of dpkg-query's list, which also
// holds those of which only the configuration is left.
func readPackages(path string) ([]Package, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []Package
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 4 {
			return nil, fmt.Errorf("%s: line %q", path, lines.Text())
		}
		if fields[3] == "installed" {
			all = append(all, Package{fields[0], fields[1], fields[2]})
		}
	}
	if len(all) == 0 {
		return nil, errors.Join(lines.Err(), fmt.Errorf("%s: no packages", path))
	}
	return all, lines.Err()
}
