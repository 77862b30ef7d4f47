package scan

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/image"
)

// addFacts adds what the layers' facts say of the whole image.
func addFacts(inv *image.Inventory, layers []*LayerResult) {
	p := newPile()
	inv.Users = slices.Clone(inv.Users) // They are the layer's.
	accounts, groups := accountsOf(layers)
	for i := range inv.Users {
		u := &inv.Users[i]
		if state, ok := accounts[u.Name]; ok && u.Password == image.PasswordUnknown {
			u.Password = state
		}
	}
	inv.Groups = groups
	for i, l := range layers {
		if l != nil {
			p.apply(i, l)
		}
	}
	inv.Weights = p.weights()
	inv.Waste, inv.Wasted = p.waste()
	inv.Hidden = hidden(inv.Files, layers)
	inv.Machines = machinesOf(layers)
}

// accountsOf returns the passwords and groups that count: those of the last
// layer that has the files. A layer that deletes them ends them.
func accountsOf(layers []*LayerResult) (passwords map[string]image.Password, groups []image.Group) {
	for _, l := range layers {
		if l == nil {
			continue
		}
		switch {
		case l.Facts.Shadow != nil:
			passwords = l.Facts.Shadow
		case hides(l, shadowPath):
			passwords = nil
		}
		switch {
		case l.Facts.Groups != nil:
			groups = l.Facts.Groups
		case hides(l, groupPath):
			groups = nil
		}
	}
	return passwords, groups
}

// hides reports whether a layer deletes or replaces a file.
func hides(l *LayerResult, p string) bool {
	if k := keyOf(p); l.NonDirectories.has(k) || l.Directories.has(k) {
		return true
	}
	for dir := p; ; {
		if _, found := slices.BinarySearch(l.Whiteouts, dir); found {
			return true
		}
		i := strings.LastIndexByte(dir, '/')
		if dir = dir[:max(i, 0)]; dir == "" {
			break
		}
		if _, found := slices.BinarySearch(l.Opaque, dir); found {
			return true
		}
		if l.NonDirectories.has(keyOf(dir)) {
			return true
		}
	}
	_, opaque := slices.BinarySearch(l.Opaque, "")
	return opaque
}

// has reports whether the set has a path.
func (s PathSet) has(k pathKey) bool {
	_, found := slices.BinarySearch(s, k)
	return found
}

// maxHidden bounds how many hidden files are told.
const maxHidden = 100

// hidden returns the credentials of layers that the final files do not have.
func hidden(files []image.File, layers []*LayerResult) []image.File {
	type place struct {
		path  string
		layer int
	}
	shows := make(map[place]bool)
	sizes := make(map[string]int64)
	for _, f := range files {
		shows[place{f.Path, f.Layer}] = true
		sizes[f.Path] = f.Size
	}
	var out []image.File
	for i, l := range layers {
		if l == nil {
			continue
		}
		for _, f := range l.Files {
			secret := f.Kind == image.Credential || f.Kind == image.PrivateKey
			if !secret || f.Size == 0 || shows[place{f.Path, i}] || len(out) == maxHidden {
				continue
			}
			if size, ok := sizes[f.Path]; ok && size == f.Size {
				continue // It was copied up, and shows with another layer.
			}
			out = append(out, image.File{
				Path: f.Path, Mode: f.Mode, UID: f.UID, GID: f.GID, Size: f.Size, Layer: i, Kind: f.Kind,
			})
		}
	}
	return out
}

// machinesOf returns the architectures of the programs of all layers.
func machinesOf(layers []*LayerResult) []image.Machine {
	found := make(map[string]image.Machine)
	for i, l := range layers {
		if l == nil {
			continue
		}
		for architecture, p := range l.Facts.Machines {
			if _, ok := found[architecture]; !ok {
				found[architecture] = image.Machine{Architecture: architecture, Path: p, Layer: i}
			}
		}
	}
	var out []image.Machine
	for _, architecture := range slices.Sorted(maps.Keys(found)) {
		out = append(out, found[architecture])
	}
	return out
}

// A pile is the weights of all layers, some of them hidden by layers above.
type pile struct {
	items []pileItem
	// under are the items by each path whose end would hide them: their own,
	// and those of the directories that they are in.
	under map[pathKey][]int
	// spent are the hidden weights.
	spent map[spending]int64
}

type pileItem struct {
	Weight
	layer  int
	hidden bool
}

// spending is what hides weights: a path that a layer deletes or writes again.
type spending struct {
	path      string
	layer, by int
	rewritten bool
}

// maxPile bounds how many weights of one image are followed.
const maxPile = 20_000

func newPile() *pile {
	return &pile{under: make(map[pathKey][]int), spent: make(map[spending]int64)}
}

// apply puts a layer on top.
func (p *pile) apply(layer int, l *LayerResult) {
	if len(p.items) > 0 {
		for _, path := range l.Whiteouts {
			p.hide(keyOf(path), path, layer, func(pileItem) bool { return true }, false)
		}
		for _, path := range l.Opaque {
			p.hide(keyOf(path), path, layer, func(item pileItem) bool { return item.Path != path || item.Directory }, false)
		}
		for _, k := range l.NonDirectories {
			if p.under[k] != nil {
				p.hide(k, "", layer, func(pileItem) bool { return true }, true)
			}
		}
		for _, k := range l.Directories {
			if p.under[k] != nil { // A directory in place of a file.
				p.hide(k, "", layer, func(item pileItem) bool { return !item.Directory && keyOf(item.Path) == k }, true)
			}
		}
	}
	for _, w := range l.Facts.Weights {
		if len(p.items) == maxPile {
			return
		}
		i := len(p.items)
		p.items = append(p.items, pileItem{Weight: w, layer: layer})
		for path := w.Path; path != ""; path = path[:max(strings.LastIndexByte(path, '/'), 0)] {
			k := keyOf(path)
			p.under[k] = append(p.under[k], i)
		}
		root := keyOf("")
		p.under[root] = append(p.under[root], i)
	}
}

// hide hides the items under a path for which is holds. path is empty if each
// item's own is to be told.
func (p *pile) hide(k pathKey, path string, by int, is func(pileItem) bool, rewritten bool) {
	rest := p.under[k][:0]
	for _, i := range p.under[k] {
		item := &p.items[i]
		switch {
		case item.hidden:
		case is(*item):
			item.hidden = true
			told := path
			if told == "" {
				told = item.Path
			}
			p.spent[spending{told, item.layer, by, rewritten}] += item.Size
		default:
			rest = append(rest, i)
		}
	}
	p.under[k] = rest
}

// weights returns the caches and large files that show.
func (p *pile) weights() []image.Weight {
	var out []image.Weight
	for _, item := range p.items {
		tool, _ := cacheOf(item.Path)
		if item.hidden || tool == "" && item.Head == 0 {
			continue
		}
		out = append(out, image.Weight{Path: item.Path, Size: item.Size, Layer: item.layer, Cache: tool, Head: item.Head})
	}
	slices.SortFunc(out, func(a, b image.Weight) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Layer, b.Layer)) })
	return out
}

// maxWaste bounds how many hidden weights are told by themselves.
const maxWaste = 50

// waste returns the largest hidden weights, the largest first, and the sum of
// all.
func (p *pile) waste() (out []image.Waste, sum int64) {
	for s, size := range p.spent {
		sum += size
		out = append(out, image.Waste{Path: s.path, Size: size, Layer: s.layer, By: s.by, Rewritten: s.rewritten})
	}
	slices.SortFunc(out, func(a, b image.Waste) int {
		return cmp.Or(cmp.Compare(b.Size, a.Size), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Layer, b.Layer), cmp.Compare(a.By, b.By))
	})
	return out[:min(len(out), maxWaste)], sum
}
