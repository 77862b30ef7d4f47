package scan

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestApkItself reads a database that apk wrote, and compares with what apk
// says: "musl-1.2.4-r2 x86_64 {musl} (MIT) [installed]".
func TestApkItself(t *testing.T) {
	t.Parallel()
	database, err := os.ReadFile("testdata/apk-installed")
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile("testdata/apk-list.txt")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for line := range strings.Lines(string(list)) {
		want = append(want, strings.Join(strings.Fields(line)[:3], " "))
	}
	r := read(t, member{name: "lib/apk/db/installed", body: string(database)}, member{name: "etc/os-release", body: alpine})
	for _, p := range Overlay([]*LayerResult{r}).Packages {
		origin := p.Source
		if origin == "" {
			origin = p.Name
		}
		got = append(got, fmt.Sprintf("%s-%s %s {%s}", p.Name, p.Version, p.Architecture, origin))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("packages mismatch (-apk +got):\n%s", diff)
	}
}
