package content

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// splitVersion splits "name@version"; npm scopes start with "@".
func splitVersion(s string) (name, version string) {
	i := strings.LastIndexByte(s, '@')
	return s[:i], s[i+1:]
}

// An npmTree is a folder of installed npm packages.
type npmTree struct {
	dir  string   // that holds node_modules
	list []string // "name@version"; "parent/node_modules/name@version" for nested ones
}

func (t npmTree) files(string) []file {
	var files []file
	for i, p := range t.packages() {
		description, err := json.MarshalIndent(map[string]any{
			"name": p.Name, "version": p.Version, "main": "index.js", "license": "MIT",
		}, "", "  ")
		if err != nil {
			panic(err) // a map of strings
		}
		files = append(files, text(p.Path, string(description)+"\n"),
			text(path.Dir(p.Path)+"/index.js", "module.exports = {};\n"),
			text(path.Dir(p.Path)+"/README.md", fmt.Sprintf("# %s\n", t.list[i])))
	}
	return files
}

func (t npmTree) packages() []Package {
	var found []Package
	for _, s := range t.list {
		dir, version := splitVersion(s)
		name := dir
		if i := strings.LastIndex(dir, "node_modules/"); i >= 0 {
			name = dir[i+len("node_modules/"):]
		}
		found = append(found, Package{
			Type: "npm", Name: name, Version: version,
			Path: t.dir + "/node_modules/" + dir + "/package.json",
		})
	}
	return found
}

// A pythonSite is a site-packages folder.
type pythonSite struct {
	dir  string
	list []string // "Name@version"
}

func (s pythonSite) files(string) []file {
	var files []file
	for _, p := range s.packages() {
		dir, info := path.Dir(p.Path), path.Base(path.Dir(p.Path))
		module := strings.ToLower(strings.ReplaceAll(p.Name, "-", "_"))
		files = append(files,
			text(p.Path, fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\nSummary: %[1]s\nLicense: BSD-3-Clause\n\n%[1]s\n", p.Name, p.Version)),
			text(dir+"/RECORD", fmt.Sprintf("%s/__init__.py,,\n%s/METADATA,,\n%[2]s/RECORD,,\n%[2]s/WHEEL,,\n%[2]s/INSTALLER,,\n", module, info)),
			text(dir+"/WHEEL", "Wheel-Version: 1.0\nGenerator: bdist_wheel (0.40.0)\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
			text(dir+"/INSTALLER", "pip\n"),
			text(s.dir+"/"+module+"/__init__.py", fmt.Sprintf("__version__ = %q\n", p.Version)))
	}
	return files
}

func (s pythonSite) packages() []Package {
	var found []Package
	for _, p := range s.list {
		name, version := splitVersion(p)
		found = append(found, Package{
			Type: "pypi", Name: name, Version: version,
			Path: fmt.Sprintf("%s/%s-%s.dist-info%s", s.dir, strings.ReplaceAll(name, "-", "_"), version, pythonMetadata),
		})
	}
	return found
}

// A jar is a Java archive; jars inside it make it a fat jar, as Spring Boot
// packs them.
type jar struct {
	path   string // in the image
	id     string // "group:artifact@version"
	nested []string
}

func (j jar) files(string) []file { return []file{{path: j.path, data: jarData(j.id, j.nested)}} }

func (j jar) packages() []Package {
	var found []Package
	for _, id := range append([]string{j.id}, j.nested...) {
		name, version := splitVersion(id)
		found = append(found, Package{Type: "maven", Name: name, Version: version, Path: j.path})
	}
	return found
}

func jarData(id string, nested []string) []byte {
	coordinates, version := splitVersion(id)
	group, artifact, _ := strings.Cut(coordinates, ":")
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	meta := "META-INF/maven/" + group + "/" + artifact
	add := func(name string, method uint16, data []byte) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: fileTime})
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			panic(fmt.Sprintf("jar %s: %v", id, err)) // memory does not fail
		}
	}
	add("META-INF/MANIFEST.MF", zip.Deflate, fmt.Appendf(nil,
		"Manifest-Version: 1.0\r\nImplementation-Title: %s\r\nImplementation-Version: %s\r\nImplementation-Vendor-Id: %s\r\n\r\n", artifact, version, group))
	add(meta+"/pom.properties", zip.Deflate, fmt.Appendf(nil, "version=%s\ngroupId=%s\nartifactId=%s\n", version, group, artifact))
	add(meta+"/pom.xml", zip.Deflate, fmt.Appendf(nil,
		"<project><modelVersion>4.0.0</modelVersion><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></project>\n", group, artifact, version))
	add(strings.ReplaceAll(group, ".", "/")+"/Main.class", zip.Deflate, []byte{0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 52})
	for _, n := range nested {
		name, v := splitVersion(n)
		_, a, _ := strings.Cut(name, ":")
		// Spring Boot's loader needs nested jars stored, not deflated.
		add(fmt.Sprintf("BOOT-INF/lib/%s-%s.jar", a, v), zip.Store, jarData(n, nil))
	}
	if err := w.Close(); err != nil {
		panic(fmt.Sprintf("jar %s: %v", id, err))
	}
	return buf.Bytes()
}
