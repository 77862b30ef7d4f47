package content

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
)

//go:embed packages/*.txt
var packageTables embed.FS

// A distribution is the operating system part of an image at one build step.
type distribution struct {
	id, version, codename, name string
	// installed is the package database after the step.
	installed []osPackage
	// base is whether the step lays the system down; later steps only
	// change packages.
	base bool
	// changed are the packages whose files the step brings.
	changed []osPackage
	// removed are the packages whose files the step deletes.
	removed []osPackage
}

// An osPackage is a binary package of a distribution.
type osPackage struct {
	name, version, source, sourceVersion string
	// paths are files with their permissions, beside the documentation.
	paths []ownedPath
}

type ownedPath struct {
	name string
	mode int64
}

// The distribution releases.
var (
	debian12 = release("debian", "12", "bookworm", "Debian GNU/Linux 12 (bookworm)", "debian-12")
	debian11 = release("debian", "11", "bullseye", "Debian GNU/Linux 11 (bullseye)", "debian-11")
	debian10 = release("debian", "10", "buster", "Debian GNU/Linux 10 (buster)", "debian-10")
	debian9  = release("debian", "9", "stretch", "Debian GNU/Linux 9 (stretch)", "debian-9")
	ubuntu22 = release("ubuntu", "22.04", "jammy", "Ubuntu 22.04 LTS", "ubuntu-22.04")
	alpine15 = release("alpine", "3.15.0", "", "Alpine Linux v3.15", "alpine-3.15")
	alpine16 = release("alpine", "3.16.0", "", "Alpine Linux v3.16", "alpine-3.16")
	alpine17 = release("alpine", "3.17.0", "", "Alpine Linux v3.17", "alpine-3.17")
	alpine18 = release("alpine", "3.18.0", "", "Alpine Linux v3.18", "alpine-3.18")
	alpine19 = release("alpine", "3.19.0", "", "Alpine Linux v3.19", "alpine-3.19")
	alpine20 = release("alpine", "3.20.0", "", "Alpine Linux v3.20", "alpine-3.20")
)

// release returns a distribution as its base image has it.
func release(id, version, codename, name, table string) distribution {
	data, err := packageTables.ReadFile("packages/" + table + ".txt")
	if err != nil {
		panic(err) // the tables are part of the program
	}
	packages := parsePackages(string(data))
	return distribution{
		id: id, version: version, codename: codename, name: name,
		base: true, installed: packages, changed: packages,
	}
}

// parsePackages reads a table: package, version, then optionally source,
// source version, and files as /path=mode.
func parsePackages(table string) []osPackage {
	var packages []osPackage
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" || strings.HasPrefix(line, "#") {
			continue
		}
		p := osPackage{name: fields[0], version: fields[1], source: fields[0], sourceVersion: fields[1]}
		var identity []string
		for _, f := range fields[2:] {
			if !strings.HasPrefix(f, "/") {
				identity = append(identity, f)
				continue
			}
			name, octal, _ := strings.Cut(f[1:], "=")
			mode, err := strconv.ParseInt(octal, 8, 64)
			if err != nil {
				mode = 0o644
			}
			p.paths = append(p.paths, ownedPath{name, mode})
		}
		if len(identity) > 0 {
			p.source = identity[0]
		}
		if len(identity) > 1 {
			p.sourceVersion = identity[1]
		}
		packages = append(packages, p)
	}
	return packages
}

// install returns the step that adds packages or replaces their versions. The
// table is that of [parsePackages].
func (d distribution) install(table string) distribution {
	d.base, d.removed = false, nil
	d.changed = parsePackages(table)
	names := map[string]bool{}
	for _, p := range d.changed {
		names[p.name] = true
	}
	var kept []osPackage
	for _, p := range d.installed {
		if !names[p.name] {
			kept = append(kept, p)
		}
	}
	d.installed = append(kept, d.changed...)
	return d
}

// upgrade returns the step that brings every binary package of some sources to
// a new version, given as "source=version".
func (d distribution) upgrade(sources ...string) distribution {
	d.base, d.removed, d.changed = false, nil, nil
	to := map[string]string{}
	for _, s := range sources {
		source, version, _ := strings.Cut(s, "=")
		to[source] = version
	}
	var installed []osPackage
	for _, p := range d.installed {
		if v, ok := to[p.source]; ok {
			p.version, p.sourceVersion = v, v
			d.changed = append(d.changed, p)
		}
		installed = append(installed, p)
	}
	d.installed = installed
	return d
}

// purge returns the step that removes packages.
func (d distribution) purge(names ...string) distribution {
	d.base, d.removed, d.changed = false, nil, nil
	gone := map[string]bool{}
	for _, n := range names {
		gone[n] = true
	}
	var kept []osPackage
	for _, p := range d.installed {
		if gone[p.name] {
			d.removed = append(d.removed, p)
			continue
		}
		kept = append(kept, p)
	}
	d.installed = kept
	return d
}

// files implements part.
func (d distribution) files(arch string) []file {
	if d.id == "alpine" {
		return d.alpineFiles(arch)
	}
	return d.debianFiles(arch)
}

// packages implements part.
func (d distribution) packages() []Package {
	kind, database := "deb", dpkgStatus
	if d.id == "alpine" {
		kind, database = "apk", apkInstalled
	}
	var found []Package
	for _, p := range d.installed {
		found = append(found, Package{
			Type: kind, Name: p.name, Version: p.version,
			Source: p.source, SourceVersion: p.sourceVersion, Path: database,
		})
	}
	for _, p := range d.changed {
		for _, o := range p.paths {
			if strings.HasSuffix(o.name, pythonMetadata) {
				name, version := p.python()
				found = append(found, Package{Type: "pypi", Name: name, Version: version, Path: o.name})
			}
		}
	}
	return found
}

// identity returns the files by which every image tells its distribution.
func (d distribution) identity() []file {
	release := fmt.Sprintf("PRETTY_NAME=%q\nNAME=%q\nID=%s\nVERSION_ID=%q\n",
		d.name, strings.Split(d.name, " ")[0], d.id, d.version)
	if d.codename != "" {
		release += "VERSION_CODENAME=" + d.codename + "\n"
	}
	return []file{
		{path: "etc/os-release", link: "../usr/lib/os-release"},
		text("usr/lib/os-release", release),
		text("etc/passwd", passwd),
		text("etc/group", "root:x:0:\nshadow:x:42:\nnogroup:x:65534:\n"),
		{path: "etc/shadow", mode: 0o640, data: []byte("root:*:19518:0:99999:7:::\n")},
		{path: "tmp", dir: true, mode: 0o1777},
		{path: "root", dir: true, mode: 0o700},
	}
}

// passwd is the user table of every base image.
const passwd = "root:x:0:0:root:/root:/bin/sh\n" +
	"daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n" +
	"www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n" +
	"nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"

// user returns the build step that adds an account.
func user(name string, uid int) *layer {
	return &layer{
		by:    fmt.Sprintf("RUN useradd --uid %d %s", uid, name),
		parts: []part{plain{text("etc/passwd", fmt.Sprintf("%s%s:x:%d:%d::/home/%[2]s:/bin/sh\n", passwd, name, uid, uid))}},
	}
}
