//go:build e2e

// Package debian builds container images from Debian's packages and what
// languages' own tools install, and tells what those tools say is in them.
package debian

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/stowage-dev/stowage/e2e/rig/cache"
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
	// Planted are the paths of files with a made-up secret in them.
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
	sources, err := filepath.Glob(filepath.Join(cache.Repository(t), "e2e", "rig", "debian", "*.go"))
	if err != nil || len(sources) == 0 {
		t.Fatalf("sources of the images: %v, %v", sources, err)
	}
	how := ""
	for _, name := range sources {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		how += string(source)
	}
	dir := cache.Dir(t, "debian-"+Release+"-"+cache.Hash(how), build)
	all := map[string]Image{}
	for _, r := range recipes {
		image, err := read(filepath.Join(dir, r.name))
		if err != nil {
			t.Fatalf("image %s: %v", r.name, err)
		}
		image.Name, image.Absent = r.name, r.absent
		all[r.name] = image
	}
	return all
}

// writeImage writes an image as an OCI layout, with what it holds beside it.
func (w *workshop) writeImage(dir string) error {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, l := range w.layers {
		var err error
		image, err = mutate.Append(image, mutate.Addendum{
			Layer: l.Layer, MediaType: types.OCILayer, History: v1.History{CreatedBy: l.createdBy},
		})
		if err != nil {
			return err
		}
	}
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Config.Env = "linux", "amd64", w.environment
	if image, err = mutate.ConfigFile(image, config); err != nil {
		return err
	}
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	if err := path.AppendImage(image); err != nil {
		return err
	}
	return writeTruth(dir, w.truth)
}

// read reads what writeImage wrote.
func read(dir string) (Image, error) {
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return Image{}, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return Image{}, err
	}
	if len(manifest.Manifests) != 1 {
		return Image{}, fmt.Errorf("layout %s holds %d images", dir, len(manifest.Manifests))
	}
	image, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		return Image{}, err
	}
	told, err := readTruth(dir)
	return Image{Path: dir, Image: image, Packages: told.Packages, Modules: told.Modules, Planted: told.Planted}, err
}
