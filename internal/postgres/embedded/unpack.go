package embedded

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

const (
	archiveRoot  = "package/native/"  // what is of use in an archive
	archiveLinks = "pg-symlinks.json" // npm cannot pack links; this file lists them
	linkRoot     = "native/"          // what its paths start with
	maxUnpacked  = int64(1000 * mib)  // the real archives unpack to 60 million bytes
	fileMode     = os.FileMode(0o644)
	programMode  = os.FileMode(0o755)
)

// unpack unpacks the archive of a release into a new folder.
func unpack(archive io.Reader, dir string) error {
	if err := mkdirOpen(dir); err != nil {
		return err
	}
	// No name in the archive can lead outside of a root.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	zip, err := gzip.NewReader(archive)
	if err != nil {
		return err
	}
	var total int64
	for files := tar.NewReader(zip); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		name, ok := strings.CutPrefix(header.Name, archiveRoot)
		if !ok || header.Typeflag != tar.TypeReg {
			continue
		}
		if !filepath.IsLocal(name) {
			return fmt.Errorf("the name %s leads outside", header.Name)
		}
		if total += header.Size; total > maxUnpacked {
			return fmt.Errorf("more than %d bytes", maxUnpacked)
		}
		if err := unpackFile(root, name, header, files); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
	}
	return makeLinks(root)
}

func unpackFile(root *os.Root, name string, header *tar.Header, content io.Reader) error {
	if err := mkdirsIn(root, path.Dir(name)); err != nil {
		return err
	}
	mode := fileMode
	if header.FileInfo().Mode()&0o100 != 0 {
		mode = programMode
	}
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	// The umask must not keep the server's user out.
	return errors.Join(err, file.Chmod(mode), file.Close())
}

// mkdirsIn creates a folder and what is missing above it, like [mkdirOpen].
func mkdirsIn(root *os.Root, dir string) error {
	if _, err := root.Stat(dir); err == nil {
		return nil
	}
	if err := mkdirsIn(root, path.Dir(dir)); err != nil {
		return err
	}
	if err := root.Mkdir(dir, programMode); err != nil {
		return err
	}
	return root.Chmod(dir, programMode)
}

// makeLinks creates the links that the archive lists.
func makeLinks(root *os.Root) error {
	text, err := root.ReadFile(archiveLinks)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("%s: %w", archiveLinks, err)
	}
	for _, link := range links {
		source, target := strings.TrimPrefix(link.Source, linkRoot), strings.TrimPrefix(link.Target, linkRoot)
		if !filepath.IsLocal(source) || !filepath.IsLocal(target) {
			return fmt.Errorf("%s: the link %s to %s leads outside", archiveLinks, link.Target, link.Source)
		}
		to, err := filepath.Rel(path.Dir(target), source)
		if err != nil {
			return err
		}
		if err := root.Symlink(to, target); err != nil {
			return err
		}
	}
	return nil
}
