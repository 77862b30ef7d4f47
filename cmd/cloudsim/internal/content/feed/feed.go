// Package feed serves the advisory feeds over HTTP: the per-ecosystem archives
// of OSV and CISA's catalog of known exploited vulnerabilities, cut down to
// what concerns the simulated images.
//
// The facts are real. See NOTICE in this folder for where they come from.
package feed

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// published is the time at which the feeds say they were last changed.
var published = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)

// A feeds handler remembers the archives of the steps that it was asked for.
type feeds struct {
	step func() int

	mu       sync.Mutex
	archives map[archiveKey][]byte
}

type archiveKey struct {
	ecosystem string
	step      int
}

// New returns the handler of "/osv/<ecosystem>/all.zip", "/osv/ecosystems.txt"
// and "/kev.json". Some advisories become known only when step, the time in
// the estate, has moved on; a nil step means that all are known.
func New(step func() int) http.Handler {
	if step == nil {
		step = func() int { return lastStep }
	}
	f := &feeds{step: step, archives: map[archiveKey][]byte{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /osv/{ecosystem}/all.zip", f.osv)
	mux.HandleFunc("GET /osv/ecosystems.txt", func(w http.ResponseWriter, r *http.Request) {
		serve(w, r, "text/plain", []byte(strings.Join(Ecosystems(), "\n")+"\n"))
	})
	mux.HandleFunc("GET /kev.json", func(w http.ResponseWriter, r *http.Request) {
		serve(w, r, "application/json", kevCatalog())
	})
	return mux
}

// Ecosystems returns the ecosystems that have an archive, without releases:
// "Alpine", "Debian", "Go", …
func Ecosystems() []string {
	var names []string
	for _, a := range advisories {
		for _, f := range a.affected {
			names = append(names, f.archive())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (f *feeds) osv(w http.ResponseWriter, r *http.Request) {
	ecosystem := r.PathValue("ecosystem")
	if !slices.Contains(Ecosystems(), ecosystem) {
		http.NotFound(w, r)
		return
	}
	key := archiveKey{ecosystem, min(f.step(), lastStep)}
	f.mu.Lock()
	data, ok := f.archives[key]
	if !ok {
		data = archive(key)
		f.archives[key] = data
	}
	f.mu.Unlock()
	serve(w, r, "application/zip", data)
}

// serve answers conditional and range requests too.
func serve(w http.ResponseWriter, r *http.Request, mediaType string, data []byte) {
	sum := sha256.Sum256(data)
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Etag", strconv.Quote(hex.EncodeToString(sum[:8])))
	http.ServeContent(w, r, "", published, bytes.NewReader(data))
}

// archive returns the zip of an ecosystem: one JSON file per advisory.
func archive(key archiveKey) []byte {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, a := range advisories {
		if a.step > key.step || !a.concerns(key.ecosystem) {
			continue
		}
		data, err := json.Marshal(a.document())
		if err != nil {
			panic(fmt.Sprintf("advisory %s: %v", a.id, err)) // strings only
		}
		// Writing to memory does not fail.
		f, err := w.CreateHeader(&zip.FileHeader{Name: a.id + ".json", Method: zip.Deflate, Modified: published})
		if err == nil {
			_, err = f.Write(data)
		}
		if err != nil {
			panic(fmt.Sprintf("advisory %s: %v", a.id, err))
		}
	}
	if err := w.Close(); err != nil {
		panic(fmt.Sprintf("archive of %s: %v", key.ecosystem, err))
	}
	return buf.Bytes()
}
