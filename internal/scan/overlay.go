package scan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/image"
)

// Overlay returns what is in an image whose layers have the given results,
// lowest first. A layer that was not read is nil: it counts, but tells nothing.
//
// The layer of a package is the one that first brought this version into the
// database that tells of it, though every layer above may have written the
// database anew.
func Overlay(layers []*LayerResult) image.Inventory {
	t := newTree()
	owned := make(map[string]string)
	for i, l := range layers {
		if l == nil {
			continue
		}
		t.apply(i, l)
		for p, owner := range l.Owned {
			owned[p] = owner
		}
	}
	o := overlay{owned: owned}
	for _, n := range t.nodes {
		o.add(n)
	}
	inv := o.inventory()
	addFacts(&inv, layers)
	return inv
}

// overlay gathers an inventory from what is left of all layers.
type overlay struct {
	owned    map[string]string
	packages []*node
	files    []*node
	releases map[string]image.Distribution
	users    []image.User
	skipped  []string
}

func (o *overlay) add(n *node) {
	if n.packages != nil {
		o.packages = append(o.packages, n)
	}
	if n.file != nil {
		o.files = append(o.files, n)
	}
	if n.release != nil {
		if o.releases == nil {
			o.releases = make(map[string]image.Distribution)
		}
		o.releases[n.release.Path] = n.release.Distribution
	}
	if n.passwd != nil {
		o.users = n.passwd.Users
	}
	if n.skipped != nil {
		o.skipped = append(o.skipped, n.skipped.Path+": "+n.skipped.Reason)
	}
}

func (o *overlay) inventory() image.Inventory {
	inv := image.Inventory{Packages: []image.Package{}, Users: o.users, Distribution: o.distribution()}
	installed := o.installed()
	for _, n := range o.packages {
		f := n.packages
		if isDistribution(f.Type) && inv.Distribution == nil {
			o.skipped = append(o.skipped, f.Path+": the image has no os-release, so that the release of its packages is not known")
		}
		for i, p := range f.Packages {
			q := newPackage(f, p, n.origins[i], inv.Distribution)
			if !isDistribution(f.Type) {
				q.OwnedBy = o.owner(installed, f.Path, q.Layer)
			}
			inv.Packages = append(inv.Packages, q)
		}
	}
	slices.SortFunc(inv.Packages, func(a, b image.Package) int {
		return cmp.Or(
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version),
			cmp.Compare(a.Architecture, b.Architecture), cmp.Compare(a.Layer, b.Layer))
	})
	inv.Packages = slices.Compact(inv.Packages)
	for _, n := range o.files {
		inv.Files = append(inv.Files, image.File{
			Path: n.file.Path, Mode: n.file.Mode, UID: n.file.UID, GID: n.file.GID, Size: n.file.Size,
			Layer: n.fileOrigin, OwnedBy: o.owner(installed, n.file.Path, n.fileOrigin),
			Kind: n.file.Kind, Capabilities: n.file.Capabilities,
		})
	}
	slices.SortFunc(inv.Files, func(a, b image.File) int { return cmp.Compare(a.Path, b.Path) })
	slices.Sort(o.skipped)
	inv.Partial = summarize(o.skipped)
	return inv
}

// distribution returns the os-release that counts.
func (o *overlay) distribution() *image.Distribution {
	for _, p := range releasePaths {
		if d, ok := o.releases[p]; ok && d.ID != "" {
			return &d
		}
	}
	return nil
}

// installed returns the distribution's packages by name, with the layer that
// brought them.
func (o *overlay) installed() map[string]int {
	installed := make(map[string]int)
	for _, n := range o.packages {
		if !isDistribution(n.packages.Type) {
			continue
		}
		for i, p := range n.packages.Packages {
			installed[p.Name] = max(installed[p.Name], n.origins[i])
		}
	}
	return installed
}

// owner returns the distribution package that owns a file as it is. A file
// that changed after the package came is not the package's any more.
func (o *overlay) owner(installed map[string]int, p string, layer int) string {
	owner := o.owned[canonical(p)]
	if came, ok := installed[owner]; !ok || layer > came {
		return ""
	}
	return owner
}

// maxReasons bounds how many reasons a summary spells out.
const maxReasons = 5

// summarize joins the reasons why a scan is not complete.
func summarize(reasons []string) string {
	if more := len(reasons) - maxReasons; more > 0 {
		reasons = append(slices.Clone(reasons[:maxReasons]), fmt.Sprintf("and %d more", more))
	}
	return strings.Join(reasons, "; ")
}
