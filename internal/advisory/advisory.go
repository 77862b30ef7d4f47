package advisory

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"
	"math"
	"time"

	"github.com/stowage-dev/stowage/internal/finding"
)

// An Advisory is one OSV record, reduced to what matching and reporting need.
type Advisory struct {
	// Row is the store's own number of the advisory; 0 before it is stored.
	Row int64 `json:"row,omitempty"`
	// Source is the name of the [Feed] that brought it. Source and ID together
	// identify an advisory: an advisory about packages of two ecosystems comes
	// in parts with the feeds of both.
	Source string `json:"source,omitempty"`
	// ID is the record's own identifier: "GO-2024-2687", "DSA-5380-1".
	ID string `json:"id"`
	// Aliases are other identifiers of the same vulnerability, sorted.
	Aliases []string `json:"aliases,omitempty"`
	// Vulnerabilities are what the advisory is about, sorted and never empty:
	// its CVEs where it names any, else its own ID. A distribution's advisory
	// often fixes several.
	Vulnerabilities []string `json:"vulnerabilities"`
	Summary         string   `json:"summary,omitempty"`
	// Severity is Unknown when the record does not tell.
	Severity finding.Severity `json:"severity"`
	// Score is the CVSS base score, 0 to 10; 0 when there is no Vector.
	Score float64 `json:"score,omitempty"`
	// Vector is the CVSS vector of the newest CVSS version in the record.
	Vector    string    `json:"vector,omitempty"`
	Published time.Time `json:"published,omitzero"`
	// Modified is when the record last changed in a way that matters here.
	Modified time.Time `json:"modified,omitzero"`
	// Withdrawn advisories hold no longer; an import removes them.
	Withdrawn bool       `json:"withdrawn,omitempty"`
	Affected  []Affected `json:"affected"`
}

// Affected are the vulnerable versions of one package: those that a range
// holds, and those that are listed.
type Affected struct {
	// Ecosystem and Name are normalised; see [NormalizeEcosystem] and
	// [NormalizeName].
	Ecosystem string   `json:"ecosystem"`
	Name      string   `json:"name"`
	Ranges    []Range  `json:"ranges,omitempty"`
	Versions  []string `json:"versions,omitempty"`
}

// A Range is an interval of vulnerable versions. At most one of Fixed,
// LastAffected and Limit is set; none means that every later version is
// vulnerable.
type Range struct {
	// Introduced is the first vulnerable version; empty when there is no lower
	// bound. It is not the version "0": pre-releases of 0 are vulnerable too.
	Introduced string `json:"introduced,omitempty"`
	// Fixed is the first version that is no longer vulnerable.
	Fixed string `json:"fixed,omitempty"`
	// LastAffected is the last vulnerable version, where no fix is known.
	LastAffected string `json:"last_affected,omitempty"`
	// Limit is the first version that the record does not speak of.
	Limit string `json:"limit,omitempty"`
}

// hashFormat changes whenever the same record would be stored differently, so
// that the next import writes everything again.
const hashFormat = 2

// Hash identifies the content of the advisory across feeds and imports. The
// date of modification is not part of it: publishers touch records for
// reasons that change nothing here.
func (a *Advisory) Hash() int64 {
	h := hasher{Hash: sha256.New()}
	h.number(hashFormat)
	h.text(a.ID, a.Summary, a.Vector)
	h.list(a.Aliases)
	h.list(a.Vulnerabilities)
	h.number(uint64(a.Severity))
	h.number(math.Float64bits(a.Score))
	h.number(uint64(a.Published.Unix()))
	h.number(uint64(len(a.Affected)))
	for _, p := range a.Affected {
		h.text(p.Ecosystem, p.Name)
		h.number(uint64(len(p.Ranges)))
		for _, r := range p.Ranges {
			h.text(r.Introduced, r.Fixed, r.LastAffected, r.Limit)
		}
		h.list(p.Versions)
	}
	var sum [sha256.Size]byte
	return int64(binary.BigEndian.Uint64(h.Sum(sum[:0])))
}

// A hasher writes values with their lengths, so that no two different
// sequences of values look the same to the hash.
type hasher struct {
	hash.Hash
	buf [8]byte
}

func (h *hasher) number(n uint64) {
	binary.BigEndian.PutUint64(h.buf[:], n)
	h.Write(h.buf[:])
}

func (h *hasher) text(values ...string) {
	for _, s := range values {
		h.number(uint64(len(s)))
		_, _ = io.WriteString(h, s)
	}
}

func (h *hasher) list(values []string) {
	h.number(uint64(len(values)))
	h.text(values...)
}
