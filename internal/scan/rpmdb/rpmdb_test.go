package rpmdb

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fixture returns a file of testdata, unpacked.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// blobs returns the blobs of the packages in the SQLite fixture.
func blobs(t testing.TB) [][]byte {
	t.Helper()
	b := fixture(t, "rpmdb.sqlite.gz")
	var all [][]byte
	err := readSQLite(bytes.NewReader(b), int64(len(b)), func(blob []byte) error {
		all = append(all, bytes.Clone(blob))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// makeNDB returns a database in the format that rpm of Debian cannot write.
func makeNDB(blobs ...[]byte) []byte {
	order := binary.LittleEndian
	head := make([]byte, ndbHeader)
	copy(head, ndbMagic)
	order.PutUint32(head[12:], 1)
	slots, data := head, []byte{}
	for i, blob := range blobs {
		slot := order.AppendUint32([]byte(ndbSlotMagic), uint32(i+1))
		slot = order.AppendUint32(slot, uint32((ndbPage+len(data))/ndbUnit))
		slots = order.AppendUint32(append(slots, slot...), 0)
		data = order.AppendUint32(append(data, ndbBlobMagic...), uint32(i+1))
		data = order.AppendUint32(order.AppendUint32(data, 0), uint32(len(blob)))
		data = append(data, blob...)
		data = append(data, make([]byte, 16+(ndbUnit-len(blob)%ndbUnit)%ndbUnit)...)
	}
	for len(slots) < ndbPage {
		slots = append(slots, (ndbSlotMagic + strings.Repeat("\x00", 12))...)
	}
	return append(slots, data...)
}

// query returns what "rpm -qa" would print of a database in the format of
// testdata/packages.txt.
func query(b []byte) (string, error) {
	var lines []string
	err := Read(bytes.NewReader(b), int64(len(b)), func(p *Package) error {
		module := p.Module
		if module == "" {
			module = "-"
		}
		lines = append(lines, fmt.Sprintf("%s %d %s %s %s %s %s %s %d\n", p.Name, p.Epoch, p.Version, p.Release,
			p.Architecture, p.SourceRPM, module, p.Vendor, len(slices.Collect(p.Files()))))
		return nil
	})
	slices.Sort(lines)
	return strings.Join(lines, ""), err
}

// Every format tells what rpm itself tells of it.
func TestRead(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile(filepath.Join("testdata", "packages.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"sqlite": fixture(t, "rpmdb.sqlite.gz"), "berkeley": fixture(t, "Packages.gz"), "ndb": makeNDB(blobs(t)...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := query(b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("mismatch (-rpm +got):\n%s", diff)
			}
		})
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	b := fixture(t, "Packages.gz")
	got := map[string][]string{}
	err := Read(bytes.NewReader(b), int64(len(b)), func(p *Package) error {
		got[p.Name] = slices.Collect(p.Files())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"opt/plain/data"}, got["plain"]); diff != "" {
		t.Errorf("files of plain mismatch (-want +got):\n%s", diff)
	}
	if libs := got["multi-libs"]; !slices.Contains(libs, "usr/lib/multi") || !slices.Contains(libs, "usr/lib/multi/file400") {
		t.Errorf("files of multi-libs = %q, want usr/lib/multi and what is in it", libs)
	}
}

// Databases of distributions, which the module of the extractors has as test
// data: CentOS 7, SUSE and Rocky 9.
func TestDistributions(t *testing.T) {
	t.Parallel()
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/google/osv-scalibr").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(module)), "extractor/filesystem/os/rpm/testdata")
	for name, test := range map[string]struct {
		packages int
		one      string
	}{
		"Packages":       {148, "acl 0 2.2.51 15.el7 x86_64 acl-2.2.51-15.el7.src.rpm - CentOS 19\n"},
		"Packages.db":    {137, "filesystem 0 15.0 11.8.1 x86_64 filesystem-15.0-11.8.1.src.rpm - SUSE LLC <https://www.suse.com/> 789\n"},
		"rpmdb.sqlite":   {141, "vim-minimal 2 8.2.2637 20.el9_1 x86_64 vim-8.2.2637-20.el9_1.src.rpm - Rocky Enterprise Software Foundation 16\n"},
		"Packages_epoch": {1, "hello 1 0.0.1 rls x86_64 hello-0.0.1-rls.src.rpm -  1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			got, err := query(b)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(got, "\n"); n != test.packages || !strings.Contains(got, test.one) {
				t.Errorf("%d packages, want %d with %q:\n%s", n, test.packages, test.one, got)
			}
		})
	}
	t.Run("damaged", func(t *testing.T) {
		t.Parallel()
		b, err := os.ReadFile(filepath.Join(dir, "timeout", "Packages"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := query(b); !errors.Is(err, ErrMalformed) {
			t.Errorf("error %v, want %v", err, ErrMalformed)
		}
	})
}

func TestReadMalformed(t *testing.T) {
	t.Parallel()
	sqlite, berkeley, ndb := fixture(t, "rpmdb.sqlite.gz"), fixture(t, "Packages.gz"), makeNDB(blobs(t)...)
	change := func(b []byte, at int, value ...byte) []byte {
		b = bytes.Clone(b)
		copy(b[at:], value)
		return b
	}
	overflow := bytes.IndexByte(pageTypes(berkeley), berkeleyOverflow)
	next := make([]byte, 4)
	binary.LittleEndian.PutUint32(next, uint32(overflow))
	for name, b := range map[string][]byte{
		"text":              []byte("this is no database of rpm, but text"),
		"short":             []byte("SQLite"),
		"sqlite_head":       sqlite[:40],
		"sqlite_page_size":  change(sqlite, 16, 0, 3),
		"sqlite_encoding":   change(sqlite, 56, 0, 0, 0, 2),
		"sqlite_cut":        sqlite[:len(sqlite)/8],
		"sqlite_circle":     sqliteCircle(),
		"sqlite_overlap":    sqliteOverlap(),
		"sqlite_no_table":   bytes.ReplaceAll(sqlite, []byte("Packages"), []byte("Nackages")),
		"berkeley_cut":      berkeley[:len(berkeley)/2],
		"berkeley_circle":   change(berkeley, overflow*4096+16, next...),
		"berkeley_page":     change(berkeley, 20, 1, 2, 3, 4),
		"ndb_cut":           ndb[:len(ndb)/2],
		"ndb_slot":          change(ndb, ndbHeader, 'x'),
		"ndb_blob":          change(ndb, ndbPage, 'x'),
		"ndb_pages":         change(ndb, 12, 0xff, 0xff, 0xff, 0xff),
		"ndb_length":        change(ndb, ndbPage+12, 0xff, 0xff, 0xff, 0x7f),
		"header_entries":    makeNDB([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1}),
		"header_of_nothing": makeNDB([]byte{1}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := query(b); !errors.Is(err, ErrMalformed) {
				t.Errorf("error %v, want %v", err, ErrMalformed)
			}
		})
	}
}

// makeSQLite returns a database of two pages, with a table of one row.
func makeSQLite(blob []byte) []byte {
	const pageSize = 1024
	row := func(columns ...[]byte) []byte {
		types, values := []byte{}, []byte{}
		for _, c := range columns {
			kind := uint16(12 + 2*len(c))
			if kind < 0x80 {
				types = append(types, byte(kind))
			} else {
				types = append(types, byte(kind>>7)|0x80, byte(kind)&0x7f)
			}
			values = append(values, c...)
		}
		return slices.Concat([]byte{byte(len(types) + 1)}, types, values)
	}
	page := func(start int, row []byte) []byte {
		b := make([]byte, pageSize)
		at := pageSize - len(row) - 3
		b[start], b[start+4] = sqliteLeaf, 1
		binary.BigEndian.PutUint16(b[start+8:], uint16(at))
		b[at], b[at+1], b[at+2] = byte(len(row)>>7)|0x80, byte(len(row))&0x7f, 1
		copy(b[at+3:], row)
		return b
	}
	first := page(sqliteFileHeader, row([]byte("table"), []byte(sqliteTable), []byte(sqliteTable), []byte{2}))
	copy(first, sqliteMagic)
	binary.BigEndian.PutUint16(first[16:], pageSize)
	return append(first, page(0, row(nil, blob))...)
}

// pageTypes returns the type of each page of a Berkeley DB.
func pageTypes(b []byte) []byte {
	var types []byte
	for ; len(b) >= 4096; b = b[4096:] {
		types = append(types, b[25])
	}
	return types
}

// sqliteCircle returns a database whose first page is its own child.
func sqliteCircle() []byte {
	b := make([]byte, 1024)
	copy(b, sqliteMagic)
	binary.BigEndian.PutUint16(b[16:], 512)
	b[sqliteFileHeader] = sqliteInterior
	binary.BigEndian.PutUint32(b[sqliteFileHeader+8:], 1)
	return b
}

// sqliteOverlap returns a database whose table has the same row many times.
func sqliteOverlap() []byte {
	b := makeSQLite(make([]byte, 400))
	page := b[1024:]
	page[4] = 200
	for i := range 200 {
		copy(page[8+2*i:], page[8:10])
	}
	return b
}

func TestReadStops(t *testing.T) {
	t.Parallel()
	stop, n := errors.New("enough"), 0
	b := fixture(t, "rpmdb.sqlite.gz")
	err := Read(bytes.NewReader(b), int64(len(b)), func(*Package) error { n++; return stop })
	if !errors.Is(err, stop) || n != 1 {
		t.Errorf("Read = %v after %d packages, want %v after 1", err, n, stop)
	}
	if got, err := query(makeSQLite(blobs(t)[0][:8])); err == nil {
		t.Errorf("a cut header gives %q, want an error", got)
	}
	if err := Read(bytes.NewReader(nil), 0, func(*Package) error { return stop }); err != nil {
		t.Errorf("Read of an empty file = %v, want nothing", err)
	}
}

func FuzzRead(f *testing.F) {
	all := blobs(f)
	// Small, as mutating takes time with the square of the size.
	f.Add(makeNDB(all[0], all[1]))
	f.Add(makeSQLite(all[0][:400]))
	f.Add(fixture(f, "Packages.gz")[:8*4096])
	f.Add(sqliteCircle())
	f.Fuzz(func(t *testing.T, b []byte) {
		files := 0
		err := Read(bytes.NewReader(b), int64(len(b)), func(p *Package) error {
			for range p.Files() {
				files++
			}
			return nil
		})
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("Read: %v, which is no error of the content", err)
		}
		if files > 64*len(b) {
			t.Errorf("%d files in %d bytes", files, len(b))
		}
	})
}
