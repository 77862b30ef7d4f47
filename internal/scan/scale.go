package scan

import (
	"cmp"
	"slices"
	"strings"
)

// A scale weighs the files of a layer: large ones by themselves, small ones
// with their directory, and those in a tool's cache with the part of the cache
// that they are in.
type scale struct {
	sizes map[string]int64
	heads map[string]uint64
	// files are the weighed paths that are no directories.
	files map[string]bool
	// directory is that of the last file, place the weighed path of its small
	// files: entries come by directory.
	directory, place string
	nested           bool
}

const (
	// minWeight is the size from which a path is weighed by itself: less is
	// not worth a step of a build.
	minWeight = 128 << 10
	// maxWeights bounds how many weights of a layer are kept, the largest: a
	// layer has some hundred files of minWeight.
	maxWeights = 2000
)

// add weighs a file, and returns how much memory that took.
func (s *scale) add(p string, size int64) int64 {
	if size == 0 {
		return 0
	}
	if s.sizes == nil {
		s.sizes, s.heads, s.files = make(map[string]int64), make(map[string]uint64), make(map[string]bool)
	}
	dir := p[:max(strings.LastIndexByte(p, '/'), 0)]
	if dir != s.directory || s.place == "" {
		s.directory, s.place = dir, dir
		_, part := cacheOf(dir)
		if s.nested = part != ""; s.nested {
			s.place = part
		}
	}
	place := s.place
	if size >= minWeight && !s.nested {
		place = p
		s.files[p] = true
	}
	before := len(s.sizes)
	s.sizes[place] += size
	return int64(len(s.sizes)-before) * (int64(len(place)) + 64)
}

// forget drops a file that a later entry replaces. Small ones stay: they are
// small.
func (s *scale) forget(p string) {
	if s.files[p] {
		delete(s.sizes, p)
		delete(s.heads, p)
		delete(s.files, p)
	}
}

// finish returns the weights by path. What is too light counts with the
// directory that it is in.
func (s *scale) finish() []Weight {
	var depths [][]string // Directories by how many slashes they have.
	add := func(p string) {
		depth := strings.Count(p, "/")
		for len(depths) <= depth {
			depths = append(depths, nil)
		}
		depths[depth] = append(depths[depth], p)
	}
	for p := range s.sizes {
		if !s.files[p] {
			add(p)
		}
	}
	for depth := len(depths) - 1; depth > 0; depth-- {
		for _, p := range depths[depth] {
			if s.sizes[p] >= minWeight {
				continue
			}
			parent := p[:strings.LastIndexByte(p, '/')]
			if _, known := s.sizes[parent]; !known {
				add(parent)
			}
			s.sizes[parent] += s.sizes[p]
			delete(s.sizes, p)
		}
	}
	var weights []Weight
	for p, size := range s.sizes {
		if size >= minWeight && p != "" {
			weights = append(weights, Weight{Path: p, Size: size, Directory: !s.files[p], Head: s.heads[p]})
		}
	}
	if len(weights) > maxWeights {
		slices.SortFunc(weights, func(a, b Weight) int { return cmp.Or(cmp.Compare(b.Size, a.Size), cmp.Compare(a.Path, b.Path)) })
		weights = weights[:maxWeights]
	}
	slices.SortFunc(weights, func(a, b Weight) int { return cmp.Compare(a.Path, b.Path) })
	return weights
}
