package registry

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// A directory is [files] on disk. Links that lead out of it are not followed:
// the layout may come from somebody else.
type directory struct{ root *os.Root }

func openDirectory(path string) (directory, error) {
	root, err := os.OpenRoot(path)
	return directory{root}, err
}

func (d directory) open(name string) (io.ReadCloser, int64, error) {
	info, err := d.root.Stat(name)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		// Opening a named pipe would wait for its writer.
		return nil, 0, &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("%s, not a regular file", info.Mode().Type())}
	}
	f, err := d.root.Open(name)
	if err != nil {
		return nil, 0, err
	}
	return f, info.Size(), nil
}

func (d directory) Close() error { return d.root.Close() }
