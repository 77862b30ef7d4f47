package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/api"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/postgres/storetest"
	"github.com/stowage-dev/stowage/internal/view"
)

var scope = inventory.ScopeKey{Provider: inventory.AWS, Account: "111122223333", Region: "eu-west-1", Collector: "ecs"}

// serve returns the API of a store that holds three services, the first of
// which has a name that would be a formula in a spreadsheet.
// More names are those of other services.
func serve(t *testing.T, more ...string) http.Handler {
	t.Helper()
	db := storetest.Open(t)
	if err := db.PutRoots(t.Context(), postgres.DefaultTenant, []inventory.ChildScope{{ScopeKey: scope}}); err != nil {
		t.Fatal(err)
	}
	snapshot := postgres.NewSnapshot(scope)
	defer snapshot.Close()
	for i, name := range append([]string{"=cmd()", "cart", "checkout"}, more...) {
		uid := "arn:aws:ecs:eu-west-1:111122223333:service/shop/" + name
		if i > 2 {
			uid += strconv.Itoa(i)
		}
		err := snapshot.Emit(inventory.Workload{
			UID: uid, Kind: "aws.ecs.service", Name: name, Replicas: 1,
			Containers: []inventory.Container{{Name: "app", Type: inventory.MainContainer, Image: "registry.example/shop/" + name}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := db.Apply(t.Context(), postgres.Run{
		Tenant: postgres.DefaultTenant, Snapshot: snapshot, Result: inventory.ScopeResult{Outcome: inventory.Complete},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	api.Register(mux, db.Reader(postgres.DefaultTenant), "1")
	return mux
}

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, api.Prefix+path, nil))
	return w.Code, w.Body.String()
}

func TestAPI(t *testing.T) {
	t.Parallel()
	h := serve(t)
	tests := []struct {
		path   string
		status int
		want   string // part of the answer
	}{
		{"/status", 200, `"workloads":3`},
		{"/accounts", 200, `"111122223333"`},
		{"/coverage?gaps=true", 200, `"items":[]`},
		{"/coverage?collector=ecs", 200, `"outcome":"complete"`},
		{"/workloads?name=CHECK", 200, `"name":"checkout"`},
		{"/workloads?exposed=true", 200, `"items":[]`},
		{"/workloads?exposed=unknown", 200, `"items":[]`},
		{"/workloads?exposed=false&name=cart", 200, `"exposed":"no"`},
		{"/workloads?severity=bad", 400, "severity"},
		{"/workloads?exposed=perhaps", 400, "true, false or unknown"},
		{"/workloads?as_of=yesterday", 400, "as_of"},
		{"/workloads?as_of=2030-01-01&kev=true", 400, "cannot be combined"},
		{"/workloads?as_of=2030-01-01", 200, `"name":"cart"`},
		{"/workloads?as_of=2030-01-01&exposed=false", 200, `"exposed":"no"`},
		{"/workloads?image=registry.example/shop/none", 404, "stowage images --name"},
		{"/workloads?as_of=2001-01-01", 200, `"items":[]`},
		{"/workloads?limit=0", 422, "limit"},
		{"/workloads?cursor=nonsense", 400, "cursor"},
		{"/workloads/arn:aws:ecs:eu-west-1:111122223333:service%2Fshop%2Fcart", 200, `"name":"cart"`},
		{"/workloads/cart", 200, `"name":"cart"`},
		{"/workloads/cart?as_of=2030-01-01", 200, `"as_of":"2030-01-01T23:59:59.999999Z"`},
		{"/workloads/cart?as_of=2001-01-01", 404, "not found"},
		{"/workloads/cart?as_of=then", 400, "as_of"},
		{"/workloads/nope", 404, "stowage workloads --name"},
		{"/unresolved", 200, `"reason":"the runtime reported no digest; the registry was not asked yet"`},
		{"/unresolved?name=check", 200, `"reference":"registry.example/shop/checkout"`},
		{"/unresolved?reason=x", 422, "reason"},
		{"/unresolved?cursor=nonsense", 400, "cursor"},
		{"/images", 200, `"items":[]`},
		{"/images/sha256:0", 404, "not found"},
		{"/images/sha256:0/report", 404, "not found"},
		{"/images/sha256:0/report?format=pdf", 400, "cyclonedx, sarif, spdx"},
		{"/vulnerabilities", 200, `"items":[]`},
		{"/vulnerabilities/CVE-1", 404, "CVE-1"},
		{"/checks", 200, `"image/user-root"`},
		{"/openapi.json", 200, `"/api/v1/export/{dataset}"`},
		{"/export/workloads?format=pdf", 400, "csv, jsonl"},
		{"/export/nope", 400, "workloads"},
		{"/workloads?bogus=1", 422, "bogus"},
		{"/export/workloads?severty=high", 400, "severty"},
		{"/export/findings?severity=grave", 400, "severity"},
		{"/export/findings?scan=new", 400, "fixed"},
		{"/export/findings?exposed=perhaps", 400, "true, false or unknown"},
		{"/export/findings?image=cafe", 404, "stowage images --name"},
		{"/export/unresolved?name=cart", 200, "cart,app,container"},
		{"/nope", 404, ""},
	}
	for _, test := range tests {
		status, body := get(t, h, test.path)
		if status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("GET %s = %d %s, want %d and %q", test.path, status, body, test.status, test.want)
		}
	}
}

// TestReport writes an image that was read, and refuses one that was not.
func TestReport(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	digest := "sha256:" + strings.Repeat("ab", 32)
	if err := db.PutRoots(t.Context(), postgres.DefaultTenant, []inventory.ChildScope{{ScopeKey: scope}}); err != nil {
		t.Fatal(err)
	}
	snapshot := postgres.NewSnapshot(scope)
	defer snapshot.Close()
	err := snapshot.Emit(inventory.Workload{
		UID: "arn:aws:ecs:eu-west-1:111122223333:service/shop/cart", Kind: "aws.ecs.service", Name: "cart", Replicas: 1,
		Containers: []inventory.Container{{Name: "app", Type: inventory.MainContainer, Image: "registry.example/shop/cart:1", Digest: digest}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Apply(t.Context(), postgres.Run{
		Tenant: postgres.DefaultTenant, Snapshot: snapshot, Result: inventory.ScopeResult{Outcome: inventory.Complete},
	}, nil); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	api.Register(mux, db.Reader(postgres.DefaultTenant), "1.2.3")
	if status, body := get(t, mux, "/images/"+digest+"/report"); status != 400 || !strings.Contains(body, "was not read") {
		t.Errorf("before the scan: %d %s, want that it was not read", status, body)
	}
	var id inventory.ID
	err = db.SaveResolution(t.Context(), postgres.Resolution{
		Tenant: postgres.DefaultTenant, Reference: postgres.Reference{Host: "registry.example", Repository: "shop/cart", Digest: digest},
		Manifest: &image.Manifest{Digest: digest, Platform: image.Platform{OS: "linux", Architecture: "amd64"}},
	}, func(_ context.Context, _ pgx.Tx, s postgres.ImageState) error {
		id = s.ID
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.SaveScan(t.Context(), postgres.ScanResult{
		Image: id, Version: 1, Inventory: image.Inventory{Packages: []image.Package{{Ecosystem: "npm", Name: "lodash", Version: "4.17.15", Path: "a"}}},
		Checks: []finding.CheckFinding{{Check: "image/user-root", Severity: finding.Medium, Detail: "No user.", Layer: -1}},
	}, nil); err != nil {
		t.Fatal(err)
	}
	for format, want := range map[string][]string{
		"":          {`"bomFormat": "CycloneDX"`, `"lodash"`, `"version": "1.2.3"`},
		"cyclonedx": {`"registry.example/shop/cart:1"`},
		"spdx":      {`"SPDX-2.3"`, `"lodash"`},
		"sarif":     {`"2.1.0"`, `"image/user-root"`},
	} {
		status, body := get(t, mux, "/images/"+digest[:20]+"/report?format="+format)
		for _, w := range want {
			if status != 200 || !json.Valid([]byte(body)) || !strings.Contains(body, w) {
				t.Errorf("format %q: %d %s, want %q", format, status, body, w)
			}
		}
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	h := serve(t)
	seen := map[string]bool{}
	cursor := ""
	for range 4 {
		status, body := get(t, h, "/workloads?limit=1&cursor="+cursor)
		if status != http.StatusOK {
			t.Fatalf("status %d: %s", status, body)
		}
		var page view.Page[view.Workload]
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatal(err)
		}
		for _, w := range page.Items {
			seen[w.Name] = true
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if len(seen) != 3 || cursor != "" {
		t.Errorf("pages showed %v and ended with cursor %q, want three workloads and none", seen, cursor)
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	h := serve(t)
	_, csv := get(t, h, "/export/workloads")
	lines := strings.Split(strings.TrimSpace(csv), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "provider,account,") {
		t.Errorf("CSV = %q, want a header and three rows", csv)
	}
	if strings.Contains(csv, ",=cmd()") || !strings.Contains(csv, ",'=cmd(),") {
		t.Errorf("CSV = %q: the formula is not defused", csv)
	}
	_, jsonl := get(t, h, "/export/workloads?format=jsonl&name=cart")
	var w view.Workload
	if err := json.Unmarshal([]byte(jsonl), &w); err != nil || w.Name != "cart" {
		t.Errorf("JSON Lines = %q (%v), want cart alone", jsonl, err)
	}
	for _, dataset := range []string{"coverage", "images", "findings"} {
		if status, body := get(t, h, "/export/"+dataset); status != http.StatusOK || !strings.Contains(body, ",") {
			t.Errorf("export %s = %d %q, want at least a header", dataset, status, body)
		}
	}
}

// TestAmbiguous asks for a name that two workloads have: the answer tells the
// keys of both.
func TestAmbiguous(t *testing.T) {
	t.Parallel()
	h := serve(t, "same", "same")
	status, body := get(t, h, "/workloads/same")
	var problem struct {
		Detail string
		Errors []struct{ Message, Location, Value string }
	}
	if err := json.Unmarshal([]byte(body), &problem); err != nil || status != http.StatusConflict || len(problem.Errors) != 2 {
		t.Fatalf("GET /workloads/same = %d %s, %v, want 409 and two of that name", status, body, err)
	}
	for _, e := range problem.Errors {
		if status, body := get(t, h, "/workloads/"+e.Value); status != http.StatusOK || !strings.Contains(body, `"name":"same"`) || e.Message == "" {
			t.Errorf("GET /workloads/%s = %d %s, want the workload that the error told", e.Value, status, body)
		}
	}
}

// TestDescription holds the description to what the operations do.
func TestDescription(t *testing.T) {
	t.Parallel()
	_, body := get(t, serve(t), "/openapi.json")
	var description struct {
		Paths map[string]struct {
			Get struct {
				Parameters []struct{ Name, In, Description string }
			}
		}
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					Type any
					Enum []string
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &description); err != nil {
		t.Fatal(err)
	}
	exposed := description.Components.Schemas["Workload"].Properties["exposed"]
	if exposed.Type != "string" || strings.Join(exposed.Enum, " ") != "yes no unknown" {
		t.Errorf("exposed is described as %+v, want one of three strings", exposed)
	}
	of := map[string]string{}
	for _, p := range description.Paths[api.Prefix+"/export/{dataset}"].Get.Parameters {
		of[p.Name] = p.Description
	}
	if of["fixed"] != "Of findings" || of["exposed"] != "Of findings, workloads" || of["gaps"] != "Of coverage" {
		t.Errorf("the filters of exports are described as %v", of)
	}
}
