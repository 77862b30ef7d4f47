package aws

import (
	"container/list"
	"sync"
)

// lru is a map that forgets the entries that were not used for longest. It is
// safe for concurrent use.
type lru[K comparable, V any] struct {
	max int

	mu      sync.Mutex
	entries map[K]*list.Element // of pair[K, V]
	order   *list.List          // latest first
}

type pair[K comparable, V any] struct {
	key   K
	value V
}

// newLRU returns an empty cache of at most max entries.
func newLRU[K comparable, V any](max int) *lru[K, V] {
	return &lru[K, V]{max: max, entries: map[K]*list.Element{}, order: list.New()}
}

// get returns the value of a key.
func (l *lru[K, V]) get(key K) (V, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.entries[key]
	if !ok {
		var zero V
		return zero, false
	}
	l.order.MoveToFront(e)
	return e.Value.(pair[K, V]).value, true
}

// add sets the value of a key.
func (l *lru[K, V]) add(key K, value V) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.set(key, value)
}

// getOrAdd returns the value of a key, or the one that it makes for it.
func (l *lru[K, V]) getOrAdd(key K, make func() V) V {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.entries[key]; ok {
		l.order.MoveToFront(e)
		return e.Value.(pair[K, V]).value
	}
	value := make()
	l.set(key, value)
	return value
}

func (l *lru[K, V]) set(key K, value V) {
	if e, ok := l.entries[key]; ok {
		e.Value = pair[K, V]{key, value}
		l.order.MoveToFront(e)
		return
	}
	l.entries[key] = l.order.PushFront(pair[K, V]{key, value})
	if l.order.Len() > l.max {
		last := l.order.Back()
		l.order.Remove(last)
		delete(l.entries, last.Value.(pair[K, V]).key)
	}
}
