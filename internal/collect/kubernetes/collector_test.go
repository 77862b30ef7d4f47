package kubernetes

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

var update = flag.Bool("update", false, "write the wanted records of the fixtures")

// Each fixture has the objects of a cluster and the records that are wanted of
// it. They are wanted from protobuf as well as from JSON.
func TestFixtures(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := archive.Files[1]
			for _, noProtobuf := range []bool{false, true} {
				server := newServer(t, string(archive.Files[0].Data))
				server.noProtobuf = noProtobuf
				var out recorder
				if err := testClient(Options{}).Collector().Collect(t.Context(), server.scope(), &out); err != nil {
					t.Fatalf("without protobuf %v: Collect = %v", noProtobuf, err)
				}
				got := dump(t, out.records)
				if *update {
					archive.Files[1].Data = got
					if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
						t.Fatal(err)
					}
					continue
				}
				if diff := cmp.Diff(string(want.Data), string(got)); diff != "" {
					t.Errorf("without protobuf %v: records mismatch (-want +got):\n%s", noProtobuf, diff)
				}
				checkDeclared(t, server, out.records)
			}
		})
	}
}

// dump returns the records as text, without what all of them begin with.
func dump(t *testing.T, records []inventory.Record) []byte {
	t.Helper()
	var all []string
	for _, r := range records {
		b, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %s\n", r.RecordType(), strings.ReplaceAll(string(b), clusterARN, "CLUSTER")))
	}
	slices.Sort(all)
	return []byte(strings.Join(all, ""))
}

// checkDeclared fails on calls and kinds that the collector does not declare.
func checkDeclared(t *testing.T, server *apiServer, records []inventory.Record) {
	t.Helper()
	c := testClient(Options{}).Collector()
	for _, path := range server.requests() {
		action := "get " + path
		if kind, ok := listKinds[path]; ok || strings.HasSuffix(path, "routes") {
			group, name := kind.Group, path[strings.LastIndexByte(path, '/')+1:]
			if strings.HasSuffix(path, "routes") {
				group = gatewayGroup
			}
			action = strings.Replace("list "+group+"/"+name, " /", " ", 1)
		}
		if _, err := c.Call(action); err != nil {
			t.Error(err)
		}
	}
	for _, r := range records {
		var kind inventory.Kind
		switch r := r.(type) {
		case inventory.Workload:
			kind = r.Kind
		case inventory.Identity:
			kind = r.Kind
		case inventory.Resource:
			kind = r.Kind
		default:
			continue
		}
		if !c.Emits(kind) {
			t.Errorf("kind %s is not declared", kind)
		}
	}
}

func TestStandAloneCluster(t *testing.T) {
	t.Parallel()
	server := newServer(t, "")
	config := filepath.Join(t.TempDir(), "config")
	writeKubeconfig(t, config, server.URL, server.scope().Params[ParamCA])
	client := testClient(Options{Kubeconfig: config, Contexts: []string{""}})
	roots, err := client.Roots()
	if err != nil {
		t.Fatal(err)
	}
	wantRoots := []inventory.ChildScope{{
		ScopeKey: inventory.ScopeKey{Provider: "kubernetes", Account: "dev", Region: "global", Collector: "kubernetes"},
		Params:   map[string]string{"context": "dev"},
	}}
	if diff := cmp.Diff(wantRoots, roots); diff != "" {
		t.Fatalf("Roots mismatch (-want +got):\n%s", diff)
	}
	var out recorder
	scope := collect.Scope{ScopeKey: roots[0].ScopeKey, Params: roots[0].Params}
	if err := client.Collector().Collect(t.Context(), scope, &out); err != nil {
		t.Fatal(err)
	}
	want := []inventory.Record{
		inventory.Account{Provider: "kubernetes", ID: "dev", Name: "dev"},
		inventory.Resource{UID: "kubernetes:dev/cluster", Kind: "kubernetes.cluster", Name: "dev", Attrs: []byte(`{"version":"v1.37.2"}`)},
	}
	if diff := cmp.Diff(want, out.records); diff != "" {
		t.Errorf("records mismatch (-want +got):\n%s", diff)
	}
}

// Collecting twice must give equal records, or every run would write history.
func TestCollectIsStable(t *testing.T) {
	t.Parallel()
	archive, err := txtar.ParseFile("testdata/workloads.txtar")
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(t, string(archive.Files[0].Data))
	var dumps [][]byte
	for range 2 {
		var out recorder
		if err := testClient(Options{}).Collector().Collect(t.Context(), server.scope(), &out); err != nil {
			t.Fatal(err)
		}
		dumps = append(dumps, dump(t, out.records))
		server.page = 500
		for _, objects := range server.objects {
			slices.Reverse(objects)
		}
	}
	if !bytes.Equal(dumps[0], dumps[1]) {
		t.Errorf("the second collection differs (-first +second):\n%s", cmp.Diff(string(dumps[0]), string(dumps[1])))
	}
}

// Not even the values that other fields carry by accident may be emitted.
func TestNoValues(t *testing.T) {
	t.Parallel()
	server := newServer(t, `
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{"env":[{"name":"A","value":"hunter2"}]}'
spec:
  containers:
  - name: web
    image: web:1
    command: [sh, -c, "echo hunter2"]
    args: [hunter2]
    env:
    - {name: PASSWORD, value: hunter2}
status: {phase: Running}
`)
	for _, server.noProtobuf = range []bool{false, true} {
		var out recorder
		if err := testClient(Options{}).Collector().Collect(t.Context(), server.scope(), &out); err != nil {
			t.Fatal(err)
		}
		got := dump(t, out.records)
		if !bytes.Contains(got, []byte("PASSWORD")) || bytes.Contains(got, []byte("hunter2")) {
			t.Errorf("without protobuf %v: records have a value, or no names:\n%s", server.noProtobuf, got)
		}
	}
}
