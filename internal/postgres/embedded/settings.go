package embedded

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

const (
	mib = 1 << 20
	gib = 1 << 30
)

// settings returns the server's settings: defaults for a machine that also
// does other work, and the caller's changes.
func settings(changes map[string]string) map[string]string {
	s := sized(memory())
	maps.Copy(s, map[string]string{
		"cluster_name": "stowage",
		"timezone":     "UTC",
		"log_timezone": "UTC",

		// Our queries are short and many; compiling one costs more than it saves.
		"jit":                             "off",
		"random_page_cost":                "1.1", // solid-state disks
		"max_parallel_workers_per_gather": "1",

		// No replica reads this log: write as little as durability needs.
		"wal_level":          "minimal",
		"max_wal_senders":    "0",
		"wal_compression":    "on",
		"max_wal_size":       "2GB",
		"checkpoint_timeout": "15min",

		"log_checkpoints": "off",
		"log_line_prefix": "%m [%p] ",
	})
	maps.Copy(s, changes)
	return s
}

// sized returns the settings that follow from the machine's memory, in bytes:
// a modest share of it, because the collectors and scanners need theirs.
func sized(memory uint64) map[string]string {
	buffers := min(max(memory/16, 128*mib), 2*gib)
	megabytes := func(n uint64) string { return fmt.Sprintf("%dMB", n/mib) }
	return map[string]string{
		"shared_buffers":       megabytes(buffers),
		"effective_cache_size": megabytes(max(memory/2, 512*mib)),
		"maintenance_work_mem": megabytes(min(max(memory/64, 64*mib), 512*mib)),
		"work_mem":             megabytes(min(max(memory/512, 8*mib), 32*mib)),
	}
}

// memory returns how much memory the machine or the container has, in bytes,
// or 0 when the system does not tell.
func memory() uint64 {
	total := meminfo("/proc/meminfo")
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		// The file holds "max" when there is no limit.
		if limit, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err == nil && limit < total {
			return limit
		}
	}
	return total
}

func meminfo(name string) uint64 {
	file, err := os.Open(name)
	if err != nil {
		return 0
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var kib uint64
		if n, _ := fmt.Sscanf(lines.Text(), "MemTotal: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	return 0
}

// flags returns settings as command-line flags, in alphabetical order.
func flags(settings map[string]string) []string {
	var args []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}
