package scan

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"io"
	"strings"

	"github.com/stowage-dev/stowage/internal/image"
)

// LayerFacts are what checks look at beyond packages and modes.
type LayerFacts struct {
	// Shadow are the passwords of /etc/shadow, nil if the layer has none.
	Shadow map[string]image.Password `json:"shadow,omitempty"`
	// Groups are those of /etc/group, nil if the layer has none.
	Groups []image.Group `json:"groups,omitempty"`
	// Weights are of the layer's largest files and directories.
	Weights []Weight `json:"weights,omitempty"`
	// Machines are the architectures of the layer's programs, each with a path.
	Machines map[string]string `json:"machines,omitempty"`
}

// A Weight is what a file weighs, or a directory with what is below it and not
// weighed by itself.
type Weight struct {
	Path      string `json:"p"`
	Size      int64  `json:"s"`
	Directory bool   `json:"d,omitempty"`
	// Head is a hash of the first bytes of a large file.
	Head uint64 `json:"h,omitempty"`
}

const (
	shadowPath = "etc/shadow"
	groupPath  = "etc/group"
)

// facts collects [LayerFacts].
type facts struct {
	found LayerFacts
	scale scale
	// kinds are of the files that [walker.file] remembers.
	kinds map[string]image.FileKind
	head  []byte
}

// The sizes of what is looked at of a file's start.
const (
	elfHeader = 20 // To e_machine.
	keyHeader = 64
	// largeFile is the size from which two files that begin alike and have the
	// same size are taken for the same: databases of packages and the like are
	// smaller.
	largeFile = 4 << 20
	largeHead = 64 << 10
)

// note takes the header of an entry that is no directory. It reports whether
// the file is one to remember.
func (w *walker) note(p string, h *tar.Header) bool {
	link := ""
	switch h.Typeflag {
	case tar.TypeReg:
		if !isSparse(h) {
			w.remembered += w.facts.scale.add(p, h.Size)
		}
	case tar.TypeSymlink:
		link = h.Linkname
	}
	kind := kindOf(p, link)
	if kind != "" {
		if w.facts.kinds == nil {
			w.facts.kinds = make(map[string]image.FileKind)
		}
		w.facts.kinds[p] = kind
		w.remembered += 16
	}
	return kind != "" || h.PAXRecords[capabilityRecord] != ""
}

// isSparse reports whether a file has less in the layer than its size.
func isSparse(h *tar.Header) bool {
	_, old := h.PAXRecords["GNU.sparse.size"]
	_, now := h.PAXRecords["GNU.sparse.realsize"]
	return old || now
}

// isProgramDirectory reports whether a directory is one for programs in which
// others than root may write.
func isProgramDirectory(p string, h *tar.Header) bool {
	base := p[strings.LastIndexByte(p, '/')+1:]
	return (base == "bin" || base == "sbin") && (h.Uid != 0 || h.Mode&modeGroup != 0)
}

// modeGroup is the bit of the group that may write.
const modeGroup = 0o020

// capabilityRecord is the extended attribute of file capabilities as archivers
// write it.
const capabilityRecord = "SCHILY.xattr.security.capability"

// capabilities returns the permitted capabilities of a file.
// See VFS_CAP_REVISION in linux/capability.h.
func capabilities(h *tar.Header) uint64 {
	b := []byte(h.PAXRecords[capabilityRecord])
	if len(b) < 12 {
		return 0
	}
	bits := uint64(binary.LittleEndian.Uint32(b[4:]))
	if revision := b[3]; revision >= 2 && len(b) >= 20 {
		bits |= uint64(binary.LittleEndian.Uint32(b[12:])) << 32
	}
	return bits
}

// peek looks at the start of a file whose start tells something, and returns a
// reader of all of it.
func (w *walker) peek(p string, h *tar.Header, r io.Reader) io.Reader {
	f := &w.facts
	executable := h.Mode&modeExecute != 0 && h.Size >= minExecutable
	key := h.Size >= keyHeader && h.Size < maxKey && maybeKey(p)
	large := h.Size >= largeFile && h.Typeflag == tar.TypeReg && !isSparse(h)
	var need int
	switch {
	case large:
		need = largeHead
	case key:
		need = keyHeader
	case executable:
		need = elfHeader
	default:
		return r
	}
	if f.head == nil {
		f.head = make([]byte, largeHead)
	}
	n, err := io.ReadFull(r, f.head[:need])
	head := f.head[:n]
	if executable {
		if m := machineOf(head); m != "" && f.found.Machines[m] == "" {
			if f.found.Machines == nil {
				f.found.Machines = make(map[string]string)
			}
			f.found.Machines[m] = p
		}
	}
	if key && isPrivateKey(head) {
		w.file(p, modeRegular, h)
		w.setKind(p, image.PrivateKey)
	}
	if large && err == nil {
		sum := fnv.New64a()
		sum.Write(head)
		f.scale.heads[p] = sum.Sum64() | 1 // Not 0, which is no hash.
	}
	if err != nil {
		r = failedReader{err}
	}
	return io.MultiReader(bytes.NewReader(head), r)
}

// maxKey is more than the largest file with keys and certificates.
const maxKey = 64 << 10

// A failedReader has the error that reading ended with.
type failedReader struct{ err error }

func (r failedReader) Read([]byte) (int, error) {
	if errors.Is(r.err, io.EOF) {
		return 0, io.EOF
	}
	return 0, r.err
}

// isPrivateKey reports whether a text begins like a private key.
func isPrivateKey(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return bytes.HasPrefix(line, []byte("-----BEGIN ")) && bytes.Contains(line, []byte("PRIVATE KEY-----"))
}

// setKind sets the kind of a file that is remembered.
func (w *walker) setKind(p string, kind image.FileKind) {
	f := w.files[p]
	f.Kind = kind
	w.files[p] = f
}

// machines are OCI's words for ELF's e_machine.
var machines = map[uint16]string{
	3: "386", 21: "ppc64", 22: "s390x", 40: "arm", 62: "amd64", 183: "arm64", 243: "riscv64", 258: "loong64",
}

// machineOf returns the architecture that an ELF program is for, empty for
// others.
func machineOf(head []byte) string {
	if len(head) < elfHeader || string(head[:4]) != "\x7fELF" {
		return ""
	}
	var order binary.ByteOrder = binary.LittleEndian
	little := head[5] == 1
	if !little {
		order = binary.BigEndian
	}
	m := machines[order.Uint16(head[18:])]
	if m == "ppc64" && little {
		return "ppc64le"
	}
	return m
}

// forget drops what an earlier entry of the same path told.
func (f *facts) forget(p string) {
	delete(f.kinds, p)
	f.scale.forget(p)
	switch p {
	case shadowPath:
		f.found.Shadow = nil
	case groupPath:
		f.found.Groups = nil
	}
}

// finish returns the facts.
func (f *facts) finish() LayerFacts {
	f.found.Weights = f.scale.finish()
	return f.found
}
