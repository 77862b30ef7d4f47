package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/api"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/postgres/storetest"
	"github.com/stowage-dev/stowage/internal/view"
)

var scope = inventory.ScopeKey{Provider: inventory.AWS, Account: "111122223333", Region: "eu-west-1", Collector: "ecs"}

// serve returns the API of a store that holds three services, the first of
// which has a name that would be a formula in a spreadsheet.
func serve(t *testing.T) http.Handler {
	t.Helper()
	db := storetest.Open(t)
	if err := db.PutRoots(t.Context(), postgres.DefaultTenant, []inventory.ChildScope{{ScopeKey: scope}}); err != nil {
		t.Fatal(err)
	}
	snapshot := postgres.NewSnapshot(scope)
	defer snapshot.Close()
	for _, name := range []string{"=cmd()", "cart", "checkout"} {
		err := snapshot.Emit(inventory.Workload{
			UID: "arn:aws:ecs:eu-west-1:111122223333:service/shop/" + name, Kind: "aws.ecs.service", Name: name, Replicas: 1,
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
		{"/workloads?severity=bad", 400, "severity"},
		{"/workloads?exposed=perhaps", 400, "true, false or unknown"},
		{"/workloads?as_of=yesterday", 400, "as_of"},
		{"/workloads?as_of=2030-01-01&kev=true", 400, "cannot be combined"},
		{"/workloads?as_of=2030-01-01", 200, `"name":"cart"`},
		{"/workloads?as_of=2001-01-01", 200, `"items":[]`},
		{"/workloads?limit=0", 422, "limit"},
		{"/workloads?cursor=nonsense", 400, "cursor"},
		{"/workloads/arn:aws:ecs:eu-west-1:111122223333:service%2Fshop%2Fcart", 200, `"name":"cart"`},
		{"/workloads/nope", 404, "nope"},
		{"/images", 200, `"items":[]`},
		{"/images/sha256:0", 404, "not found"},
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
		{"/nope", 404, ""},
	}
	for _, test := range tests {
		status, body := get(t, h, test.path)
		if status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("GET %s = %d %s, want %d and %q", test.path, status, body, test.status, test.want)
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
