package scan

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fuzzParser gives texts to a parser of untrusted files, which may refuse them
// but must not break down.
func fuzzParser(f *testing.F, parse func(r io.Reader) ([]Package, error), seeds ...string) {
	f.Helper()
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found, err := parse(strings.NewReader(text))
		if errors.Is(err, errPanic) {
			t.Error(err)
		}
		checkPackages(t, found, nil)
	})
}

func FuzzGem(f *testing.F) {
	fuzzParser(f, func(r io.Reader) ([]Package, error) {
		return parseGemSpecification(newLineBuffer(), r)
	}, rackGem, oldGem, "# stub: \x00 \xff ruby")
}

func FuzzNuGet(f *testing.F) {
	fuzzParser(f, func(r io.Reader) ([]Package, error) {
		found, projects, err := parseDependencies(r)
		return append(found, projects...), err
	}, dependencies, `{"libraries":{"a/b/c":{"type":"Package"},"/":{"type":"project"}}}`)
}

func FuzzAssembly(f *testing.F) {
	fuzzParser(f, func(r io.Reader) ([]Package, error) {
		return parseAssembly(r.(io.ReaderAt))
	}, fixture(f, "ClrLoader.dll"), "MZ")
}

func FuzzVersionStrings(f *testing.F) {
	f.Add([]byte("\x20\x00\x00\x00\x01\x00a\x00\x00\x00"))
	f.Add([]byte("\x06\x00\x00\x00\x00\x00\x06\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if found := versionStrings(b); len(found) > maxVersionBlocks {
			t.Errorf("%d strings", len(found))
		}
	})
}

func FuzzComposer(f *testing.F) {
	fuzzParser(f, func(r io.Reader) ([]Package, error) {
		text, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		installed, err := parseComposerInstalled(strings.NewReader(string(text)))
		locked, _ := parseComposerLock(strings.NewReader(string(text)))
		return append(installed, locked...), err
	}, composerOne, composerTwo, `[]`, `{"packages":[{}]}`)
}

func FuzzCrates(f *testing.F) {
	fuzzParser(f, func(r io.Reader) ([]Package, error) {
		return parseCrates(r.(io.ReaderAt))
	}, fixture(f, "shop.elf"), fixture(f, "ClrLoader.dll"), "\x7fELF\x02\x01\x01")
}

func FuzzErlang(f *testing.F) {
	fuzzParser(f, func(r io.Reader) ([]Package, error) {
		text, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		_, found, err := parseErlangApplication(strings.NewReader(string(text)))
		release, _ := parseErlangRelease(strings.NewReader(string(text)))
		return append(found, release...), err
	}, sslApp, phoenixApp, otpRelease, "{application,'a',[{vsn,\"\xff\"}]}")
}

func FuzzR(f *testing.F) {
	fuzzParser(f, func(r io.Reader) ([]Package, error) {
		_, found, err := parseDescription(newLineBuffer(), r)
		return found, err
	}, jsonlite, "Package:\nVersion:\x00\nBuilt:\n:")
}

func FuzzRenvLock(f *testing.F) {
	fuzzParser(f, parseRenvLock, `{"Packages":{"R6":{"Package":"R6","Version":"2.5.0","Source":"Repository"}}}`, `{"Packages":{"":{}}}`)
}

func FuzzDart(f *testing.F) {
	fuzzParser(f, func(r io.Reader) ([]Package, error) {
		return parsePubspecLock(newLineBuffer(), r)
	}, pubLock, "packages:\n  a:\n    source: hosted\n    version: '1'\n  :\n    version:")
}

func FuzzSwift(f *testing.F) {
	fuzzParser(f, parseSwiftResolved, swiftOne, swiftTwo, `{"pins":[{"location":"://@/","state":{"version":"1"}}]}`)
}

func FuzzConda(f *testing.F) {
	fuzzParser(f, parseConda, `{"name":"numpy","version":"1.26.4","subdir":"linux-64"}`, `{"name":1}`)
}

func FuzzCPAN(f *testing.F) {
	fuzzParser(f, parseCPAN, `{"dist":"Mojolicious-9.31","pathname":"S/SR/SRI/Mojolicious-9.31.tar.gz"}`, `{"dist":"-","pathname":"///"}`)
}

func FuzzRuntime(f *testing.F) {
	fuzzParser(f, func(r io.Reader) ([]Package, error) {
		text, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		java, err := parseJavaRelease(newLineBuffer(), strings.NewReader(string(text)))
		ruby, _ := parseRubyConfig(newLineBuffer(), strings.NewReader(string(text)))
		golang, _ := parseVersionFile(newLineBuffer(), strings.NewReader(string(text)), "go", "go")
		return append(java, append(ruby, golang...)...), err
	}, "JAVA_VERSION=\"17\"\n", "CONFIG[\"MAJOR\"] = \"3\"\nCONFIG[\"MINOR\"] = \"3\"\nCONFIG[\"TEENY\"] = \"3\"\n", "go1.22\n")
}

func FuzzProgram(f *testing.F) {
	for base, test := range programStrings {
		f.Add(base, test[0])
	}
	f.Fuzz(func(t *testing.T, base, body string) {
		for _, p := range programsOf(base) {
			found, err := p.search(strings.NewReader(body), int64(len(body)), base)
			checkPackages(t, found, err)
		}
	})
}

// Paths tell of packages too.
func FuzzPackagePath(f *testing.F) {
	f.Add("lib/luarocks/rocks-5.1/a/1-1/a-1-1.rockspec")
	f.Add(".pub-cache/hosted/pub.dev/http-1.1.0/pubspec.yaml")
	f.Add("shared/Microsoft.NETCore.App/8.0.1/Microsoft.NETCore.App.deps.json")
	f.Add("//")
	f.Fuzz(func(t *testing.T, p string) {
		readersByPath.find(p)
		rock, ok := rockOf(p)
		if ok {
			checkPackages(t, []Package{rock}, nil)
		}
		if dart, ok := pubspecOf(p); ok {
			checkPackages(t, []Package{dart}, nil)
		}
		checkPackages(t, sharedRuntime(p), nil)
	})
}

func FuzzJavaIndex(f *testing.F) {
	f.Add(indexLine("a", "g:a:1")+"\n", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8")
	f.Add("\n\n", "")
	f.Fuzz(func(t *testing.T, text, sum string) {
		name := filepath.Join(t.TempDir(), "index")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		x, err := OpenJavaIndex(name)
		if err != nil {
			return
		}
		defer x.Close()
		if len(sum) != 40 {
			return
		}
		if name, version, ok, _ := x.lookup(sum); ok && !(isName(name) && isName(version)) {
			t.Errorf("lookup(%s) = %q, %q", sum, name, version)
		}
	})
}
