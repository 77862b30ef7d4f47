package embedded

import "syscall"

// mountSmallDisk mounts a file system on a folder that is too small for a
// database.
func mountSmallDisk(dir string) error {
	return syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m,mode=0711")
}

func unmount(dir string) { syscall.Unmount(dir, syscall.MNT_DETACH) }
