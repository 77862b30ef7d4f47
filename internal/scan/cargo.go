package scan

import (
	"bytes"
	"compress/zlib"
	"context"
	"debug/elf"
	"debug/pe"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

var cargoType = &packageType{
	purl:  "cargo",
	title: "Rust", matched: "OSV `crates.io`",
	ecosystem: "crates.io",
}

var rustBinary = &reader{
	name:     "rust-binary",
	packages: cargoType,
	from:     "the list that `cargo auditable` puts into executables",
	read: ofExecutable(func(_ context.Context, f *file) error {
		found, err := parseCrates(f)
		f.found(cargoType, found)
		return err
	}),
}

const (
	// crateSection is where cargo-auditable puts the crates of a program.
	crateSection = ".dep-v0"
	// maxCrates bounds the section, and what it unpacks to.
	maxCrates = 16 << 20
)

// parseCrates reads the crates that an executable was made of, if
// cargo-auditable put their list into it. Those that were only needed to build
// it are left out.
// See https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md.
func parseCrates(r io.ReaderAt) (_ []Package, err error) {
	defer recovered(&err)
	section := openSection(r, crateSection)
	if section == nil {
		return nil, nil
	}
	z, err := zlib.NewReader(io.LimitReader(section, maxCrates))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", crateSection, err)
	}
	plain := &io.LimitedReader{R: z, N: maxCrates + 1}
	var list struct {
		Packages []struct {
			Name    string `json:"name"`
			Version string `json:"version"`
			Kind    string `json:"kind"`
		} `json:"packages"`
	}
	err = json.NewDecoder(plain).Decode(&list)
	if plain.N <= 0 {
		return nil, &LimitError{fmt.Sprintf("its list of crates unpacks to more than %d bytes", maxCrates)}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", crateSection, err)
	}
	var found []Package
	for _, p := range list.Packages {
		if p.Kind == "" || p.Kind == "runtime" {
			found = append(found, packages(Package{Name: clean(p.Name), Version: clean(p.Version)})...)
		}
	}
	return sortPackages(found), nil
}

// openSection returns the content of a section of an executable as it is in
// the file, or nil without one.
func openSection(r io.ReaderAt, name string) io.Reader {
	var head [4]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return nil
	}
	switch {
	case bytes.Equal(head[:], []byte(elf.ELFMAG)):
		f, err := elf.NewFile(r)
		if err != nil {
			return nil
		}
		for _, s := range f.Sections {
			if s.Name == name && s.Type != elf.SHT_NOBITS {
				return io.NewSectionReader(r, int64(s.Offset), int64(s.FileSize))
			}
		}
	case string(head[:2]) == "MZ":
		f, err := pe.NewFile(r)
		if err != nil {
			return nil
		}
		for _, s := range f.Sections {
			if s.Name == name {
				return io.NewSectionReader(r, int64(s.Offset), int64(s.Size))
			}
		}
	}
	return nil
}
