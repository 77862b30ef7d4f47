//go:build e2e

// Package debian builds container images from Debian's packages and what
// languages' own tools install, and tells what those tools say is in them.
package debian

import (
	"os"
	"path/filepath"
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

// An Image is an image with what the tools that built it say of it.
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
	// Modules are the packages of languages, in any order: as pip's and npm's
	// own libraries and the go command tell, and of Java those that were put in.
	Modules []Module
	// Planted are the paths of files with a made-up secret in them, and the
	// check that finds one elsewhere.
	Planted []string
}

// A Package is an installed package, as dpkg-query tells.
type Package struct {
	Name, Version, Architecture string
}

// A Module is a package of a language, in OSV's terms.
type Module struct{ Ecosystem, Name, Version string }

// A recipe says how an image is made.
type recipe struct {
	name string
	// scratch is whether nothing is below the application.
	scratch bool
	// commands change Debian's base, each of them in a layer.
	commands []string
	absent   []string
	// application adds what Debian does not package.
	application func(*workshop) error
}

var recipes = []recipe{
	{name: "base"},
	{name: "python", commands: []string{
		"apt-get install -qq -y python3-minimal python3-flask python3-django python3-requests python3-cryptography python3-yaml",
	}},
	{
		name: "web", absent: []string{"sqlite3", "cron"},
		commands: []string{
			"apt-get install -qq -y nginx-light sqlite3 cron",
			"apt-get purge -qq -y sqlite3 && apt-get remove -qq -y cron && apt-get autoremove -qq -y",
		},
	},
	{name: "java", application: nestedJar, commands: []string{
		// Its scripts want a folder for manual pages, which options leave out.
		"mkdir -p /usr/share/man/man1 && apt-get install -qq -y openjdk-17-jre-headless libcommons-io-java libcommons-lang3-java libjackson2-core-java libjackson2-databind-java libguava-java",
	}},
	{name: "node", application: nodeModules, commands: []string{"apt-get install -qq -y nodejs"}},
	{name: "go", scratch: true, application: goProgram},
}

// Images returns the images by name. They are built once and kept.
func Images(t testing.TB) map[string]Image {
	t.Helper()
	how := ""
	for _, folder := range []string{"debian", "layers"} {
		sources, err := filepath.Glob(filepath.Join(cache.Repository(t), "e2e", "rig", folder, "*.go"))
		if err != nil || len(sources) == 0 {
			t.Fatalf("how images are made: %v, %v", sources, err)
		}
		for _, name := range sources {
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			how += string(source)
		}
	}
	dir := cache.Dir(t, "debian-"+Release+"-"+cache.Hash(how), build)
	all := map[string]Image{}
	for _, r := range recipes {
		path := filepath.Join(dir, r.name)
		image, err := layers.Read(path)
		if err != nil {
			t.Fatalf("image %s: %v", r.name, err)
		}
		told, err := readTruth(path)
		if err != nil {
			t.Fatalf("image %s: %v", r.name, err)
		}
		all[r.name] = Image{
			Name: r.name, Path: path, Image: image, Absent: r.absent,
			Packages: told.Packages, Modules: told.Modules, Planted: told.Planted,
		}
	}
	return all
}
