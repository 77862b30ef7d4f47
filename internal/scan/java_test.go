package scan

import (
	"crypto/sha1"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// named returns the packages that have a name, without hashes.
func named(packages []Package) []Package {
	var found []Package
	for _, p := range packages {
		if p.SHA1 = ""; p.Name != "" {
			found = append(found, p)
		}
	}
	return found
}

// writeIndex writes an index of "name" to "group:artifact:version" of files.
func writeIndex(t testing.TB, lines ...string) string {
	t.Helper()
	slices.Sort(lines)
	name := filepath.Join(t.TempDir(), "index.tsv")
	if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func indexLine(content, coordinates string) string {
	return fmt.Sprintf("%x\t%s", sha1.Sum([]byte(content)), coordinates)
}

func openIndex(t testing.TB, name string) *JavaIndex {
	t.Helper()
	x, err := OpenJavaIndex(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

func TestJavaIdentity(t *testing.T) {
	t.Parallel()
	empty := makeZip(t, "META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n", "A.class", "")
	nameless := makeZip(t, "B.class", "")
	described := makeZip(t, "META-INF/maven/g/shaded/pom.properties", pom("g", "shaded", "1"), "META-INF/maven/g/own/pom.properties", pom("g", "own", "2"))
	app := makeZip(t, "lib/spring-core-5.3.9.jar", empty, "lib/renamed.jar", nameless, "lib/own-2.jar", described, "lib/unknown-1.0.jar", makeZip(t, "C.class", ""))
	layers := []*LayerResult{read(t, member{name: "srv/app.war", body: app})}

	got, err := overlayLayers(layers, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"pkg:maven/g/own@2", "pkg:maven/g/shaded@1", "pkg:maven/org.springframework/spring-core@5.3.9", "pkg:maven/unknown/unknown@1.0",
	}
	if diff := cmp.Diff(want, purls(got)); diff != "" {
		t.Errorf("mismatch without an index (-want +got):\n%s", diff)
	}

	index := openIndex(t, writeIndex(t,
		indexLine(empty, "org.springframework:spring-core:5.3.9.RELEASE"),
		indexLine(nameless, "com.example:renamed:7"),
		indexLine(described, "never:asked:0"),
	))
	if got, err = overlayLayers(layers, index); err != nil {
		t.Fatal(err)
	}
	want = []string{
		"pkg:maven/com.example/renamed@7", "pkg:maven/g/own@2", "pkg:maven/g/shaded@1",
		"pkg:maven/org.springframework/spring-core@5.3.9.RELEASE", "pkg:maven/unknown/unknown@1.0",
	}
	if diff := cmp.Diff(want, purls(got)); diff != "" {
		t.Errorf("mismatch with an index (-want +got):\n%s", diff)
	}
	for _, p := range got.Packages {
		if p.Name == "com.example:renamed" && p.Path != "srv/app.war!/lib/renamed.jar" {
			t.Errorf("path is %q", p.Path)
		}
	}
}

func TestJavaName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"spring-core:spring-core":                     "org.springframework:spring-core",
		"io.projectreactor.reactor-core:reactor-core": "io.projectreactor:reactor-core",
		"com.github.luben.zstd-jni:zstd-jni":          "com.github.luben:zstd-jni",
		"commons-codec:commons-codec":                 "commons-codec:commons-codec",
		"com.example.fork:spring-core":                "com.example.fork:spring-core",
		"org.apache.kafka:kafka-clients":              "org.apache.kafka:kafka-clients",
	} {
		if got := javaName(name); got != want {
			t.Errorf("javaName(%s) = %s, want %s", name, got, want)
		}
	}
}

func TestJavaIndex(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var lines []string
	for i := range 5000 {
		lines = append(lines, indexLine(fmt.Sprint(i), fmt.Sprintf("g%s:a:%d", strings.Repeat("x", random.IntN(40)), i)))
	}
	x := openIndex(t, writeIndex(t, lines...))
	for i := -10; i < 5010; i++ {
		_, version, ok, err := x.lookup(fmt.Sprintf("%x", sha1.Sum(fmt.Append(nil, i))))
		if err != nil {
			t.Fatal(err)
		}
		if ok != (i >= 0 && i < 5000) || ok && version != fmt.Sprint(i) {
			t.Fatalf("lookup of %d = %q, %v", i, version, ok)
		}
	}
	for _, sum := range []string{strings.Repeat("0", 40), strings.Repeat("f", 40)} {
		if _, _, ok, err := x.lookup(sum); ok || err != nil {
			t.Errorf("lookup(%s) = %v, %v", sum, ok, err)
		}
	}
}

func TestJavaIndexRefuses(t *testing.T) {
	t.Parallel()
	sum := strings.Repeat("a", 40)
	for name, test := range map[string]struct{ text, want string }{
		"not_sorted":  {strings.Repeat("b", 40) + "\tg:a:1\n" + sum + "\tg:a:1\n" + strings.Repeat("c", 40) + "\tg:a:1\n", "not sorted"},
		"no_tab":      {sum + " g:a:1\n", "line at byte 0"},
		"upper_case":  {strings.Repeat("A", 40) + "\tg:a:1\n", "line at byte 0"},
		"no_hash":     {strings.Repeat("z", 40) + "\tg:a:1\n", "line at byte 0"},
		"no_version":  {sum + "\tg:a\n", "line at byte 0"},
		"empty_group": {sum + "\tg:a:\n", "line at byte 0"},
		"long_line":   {sum + "\tg:a:" + strings.Repeat("1", 2*maxIndexLine) + "\n", "line at byte 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "index.tsv")
			if err := os.WriteFile(file, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := OpenJavaIndex(file); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("OpenJavaIndex = %v, want %q", err, test.want)
			}
		})
	}
	for _, name := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, err := OpenJavaIndex(name); err == nil {
			t.Errorf("OpenJavaIndex(%s) opens", name)
		}
	}
}

// An empty index knows nothing.
func TestJavaIndexEmpty(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "index.tsv")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, ok, err := openIndex(t, name).lookup(strings.Repeat("a", 40)); ok || err != nil {
		t.Errorf("lookup = %v, %v", ok, err)
	}
}

// The list of groups is sorted, and names no artifact twice.
func TestJavaGroups(t *testing.T) {
	t.Parallel()
	var lines []string
	for line := range strings.Lines(javaGroupsText) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	if !slices.IsSorted(lines) || len(lines) != len(javaGroups) || len(lines) < 50 {
		t.Errorf("the list has %d lines and %d artifacts, sorted: %v", len(lines), len(javaGroups), slices.IsSorted(lines))
	}
	for artifact, group := range javaGroups {
		if artifact == "" || !strings.Contains(group, ".") {
			t.Errorf("%s:%s is no artifact", group, artifact)
		}
	}
}
