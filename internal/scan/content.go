package scan

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
)

// content reads a file if it is one that tells something.
func (w *walker) content(ctx context.Context, p string, h *tar.Header, r io.Reader) error {
	r, err := w.secrets.search(p, h, r)
	if err != nil {
		return err
	}
	w.remembered += w.secrets.cost(p)
	if found := w.readers.find(p); found != nil {
		return w.read(ctx, p, h.Size, r, found)
	}
	if h.Mode&modeExecute == 0 || h.Size < minExecutable {
		return nil
	}
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	if !isExecutable(head[:]) {
		return nil
	}
	return w.read(ctx, p, h.Size, io.MultiReader(bytes.NewReader(head[:]), r), w.executables...)
}

// minExecutable is less than the smallest Go program.
const minExecutable = 64 << 10

// isExecutable reports whether a file starts like one that a compiler writes:
// ELF, PE or Mach-O.
func isExecutable(head []byte) bool {
	switch {
	case len(head) < 4:
		return false
	case string(head) == "\x7fELF", string(head[:2]) == "MZ",
		string(head) == "\xcf\xfa\xed\xfe", string(head) == "\xfe\xed\xfa\xcf":
		return true
	}
	return false
}

// read gives a file's content, loaded once, to readers, or remembers why not.
func (w *walker) read(ctx context.Context, p string, size int64, r io.Reader, readers ...*reader) error {
	limit := w.budget.limits.FileBytes
	if first := readers[0]; first.limit != 0 {
		limit = first.limit
	}
	if size > limit {
		w.skip(p, fmt.Sprintf("it has %d bytes, more than %d", size, limit))
		return nil
	}
	c, n, err := w.spool.load(r, size)
	if err != nil {
		return err
	}
	defer w.spool.release()
	for _, reader := range readers {
		if _, err := c.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("%w: %w", errSpool, err)
		}
		err := reader.read(ctx, &file{content: c, path: p, size: n, walker: w})
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if isIncomplete(err) {
			w.skip(p, err.Error())
		}
	}
	return nil
}
