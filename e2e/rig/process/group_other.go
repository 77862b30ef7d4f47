//go:build e2e && !linux

package process

import "syscall"

// groupLeader puts a program into a process group of its own.
func groupLeader() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
