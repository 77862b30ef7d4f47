//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// detach puts the child into a process group of its own: Ctrl-C on the
// terminal is for this process alone, which ends the child in its turn.
func detach(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
