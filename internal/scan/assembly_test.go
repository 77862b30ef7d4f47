package scan

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// block returns a block of a version resource: value and children follow the
// key, each from a multiple of four on.
func block(key, value string, children ...string) string {
	var b []byte
	b = append(b, 0, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	b = append(b, 1, 0)
	b = append(b, wide(key)...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	b = append(b, value...)
	for _, c := range children {
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
		b = append(b, c...)
	}
	binary.LittleEndian.PutUint16(b, uint16(len(b)))
	return string(b)
}

// wide returns text in UTF-16, with the NUL after it.
func wide(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s + "\x00")) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

func TestVersionStrings(t *testing.T) {
	t.Parallel()
	resource := block("VS_VERSION_INFO", strings.Repeat("\x01", 52),
		block("VarFileInfo", "", block("Translation", "\x00\x00\xb0\x04")),
		block("StringFileInfo", "", block("000004b0", "",
			block("Comments", wide("odd")), block("ProductVersion", wide("8.0.1+abc")), block("OriginalFilename", wide("A.dll ")))))
	want := map[string]string{"Comments": "odd", "ProductVersion": "8.0.1+abc", "OriginalFilename": "A.dll"}
	if diff := cmp.Diff(want, versionStrings([]byte(resource))); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	for i := range resource {
		versionStrings([]byte(resource[:i])) // It is cut anywhere.
	}
}

func TestPackageOfStrings(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text map[string]string
		want []Package
	}{
		"with_commit":       {map[string]string{"OriginalFilename": "Newtonsoft.Json.dll", "ProductVersion": "13.0.3+0a2e291"}, []Package{{Name: "Newtonsoft.Json", Version: "13.0.3"}}},
		"pre_release":       {map[string]string{"OriginalFilename": "A.DLL", "ProductVersion": "1.0.0-rc.1"}, []Package{{Name: "A", Version: "1.0.0-rc.1"}}},
		"file_version":      {map[string]string{"InternalName": "B.dll", "ProductVersion": "built by hand", "FileVersion": "4.700.19.56404"}, []Package{{Name: "B", Version: "4.700.19.56404"}}},
		"no_library":        {map[string]string{"OriginalFilename": "A.exe", "ProductVersion": "1.0"}, nil},
		"no_version":        {map[string]string{"OriginalFilename": "A.dll", "ProductVersion": "1", "FileVersion": "(x)"}, nil},
		"nothing":           {nil, nil},
		"only_an_extension": {map[string]string{"OriginalFilename": ".dll", "ProductVersion": "1.0"}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, assemblyOf(test.text)); diff != "" {
				t.Errorf("mismatch (-want +got):\n%s", diff)
			}
		})
	}
}
