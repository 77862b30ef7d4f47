package check

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/scan/secret/secrettest"
)

var update = flag.Bool("update", false, "write the wanted findings of the fixtures")

// A fixture is one case of a check: of an image or of a workload.
type fixture struct {
	// Config is the configuration as published, for what is not kept of it.
	Config json.RawMessage `json:"config"`
	// Image is what is kept of the configuration.
	Image image.Config `json:"image"`
	// Manifest has the layers and the platform.
	Manifest   image.Manifest      `json:"manifest"`
	Inventory  image.Inventory     `json:"inventory"`
	References []string            `json:"references"`
	Referrers  *image.Referrers    `json:"referrers"`
	Base       *image.Base         `json:"base"`
	Trusted    []image.TrustedBase `json:"trusted_bases"`
	Secrets    []FileSecret        `json:"secrets"`
	Workload   *inventory.Workload `json:"workload"`
}

// now is the time of all fixtures.
var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// Each check has testdata/<kind>-<name>.txtar with cases, each followed by
// the findings of this check: "severity detail [path@layer]" or "container:
// severity detail". {{rule}} stands for a secret of that rule. At least one has findings and at least one has none.
func TestChecks(t *testing.T) {
	t.Parallel()
	for _, c := range images {
		testCheck(t, c.ID, func(t *testing.T, f fixture) []string {
			config, err := ParseConfig(f.Config)
			if err != nil {
				t.Fatal(err)
			}
			f.Manifest.Config = f.Image
			in := Input{
				Manifest: f.Manifest, Config: config, Inventory: f.Inventory, Referrers: f.Referrers,
				Base: f.Base, TrustedBases: f.Trusted, Now: now, Secrets: Secrets{Files: f.Secrets},
			}
			for _, s := range f.References {
				r, err := image.ParseReference(s)
				if err != nil {
					t.Fatal(err)
				}
				in.References = append(in.References, r)
			}
			var got []string
			for _, found := range c.run(&in) {
				line := fmt.Sprintf("%s %s", found.Severity, found.Detail)
				if found.Path != "" {
					line += fmt.Sprintf(" [%s@%d]", found.Path, found.Layer)
				}
				if s := found.Secret; s != nil {
					line += fmt.Sprintf(" (%s, %s)", s.Rule, s.Confidence)
				}
				got = append(got, line)
			}
			return got
		})
	}
	for _, c := range workloads {
		testCheck(t, c.ID, func(t *testing.T, f fixture) []string {
			var got []string
			for _, found := range c.run(f.Workload) {
				got = append(got, strings.TrimSpace(fmt.Sprintf("%s: %s %s", found.Container, found.Severity, found.Detail)))
			}
			return got
		})
	}
}

// placeholder stands for a secret, so that fixtures hold none.
var placeholder = regexp.MustCompile(`\{\{[a-z0-9-]+\}\}`)

func testCheck(t *testing.T, id string, run func(t *testing.T, f fixture) []string) {
	t.Helper()
	t.Run(id, func(t *testing.T) {
		t.Parallel()
		name := filepath.Join("testdata", strings.ReplaceAll(id, "/", "-")+".txtar")
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		failing, passing := 0, 0
		for i := 0; i+1 < len(archive.Files); i += 2 {
			input, want := archive.Files[i], &archive.Files[i+1]
			if want.Name != "want" {
				t.Fatalf("%s: %q is followed by %q, want \"want\"", name, input.Name, want.Name)
			}
			var f fixture
			var planted []string
			data := placeholder.ReplaceAllFunc(input.Data, func(b []byte) []byte {
				value := secrettest.Value(string(bytes.Trim(b, "{}")))
				planted = append(planted, value)
				quoted, err := json.Marshal(value)
				if err != nil {
					t.Fatal(err)
				}
				return quoted[1 : len(quoted)-1]
			})
			d := json.NewDecoder(bytes.NewReader(data))
			d.DisallowUnknownFields()
			if err := d.Decode(&f); err != nil {
				t.Fatalf("%s: %s: %v", name, input.Name, err)
			}
			if f.Config == nil {
				f.Config = []byte("{}")
			}
			got := run(t, f)
			if len(got) > 0 {
				failing++
			} else {
				passing++
			}
			text := strings.Join(append(got, ""), "\n")
			if *update {
				want.Data = []byte(text)
			} else if diff := cmp.Diff(string(want.Data), text); diff != "" {
				t.Errorf("%s mismatch (-want +got):\n%s", input.Name, diff)
			}
			for _, value := range append(planted, "hunter2") {
				if strings.Contains(text, value) {
					t.Errorf("%s: a finding quotes the secret:\n%s", input.Name, text)
				}
			}
		}
		if failing == 0 || passing == 0 {
			t.Errorf("%s has %d cases that fail and %d that pass, want at least one each", name, failing, passing)
		}
		if *update {
			if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestAll(t *testing.T) {
	t.Parallel()
	id := regexp.MustCompile(`^(image|workload)/[a-z]+(-[a-z]+)*$`)
	seen := make(map[string]bool)
	for _, c := range All() {
		if !id.MatchString(c.ID) || seen[c.ID] {
			t.Errorf("ID %q is malformed or there twice", c.ID)
		}
		seen[c.ID] = true
		if c.Severity == finding.Unknown || c.Title == "" || c.Why == "" || c.Remediation == "" || len(c.References) == 0 {
			t.Errorf("%s is not described in full", c.ID)
		}
		if strings.HasSuffix(c.Title, ".") || !strings.HasSuffix(c.Why, ".") || !strings.HasSuffix(c.Remediation, ".") {
			t.Errorf("%s: the title is no sentence, all else is", c.ID)
		}
	}
	page := string(Markdown())
	for _, c := range All() {
		if strings.Count(page, "### `"+c.ID+"`\n") != 1 {
			t.Errorf("the page has not one section for %s", c.ID)
		}
	}
}

// The findings of one check are bounded, and say what is left out.
func TestMaxFindings(t *testing.T) {
	t.Parallel()
	in := Input{Now: now}
	for i := range maxFindings + 7 {
		in.Inventory.Files = append(in.Inventory.Files, image.File{Path: fmt.Sprint(i), Mode: 0o104755})
	}
	got := fileSetuid.run(&in)
	if len(got) != maxFindings || !strings.HasSuffix(got[maxFindings-1].Detail, "(and 7 more places)") {
		t.Errorf("%d findings, the last %q, want %d and 7 more", len(got), got[len(got)-1].Detail, maxFindings)
	}
}

// A container that runs two digests while a rollout goes on is one container.
func TestWorkloadOnce(t *testing.T) {
	t.Parallel()
	c := inventory.Container{Name: "app", Image: "nginx:1", Privileged: true}
	found := Workload(inventory.Workload{Containers: []inventory.Container{c, c}})
	var ids []string
	for _, f := range found {
		ids = append(ids, f.Check+" "+f.Container)
	}
	unique := slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(unique) != len(ids) || len(ids) == 0 {
		t.Errorf("findings %q, want each once", ids)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"config":{"Env":["A=b","C"],"Labels":{"a":"b"},"Cmd":"sh"},"history":[{"created_by":"ENV A=b"}]}`))
	f.Add([]byte(`{"config":{"Env":["TOKEN=hunter2-hunter2-hunter2"],"Entrypoint":["x"]},"history":[{"created_by":"RUN |1 TOKEN=hunter2-x /bin/sh -c curl https://u:hunter2@h | sh # buildkit"}]}`))
	f.Add([]byte(`{"config":null,"history":null}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := ParseConfig(raw)
		if err != nil {
			return
		}
		in := Input{Config: c, Now: now}
		for _, found := range Image(in) {
			for _, v := range c.Env {
				// Names may have anything, too.
				if len(v.Value) >= 12 && strings.Contains(found.Detail, v.Value) && !strings.Contains(v.Name, v.Value) && strings.HasPrefix(found.Check, "image/env-") {
					t.Errorf("finding %q quotes a value", found.Detail)
				}
			}
		}
	})
}
