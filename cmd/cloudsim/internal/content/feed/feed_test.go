package feed_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/content"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/content/feed"
)

// document is what the tests read of an OSV document.
type document struct {
	ID       string
	Modified string
	Affected []struct {
		Package struct{ Ecosystem, Name string }
		Ranges  []struct {
			Type   string
			Events []map[string]string
		}
	}
}

func get(t *testing.T, url string, header ...string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

// documents returns an ecosystem's archive by the names of its files.
func documents(t *testing.T, base, ecosystem string) map[string]document {
	t.Helper()
	resp, body := get(t, base+"/osv/"+ecosystem+"/all.zip")
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d", ecosystem, resp.StatusCode)
	}
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatalf("%s: %v", ecosystem, err)
	}
	found := map[string]document{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		var d document
		if err := json.NewDecoder(r).Decode(&d); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		found[f.Name] = d
	}
	return found
}

func TestArchives(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(feed.New(nil))
	t.Cleanup(s.Close)
	if diff := cmp.Diff([]string{"Alpine", "Debian", "Go", "Maven", "PyPI", "Ubuntu", "npm"}, feed.Ecosystems()); diff != "" {
		t.Errorf("ecosystems mismatch (-want +got):\n%s", diff)
	}
	total := 0
	for _, ecosystem := range feed.Ecosystems() {
		for file, d := range documents(t, s.URL, ecosystem) {
			total++
			if file != d.ID+".json" || d.Modified == "" || len(d.Affected) == 0 {
				t.Errorf("%s/%s: %+v", ecosystem, file, d)
			}
			for _, a := range d.Affected {
				for _, r := range a.Ranges {
					if len(r.Events) == 0 || r.Events[0]["introduced"] == "" {
						t.Errorf("%s: range %v begins nowhere", d.ID, r)
					}
				}
			}
		}
	}
	if total < 60 {
		t.Errorf("%d advisories, want at least 60", total)
	}
	if resp, _ := get(t, s.URL+"/osv/Cargo/all.zip"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("unknown ecosystem: status %d, want 404", resp.StatusCode)
	}
}

// Every advisory must concern a package that some image has or had.
func TestAdvisoriesConcernTheImages(t *testing.T) {
	t.Parallel()
	types := map[string]string{"npm": "npm", "PyPI": "pypi", "Go": "golang", "Maven": "maven", "Debian": "deb", "Ubuntu": "deb", "Alpine": "apk"}
	installed := map[string]bool{"deb git": true} // deleted by a later layer
	for _, i := range content.Catalog().Images() {
		for _, p := range i.Packages {
			installed[p.Type+" "+strings.ToLower(p.Name)] = true
			installed[p.Type+" "+p.Source] = true
		}
	}
	s := httptest.NewServer(feed.New(nil))
	t.Cleanup(s.Close)
	for _, ecosystem := range feed.Ecosystems() {
		for _, d := range documents(t, s.URL, ecosystem) {
			if !slices.ContainsFunc(d.Affected, func(a struct {
				Package struct{ Ecosystem, Name string }
				Ranges  []struct {
					Type   string
					Events []map[string]string
				}
			},
			) bool {
				return installed[types[ecosystem]+" "+strings.ToLower(a.Package.Name)]
			}) {
				t.Errorf("%s concerns no image", d.ID)
			}
		}
	}
}

func TestNewAdvisoriesAppear(t *testing.T) {
	t.Parallel()
	var step atomic.Int64
	s := httptest.NewServer(feed.New(func() int { return int(step.Load()) }))
	t.Cleanup(s.Close)
	const file = "GO-2024-2887.json"
	if _, ok := documents(t, s.URL, "Go")[file]; ok {
		t.Errorf("%s is known at step 0", file)
	}
	step.Store(1)
	if _, ok := documents(t, s.URL, "Go")[file]; !ok {
		t.Errorf("%s is not known at step 1", file)
	}
}

func TestConditionalRequest(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(feed.New(nil))
	t.Cleanup(s.Close)
	resp, _ := get(t, s.URL+"/osv/Go/all.zip")
	resp, body := get(t, s.URL+"/osv/Go/all.zip", "If-None-Match", resp.Header.Get("Etag"))
	if resp.StatusCode != http.StatusNotModified || len(body) != 0 {
		t.Errorf("unchanged archive: status %d, %d bytes, want 304 and none", resp.StatusCode, len(body))
	}
}

func TestKEV(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(feed.New(nil))
	t.Cleanup(s.Close)
	_, body := get(t, s.URL+"/kev.json")
	var catalog struct {
		Count           int
		Vulnerabilities []struct {
			CVE       string `json:"cveID"`
			DateAdded string
		}
	}
	if err := json.Unmarshal(body, &catalog); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, v := range catalog.Vulnerabilities {
		found[v.CVE] = v.DateAdded
	}
	if catalog.Count != len(found) || found["CVE-2021-44228"] != "2021-12-10" {
		t.Errorf("catalog = %+v", catalog)
	}
}
