//go:build e2e

package process

import "syscall"

// groupLeader puts a program into a process group of its own. It is killed with
// the test process, even if that is killed itself. (Linux means the thread that
// started it; Go ends threads only with goroutines that are locked to them.)
func groupLeader() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
