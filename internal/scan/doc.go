// Package scan tells what is inside a container image.
//
// A layer is read once in its life, in one pass and without unpacking anything
// to disk ([ReadLayer]): decompress, hash, walk the tar, and give the few files
// that tell of packages to the extractors of osv-scalibr. What comes out is a
// small [LayerResult] that is stored by the layer's digest and [Version]. An
// image's inventory is the overlay of the results of its layers ([Overlay]),
// so that an image on a known base costs only its own layers ([Image]).
//
// Everything in a layer is hostile until shown otherwise: the numbers of bytes
// and entries, the sizes of files and of names, and the nesting of archives are
// bounded by [Limits], and what was left out is told in the inventory.
package scan

// Version is the version of what [ReadLayer] finds. It is raised whenever a
// layer that was read before would give a different result, so that stored
// results are read anew.
const Version = 2
