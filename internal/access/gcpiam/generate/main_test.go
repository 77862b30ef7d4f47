package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

func TestConvert(t *testing.T) {
	t.Parallel()
	packed, err := convert([][]byte{
		[]byte(`{"roles": [{"name": "roles/b.two", "includedPermissions": ["b.x.get", "a.x.get", "a.x.list", "a.x.list"], "stage": "GA"}], "nextPageToken": "x"}`),
		[]byte(`{"roles": [{"name": "roles/a.one", "includedPermissions": ["c.example.com/x.get"]}, {"name": "roles/c.off", "stage": "DISABLED", "includedPermissions": ["a.x.get"]}]}`),
	}, "the API", "2026-01-02")
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	want := "# Predefined roles of Google Cloud as of 2026-01-02.\n# the API\na.x.get\na.x.list\nb.x.get\nc.example.com/x.get\n\nroles/a.one\t3\nroles/b.two\t0-2\nroles/c.off\t\n"
	if string(got) != want {
		t.Errorf("the table is\n%s, want\n%s", got, want)
	}
}

func TestConvertErrors(t *testing.T) {
	t.Parallel()
	role := `{"roles": [{"name": "roles/a", "includedPermissions": ["a.b.c"]}]}`
	for name, test := range map[string]struct{ page, date, want string }{
		"no_json":    {`<html>`, "2026-01-02", "page 1: "},
		"basic_view": {`{"roles": [{"name": "roles/a"}]}`, "2026-01-02", "view=FULL"},
		"name":       {`{"roles": [{"name": "projects/p/roles/a"}]}`, "2026-01-02", "no name of a predefined role"},
		"permission": {`{"roles": [{"name": "roles/a", "includedPermissions": ["a b"]}]}`, "2026-01-02", "is no permission"},
		"twice":      {`{"roles": [{"name": "roles/a"}, {"name": "roles/a"}]}`, "2026-01-02", "comes twice"},
		"no_day":     {role, "today", "the day of the pages"},
	} {
		_, err := convert([][]byte{[]byte(test.page)}, "the API", test.date)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error is %v, want one with %q", name, err, test.want)
		}
	}
	if _, err := convert([][]byte{[]byte(role)}, "", "2026-01-02"); err == nil {
		t.Error("no source gives no error")
	}
	if _, err := fetchPages(""); err == nil {
		t.Error("no token gives no error")
	}
}
