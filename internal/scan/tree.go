package scan

import (
	"strings"
)

// A tree is the file system that layers make when each is put on those below,
// reduced to the paths that some layer tells something of, and their parents.
type tree struct {
	nodes map[pathKey]*node
}

// A node is a path in a tree. Every layer that has the path replaces all of it.
type node struct {
	key      pathKey
	children []*node

	packages *PackageFile
	// origins are the layers that brought the packages, in their order.
	origins []int
	file    *File
	// fileOrigin is the layer that made file what it is.
	fileOrigin int
	release    *Release
	passwd     *Passwd
	skipped    *Skip
}

func newTree() *tree { return &tree{nodes: make(map[pathKey]*node)} }

// apply puts a layer on top.
func (t *tree) apply(layer int, l *LayerResult) {
	for _, p := range l.Whiteouts {
		t.remove(t.nodes[keyOf(p)])
	}
	for _, p := range l.Opaque {
		t.removeChildren(t.nodes[keyOf(p)])
	}
	old := make(map[*node]node)
	for _, k := range l.NonDirectories {
		t.removeChildren(t.nodes[k]) // Nothing is below what is no directory.
		t.replace(k, old)
	}
	for _, k := range l.Directories {
		t.replace(k, old)
	}
	for i := range l.Packages {
		n := t.at(l.Packages[i].Path)
		n.setPackages(layer, &l.Packages[i], old[n])
	}
	for i := range l.Files {
		n := t.at(l.Files[i].Path)
		n.setFile(layer, &l.Files[i], old[n])
	}
	for i := range l.Releases {
		t.at(l.Releases[i].Path).release = &l.Releases[i]
	}
	if l.Passwd != nil {
		t.at(passwdPath).passwd = l.Passwd
	}
	for i := range l.Skipped {
		t.at(l.Skipped[i].Path).skipped = &l.Skipped[i]
	}
	for _, link := range l.Links {
		if target := t.nodes[keyOf(link.Target)]; target != nil && target.packages != nil {
			n := t.at(link.Path)
			f := *target.packages
			f.Path = link.Path
			n.packages, n.origins = &f, target.origins
		}
	}
}

// replace empties the node of a path that a layer has, and keeps in old what
// was there.
func (t *tree) replace(k pathKey, old map[*node]node) {
	if n := t.nodes[k]; n != nil {
		old[n] = *n
		*n = node{key: n.key, children: n.children}
	}
}

// at returns the node of a path, which is made with its parents if need be.
func (t *tree) at(p string) *node {
	k := keyOf(p)
	n := t.nodes[k]
	if n != nil {
		return n
	}
	n = &node{key: k}
	t.nodes[k] = n
	if p != "" {
		parent := t.at(p[:max(strings.LastIndexByte(p, '/'), 0)])
		parent.children = append(parent.children, n)
	}
	return n
}

// remove removes a node, which may be nil, and all below it. Its parent
// forgets it with its own end: a removed node is just one that is not in nodes.
func (t *tree) remove(n *node) {
	if n == nil || t.nodes[n.key] != n {
		return
	}
	delete(t.nodes, n.key)
	t.removeChildren(n)
}

func (t *tree) removeChildren(n *node) {
	if n == nil {
		return
	}
	children := n.children
	n.children = nil
	for _, c := range children {
		t.remove(c)
	}
}

// setPackages sets the packages that a layer has at n. Those that old had came
// with an older layer.
func (n *node) setPackages(layer int, f *PackageFile, old node) {
	n.packages = f
	n.origins = make([]int, len(f.Packages))
	before := make(map[Package]int)
	if old.packages != nil {
		for i, p := range old.packages.Packages {
			before[p] = old.origins[i]
		}
	}
	for i, p := range f.Packages {
		n.origins[i] = layer
		if origin, ok := before[p]; ok {
			n.origins[i] = origin
		}
	}
}

// setFile sets the file that a layer has at n.
func (n *node) setFile(layer int, f *File, old node) {
	n.file, n.fileOrigin = f, layer
	if old.file != nil && *old.file == *f {
		n.fileOrigin = old.fileOrigin
	}
}
