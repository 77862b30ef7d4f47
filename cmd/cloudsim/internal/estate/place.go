package estate

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// A place is a position in the estate, such as "account 3, region 1, slot 17",
// as a hash of the path that leads there. What is true at a place is drawn
// from the place itself, so that it does not depend on what was looked at
// before.
type place uint64

// in returns the place called name below p.
func (p place) in(name string) place {
	h := uint64(p)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211 // FNV-1a
	}
	return place(mix(h))
}

// at returns the i-th place below p.
func (p place) at(i int) place {
	return place(mix(uint64(p) + uint64(i)*0x9e3779b97f4a7c15 + 1))
}

// below draws a number from 0 to n-1.
func (p place) below(n int) int {
	return int(uint64(p) >> 11 % uint64(n))
}

// chance draws true with the given percentage.
func (p place) chance(percent int) bool { return p.below(100) < percent }

// hex draws n hexadecimal digits.
func (p place) hex(n int) string {
	b := make([]byte, 0, n+16)
	for i := 0; len(b) < n; i++ {
		b = fmt.Appendf(b, "%016x", uint64(p.at(i)))
	}
	return string(b[:n])
}

// upperHex draws n hexadecimal digits in upper case, as AWS identifiers have.
func upperHex(p place, n int) string { return strings.ToUpper(p.hex(n)) }

// uuid draws a version 4 UUID.
func (p place) uuid() string {
	b, err := hex.DecodeString(p.hex(32))
	if err != nil {
		panic(err) // hex produced it
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// pick draws one of the values.
func pick[T any](p place, values []T) T { return values[p.below(len(values))] }

// mix is the finalizer of splitmix64: every input bit affects every output bit.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
