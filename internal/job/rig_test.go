package job

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	ocireg "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/postgres/storetest"
	"github.com/stowage-dev/stowage/internal/registry"
	"github.com/stowage-dev/stowage/internal/view"
)

const tenant = postgres.DefaultTenant

// patience bounds what a test waits for.
const patience = 30 * time.Second

// A rig is a store with a registry on loopback and a folder of advisories.
type rig struct {
	t        *testing.T
	db       *postgres.DB
	registry *shelf
	feed     string // folder of OSV records
	kev      string // file of the catalogue
	roots    Roots
	// concurrency is how many accounts a client collects at a time.
	concurrency int
	// secretOptions are those of the next client.
	secretOptions Secrets
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, db: storetest.Open(t), registry: newShelf(t), feed: t.TempDir()}
	r.kev = filepath.Join(t.TempDir(), "kev.json")
	return r
}

// client returns a client with the collectors that the test ends.
func (r *rig) client(collectors ...collect.Collector) *Client {
	r.t.Helper()
	runner, err := collect.NewRunner(collectors...)
	if err != nil {
		r.t.Fatal(err)
	}
	reg, err := registry.New(registry.Options{PlainHTTP: []string{"*"}})
	if err != nil {
		r.t.Fatal(err)
	}
	c, err := New(Options{
		DB: r.db, Tenant: tenant, Logger: slog.New(slog.DiscardHandler), Runner: runner, Registry: reg,
		Roots: func(context.Context) Roots { return r.roots },
		Feeds: Feeds{Locations: []string{r.feed}, KEV: r.kev}, Concurrency: r.concurrency,
		Secrets: r.secretOptions,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// start starts the client, and stops it when the test ends.
func (r *rig) start(c *Client) {
	r.t.Helper()
	if err := c.Start(context.WithoutCancel(r.t.Context())); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := c.river.StopAndCancel(ctx); err != nil {
			r.t.Error(err)
		}
		c.background.Wait()
	})
}

// await returns the status once it is as wanted.
func (r *rig) await(what string, wanted func(view.Status) bool) view.Status {
	r.t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	timeout := time.After(patience)
	for {
		s, err := r.db.Reader(tenant).Status(r.t.Context())
		if err != nil {
			r.t.Fatal(err)
		}
		if wanted(s) {
			return s
		}
		select {
		case <-ticker.C:
		case <-timeout:
			r.t.Fatalf("%s: not so after %s; status %+v", what, patience, s)
		}
	}
}

// idle reports whether everything is collected and nothing is left to do.
func idle(s view.Status) bool { return s.FirstPass }

// quiet reports whether nothing is left to do.
func quiet(s view.Status) bool {
	return !slices.ContainsFunc(s.Queue, func(q view.Queue) bool { return q.Waiting+q.Running > 0 })
}

// pass plans and waits for the end of the pass.
func (r *rig) pass(c *Client) view.Status {
	r.t.Helper()
	if err := c.Plan(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	return r.await("the pass ends", idle)
}

// advisories imports and waits until what follows is done.
func (r *rig) advisories(c *Client) view.Status {
	r.t.Helper()
	if err := c.ImportSoon(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	return r.await("the import ends", quiet)
}

// jobs returns the jobs of a kind, oldest first.
func (r *rig) jobs(c *Client, kind string) []*rivertype.JobRow {
	r.t.Helper()
	list, err := c.river.JobList(r.t.Context(), river.NewJobListParams().Kinds(kind).OrderBy(river.JobListOrderByID, river.SortOrderAsc).First(1000))
	if err != nil {
		r.t.Fatal(err)
	}
	return list.Jobs
}

// only returns the only job of a kind.
func (r *rig) only(c *Client, kind string) *rivertype.JobRow {
	r.t.Helper()
	jobs := r.jobs(c, kind)
	if len(jobs) != 1 {
		r.t.Fatalf("%d jobs of kind %s, want 1", len(jobs), kind)
	}
	return jobs[0]
}

// workload returns a workload as it is shown.
func (r *rig) workload(uid string) view.WorkloadDetail {
	r.t.Helper()
	d, err := r.db.Reader(tenant).Workload(r.t.Context(), uid, time.Time{})
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

// scope returns a scope as it is shown.
func (r *rig) scope(key inventory.ScopeKey) view.Scope {
	r.t.Helper()
	page, err := r.db.Reader(tenant).Scopes(r.t.Context(), view.ScopeQuery{Account: key.Account, Collector: key.Collector})
	if err != nil {
		r.t.Fatal(err)
	}
	if len(page.Items) != 1 {
		r.t.Fatalf("%d scopes %s, want 1", len(page.Items), key)
	}
	return page.Items[0]
}

// publish writes an advisory about a Debian package into the feed.
func (r *rig) publish(id, pkg, fixed string) {
	r.t.Helper()
	record := map[string]any{
		"id": id, "modified": "2026-01-02T03:04:05Z", "aliases": []string{"CVE-" + strings.TrimPrefix(id, "TEST-")},
		"summary": "A test", "affected": []any{map[string]any{
			"package": map[string]string{"ecosystem": "Debian:12", "name": pkg},
			"ranges": []any{map[string]any{
				"type": "ECOSYSTEM", "events": []any{map[string]string{"introduced": "0"}, map[string]string{"fixed": fixed}},
			}},
		}},
	}
	r.write(filepath.Join(r.feed, id+".json"), record)
}

// exploited writes the catalogue.
func (r *rig) exploited(cves ...string) {
	r.t.Helper()
	list := []any{}
	for _, cve := range cves {
		list = append(list, map[string]string{"cveID": cve, "vulnerabilityName": "A test", "dateAdded": "2026-01-02"})
	}
	r.write(r.kev, map[string]any{"catalogVersion": fmt.Sprint(len(cves)), "count": len(cves), "vulnerabilities": list})
}

func (r *rig) write(path string, v any) {
	r.t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// A shelf is a real registry on loopback that counts its requests.
type shelf struct {
	t    *testing.T
	host string

	mu       sync.Mutex
	requests int
	// refuse, if set, answers a request instead of the registry.
	refuse func(http.ResponseWriter, *http.Request) bool
}

func newShelf(t *testing.T) *shelf {
	s := &shelf{t: t}
	h := ocireg.New(ocireg.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		s.mu.Lock()
		s.requests++
		refuse := s.refuse
		s.mu.Unlock()
		if refuse == nil || !refuse(w, req) {
			h.ServeHTTP(w, req)
		}
	}))
	t.Cleanup(server.Close)
	s.host = strings.TrimPrefix(server.URL, "http://")
	return s
}

// seen returns how many requests there were.
func (s *shelf) seen() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// answer makes the registry answer as refuse does.
func (s *shelf) answer(refuse func(http.ResponseWriter, *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = refuse
}

// status makes the registry answer all requests for manifests with a status.
func (s *shelf) status(code int, header ...string) {
	s.answer(func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.Contains(req.URL.Path, "/manifests/") {
			return false
		}
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		return true
	})
}

// debian pushes an image with Debian packages ("openssl 3.0.11-1") and returns
// its reference and digest.
func (s *shelf) debian(repository string, packages ...string) (reference, digest string) {
	s.t.Helper()
	var status strings.Builder
	for _, p := range packages {
		name, version, _ := strings.Cut(p, " ")
		fmt.Fprintf(&status, "Package: %s\nStatus: install ok installed\nVersion: %s\nArchitecture: amd64\nMaintainer: T <t@example.com>\n\n", name, version)
	}
	return s.push(repository, map[string]string{
		"etc/os-release":      "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nPRETTY_NAME=\"Debian 12\"\n",
		"var/lib/dpkg/status": status.String(),
	})
}

// layer returns the digest of the only layer of an image.
func (s *shelf) layer(reference string) string {
	s.t.Helper()
	ref, err := name.ParseReference(reference)
	if err != nil {
		s.t.Fatal(err)
	}
	img, err := remote.Image(ref)
	if err != nil {
		s.t.Fatal(err)
	}
	m, err := img.Manifest()
	if err != nil || len(m.Layers) != 1 {
		s.t.Fatalf("layers of %s: %v, %v", reference, m, err)
	}
	return m.Layers[0].Digest.String()
}

// tag pushes an image without layers by a tag.
func (s *shelf) tag(repository, tag string) {
	s.t.Helper()
	ref, err := name.ParseReference(s.host + "/" + repository + ":" + tag)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := remote.Write(ref, empty.Image); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shelf) push(repository string, files map[string]string) (reference, digest string) {
	s.t.Helper()
	body := tarOf(s.t, files)
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil })
	if err != nil {
		s.t.Fatal(err)
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		s.t.Fatal(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		s.t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", "amd64"
	config.Config = v1.Config{User: "app", Env: []string{"PATH=/bin"}}
	if img, err = mutate.ConfigFile(img, config); err != nil {
		s.t.Fatal(err)
	}
	ref, err := name.ParseReference(s.host + "/" + repository + ":1.0")
	if err != nil {
		s.t.Fatal(err)
	}
	if err := remote.Write(ref, img); err != nil {
		s.t.Fatal(err)
	}
	d, err := img.Digest()
	if err != nil {
		s.t.Fatal(err)
	}
	return ref.String(), d.String()
}

// tarOf returns a tar of files.
func tarOf(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		body := files[name]
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(body))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// root returns the root scope of an account that a collector reads.
func root(account, collector string) inventory.ChildScope {
	return inventory.ChildScope{ScopeKey: inventory.ScopeKey{
		Provider: inventory.AWS, Account: account, Region: inventory.Global, Collector: collector,
	}}
}

// collector returns a collector that emits what f returns.
func collector(name string, f func(context.Context, collect.Scope) ([]inventory.Record, error)) collect.Collector {
	return collect.Collector{
		Name: name, Provider: inventory.AWS, Kinds: []inventory.Kind{"aws.ecs.service"},
		Collect: func(ctx context.Context, s collect.Scope, out collect.Sink) error {
			records, err := f(ctx, s)
			for _, r := range records {
				if err := out.Emit(r); err != nil {
					return err
				}
			}
			return err
		},
	}
}

// emits returns a collector that emits the same records in every scope.
func emits(name string, records ...inventory.Record) collect.Collector {
	return collector(name, func(context.Context, collect.Scope) ([]inventory.Record, error) { return records, nil })
}

// emitting returns a collector that emits what records holds at the time.
func emitting(name string, records *[]inventory.Record) collect.Collector {
	return collector(name, func(context.Context, collect.Scope) ([]inventory.Record, error) { return *records, nil })
}

// service returns a workload that runs one image.
func service(name, reference, digest string) inventory.Workload {
	return inventory.Workload{
		UID: "arn:aws:ecs:eu-west-1:111122223333:service/shop/" + name, Kind: "aws.ecs.service", Name: name, Replicas: 1,
		Containers: []inventory.Container{{
			Name: "app", Type: inventory.MainContainer, Image: reference, Digest: digest, Architecture: "amd64", Replicas: 1,
		}},
	}
}
