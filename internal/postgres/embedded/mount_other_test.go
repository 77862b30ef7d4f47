//go:build !linux

package embedded

import "errors"

func mountSmallDisk(string) error { return errors.ErrUnsupported }

func unmount(string) {}
