package aws

import (
	"context"
	"encoding/json"
	"iter"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/exposure"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// facts are what the inventory holds in a test.
type facts struct {
	workloads []inventory.Workload
	resources []inventory.Resource
	results   map[string]inventory.ScopeResult
}

func each[T any](items []T, keep func(T) bool) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if keep(item) && !yield(item, nil) {
				return
			}
		}
	}
}

// Workloads implements [collect.Facts].
func (f facts) Workloads(context.Context) iter.Seq2[inventory.Workload, error] {
	return each(f.workloads, func(inventory.Workload) bool { return true })
}

// Resources implements [collect.Facts].
func (f facts) Resources(_ context.Context, kinds ...inventory.Kind) iter.Seq2[inventory.Resource, error] {
	return each(f.resources, func(r inventory.Resource) bool { return slices.Contains(kinds, r.Kind) })
}

// Result implements [collect.Facts].
func (f facts) Result(_ context.Context, collector string) (inventory.ScopeResult, error) {
	if r, ok := f.results[collector]; ok {
		return r, nil
	}
	return inventory.ScopeResult{Outcome: inventory.Complete}, nil
}

// records collects what is emitted.
type records []inventory.Record

// Emit implements [collect.Sink].
func (r *records) Emit(record inventory.Record) error {
	*r = append(*r, record)
	return nil
}

func exposureFacts(t *testing.T) facts {
	t.Helper()
	encode := func(v any) json.RawMessage {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	return facts{
		workloads: []inventory.Workload{
			{UID: "service/web", Kind: "aws.ecs.service", Name: "web", Network: inventory.Network{TargetGroups: []inventory.TargetGroup{{ARN: "tg/web", Port: 80}}}},
			{UID: "service/batch", Kind: "aws.ecs.service", Name: "batch"},
		},
		resources: []inventory.Resource{
			{UID: "sg-open", Kind: exposure.SecurityGroupKind, Attrs: encode(exposure.SecurityGroup{
				Ingress: []exposure.Rule{{Protocol: "tcp", From: 443, To: 443, Sources: []string{"0.0.0.0/0"}}},
			})},
			{UID: "lb", Kind: exposure.LoadBalancerKind, Name: "public", Attrs: encode(exposure.LoadBalancer{
				Type: "application", Scheme: exposure.InternetFacing, DNSName: "web.example", SecurityGroups: []string{"sg-open"},
				Listeners: []exposure.Listener{{ARN: "l", Port: 443, Protocol: "HTTPS", Forwards: []exposure.Forward{{TargetGroup: "tg/web"}}}},
			})},
		},
	}
}

func TestCollectExposure(t *testing.T) {
	t.Parallel()
	var out records
	s := &session{Scope: collect.Scope{Facts: exposureFacts(t)}}
	if err := collectExposure(t.Context(), s, &out); err != nil {
		t.Fatal(err)
	}
	if len(out) != 1 {
		t.Fatalf("records = %+v, want one exposure", out)
	}
	e, ok := out[0].(inventory.Exposure)
	if !ok || e.Workload != "service/web" || e.Address != "web.example" || len(e.Evidence) == 0 {
		t.Errorf("record = %+v, want the exposure of web by web.example with evidence", out[0])
	}
}

func TestExposureHasTheGapsOfItsInputs(t *testing.T) {
	t.Parallel()
	for _, input := range exposureInputs {
		f := exposureFacts(t)
		f.results = map[string]inventory.ScopeResult{input: {
			Outcome: inventory.Denied, Reason: input + " was denied", Permission: "x:Y", Remedy: "add x:Y",
		}}
		var out records
		s := &session{Scope: collect.Scope{ScopeKey: inventory.ScopeKey{Account: "111122223333", Region: "eu-west-1"}, Facts: f}}
		err := collectExposure(t.Context(), s, &out)
		got := collect.Result(err)
		if got.Outcome != inventory.Denied || !strings.Contains(got.Reason, input+" was denied") || got.Permission != "x:Y" || got.Remedy != "add x:Y" {
			t.Errorf("with %s denied: %+v, want denied with its reason, permission and remedy", input, got)
		}
		if len(out) > 0 {
			t.Errorf("with %s denied: emitted %+v", input, out)
		}
	}
}

// TestExposureFromConversations replays testdata/exposure_<case>.txtar through
// the collectors of everything that exposure reads, and derives the exposures
// from what they make of it.
func TestExposureFromConversations(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/exposure_*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			server := &replay{t: t}
			last := len(archive.Files) - 1
			for _, f := range archive.Files[:last] {
				server.replies = append(server.replies, parseReply(t, f))
			}
			listener := httptest.NewServer(server)
			defer listener.Close()
			cloud := testCloud(t, listener.URL, Options{}, nil)
			var read recorder
			for _, name := range exposureInputs {
				if result := runScope(t, cloud, testScope(name), &read); result.Outcome != inventory.Complete {
					t.Fatalf("%s: %+v", name, result)
				}
			}
			var f facts
			for _, r := range read.records {
				switch r := r.(type) {
				case inventory.Workload:
					f.workloads = append(f.workloads, r)
				case inventory.Resource:
					f.resources = append(f.resources, r)
				}
			}
			var out recorder
			scope := testScope(exposureService.name)
			scope.Facts = f
			if result := runScope(t, cloud, scope, &out); result.Outcome != inventory.Complete {
				t.Fatalf("exposure: %+v", result)
			}
			got := out.print(t)
			if *update {
				archive.Files[last].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := gocmp.Diff(string(archive.Files[last].Data), got); diff != "" {
				t.Errorf("exposures mismatch (-want +got):\n%s", diff)
			}
		})
	}
}
