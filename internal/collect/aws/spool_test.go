package aws

import (
	"fmt"
	"log/slog"
	"testing"
)

func TestSpool(t *testing.T) {
	t.Parallel()
	s := newSpool(100, slog.New(slog.DiscardHandler))
	key := func(i int) spoolKey { return keyOf("thing", fmt.Sprint(i)) }
	data := func(i int) string { return fmt.Sprintf("the data of %06d.", i) } // 19 bytes: five fit
	has := func(i int) bool {
		got, ok := s.get(key(i))
		if ok && string(got) != data(i) {
			t.Errorf("get(%d) = %q, want %q", i, got, data(i))
		}
		return ok
	}
	if has(0) {
		t.Error("an empty spool has something")
	}
	for i := range 8 {
		s.add(key(i), []byte(data(i)))
	}
	for i := 7; i >= 0; i-- { // Three of the old generation, 4 to 0, move to young ones.
		if want := i >= 2; has(i) != want {
			t.Errorf("thing %d is there %t, want %t", i, !want, want)
		}
	}
	for i := range 100 {
		s.add(key(100+i), []byte(data(100+i)))
		if !has(7) {
			t.Fatalf("thing 7 is forgotten after %d others, though it was in use", i+1)
		}
	}
	if has(0) || has(100) || !has(199) {
		t.Errorf("of old, old and new things there are %t, %t, %t, want only the new ones", has(0), has(100), has(199))
	}
	if s.young.size > s.max || s.old.size > s.max || len(s.young.spans)+len(s.old.spans) > 10 {
		t.Errorf("the spool has %d and %d bytes, %d and %d things; want at most %d bytes each",
			s.young.size, s.old.size, len(s.young.spans), len(s.old.spans), s.max)
	}
	s.add(key(1), make([]byte, 101))
	if has(1) {
		t.Error("a thing that is larger than a generation was kept")
	}
}

// TestSpoolWithoutFolder works without a cache.
func TestSpoolWithoutFolder(t *testing.T) {
	t.Setenv("TMPDIR", "/nonexistent")
	s := newSpool(100, slog.New(slog.DiscardHandler))
	s.add(keyOf("a"), []byte("data"))
	if _, ok := s.get(keyOf("a")); ok || !s.broken {
		t.Errorf("get = _, %t, broken %t, want nothing to be kept", ok, s.broken)
	}
}

func TestKeyOf(t *testing.T) {
	t.Parallel()
	if keyOf("ab", "c") == keyOf("a", "bc") || keyOf("a") == keyOf("a", "") {
		t.Error("keyOf does not tell its parts apart")
	}
}
