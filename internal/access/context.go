package access

import (
	"maps"
	"slices"
	"strings"
)

// A State says what is known of a context key.
type State int8

// The states of a context key. Absent is not unknown: most negated operators
// hold for a key that a request does not have.
const (
	// UnknownState: the request may have the key or not, with any value.
	UnknownState State = iota
	// Absent: the request does not have the key.
	Absent
	// Known: the request has the key, with the values given.
	Known
)

// A Value is what is known of one context key.
type Value struct {
	State State
	// Values of a known key. A key with several values is multivalued; one
	// with an empty list is present and empty.
	Values []string
}

// A Context holds what is known of the attributes of a request: of its
// principal, of its resource, of the way it came. Names of keys do not differ
// by case. The zero Context knows nothing.
type Context struct {
	values   map[string]Value // by lower-case key
	prefixes map[string]State // of the keys that start so and are not in values
	rest     State            // of all others
}

// NewContext returns a context in which every key has a state, Absent for a
// request that is completely described.
func NewContext(rest State) Context { return Context{rest: rest} }

// With returns a copy in which a key is known.
func (c Context) With(key string, values ...string) Context {
	return c.with(key, Value{State: Known, Values: values})
}

// WithAbsent returns a copy in which keys are known to be absent.
func (c Context) WithAbsent(keys ...string) Context {
	for _, key := range keys {
		c = c.with(key, Value{State: Absent})
	}
	return c
}

// WithUnknown returns a copy in which nothing is known of some keys.
func (c Context) WithUnknown(keys ...string) Context {
	for _, key := range keys {
		c = c.with(key, Value{State: UnknownState})
	}
	return c
}

// WithPrefix returns a copy in which all keys that start with a prefix, as
// "aws:PrincipalTag/", and are not named by themselves have a state.
func (c Context) WithPrefix(prefix string, state State) Context {
	c.prefixes = maps.Clone(c.prefixes)
	if c.prefixes == nil {
		c.prefixes = make(map[string]State)
	}
	c.prefixes[strings.ToLower(prefix)] = state
	return c
}

// Merge returns a copy with everything that another context says by name or
// prefix; where both name a key, the other one is right.
func (c Context) Merge(other Context) Context {
	merged := Context{values: maps.Clone(c.values), prefixes: maps.Clone(c.prefixes), rest: c.rest}
	if merged.values == nil {
		merged.values = make(map[string]Value, len(other.values))
	}
	maps.Copy(merged.values, other.values)
	if merged.prefixes == nil {
		merged.prefixes = make(map[string]State, len(other.prefixes))
	}
	maps.Copy(merged.prefixes, other.prefixes)
	return merged
}

// Lookup returns what is known of a key.
func (c Context) Lookup(key string) Value {
	key = strings.ToLower(key)
	if v, ok := c.values[key]; ok {
		return v
	}
	state, longest := c.rest, 0
	for prefix, s := range c.prefixes {
		if len(prefix) > longest && strings.HasPrefix(key, prefix) {
			state, longest = s, len(prefix)
		}
	}
	return Value{State: state}
}

// Names reports whether the context says something of a key by its own name,
// be it that it is not known.
func (c Context) Names(key string) bool {
	_, ok := c.values[strings.ToLower(key)]
	return ok
}

// Keys returns the keys that are named, in lower case and in order.
func (c Context) Keys() []string { return slices.Sorted(maps.Keys(c.values)) }

// Prefixes returns the prefixes that are named, in lower case and in order.
func (c Context) Prefixes() []string { return slices.Sorted(maps.Keys(c.prefixes)) }

func (c Context) with(key string, v Value) Context {
	c.values = maps.Clone(c.values)
	if c.values == nil {
		c.values = make(map[string]Value)
	}
	c.values[strings.ToLower(key)] = v
	return c
}
