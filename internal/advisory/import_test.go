package advisory

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// A memoryStore keeps advisories as a database would, and counts its writes.
type memoryStore struct {
	states     map[string]State
	advisories map[string]map[string]Advisory
	writes     int
	// fail makes the write of that number fail.
	fail int
}

func newMemoryStore() *memoryStore {
	return &memoryStore{states: map[string]State{}, advisories: map[string]map[string]Advisory{}}
}

func (s *memoryStore) FeedState(_ context.Context, source string) (State, error) {
	return s.states[source], nil
}

func (s *memoryStore) SaveFeedState(_ context.Context, source string, state State) error {
	s.states[source] = state
	return nil
}

func (s *memoryStore) AdvisoryHashes(_ context.Context, source string) (map[string]int64, error) {
	hashes := map[string]int64{}
	for id, a := range s.advisories[source] {
		hashes[id] = a.Hash()
	}
	return hashes, nil
}

func (s *memoryStore) ApplyAdvisories(_ context.Context, source string, upserts []Advisory, removed []string) error {
	s.writes++
	if s.writes == s.fail {
		return errors.New("connection lost")
	}
	if s.advisories[source] == nil {
		s.advisories[source] = map[string]Advisory{}
	}
	for _, a := range upserts {
		s.advisories[source][a.ID] = a
	}
	for _, id := range removed {
		if _, ok := s.advisories[source][id]; !ok {
			return fmt.Errorf("remove %s: it is not there", id)
		}
		delete(s.advisories[source], id)
	}
	return nil
}

// ids returns what is stored of a source, sorted.
func (s *memoryStore) ids(source string) []string {
	return slices.Sorted(maps.Keys(s.advisories[source]))
}

// importFrom imports the first feed of a location.
func importFrom(t *testing.T, s Store, location string, force bool) Stats {
	t.Helper()
	feeds, err := Open(location)
	if err != nil {
		t.Fatal(err)
	}
	stats, err := (&Importer{Store: s, Force: force}).Import(t.Context(), feeds[0])
	if err != nil {
		t.Fatal(err)
	}
	return stats
}

func TestImport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "Go", "all.zip")
	records := maps.Clone(samples["Go"])
	records["GO-0001"] = `{"id": "GO-0001", "withdrawn": "2024-01-01T00:00:00Z", "affected": []}`
	records["GHSA-1"] = `{"id": "GHSA-1", "affected": [
		{"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1.0.0"]},
		{"package": {"ecosystem": "Go", "name": "example.com/a"}, "versions": ["1.0.0"]}]}`
	records["GHSA-2"] = `{"id": "GHSA-2", "affected": [{"package": {"ecosystem": "npm", "name": "b"}, "versions": ["1.0.0"]}]}`
	writeZip(t, path, records)
	store := newMemoryStore()

	want := Stats{
		Seen: 6, New: 4, Withdrawn: 1, Irrelevant: 1,
		Names: []PackageName{{"Go", "example.com/a"}, {"Go", "gogs.io/gogs"}, {"Go", "golang.org/x/net"}, {"Go", "golang.org/x/text"}, {"Go", "stdlib"}},
	}
	if diff := cmp.Diff(want, importFrom(t, store, dir, false)); diff != "" {
		t.Errorf("first import: mismatch (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"GHSA-1", "GO-2021-0113", "GO-2022-0969", "GO-2026-4619"}, store.ids("osv/Go")); diff != "" {
		t.Errorf("stored: mismatch (-want +got):\n%s", diff)
	}
	if a := store.advisories["osv/Go"]["GHSA-1"]; len(a.Affected) != 1 || a.Affected[0].Ecosystem != "Go" || a.Source != "osv/Go" {
		t.Errorf("the part of another ecosystem was stored: %+v", a)
	}

	writes := store.writes
	if diff := cmp.Diff(Stats{Skipped: true}, importFrom(t, store, dir, false)); diff != "" {
		t.Errorf("second import: mismatch (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Stats{Seen: 6, Unchanged: 4, Withdrawn: 1, Irrelevant: 1}, importFrom(t, store, dir, true)); diff != "" {
		t.Errorf("forced import: mismatch (-want +got):\n%s", diff)
	}
	if store.writes != writes {
		t.Errorf("%d writes for unchanged advisories", store.writes-writes)
	}

	records["GO-2021-0113"] = strings.Replace(records["GO-2021-0113"], "0.3.7", "0.3.8", 1)
	records["GO-2026-4619"] = strings.Replace(records["GO-2026-4619"], `"affected"`, `"withdrawn": "2026-09-01T00:00:00Z", "affected"`, 1)
	delete(records, "GHSA-1")
	records["GO-2026-9999"] = recordWithID("GO-2026-9999")
	writeZip(t, path, records)
	want = Stats{
		Seen: 6, New: 1, Changed: 1, Unchanged: 1, Removed: 2, Withdrawn: 2, Irrelevant: 1,
		Names: []PackageName{{"Go", "golang.org/x/text"}, {"Go", "pkg"}},
	}
	if diff := cmp.Diff(want, importFrom(t, store, dir, false)); diff != "" {
		t.Errorf("import of changes: mismatch (-want +got):\n%s", diff)
	}
	if got := store.advisories["osv/Go"]["GO-2021-0113"].Affected[0].Ranges[0].Fixed; got != "0.3.8" {
		t.Errorf("the fix is %s", got)
	}
}

func recordWithID(id string) string {
	return strings.Replace(recordOf("Go", "introduced:0", ""), "X-1", id, 1)
}

func TestImportBadRecords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "Go", "all.zip")
	store := newMemoryStore()
	writeZip(t, path, map[string]string{"GO-1": recordWithID("GO-1"), "GO-2": recordWithID("GO-2")})
	importFrom(t, store, dir, false)
	writeZip(t, path, map[string]string{
		"GO-1": `{"id": "GO-1", `,
		"GO-2": recordWithID("GO-2"),
		"GO-3": `{"id": "GO-2"}`,
		"GO-4": recordWithID("GO-4"),
		"GO-5": recordWithID("GO-4"),
	})
	stats := importFrom(t, store, dir, false)
	want := Stats{Seen: 5, New: 1, Unchanged: 1, Bad: 3}
	if diff := cmp.Diff(want, stats, cmpopts.IgnoreFields(Stats{}, "BadRecords", "Names")); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	var bad []string
	for _, b := range stats.BadRecords {
		bad = append(bad, b.Error())
	}
	for i, want := range []string{`"GO-1.json": parse OSV record: unexpected end`, `"GO-3.json": GO-2 is in the feed twice`, `"GO-5.json": GO-4 is in the feed twice`} {
		if i >= len(bad) || !strings.Contains(bad[i], want) {
			t.Errorf("bad records %q, want %q", bad, want)
		}
	}
	// What was stored of a record that is bad now stays.
	if diff := cmp.Diff([]string{"GO-1", "GO-2", "GO-4"}, store.ids("osv/Go")); diff != "" {
		t.Errorf("stored: mismatch (-want +got):\n%s", diff)
	}
}

// TestImportBomb has records that unpack to more than a record may have.
func TestImportBomb(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	d, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Write(make([]byte, maxRecord+1)); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	bomb := func(size uint64) []byte {
		header := zip.FileHeader{Name: "bomb.json", Method: zip.Deflate, UncompressedSize64: size}
		return rawZip(t, header, packed.Bytes())
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "Go", "all.zip")
	writeZip(t, path, nil)
	feed := Feed{Name: "osv/Go", location: path}
	m := Importer{Store: newMemoryStore()}
	if err := os.WriteFile(path, bomb(maxRecord+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if stats, err := m.Import(t.Context(), feed); err != nil || stats.Bad != 1 || !errors.Is(stats.BadRecords[0], errTooLarge) {
		t.Errorf("Import = %+v, %v, want a bad record", stats, err)
	}
	// An archive that lies about its records is broken.
	if err := os.WriteFile(path, bomb(10), 0o600); err != nil {
		t.Fatal(err)
	}
	if stats, err := m.Import(t.Context(), feed); err == nil || !strings.Contains(err.Error(), `"bomb.json" cannot be read`) {
		t.Errorf("Import = %+v, %v, want an error", stats, err)
	}
	// Loose files tell no size beforehand.
	loose := t.TempDir()
	if err := os.WriteFile(filepath.Join(loose, "bomb.json"), make([]byte, maxRecord+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if stats := importFrom(t, newMemoryStore(), loose, false); stats.Bad != 1 || !errors.Is(stats.BadRecords[0], errTooLarge) {
		t.Errorf("%+v, want a bad record", stats)
	}
}

// rawZip returns an archive of one record as the header tells it.
func rawZip(t *testing.T, header zip.FileHeader, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	header.CompressedSize64 = uint64(len(content))
	w, err := z.CreateRaw(&header)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestImportBroken has archives that are broken as a whole: nothing changes.
func TestImportBroken(t *testing.T) {
	t.Parallel()
	whole := zipOf(t, samples["Debian"])
	flipped := bytes.Clone(whole)
	flipped[60] ^= 0xff
	wrong := rawZip(t, zip.FileHeader{Name: "DSA-1.json", UncompressedSize64: 2, CRC32: 1}, []byte("{}"))
	tests := map[string]struct {
		content []byte
		want    string
	}{
		"cut_short":      {whole[:len(whole)-10], "cut short"},
		"cut_in_half":    {whole[:len(whole)/2], "cut short"},
		"empty":          {nil, "cut short"},
		"flipped_byte":   {flipped, "cannot be read"},
		"wrong_checksum": {wrong, "checksum error"},
		"no_records":     {zipOf(t, nil), "no advisories"},
		"a_web_page":     {[]byte("<html>please log in</html>"), "not a zip archive"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "Debian", "all.zip")
			writeZip(t, path, samples["Debian"])
			store := newMemoryStore()
			importFrom(t, store, dir, false)
			before := store.states["osv/Debian"]
			if err := os.WriteFile(path, tt.content, 0o600); err != nil {
				t.Fatal(err)
			}
			feeds, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			_, err = (&Importer{Store: store, Force: true}).Import(t.Context(), feeds[0])
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "osv/Debian") {
				t.Errorf("Import = %v, want an error with %q", err, tt.want)
			}
			if len(store.ids("osv/Debian")) != len(samples["Debian"]) || store.writes != 1 || store.states["osv/Debian"] != before {
				t.Errorf("the store changed: %v", store)
			}
		})
	}
}

func TestImportShrunk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "Go", "all.zip")
	records := map[string]string{}
	for i := range 2 * minShrink {
		id := fmt.Sprintf("GO-%d", i)
		records[id] = recordWithID(id)
	}
	writeZip(t, path, records)
	store := newMemoryStore()
	importFrom(t, store, dir, false)
	few := map[string]string{"GO-7": records["GO-7"], "GO-new": recordWithID("GO-new")}
	writeZip(t, path, few)
	feeds, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = (&Importer{Store: store}).Import(t.Context(), feeds[0])
	shrunk, ok := errors.AsType[*ShrinkError](err)
	if !ok || *shrunk != (ShrinkError{"osv/Go", len(records), len(records) - 1}) || len(store.ids("osv/Go")) != len(records) {
		t.Errorf("Import = %v, want a ShrinkError and no change", err)
	}
	if stats := importFrom(t, store, dir, true); stats.Removed != len(records)-1 || stats.New != 1 {
		t.Errorf("forced: %+v", stats)
	}
	if diff := cmp.Diff([]string{"GO-7", "GO-new"}, store.ids("osv/Go")); diff != "" {
		t.Errorf("stored: mismatch (-want +got):\n%s", diff)
	}
}

// TestImportInterrupted loses the store in the middle; the next import does the
// rest.
func TestImportInterrupted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	records := map[string]string{}
	for i := range 2*chunk + 1 {
		id := fmt.Sprintf("GO-%d", i)
		records[id] = recordWithID(id)
	}
	writeZip(t, filepath.Join(dir, "Go", "all.zip"), records)
	feeds, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	store := newMemoryStore()
	store.fail = 2
	if _, err := (&Importer{Store: store}).Import(t.Context(), feeds[0]); err == nil || !strings.Contains(err.Error(), "connection lost") {
		t.Fatalf("Import = %v", err)
	}
	if stats := importFrom(t, store, dir, false); stats.New != chunk+1 || stats.Unchanged != chunk {
		t.Errorf("%d new, %d unchanged", stats.New, stats.Unchanged)
	}
	ctx, cancel := context.WithCancel(t.Context())
	m := Importer{Store: store, Force: true, Progress: func(done, total int) {
		if total != len(records) {
			t.Errorf("progress of %d, want %d", total, len(records))
		}
		if done == 10 {
			cancel()
		}
	}}
	if _, err := m.Import(ctx, feeds[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestImportOSV imports public data twice.
func TestImportOSV(t *testing.T) {
	t.Parallel()
	feeds, err := Open(filepath.Dir(filepath.Dir(osvArchive(t, "Debian"))), "Debian")
	if err != nil {
		t.Fatal(err)
	}
	store := newMemoryStore()
	first, err := (&Importer{Store: store}).Import(t.Context(), feeds[0])
	if err != nil || first.New == 0 || first.Bad > 0 {
		t.Fatalf("%+v, %v", first, err)
	}
	writes := store.writes
	second, err := (&Importer{Store: store, Force: true}).Import(t.Context(), feeds[0])
	if err != nil || second.Unchanged != first.New || store.writes != writes {
		t.Errorf("again: %+v, %v, %d writes", second, err, store.writes-writes)
	}
}

func FuzzArchive(f *testing.F) {
	for _, records := range samples {
		f.Add(zipOf(f, records))
	}
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, content []byte) {
		a, err := zipRecords(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return
		}
		p := &plan{seen: map[string]bool{}}
		for _, r := range a.records {
			if p.look(t.Context(), a, r) != nil {
				return
			}
		}
		if s := p.stats; s.Seen != s.New+s.Bad+s.Withdrawn+s.Irrelevant {
			t.Fatalf("%+v", s)
		}
	})
}
