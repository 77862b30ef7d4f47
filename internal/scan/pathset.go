package scan

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/fnv"
	"slices"
)

// pathKey is a hash of a path. 48 bits keep the sets small: the chance that
// one of 1,000 paths of interest meets a stranger among 100,000 is below one in
// a million.
type pathKey uint64

func keyOf(path string) pathKey {
	h := fnv.New64a()
	h.Write([]byte(path))
	sum := h.Sum64()
	return pathKey((sum ^ sum>>48) & (1<<48 - 1))
}

// A PathSet is a set of paths that can only be asked whether it has one. It
// tells an overlay what a layer replaces, in about 5 bytes for each path.
type PathSet []pathKey

// normalize sorts the set and drops what is in it twice.
func (s *PathSet) normalize() {
	slices.Sort(*s)
	*s = slices.Clip(slices.Compact(*s))
}

// MarshalJSON encodes the differences of the sorted keys.
func (s PathSet) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, len(s)*6)
	last := pathKey(0)
	for _, k := range s {
		b = binary.AppendUvarint(b, uint64(k-last))
		last = k
	}
	return json.Marshal(base64.RawStdEncoding.EncodeToString(b))
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (s *PathSet) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	*s = make(PathSet, 0, len(raw)/4)
	last := pathKey(0)
	for len(raw) > 0 {
		d, n := binary.Uvarint(raw)
		if n <= 0 {
			return errors.New("path set: not a list of numbers")
		}
		last += pathKey(d)
		*s = append(*s, last)
		raw = raw[n:]
	}
	return nil
}
