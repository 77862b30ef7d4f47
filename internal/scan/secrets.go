package scan

import (
	"archive/tar"
	"bytes"
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stowage-dev/stowage/internal/scan/check"
	"github.com/stowage-dev/stowage/internal/scan/secret"
)

// SecretOptions tell how secrets are looked for. The zero value is usable.
type SecretOptions struct {
	// Off leaves files alone. The configuration and the build steps are
	// searched all the same, which costs nothing.
	Off bool
	// Key is what values are hashed under; zero means one of this process.
	Key secret.Key
	// Allow names secrets that are no findings; may be nil.
	Allow *secret.AllowList
	// Repository is where the image is from, besides the references.
	Repository string
}

// processKey is the key where none is kept.
var processKey = sync.OnceValue(secret.NewKey)

func (o SecretOptions) key() secret.Key {
	if o.Key.IsZero() {
		return processKey()
	}
	return o.Key
}

// layerKey tells layers apart that were searched under different keys, or not
// at all.
func (o SecretOptions) layerKey() string {
	if o.Off {
		return ""
	}
	return o.key().ID()
}

// Fingerprint tells apart options that give different findings at a time.
func (o SecretOptions) Fingerprint(now time.Time) string {
	return "key=" + o.layerKey() + " allow=" + o.Allow.Fingerprint(now)
}

// A SecretFile is a file with secrets.
type SecretFile struct {
	Path string `json:"path"`
	// Readable is whether every user may read it.
	Readable bool     `json:"readable,omitempty"`
	Secrets  []Secret `json:"secrets"`
}

// A Secret is what is kept of a secret in a file.
type Secret struct {
	Rule       string            `json:"rule"`
	Line       int               `json:"line"`
	Confidence secret.Confidence `json:"confidence"`
	Hash       string            `json:"hash"`
}

// modeOthersRead is the bit of st_mode that lets others read.
const modeOthersRead = 0o004

// secretSearch searches the files of a layer for secrets.
type secretSearch struct {
	key   secret.Key
	files map[string]SecretFile
	// buffer has the content of one file.
	buffer []byte
}

// newSecretSearch returns nil if files are left alone.
func newSecretSearch(o SecretOptions) *secretSearch {
	if o.Off {
		return nil
	}
	return &secretSearch{key: o.key(), files: make(map[string]SecretFile)}
}

// maxSecretFiles bounds the files with secrets of one layer. More are the data
// of a tool that looks for secrets, and no check tells of so many.
const maxSecretFiles = 1000

// sniffed is how many bytes are read of a file before more of it is wanted.
const sniffed = 512

// search looks into a file if it is one that may hold a secret, and returns a
// reader of all of its content again.
func (s *secretSearch) search(p string, h *tar.Header, r io.Reader) (io.Reader, error) {
	if s == nil || len(s.files) == maxSecretFiles || !secret.Wanted(p, h.Size) {
		return r, nil
	}
	if s.buffer == nil {
		s.buffer = make([]byte, secret.MaxFile)
	}
	content := s.buffer[:h.Size]
	head := min(len(content), sniffed)
	if _, err := io.ReadFull(r, content[:head]); err != nil {
		return nil, err
	}
	if !secret.IsText(content[:head]) {
		return io.MultiReader(bytes.NewReader(content[:head]), r), nil
	}
	if _, err := io.ReadFull(r, content[head:]); err != nil {
		return nil, err
	}
	f := SecretFile{Path: p, Readable: h.Mode&modeOthersRead != 0}
	for _, m := range secret.Search(p, content) {
		f.Secrets = append(f.Secrets, Secret{m.Rule.ID, m.Line, m.Confidence, s.key.Hash(m.Value)})
	}
	if len(f.Secrets) > 0 {
		s.files[p] = f
	}
	return bytes.NewReader(content), nil
}

// cost is roughly the bytes of what is remembered of a file.
func (s *secretSearch) cost(p string) int64 {
	if s == nil || len(s.files[p].Secrets) == 0 {
		return 0
	}
	return int64(len(p) + 128*len(s.files[p].Secrets))
}

// forget drops what an earlier entry of the same path told.
func (s *secretSearch) forget(p string) {
	if s != nil {
		delete(s.files, p)
	}
}

// finish puts what was found into w's result.
func (s *secretSearch) finish(w *walker) {
	if s == nil {
		return
	}
	for p := range s.files {
		w.resolveOwner(p)
	}
	w.result.SecretKey = s.key.ID()
	w.result.Secrets = sorted(s.files)
}

// searchedAlike returns the results of layers that were searched as o wants.
func (o SecretOptions) searchedAlike(known map[string]*LayerResult) map[string]*LayerResult {
	maps.DeleteFunc(known, func(_ string, r *LayerResult) bool { return r.SecretKey != o.layerKey() })
	return known
}

// allowed returns whether a secret is on the allow-list, and counts those.
func (o Options) allowed(now time.Time, count *int) func(rule, path, hash string) bool {
	var repositories []string
	for _, r := range o.References {
		repositories = append(repositories, r.Host+"/"+r.Repository)
	}
	if o.Secrets.Repository != "" {
		repositories = append(repositories, o.Secrets.Repository)
	}
	return func(rule, path, hash string) bool {
		_, ok := o.Secrets.Allow.Allows(secret.Place{Rule: rule, Path: path, Repositories: repositories, Hash: hash}, now)
		if ok {
			*count++
		}
		return ok
	}
}

// secretsOf returns the secrets in the files of an image's layers, those too
// that are deleted or replaced above, but not those of distribution packages.
func secretsOf(layers []*LayerResult) []check.FileSecret {
	type place struct{ path, rule, hash string }
	found := make(map[place]*check.FileSecret)
	last := make(map[place]int)
	owners := newSecretOwners(layers)
	for i, l := range layers {
		if l == nil {
			continue
		}
		for _, f := range l.Secrets {
			if owners.own(i, f.Path) {
				continue
			}
			for _, s := range f.Secrets {
				k := place{f.Path, s.Rule, s.Hash}
				last[k] = i
				if found[k] == nil {
					found[k] = &check.FileSecret{
						Path: f.Path, Line: s.Line, Rule: s.Rule, Title: titleOf(s.Rule), Confidence: s.Confidence, Hash: s.Hash, Layer: i,
					}
				}
				found[k].Readable = f.Readable
			}
		}
	}
	out := make([]check.FileSecret, 0, len(found))
	for k, s := range found {
		s.Gone = goneIn(layers, last[k], s.Path)
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b check.FileSecret) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Layer, b.Layer), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Hash, b.Hash))
	})
	return out
}

// titleOf returns the title of a rule; a stored result may name one that is
// no more.
func titleOf(id string) string {
	if r, ok := secret.ByID(id); ok {
		return r.Title
	}
	return "a secret"
}

// goneIn returns the layer above one that deletes or replaces a file of it; 0
// if none does.
func goneIn(layers []*LayerResult, layer int, p string) int {
	for i := layer + 1; i < len(layers); i++ {
		if layers[i] != nil && hides(layers[i], p) {
			return i
		}
	}
	return 0
}

// secretOwners know which files came with packages of the distribution.
type secretOwners struct {
	layers []*LayerResult
	// came is the last layer that brought a version of a package.
	came map[string]int
}

// newSecretOwners looks at the packages of the distribution only if there are
// secrets at all.
func newSecretOwners(layers []*LayerResult) *secretOwners {
	o := &secretOwners{layers: layers, came: make(map[string]int)}
	if !slices.ContainsFunc(layers, func(l *LayerResult) bool { return l != nil && len(l.Secrets) > 0 }) {
		return o
	}
	seen := make(map[[2]string]bool)
	for i, l := range layers {
		if l == nil {
			continue
		}
		for _, f := range l.Packages {
			for _, p := range f.Packages {
				if !isOfDistribution(p) {
					continue
				}
				if k := [2]string{p.Name, p.Version}; !seen[k] {
					seen[k] = true
					o.came[p.Name] = i
				}
			}
		}
	}
	return o
}

// own reports whether a package of the distribution has a file of a layer as
// it is. What is in /etc is there to be changed, and changed it is no package's
// any more, so that it counts whoever owns it.
func (o *secretOwners) own(layer int, p string) bool {
	if strings.HasPrefix(p, "etc/") {
		return false
	}
	for i := len(o.layers) - 1; i >= 0; i-- {
		if o.layers[i] == nil {
			continue
		}
		if owner, ok := o.layers[i].Owned[canonical(p)]; ok {
			came, ok := o.came[owner]
			return ok && layer <= came
		}
	}
	return false
}
