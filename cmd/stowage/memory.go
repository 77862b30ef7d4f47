package main

import (
	"math"
	"os"
	"runtime/debug"
)

// collectMemory is the memory that the runtime may take while nothing but
// collection runs, before it collects garbage more often than it would: about
// twice what collection holds at a time, however large the estate is. Without
// it the heap grows to twice its highest moment, which is the higher the longer
// a collection takes.
const collectMemory = 88 << 20

// limitMemory sets a soft limit of the runtime, and returns what lifts it as
// long as jobs run that need more. It is nil where the user set GOMEMLIMIT.
// See https://go.dev/doc/gc-guide#Memory_limit.
func limitMemory() func(heavy int) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return nil
	}
	set := func(heavy int) {
		limit := int64(math.MaxInt64)
		if heavy == 0 {
			limit = collectMemory
		}
		debug.SetMemoryLimit(limit)
	}
	set(0)
	return set
}
