package scan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func pom(group, artifact, version string) string {
	return fmt.Sprintf("groupId=%s\nartifactId=%s\nversion=%s\n", group, artifact, version)
}

func TestJavaArchives(t *testing.T) {
	t.Parallel()
	lib := makeZip(t, "META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n", "META-INF/maven/org.lib/lib/pom.properties", pom("org.lib", "lib", "2.0"), "A.class", strings.Repeat("x", 5000))
	inner := makeZip(t, "WEB-INF/lib/lib.jar", lib, "META-INF/maven/org.war/war/pom.properties", pom("org.war", "war", "1.1"))
	app := makeZip(t, "BOOT-INF/lib/lib-2.0.jar", lib, "BOOT-INF/lib/empty.jar", "", "web.war", inner,
		"BOOT-INF/lib/commons-codec-1.11.jar", makeZip(t, "B.class", ""), "../../etc/evil.jar", lib)
	got := read(t, member{name: "srv/app.jar", body: app}, member{name: "srv/not.jar", body: "no zip"})
	want := []PackageFile{{"srv/app.jar", []Package{
		{Type: "maven", Name: "org.lib:lib", Version: "2.0", Inner: "BOOT-INF/lib/lib-2.0.jar"},
		{Type: "maven", Name: "org.war:war", Version: "1.1", Inner: "web.war"},
		{Type: "maven", Name: "org.lib:lib", Version: "2.0", Inner: "web.war/WEB-INF/lib/lib.jar"},
		{Type: "maven", Name: "commons-codec:commons-codec", Version: "1.11", Inner: "BOOT-INF/lib/commons-codec-1.11.jar"},
		{Type: "maven", Name: "org.lib:lib", Version: "2.0", Inner: "etc/evil.jar"},
	}}}
	found := []PackageFile{{got.Packages[0].Path, named(got.Packages[0].Packages)}}
	if diff := cmp.Diff(want, found); diff != "" || len(got.Packages) != 1 {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	if len(got.Skipped) != 0 {
		t.Errorf("skipped = %v, want none", got.Skipped)
	}
	if got := names(Overlay([]*LayerResult{got})); len(got) != 5 {
		t.Errorf("packages = %q, want 5", got)
	}
}

func TestPythonArchives(t *testing.T) {
	t.Parallel()
	got := read(t, member{name: "usr/share/python-wheels/pip-23.whl", body: makeZip(t, "pip/__init__.py", "", "pip-23.dist-info/METADATA", "Name: pip\nVersion: 23.0\n\nLong.\n")})
	want := []PackageFile{{"usr/share/python-wheels/pip-23.whl", []Package{{Type: "pypi", Name: "pip", Version: "23.0"}}}}
	if diff := cmp.Diff(want, got.Packages); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
}

// Bombs in archives end within limits, with a note and what was found before.
func TestArchiveBombs(t *testing.T) {
	t.Parallel()
	const mega = 1 << 20
	zeros := strings.Repeat("\x00", 5*mega)
	nested := makeZip(t, "META-INF/maven/g/deep/pom.properties", pom("g", "deep", "1"))
	for range 7 {
		nested = makeZip(t, "x.jar", nested)
	}
	many := make([]string, 0, 20_000)
	for i := range 8_500 {
		many = append(many, fmt.Sprintf("%s/%d", strings.Repeat("d", 2_000), i), "")
	}
	var large []string
	for i := range 34 {
		large = append(large, fmt.Sprintf("META-INF/maven/g/a%d/pom.properties", i), strings.Repeat("#", mega-100))
	}
	good := makeZip(t, "META-INF/maven/g/good/pom.properties", pom("g", "good", "1"))
	for name, test := range map[string]struct {
		body    string
		limit   int64 // of unpacked bytes
		found   int
		skipped string
	}{
		"unpacks_to_too_much": {makeZip(t, "a.jar", good, "b.jar", zeros, "c.jar", good), 4 * mega, 1, "unpack to more than"},
		"nests_too_deep":      {nested, 64 * mega, 0, "nest deeper"},
		"too_many_entries":    {makeZip(t, many...), 64 * mega, 0, "list of entries"},
		"too_much_to_read":    {makeZip(t, large...), 64 * mega, 0, "package descriptions"},
		"large_manifest":      {makeZip(t, "META-INF/MANIFEST.MF", zeros, "a.jar", good), 64 * mega, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			blob := makeTar(t, member{name: "x.jar", body: test.body})
			got, err := ReadLayer(t.Context(), bytes.NewReader(blob), LayerOptions{Limits: Limits{FileBytes: test.limit, MemoryBytes: mega}})
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for _, f := range got.Packages {
				found += len(named(f.Packages))
			}
			if found != test.found {
				t.Errorf("found %v, want %d packages", got.Packages, test.found)
			}
			switch {
			case test.skipped == "" && len(got.Skipped) > 0:
				t.Errorf("skipped %v, want none", got.Skipped)
			case test.skipped != "" && (len(got.Skipped) != 1 || !strings.Contains(got.Skipped[0].Reason, test.skipped)):
				t.Errorf("skipped %v, want one for %q", got.Skipped, test.skipped)
			}
		})
	}
}

func TestSpool(t *testing.T) {
	t.Parallel()
	s := &spool{memory: 10}
	defer s.Close()
	for _, size := range []int{0, 9, 10, 11, 100} {
		body := strings.Repeat("a", size)
		c, n, err := s.load(strings.NewReader(body), 100)
		if err != nil || n != int64(size) {
			t.Fatalf("load(%d bytes) = %d, %v", size, n, err)
		}
		got := make([]byte, size)
		if _, err := c.ReadAt(got, 0); err != nil && size > 0 {
			t.Fatal(err)
		}
		if string(got) != body {
			t.Errorf("load(%d bytes) has %q", size, got)
		}
		if inFile := s.file != nil; inFile != (size > 10) {
			t.Errorf("load(%d bytes) in a file: %v", size, inFile)
		}
	}
	for _, limit := range []int64{5, 50} {
		if _, _, err := s.load(strings.NewReader(strings.Repeat("a", 51)), limit); !errors.Is(err, errTooLarge) {
			t.Errorf("load of more than %d bytes: %v, want %v", limit, err, errTooLarge)
		}
	}
}

// A file that shrinks while it is read is a truncated layer.
func TestSpoolTruncated(t *testing.T) {
	t.Parallel()
	s := &spool{memory: 4}
	defer s.Close()
	broken := errors.New("broken")
	r := io.MultiReader(strings.NewReader("12345678"), readerFunc(func([]byte) (int, error) { return 0, broken }))
	if _, _, err := s.load(r, 100); !errors.Is(err, broken) {
		t.Errorf("load: %v, want %v", err, broken)
	}
}
