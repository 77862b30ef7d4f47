//go:build e2e

package debian

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/stowage-dev/stowage/e2e/rig/cache"
	"github.com/stowage-dev/stowage/e2e/rig/layers"
)

// options keep the file systems small.
var options = []string{
	"--quiet", `--aptopt=APT::Install-Recommends "false"`,
	"--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
}

// A workshop makes one image.
type workshop struct {
	// dir is for files of the time.
	dir string
	// snapshot is the file system so far, as a tar.
	snapshot    string
	layers      []v1.Layer
	history     []string // of the layers
	environment []string
	truth       truth
}

// layer puts a layer on those that there are.
func (w *workshop) layer(l v1.Layer, createdBy string) {
	w.layers = append(w.layers[:len(w.layers):len(w.layers)], l)
	w.history = append(w.history[:len(w.history):len(w.history)], createdBy)
}

// build fills dir with one OCI layout for each image.
func build(dir string) error {
	work, err := os.MkdirTemp(dir, "work-")
	if err != nil {
		return err
	}
	base := workshop{dir: filepath.Join(work, "base")}
	if err := base.bootstrap("", []string{""}); err != nil {
		return err
	}
	for _, r := range recipes {
		w := workshop{dir: filepath.Join(work, r.name), snapshot: base.snapshot, layers: base.layers, history: base.history, truth: base.truth}
		if r.scratch {
			w = workshop{dir: w.dir}
		}
		if err := w.make(r); err != nil {
			return fmt.Errorf("image %s: %w", r.name, err)
		}
		to := filepath.Join(dir, r.name)
		if err := errors.Join(layers.Write(to, w.layers, w.history, w.environment...), writeTruth(to, w.truth)); err != nil {
			return fmt.Errorf("image %s: %w", r.name, err)
		}
	}
	return os.RemoveAll(work)
}

func (w *workshop) make(r recipe) error {
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		return err
	}
	if len(r.commands) > 0 {
		if err := w.bootstrap(w.snapshot, r.commands); err != nil {
			return err
		}
	}
	if r.application != nil {
		return r.application(w)
	}
	return nil
}

// bootstrap runs commands in a file system, which begins as the tar from or, if
// that is empty, as Debian's smallest. What each command changes is a layer; an
// empty one changes nothing. The file system leaves mmdebstrap as a tar, after
// each command: the difference of two is a layer.
func (w *workshop) bootstrap(from string, commands []string) error {
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		return err
	}
	args := append([]string{}, options...)
	if from == "" {
		args = append(args, "--variant=minbase")
	} else {
		args = append(args, "--variant=custom", "--setup-hook=tar-in "+from+" /")
	}
	for i, command := range commands {
		if command != "" {
			args = append(args, `--customize-hook=chroot "$1" sh -euc '`+command+`' >&2`)
		}
		args = append(args,
			// A mounted /proc, what apt downloaded, and what keeps services from
			// starting meanwhile are no part of an image.
			`--customize-hook=tar --one-file-system --numeric-owner --exclude=./snapshot.tar --exclude='./var/cache/apt/*'`+
				` --exclude='./var/lib/apt/lists/*' --exclude='./tmp/*' --exclude='*/sbin/policy-rc.d' --exclude='*/sbin/start-stop-daemon'`+
				` --transform='s,/start-stop-daemon.REAL$,/start-stop-daemon,' -C "$1" -cf "$1/snapshot.tar" .`,
			"--customize-hook=download /snapshot.tar "+w.snapshotOf(i),
			`--customize-hook=rm "$1/snapshot.tar"`)
	}
	packages, python := filepath.Join(w.dir, "packages.tsv"), filepath.Join(w.dir, "python.tsv")
	args = append(args,
		`--customize-hook=chroot "$1" dpkg-query -W -f '`+queryFormat+`' >"$1/packages.tsv"`,
		"--customize-hook=download /packages.tsv "+packages,
		`--customize-hook=if test -e "$1/usr/bin/python3"; then chroot "$1" python3 -c '`+pythonQuery+`'; fi >"$1/python.tsv"`,
		"--customize-hook=download /python.tsv "+python)
	if err := cache.Run(exec.Command("mmdebstrap", append(args, Release, "/dev/null")...)); err != nil {
		return err
	}
	before := from
	for i, command := range commands {
		w.snapshot = w.snapshotOf(i)
		layer, err := layers.Difference(before, w.snapshot, filepath.Join(w.dir, fmt.Sprintf("layer-%d.tar", i)))
		if err != nil {
			return fmt.Errorf("layer %d: %w", i, err)
		}
		createdBy := "RUN /bin/sh -c " + command
		if command == "" {
			createdBy = "mmdebstrap " + Release
		}
		w.layer(layer, createdBy)
		before = w.snapshot
	}
	var err, pythonErr error
	w.truth.Packages, err = readPackages(packages)
	w.truth.Modules, pythonErr = readPython(python)
	return errors.Join(err, pythonErr)
}

func (w *workshop) snapshotOf(i int) string {
	return filepath.Join(w.dir, fmt.Sprintf("snapshot-%d.tar", i))
}
