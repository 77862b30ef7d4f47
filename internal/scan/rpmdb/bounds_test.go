package rpmdb

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// makeHeader returns a header with texts and numbers.
func makeHeader(values map[uint32]any) []byte {
	order := binary.BigEndian
	var index, store []byte
	for tag, v := range values {
		kind, count := typeString, 1
		at := len(store)
		switch v := v.(type) {
		case string:
			store = append(store, v+"\x00"...)
		case []string:
			kind, count = typeStringArray, len(v)
			for _, s := range v {
				store = append(store, s+"\x00"...)
			}
		case []uint32:
			kind, count = typeInt32, len(v)
			for _, n := range v {
				store = order.AppendUint32(store, n)
			}
		}
		for _, n := range []uint32{tag, uint32(kind), uint32(at), uint32(count)} {
			index = order.AppendUint32(index, n)
		}
	}
	return slices.Concat(order.AppendUint32(order.AppendUint32(nil, uint32(len(values))), uint32(len(store))), index, store)
}

// What a header holds takes no more memory than it should, whatever it says.
func TestHeaderBounds(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxText+1)
	folders := make([]string, maxFolders+1)
	folders[0] = "/usr/" + long[:maxText-8] + "/"
	p, err := parseHeader(makeHeader(map[uint32]any{
		tagName: "a", tagVendor: long, tagDirnames: folders,
		tagBasenames: []string{"b", "bcdef", "e", "f"}, tagDirindexes: []uint32{0, 0, 1, maxFolders},
	}))
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "a" || p.Vendor != "" {
		t.Errorf("name %q and a vendor of %d bytes, want a and none", p.Name, len(p.Vendor))
	}
	got := slices.Collect(p.Files())
	if want := []string{folders[0][1:] + "b", "e"}; !slices.Equal(got, want) {
		t.Errorf("%d files, want the %d that there may be", len(got), len(want))
	}
}

func TestColumnBounds(t *testing.T) {
	t.Parallel()
	// A head of three bytes for its length and the types of columns of no
	// bytes.
	row := append([]byte{0x84, 0x80, 0x03}, make([]byte, 1<<16)...)
	columns, err := sqliteColumns(row)
	if err != nil || len(columns) != sqliteMaxColumns {
		t.Errorf("sqliteColumns = %d columns, %v, want %d", len(columns), err, sqliteMaxColumns)
	}
}

// A value ends where it should, however many pages follow.
func TestOverflowBounds(t *testing.T) {
	t.Parallel()
	const pageSize, count = 512, 4096
	file := make([]byte, pageSize*count)
	for i := range count {
		page := file[i*pageSize:]
		binary.LittleEndian.PutUint32(page[16:], uint32((i+1)%count))
		binary.LittleEndian.PutUint16(page[22:], pageSize-berkeleyHeader)
		page[25] = berkeleyOverflow
	}
	b := berkeley{
		order: binary.LittleEndian, pages: newPages(bytes.NewReader(file), int64(len(file)), pageSize), overflow: make([]byte, pageSize),
	}
	item := make([]byte, 12)
	binary.LittleEndian.PutUint32(item[4:], 1)
	binary.LittleEndian.PutUint32(item[8:], 600)
	if _, err := b.offPage(item); err == nil || len(b.value) > 600 {
		t.Errorf("offPage = %v with %d bytes read, want an error and at most 600", err, len(b.value))
	}
}
