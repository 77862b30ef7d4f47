package scan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/advisory"
	"github.com/stowage-dev/stowage/internal/image"
)

// Overlay returns what is in an image whose layers have the given results,
// lowest first. A layer that was not read is nil: it counts, but tells nothing.
//
// The layer of a package is the one that first brought this version into the
// database that tells of it, though every layer above may have written the
// database anew.
func Overlay(layers []*LayerResult) image.Inventory {
	inv, _ := overlayLayers(layers, nil) // Without an index nothing fails.
	return inv
}

// overlayLayers is Overlay with an index of Java archives, which may be nil.
func overlayLayers(layers []*LayerResult, index *JavaIndex) (image.Inventory, error) {
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
	o := overlay{owned: owned, index: index}
	for _, n := range t.nodes {
		o.add(n)
	}
	inv := o.inventory()
	addFacts(&inv, layers)
	return inv, o.err
}

// overlay gathers an inventory from what is left of all layers.
type overlay struct {
	owned map[string]string
	index *JavaIndex
	// err is the first error of the index.
	err      error
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
	inv.Unmatched = o.unmatched(inv.Distribution)
	evidence := newEvidence(o.packages)
	for _, n := range o.packages {
		f := n.packages
		if inv.Distribution == nil && slices.ContainsFunc(f.Packages, isOfDistribution) {
			o.skipped = append(o.skipped, f.Path+": no file names the image's distribution, so that the release of its packages is not known")
		}
		for i, p := range f.Packages {
			o.identify(&p)
			if p.Name == "" {
				continue
			}
			q := newPackage(f.Path, p, n.origins[i], inv.Distribution)
			if !isOfDistribution(p) {
				q.OwnedBy = o.owner(installed, f.Path, q.Layer)
			}
			if !evidence.counts(f.Path, p, q.OwnedBy) {
				continue
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

// identify makes a package of a Java archive that does not say which it is the
// one that the index knows. What it does not know stays a guess.
func (o *overlay) identify(p *Package) {
	if o.index == nil || p.SHA1 == "" {
		return
	}
	name, version, ok, err := o.index.lookup(p.SHA1)
	if err != nil && o.err == nil {
		o.err = err
	}
	if ok {
		p.Name, p.Version = name, version
	}
}

// distribution returns the os-release that counts, or what stands in for it.
func (o *overlay) distribution() *image.Distribution {
	for _, p := range slices.Concat(releasePaths, releaseFilePaths) {
		if d, ok := o.releases[p]; ok && d.ID != "" {
			return &d
		}
	}
	return nil
}

// unmatched tells of packages of a distribution that has no advisories.
func (o *overlay) unmatched(d *image.Distribution) string {
	if d == nil || advisory.IsPublished(Ecosystem(*d)) {
		return ""
	}
	n := 0
	for _, node := range o.packages {
		for _, p := range node.packages.Packages {
			if isOfDistribution(p) {
				n++
			}
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("no advisories are published for %s in the OSV format: its %d packages are listed, but compared with none",
		cmp.Or(d.Name, join(d.ID, " ", d.Version)), n)
}

// installed returns the distribution's packages by name, with the layer that
// brought them.
func (o *overlay) installed() map[string]int {
	installed := make(map[string]int)
	for _, n := range o.packages {
		for i, p := range n.packages.Packages {
			if isOfDistribution(p) {
				installed[p.Name] = max(installed[p.Name], n.origins[i])
			}
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
