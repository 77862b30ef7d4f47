package content

import (
	"fmt"
	"path"
	"strings"
)

// apkInstalled is the package database of Alpine.
const apkInstalled = "lib/apk/db/installed"

// alpineFiles returns what the step writes on a system with apk.
func (d distribution) alpineFiles(arch string) []file {
	var files []file
	if d.base {
		files = append(d.identity(),
			text("etc/alpine-release", d.version+"\n"),
			text("etc/apk/arch", alpineArch(arch)+"\n"))
	}
	var database strings.Builder
	for _, p := range d.installed {
		database.WriteString(p.record(arch))
	}
	files = append(files, text(apkInstalled, database.String()))
	for _, p := range d.changed {
		files = append(files, p.alpineContents(arch)...)
	}
	for _, p := range d.removed {
		for _, f := range p.alpineContents(arch) {
			files = append(files, remove(f.path)...)
		}
	}
	return files
}

// record returns the package's entry in apk's database.
// See https://wiki.alpinelinux.org/wiki/Apk_spec#Installed_Database_V2.
func (p osPackage) record(arch string) string {
	r := fmt.Sprintf("C:Q1%s\nP:%s\nV:%s\nA:%s\nS:10000\nI:20480\nT:%s\nU:https://alpinelinux.org/\nL:MIT\n"+
		"o:%s\nm:Alpine Developers <devel@alpinelinux.org>\nt:1684000000\nc:%s\n",
		fakeBase64(p.name+p.version, 20), p.name, p.version, alpineArch(arch), p.name, p.source, fakeHex(p.source, 40))
	for _, f := range p.alpineContents(arch) {
		dir, base := path.Split(f.path)
		r += fmt.Sprintf("F:%s\nR:%s\n", strings.TrimSuffix(dir, "/"), base)
		if f.mode != 0 && f.mode != 0o644 {
			r += fmt.Sprintf("a:0:0:%o\n", f.mode)
		}
	}
	return r + "\n"
}

func (p osPackage) alpineContents(arch string) []file {
	files := p.contents(arch)
	files[0].path = "usr/share/licenses/" + p.name + "/COPYING"
	return files
}

// alpineArch returns Alpine's name of an OCI architecture.
func alpineArch(arch string) string {
	return map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[arch]
}
