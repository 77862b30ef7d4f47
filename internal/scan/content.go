package scan

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// content reads a file if it is one that tells something.
func (w *walker) content(ctx context.Context, p string, h *tar.Header, r io.Reader) error {
	if manager := unreadDatabase(p); manager != "" {
		w.skip(p, "the packages of "+manager+" are not read")
		return nil
	}
	r, err := w.secrets.search(p, h, r)
	if err != nil {
		return err
	}
	w.remembered += w.secrets.cost(p)
	if f, limit := w.searchOf(p); f != nil {
		return w.search(ctx, p, h.Size, limit, r, f)
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
	return w.search(ctx, p, h.Size, w.budget.limits.FileBytes, io.MultiReader(bytes.NewReader(head[:]), r), w.language(golang))
}

// minExecutable is less than the smallest Go program.
const minExecutable = 64 << 10

// unreadDatabase returns the package manager whose database a path is of, if
// it is one that is not read.
func unreadDatabase(p string) string {
	switch p {
	case "var/lib/rpm/Packages", "var/lib/rpm/Packages.db", "var/lib/rpm/rpmdb.sqlite",
		"usr/lib/sysimage/rpm/Packages", "usr/lib/sysimage/rpm/Packages.db", "usr/lib/sysimage/rpm/rpmdb.sqlite",
		"usr/share/rpm/rpmdb.sqlite", "var/lib/rpmmanifest/container-manifest-1":
		return "rpm"
	case "var/lib/pacman/local/ALPM_DB_VERSION":
		return "pacman"
	}
	return ""
}

// A search takes what a file tells.
type search func(ctx context.Context, p string, c content, size int64) error

// search gives a file's content to f, or remembers why not.
func (w *walker) search(ctx context.Context, p string, size, limit int64, r io.Reader, f search) error {
	if size > limit {
		w.skip(p, fmt.Sprintf("it has %d bytes, more than %d", size, limit))
		return nil
	}
	c, n, err := w.spool.load(r, size)
	if err != nil {
		return err
	}
	defer w.spool.release()
	if err := f(ctx, p, c, n); ctx.Err() != nil {
		return context.Cause(ctx)
	} else if isIncomplete(err) {
		w.skip(p, err.Error())
	}
	return nil
}

// Limits of files that are text.
const (
	maxDatabase = 64 << 20
	maxMetadata = 8 << 20
)

// searchOf returns what takes a file by its path, with the size of the largest
// one that it takes, or nil.
func (w *walker) searchOf(p string) (search, int64) {
	switch {
	case isDpkgDatabase(p):
		return w.dpkg, maxDatabase
	case dpkgOwner(p) != "":
		return w.dpkgFiles, maxDatabase
	case isApkDatabase(p):
		return w.apk, maxDatabase
	case slices.Contains(releasePaths, p):
		return w.release, maxMetadata
	case p == passwdPath:
		return w.passwd, maxMetadata
	}
	switch l := languageOf(p); {
	case l == nil:
		return nil, 0
	case l.archive:
		return w.language(l), w.budget.limits.FileBytes
	default:
		return w.language(l), maxMetadata
	}
}

func (w *walker) language(l *language) search {
	return func(ctx context.Context, p string, c content, size int64) (err error) {
		var found []Package
		if l.archive {
			found, err = w.archives.search(ctx, l, p, c, size)
		} else {
			found, err = l.extract(ctx, p, c, size)
		}
		w.found(p, l.purl, found)
		return err
	}
}

func (w *walker) dpkg(_ context.Context, p string, c content, _ int64) error {
	found, err := parseDpkg(w.lines, c)
	w.found(p, dpkgType, found)
	return err
}

func (w *walker) dpkgFiles(_ context.Context, p string, c content, _ int64) error {
	owner := dpkgOwner(p)
	return parseDpkgFiles(w.lines, c, strings.HasSuffix(p, md5sums), func(file string) { w.owns(file, owner) })
}

func (w *walker) apk(_ context.Context, p string, c content, _ int64) error {
	found, err := parseApk(w.lines, c, w.owns)
	w.found(p, apkType, found)
	return err
}

func (w *walker) release(_ context.Context, p string, c content, _ int64) error {
	d, err := parseRelease(w.lines, c)
	w.releases[p] = Release{p, d}
	return err
}

func (w *walker) passwd(_ context.Context, _ string, c content, _ int64) error {
	users, err := parsePasswd(w.lines, c)
	w.result.Passwd = &Passwd{users}
	return err
}
