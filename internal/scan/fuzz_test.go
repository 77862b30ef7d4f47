package scan

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// fuzzLimits keep one input from costing seconds.
var fuzzLimits = Limits{Bytes: 8 << 20, Entries: 10_000, Result: 1 << 20, FileBytes: 1 << 20, MemoryBytes: 64 << 10}

func FuzzReadLayer(f *testing.F) {
	plain := makeTar(
		f,
		member{name: "etc/os-release", body: bookworm},
		member{name: "var/lib/dpkg/status", body: status("bash 5")},
		member{name: "a.jar", body: makeZip(f, "META-INF/maven/g/a/pom.properties", pom("g", "a", "1"), "b.jar", makeZip(f, "c", "d"))},
		member{name: "b/package.json", body: `{"name":"b","version":"1"}`},
		member{name: "c", body: "a.jar", kind: '1'},
		member{name: ".wh.d"},
		member{name: "e/.wh..wh..opq"},
	)
	f.Add(plain)
	f.Add(gzipped(f, plain))
	f.Add([]byte("\x28\xb5\x2f\xfd\x04\x00\x01\x00\x00"))
	f.Fuzz(func(t *testing.T, blob []byte) {
		r, err := ReadLayer(t.Context(), bytes.NewReader(blob), LayerOptions{Limits: fuzzLimits})
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.As(err, new(*LimitError)) {
				t.Errorf("ReadLayer: %v, which is no error of the content", err)
			}
			return
		}
		inv := Overlay([]*LayerResult{r, r})
		for _, p := range inv.Packages {
			if !isName(p.Name) || !isName(p.Version) || strings.HasPrefix(p.Path, "/") || strings.HasPrefix(p.Path, "../") {
				t.Errorf("package %+v is not one", p)
			}
		}
	})
}

func FuzzArchive(f *testing.F) {
	f.Add(makeZip(f, "META-INF/maven/g/a/pom.properties", pom("g", "a", "1"), "META-INF/MANIFEST.MF", "Implementation-Title: x\nImplementation-Version: 1\n\n"))
	f.Add(makeZip(f, "lib/b-1.0.jar", makeZip(f, "META-INF/MANIFEST.MF", "Bundle-SymbolicName: b;x\n"), "x.war", "no zip"))
	f.Add(makeZip(f, "EGG-INFO/PKG-INFO", "Name: a\nVersion: 1\n"))
	f.Fuzz(func(t *testing.T, body string) {
		for _, kind := range []*archiveKind{javaArchives, pythonArchives} {
			a := &archives{limits: fuzzLimits}
			found, err := a.search(t.Context(), kind, "x-1.0.jar", strings.NewReader(body), int64(len(body)))
			a.Close()
			if errors.Is(err, errPanic) {
				t.Error(err)
			}
			for _, p := range found {
				if !isName(p.Name) || strings.HasPrefix(p.Inner, "..") {
					t.Errorf("package %+v is not one", p)
				}
			}
		}
	})
}

func FuzzDpkg(f *testing.F) {
	f.Add(status("bash 5", "zlib 1:1.2-3"))
	f.Add("Package: a\nVersion: 1\nSource: b (2)\nStatus: deinstall ok config-files\n\n\n:\n x")
	f.Add("Package:\x00a\nVERSION: \xff\r\nStatus\n")
	f.Fuzz(func(t *testing.T, text string) {
		found, err := parseDpkg(newLineBuffer(), strings.NewReader(text))
		checkPackages(t, found, err)
	})
}

func FuzzApk(f *testing.F) {
	f.Add("P:musl\nV:1.2.4-r2\nA:x86_64\no:musl\nF:lib\nR:ld.so\nF:\nR:x\n\nP:b\nV:1\n")
	f.Add("P\n:\nR:x\nF:../..\nV:\x00\n")
	f.Fuzz(func(t *testing.T, text string) {
		found, err := parseApk(newLineBuffer(), strings.NewReader(text), func(p, name string) {
			if len(p) > maxPath || name == "" {
				t.Errorf("%q owns %q", name, p)
			}
		})
		checkPackages(t, found, err)
	})
}

func checkPackages(t *testing.T, found []Package, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("error %v from text that can be read", err)
	}
	for _, p := range found {
		if !isName(p.Name) || !isName(p.Version) || strings.ContainsRune(p.Source, 0) {
			t.Errorf("package %+q is not one", p)
		}
	}
}

func FuzzRelease(f *testing.F) {
	f.Add(bookworm)
	f.Add(alpine)
	f.Add("ID='\nVERSION_ID=\"\\\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := parseRelease(newLineBuffer(), strings.NewReader(text))
		if err != nil {
			t.Error(err)
		}
		if e := Ecosystem(d); strings.ContainsAny(e, "\n\x00") {
			t.Errorf("Ecosystem(%+v) = %q", d, e)
		}
	})
}

func FuzzReleaseFile(f *testing.F) {
	f.Add("etc/redhat-release", "CentOS Linux release 7.9.2009 (Core)\n")
	f.Add("etc/lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=\"22.04\"\n")
	f.Add("etc/debian_version", "trixie/sid\x00\xff")
	f.Fuzz(func(t *testing.T, path, text string) {
		d := parseReleaseFile(path[strings.LastIndexByte(path, '/')+1:], clean(text))
		if e := Ecosystem(d); strings.ContainsAny(e, "\n\x00") {
			t.Errorf("Ecosystem(%+v) = %q", d, e)
		}
	})
}

func FuzzPasswd(f *testing.F) {
	f.Add("root:x:0:0:root:/root:/bin/sh\n")
	f.Add("a:b:99999999999999999999:0\n:::\nx:x:-1:-1\n")
	f.Fuzz(func(t *testing.T, text string) {
		users, err := parsePasswd(newLineBuffer(), strings.NewReader(text))
		if err != nil {
			t.Error(err)
		}
		for _, u := range users {
			if !isName(u.Name) {
				t.Errorf("user %+v is not one", u)
			}
		}
	})
}

// Results come back from a database, which may be anybody's.
func FuzzLayerResult(f *testing.F) {
	r := read(f, member{name: "a/package.json", body: `{"name":"a","version":"1"}`}, member{name: "b", mode: 0o4755}, member{name: ".wh.c"})
	b, err := json.Marshal(r)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"packages":[{"path":"/","packages":[{"t":"?"}]}],"non_directories":"//8","links":[{"path":"a","target":"a"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r LayerResult
		if json.Unmarshal(b, &r) != nil {
			return
		}
		Overlay([]*LayerResult{&r, &r})
	})
}

func FuzzAccounts(f *testing.F) {
	f.Add("root:x:0:0::/root:/bin/sh\n", "root::19000:0:99999:7:::\n", "root:x:0:\n")
	f.Add("a:$6$x:1:1", "a:!:", "g:x:99999999999999999999:")
	f.Fuzz(func(t *testing.T, passwd, shadow, group string) {
		plain := makeTar(t, member{name: "etc/passwd", body: passwd}, member{name: "etc/shadow", body: shadow}, member{name: "etc/group", body: group})
		r, err := ReadLayer(t.Context(), bytes.NewReader(plain), LayerOptions{Limits: fuzzLimits})
		if err != nil && !errors.As(err, new(*LimitError)) {
			t.Fatal(err)
		}
		for _, u := range Overlay([]*LayerResult{r}).Users {
			switch u.Password {
			case "", "empty", "locked", "set", "public":
			default:
				t.Errorf("the password of %+v is no state", u)
			}
		}
	})
}
