// Package registry reads container images: by digest from registries that
// speak the OCI distribution protocol ([Client]), and from OCI layouts and
// archives on disk ([OpenLayout], [OpenArchive]). It never writes.
//
// Every byte that leaves the package was compared with the digest that asked
// for it, and every answer is read up to a limit, because a registry may be
// hostile, broken or both. Layers are streamed, never stored. A download that
// breaks is resumed where it stopped.
//
// The package is the only one that knows go-containerregistry; what it returns
// is in the terms of package image. Failures are of type [*Error], whose kind
// tells a scheduler whether trying again can help.
package registry
