// Package image is the domain of image content: references, digests,
// platforms, layers and the packages in them. It depends on the standard
// library only.
package image
