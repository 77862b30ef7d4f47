package advisory

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOpenDirectory(t *testing.T) {
	t.Parallel()
	// A directory whose name is a pattern is still just a directory.
	dir := filepath.Join(t.TempDir(), "[osv]*")
	for _, e := range []string{"Go", "Rocky Linux"} {
		writeZip(t, filepath.Join(dir, e, "all.zip"), samples["Go"])
	}
	feeds, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []Feed{
		{Name: "osv/Go", Ecosystem: "Go", location: filepath.Join(dir, "Go", "all.zip")},
		{Name: "osv/Rocky Linux", Ecosystem: "Rocky Linux", location: filepath.Join(dir, "Rocky Linux", "all.zip")},
	}
	if diff := cmp.Diff(want, feeds, cmp.AllowUnexported(Feed{})); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	if feeds, err := Open(dir, "Go"); err != nil || len(feeds) != 1 || feeds[0].Name != "osv/Go" {
		t.Errorf("with one ecosystem: %v, %v", feeds, err)
	}
	archive := filepath.Join(dir, "Go", "all.zip")
	if feeds, err := Open(archive); err != nil || len(feeds) != 1 || feeds[0].Name != archive || feeds[0].Ecosystem != "" {
		t.Errorf("an archive: %v, %v", feeds, err)
	}
}

func TestOpenURL(t *testing.T) {
	t.Parallel()
	feeds, err := Open("https://user:secret@mirror.example/osv/?sig=secret", "Rocky Linux", "Go")
	if err != nil {
		t.Fatal(err)
	}
	want := []Feed{
		{Name: "osv/Rocky Linux", Ecosystem: "Rocky Linux", location: "https://user:secret@mirror.example/osv/Rocky%20Linux/all.zip?sig=secret"},
		{Name: "osv/Go", Ecosystem: "Go", location: "https://user:secret@mirror.example/osv/Go/all.zip?sig=secret"},
	}
	if diff := cmp.Diff(want, feeds, cmp.AllowUnexported(Feed{})); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	feeds, err = Open("https://user:secret@mirror.example/mine.zip?sig=secret")
	if err != nil || len(feeds) != 1 || feeds[0].Name != "https://mirror.example/mine.zip" {
		t.Errorf("an archive: %v, %v", feeds, err)
	}
	feeds, err = Open(OSVLocation)
	if err != nil || len(feeds) != len(DefaultEcosystems) || !slices.IsSorted(DefaultEcosystems) {
		t.Errorf("the public feeds: %v, %v", feeds, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	empty, some := t.TempDir(), t.TempDir()
	writeZip(t, filepath.Join(some, "Go", "all.zip"), samples["Go"])
	tests := []struct {
		location, ecosystem, want string
	}{
		{filepath.Join(empty, "missing"), "", "no such file"},
		{empty, "", "neither <ecosystem>/all.zip nor .json records"},
		{some, "PyPI", "has nothing for PyPI"},
		{some, "../Go", "is not an ecosystem"},
		{"https://", "Go", "not a usable URL"},
		{"https://user:secret@host:port/%zz", "Go", "not a usable URL"},
	}
	for _, tt := range tests {
		var ecosystems []string
		if tt.ecosystem != "" {
			ecosystems = append(ecosystems, tt.ecosystem)
		}
		_, err := Open(tt.location, ecosystems...)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("Open(%s, %s) = %v, want an error with %q", tt.location, tt.ecosystem, err, tt.want)
		}
	}
}

func TestLooseRecords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for id, r := range samples["Go"] {
		if err := os.WriteFile(filepath.Join(dir, id+".json"), []byte(r), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// They are of whatever ecosystem.
	if feeds, err := Open(dir, "PyPI"); err != nil || len(feeds) != 1 || feeds[0].Ecosystem != "" {
		t.Errorf("Open(loose, PyPI) = %+v, %v, want the one feed", feeds, err)
	}
	store := newMemoryStore()
	for _, want := range []int{len(samples["Go"]), 0} {
		stats := importFrom(t, store, dir, false)
		if stats.New != want || stats.Seen != len(samples["Go"]) {
			t.Errorf("%+v, want %d new", stats, want)
		}
	}
}
