package content

import (
	"fmt"
	"strings"
)

// dpkgStatus is the package database of Debian and its descendants.
const dpkgStatus = "var/lib/dpkg/status"

// pythonMetadata is the end of the path of a Python package's description.
const pythonMetadata = "/METADATA"

// debianFiles returns what the step writes on a system with dpkg.
func (d distribution) debianFiles(arch string) []file {
	var files []file
	if d.base {
		files = append(d.identity(), text("etc/debian_version", d.version+"\n"))
	}
	var status strings.Builder
	for _, p := range d.installed {
		status.WriteString(p.stanza(arch, "Status: install ok installed\n"))
	}
	files = append(files, text(dpkgStatus, status.String()))
	for _, p := range d.changed {
		list := "/.\n"
		for _, f := range p.contents(arch) {
			files = append(files, f)
			list += "/" + f.path + "\n"
		}
		files = append(files, text(p.list(), list))
	}
	for _, p := range d.removed {
		paths := []string{p.list()}
		for _, f := range p.contents(arch) {
			paths = append(paths, f.path)
		}
		files = append(files, remove(paths...)...)
	}
	return files
}

// stanza returns the package's entry in dpkg's database.
func (p osPackage) stanza(arch, status string) string {
	s := fmt.Sprintf("Package: %s\n%sPriority: optional\nSection: admin\nInstalled-Size: 100\n"+
		"Maintainer: Debian Developers <debian-devel@lists.debian.org>\nArchitecture: %s\n", p.name, status, arch)
	switch {
	case p.sourceVersion != p.version:
		s += fmt.Sprintf("Source: %s (%s)\n", p.source, p.sourceVersion)
	case p.source != p.name:
		s += fmt.Sprintf("Source: %s\n", p.source)
	}
	return s + fmt.Sprintf("Version: %s\nDescription: %s\n Part of the system.\n\n", p.version, p.name)
}

// list returns the path of the package's list of files.
func (p osPackage) list() string { return "var/lib/dpkg/info/" + p.name + ".list" }

// contents returns the files of the package.
func (p osPackage) contents(arch string) []file {
	files := []file{text("usr/share/doc/"+p.name+"/copyright", "Copyright: the authors of "+p.source+"\n")}
	for _, o := range p.paths {
		f := file{path: o.name, mode: o.mode}
		switch {
		case strings.HasSuffix(o.name, pythonMetadata):
			name, version := p.python()
			f.data = []byte(fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\n", name, version))
		case o.mode&0o111 != 0:
			f.data = program(arch)
		default:
			f.data = []byte(p.name + " " + p.version + "\n")
		}
		files = append(files, f)
	}
	return files
}

// python returns the name and version of the Python package in a Debian one.
func (p osPackage) python() (name, version string) {
	version, _, _ = strings.Cut(p.version, "-")
	return strings.TrimPrefix(p.name, "python3-"), version
}

// distroless is a system without a package manager, whose packages are told
// one file each, as in Google's distroless images.
type distroless []osPackage

func (d distroless) files(arch string) []file {
	files := append(debian12.identity(),
		text("etc/ssl/certs/ca-certificates.crt", "# certificates\n"),
		text("etc/passwd", "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n"))
	for _, p := range d {
		files = append(files, text(p.distrolessPath(), p.stanza(arch, "")))
	}
	return files
}

func (d distroless) packages() []Package {
	var found []Package
	for _, p := range d {
		found = append(found, Package{
			Type: "deb", Name: p.name, Version: p.version,
			Source: p.source, SourceVersion: p.sourceVersion, Path: p.distrolessPath(),
		})
	}
	return found
}

func (p osPackage) distrolessPath() string { return "var/lib/dpkg/status.d/" + p.name }
