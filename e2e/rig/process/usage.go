//go:build e2e

package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ticks is how many times a second the kernel counts processor time in /proc.
const ticks = 100

// CPUTime returns the processor time that a process, its children and those of
// its children that it has waited for have used, as /proc tells.
func CPUTime(pid int) (time.Duration, error) {
	_, used, err := readStat(pid)
	if err != nil {
		return 0, err
	}
	others, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, dir := range others {
		child, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			return 0, err
		}
		if parent, more, err := readStat(child); err == nil && parent == pid { // Others may have ended.
			used += more
		}
	}
	return used, nil
}

// readStat returns the parent of a process and its processor time, with that of
// the children that it has waited for.
func readStat(pid int) (parent int, used time.Duration, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	// The name in the second field may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 15 {
		return 0, 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields)+2)
	}
	if parent, err = strconv.Atoi(fields[1]); err != nil {
		return 0, 0, err
	}
	for _, field := range fields[11:15] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, 0, err
		}
		used += time.Duration(n) * time.Second / ticks
	}
	return parent, used, nil
}

// ResidentPeak returns the largest resident set in bytes that a running process
// had so far, as /proc tells.
func ResidentPeak(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status tells no VmHWM", pid)
}
