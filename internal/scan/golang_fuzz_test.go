package scan

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
)

// goProgram returns the least of an ELF file in which build information is
// found: a header, one segment, and the information. See debug/buildinfo.
func goProgram(version, modules string) []byte {
	const header, segment = 64, 56
	data := append([]byte("\xff Go buildinf:\x08\x02"), make([]byte, 16)...)
	// What is before and after the modules is the linker's own mark.
	mark := strings.Repeat("m", 16)
	for _, s := range []string{version, mark + modules + mark} {
		data = binary.AppendUvarint(data, uint64(len(s)))
		data = append(data, s...)
	}
	const at = 128
	b := append([]byte("\x7fELF\x02\x01\x01"), make([]byte, at-7)...)
	put := func(offset int, v uint64, size int) {
		var x [8]byte
		binary.LittleEndian.PutUint64(x[:], v)
		copy(b[offset:], x[:size])
	}
	put(16, 2, 2)       // An executable
	put(18, 62, 2)      // for x86-64
	put(20, 1, 4)       // of version 1,
	put(32, header, 8)  // whose segments
	put(52, header, 2)  //
	put(54, segment, 2) //
	put(56, 1, 2)       // are one,
	put(58, 64, 2)
	put(header, 1, 4)   // to be loaded
	put(header+4, 6, 4) // and writable.
	put(header+8, at, 8)
	put(header+16, at, 8)
	put(header+24, at, 8)
	put(header+32, uint64(len(data)), 8)
	put(header+40, uint64(len(data)), 8)
	put(header+48, 16, 8)
	return append(b, data...)
}

const goModules = "path\tshop\nmod\tshop\t(devel)\t\ndep\tgolang.org/x/text\tv0.3.7\th1:x\n=>\texample.com/fork\tv0.3.8\th1:y\n"

func TestGoBuildInformation(t *testing.T) {
	t.Parallel()
	got := goPackages(t, goProgram("go1.22.1", goModules))
	want := map[string]string{"stdlib": "1.22.1", "example.com/fork": "0.3.8"}
	if len(got) != len(want) {
		t.Fatalf("packages %+v, want %v", got, want)
	}
	for _, p := range got {
		if want[p.Name] != p.Version {
			t.Errorf("package %s %s, want %q", p.Name, p.Version, want[p.Name])
		}
	}
}

func FuzzGoBuildInformation(f *testing.F) {
	f.Add(goProgram("go1.22.1", goModules))
	f.Add(goProgram("devel +abc", "dep\t\t\t\n=>\n"))
	f.Add([]byte("\x7fELF\x02\x01\x01"))
	f.Add([]byte("MZ"))
	f.Fuzz(func(t *testing.T, program []byte) {
		for _, p := range goPackages(t, program) {
			if !isName(p.Name) || !isName(p.Version) {
				t.Errorf("package %+q is not one", p)
			}
		}
	})
}

// goPackages returns the packages of a program by its build information.
func goPackages(t *testing.T, program []byte) []Package {
	t.Helper()
	w := newWalker(newBudget(fuzzLimits, SecretOptions{}))
	defer w.Close()
	err := goBinary.read(t.Context(), &file{content: bytes.NewReader(program), path: "p", size: int64(len(program)), walker: w})
	if errors.Is(err, errPanic) {
		t.Error(err)
	}
	return w.packages["p"].Packages
}
