package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestConvert(t *testing.T) {
	t.Parallel()
	all := map[string]any{
		"left-pad": map[string]any{
			"title": "Left pad", "category": "framework",
			"identifiers": []any{map[string]string{"purl": "pkg:npm/Left-Pad"}, map[string]string{"purl": "pkg:deb/debian/left-pad"}, map[string]string{"cpe": "x"}},
			"releases": []any{
				map[string]any{"releaseCycle": "2", "eol": false, "latestReleaseDate": "2026-02-03"},
				map[string]any{"releaseCycle": "1", "eol": "2025-01-02", "eoes": "2030-01-01", "latestReleaseDate": "2024-01-01"},
				map[string]any{"releaseCycle": "0", "eol": true},
			},
		},
	}
	for _, s := range systems {
		all[s.product] = map[string]any{"title": s.product, "category": "os", "releases": []any{
			map[string]any{"releaseCycle": "1", "eol": "2025-01-02", "eoes": "2026-01-02"},
		}}
	}
	for _, name := range append(append([]string{}, runtimes...), servers...) {
		all[name] = map[string]any{"title": name, "category": "framework"}
	}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	got, err := convert(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"as of 2026-02-03",
		"product\tleft-pad\tlibrary\tLeft pad\ncycle\tleft-pad\t2\t-\ncycle\tleft-pad\t1\t2025-01-02\npurl\tnpm/left-pad\tleft-pad\n",
		"cycle\tos/debian\t1\t2025-01-02\t2026-01-02\n",
		"cycle\tos/ubuntu\t1\t2025-01-02\n",
		"purl\tgolang/stdlib\tgo\n",
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("the table has no %q", want)
		}
	}
	if strings.Contains(string(got), "deb/debian") || strings.Contains(string(got), "left-pad\t0") {
		t.Error("the table has packages of distributions, or releases whose end nobody knows")
	}
}

func TestConvertErrors(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"no_json":    `<html>`,
		"no_dates":   `{"debian": {"title": "Debian"}}`,
		"no_product": `{"x": {"releases": [{"latestReleaseDate": "2026-01-01"}]}}`,
	} {
		if table, err := convert([]byte(data)); err == nil {
			t.Errorf("%s: no error, but %q", name, table)
		}
	}
}
