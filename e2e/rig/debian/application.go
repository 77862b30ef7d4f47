//go:build e2e

package debian

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/stowage-dev/stowage/e2e/rig/cache"
	"github.com/stowage-dev/stowage/e2e/rig/layers"
)

// A file is one file of a layer.
type file struct {
	path string
	mode int64
	body []byte
}

// add makes a layer of files.
func (w *workshop) add(createdBy string, files ...file) error {
	name := filepath.Join(w.dir, fmt.Sprintf("added-%d.tar", len(w.layers)))
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	t := tar.NewWriter(f)
	for _, m := range files {
		if err = t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: m.path, Mode: m.mode, Size: int64(len(m.body))}); err != nil {
			break
		}
		if _, err = t.Write(m.body); err != nil {
			break
		}
	}
	if err := errors.Join(err, t.Close(), f.Close()); err != nil {
		return err
	}
	layer, err := tarball.LayerFromFile(name, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return err
	}
	w.layer(layer, createdBy)
	return nil
}

// nestedJar adds an application archive with libraries in it, two deep: those
// of Debian's own jars that tell their coordinates.
func nestedJar(w *workshop) error {
	var war, ear bytes.Buffer
	inner, outer := zip.NewWriter(&war), zip.NewWriter(&ear)
	err := layers.Entries(w.snapshot, func(h *tar.Header, content io.Reader) error {
		p := layers.Path(h)
		if h.Typeflag != tar.TypeReg || path.Dir(p) != "usr/share/java" || path.Ext(p) != ".jar" {
			return nil
		}
		jar, err := io.ReadAll(content)
		if err != nil {
			return err
		}
		modules, err := coordinates(jar)
		if err != nil || len(modules) == 0 {
			return err
		}
		w.truth.Modules = append(w.truth.Modules, modules...)
		entry, err := inner.CreateHeader(&zip.FileHeader{Name: "WEB-INF/lib/" + path.Base(p), Method: zip.Store})
		if err != nil {
			return err
		}
		_, err = entry.Write(jar)
		return err
	})
	if err := errors.Join(err, inner.Close()); err != nil {
		return err
	}
	entry, err := outer.Create("shop.war")
	if err != nil {
		return err
	}
	_, err = entry.Write(war.Bytes())
	if err := errors.Join(err, outer.Close()); err != nil {
		return err
	}
	return w.add("COPY shop.ear /opt/shop/", file{"opt/shop/shop.ear", 0o644, ear.Bytes()})
}

// coordinates returns what Maven's descriptors in a jar say.
func coordinates(jar []byte) ([]Module, error) {
	z, err := zip.NewReader(bytes.NewReader(jar), int64(len(jar)))
	if err != nil {
		return nil, err
	}
	var all []Module
	for _, f := range z.File {
		if path.Base(f.Name) != "pom.properties" {
			continue
		}
		text, err := fs.ReadFile(z, f.Name)
		if err != nil {
			return nil, err
		}
		values := map[string]string{}
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			values[key] = value
		}
		all = append(all, Module{"Maven", values["groupId"] + ":" + values["artifactId"], values["version"]})
	}
	return all, nil
}

// wanted are the modules that npm is to install, at versions with known
// vulnerabilities; deleted of them a later layer removes.
var (
	wanted  = []string{"express@4.17.1", "lodash@4.17.20", "marked@4.0.9", "minimist@1.2.5"}
	deleted = []string{"lodash", "marked"}
)

// nodeModules adds modules that npm installs, then deletes some, and adds
// secrets that look real and are not.
func nodeModules(w *workshop) error {
	app := filepath.Join(w.dir, "app")
	if err := os.Mkdir(app, 0o755); err != nil {
		return err
	}
	args := append([]string{"install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", app}, wanted...)
	if err := cache.Run(exec.Command("npm", args...)); err != nil {
		return err
	}
	files, err := filesBelow(filepath.Join(app, "node_modules"), "app/node_modules")
	if err != nil {
		return err
	}
	if err := w.add("RUN /bin/sh -c npm install", files...); err != nil {
		return err
	}
	for _, d := range deleted {
		if err := os.RemoveAll(filepath.Join(app, "node_modules", d)); err != nil {
			return err
		}
	}
	if err := w.listNode(app); err != nil {
		return err
	}
	token := githubToken("A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5")
	key := made("AKIA", "Q3EGRZ5TLYWB7VHD")
	files = []file{
		{"app/.env", 0o644, fmt.Appendf(nil, "AWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%s\n", key, made("q8Zr", "T5vXw2Lk9PmNs3JdH7yGf4Cb6Ae1Uo0RiSxEt"))},
		{"app/config.json", 0o644, fmt.Appendf(nil, "{\"github\": %q}\n", token)},
	}
	for _, f := range files {
		w.truth.Planted = append(w.truth.Planted, f.path)
	}
	w.environment = []string{"PATH=/usr/bin", "GITHUB_TOKEN=" + token}
	w.truth.Planted = append(w.truth.Planted, "image/env-secret")
	for _, d := range deleted {
		files = append(files, file{path: "app/node_modules/.wh." + d, mode: 0o600})
	}
	return w.add("RUN /bin/sh -c rm -r node_modules/lodash node_modules/marked", files...)
}

// listNode tells what npm says is installed.
func (w *workshop) listNode(app string) error {
	// Npm complains of what is missing, and prints what is there.
	out, err := exec.Command("npm", "ls", "--all", "--json", "--prefix", app).Output()
	if len(out) == 0 {
		return fmt.Errorf("npm ls: %w", err)
	}
	type node struct {
		Version      string
		Missing      bool
		Dependencies map[string]node
	}
	var root node
	if err := json.Unmarshal(out, &root); err != nil {
		return fmt.Errorf("npm ls: %w", err)
	}
	seen := map[Module]bool{}
	var list func(node)
	list = func(n node) {
		for name, d := range n.Dependencies {
			if m := (Module{"npm", name, d.Version}); !d.Missing && d.Version != "" && !slices.Contains(deleted, name) {
				seen[m] = true
			}
			list(d)
		}
	}
	list(root)
	for m := range seen {
		w.truth.Modules = append(w.truth.Modules, m)
	}
	return nil
}

// githubToken returns a token of GitHub's form: its end is a checksum.
// See https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/.
func githubToken(random string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := crc32.ChecksumIEEE([]byte(random))
	end := make([]byte, 6)
	for i := range end {
		end[len(end)-1-i] = digits[sum%62]
		sum /= 62
	}
	return made("ghp_", random, string(end))
}

// made joins the parts of a made-up secret, which so stands nowhere in whole.
func made(parts ...string) string { return strings.Join(parts, "") }

// filesBelow returns the files of a folder, to be at another path.
func filesBelow(dir, at string) ([]file, error) {
	var all []file
	err := fs.WalkDir(os.DirFS(dir), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		body, err := os.ReadFile(filepath.Join(dir, p))
		all = append(all, file{path.Join(at, p), 0o644, body})
		return err
	})
	return all, err
}

// goProgram adds a program, and nothing else.
func goProgram(w *workshop) error {
	program := filepath.Join(w.dir, "cloudsim")
	cmd := exec.Command("go", "build", "-trimpath", "-o", program, "github.com/stowage-dev/stowage/cmd/cloudsim")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if err := cache.Run(cmd); err != nil {
		return err
	}
	body, err := os.ReadFile(program)
	if err != nil {
		return err
	}
	out, err := exec.Command("go", "version", "-m", program).Output()
	if err != nil {
		return fmt.Errorf("go version -m: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 2 && fields[0] == program+":":
			w.truth.Modules = append(w.truth.Modules, Module{"Go", "stdlib", strings.TrimPrefix(fields[1], "go")})
		case len(fields) >= 3 && fields[0] == "dep":
			w.truth.Modules = append(w.truth.Modules, Module{"Go", fields[1], strings.TrimPrefix(fields[2], "v")})
		}
	}
	return w.add("COPY cloudsim /", file{"cloudsim", 0o755, body})
}
