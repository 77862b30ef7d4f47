package web

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

func TestRelative(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		t    time.Time
		want string
	}{
		{time.Time{}, "never"},
		{at, "just now"},
		{at.Add(30 * time.Second), "just now"},
		{at.Add(time.Hour), "23 Nov 2026 13:00"},
		{at.Add(-59 * time.Minute), "59 min ago"},
		{at.Add(-47 * time.Hour), "47 h ago"},
		{at.AddDate(0, 0, -3), "3 days ago"},
		{at.AddDate(-1, 0, 0), "23 Nov 2025"},
	}
	for _, test := range tests {
		if got := relative(at, test.t); got != test.want {
			t.Errorf("relative(%s) = %q, want %q", test.t, got, test.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234", -123: "-123"} {
		if got := number(n); got != want {
			t.Errorf("number(%d) = %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_949: "999.9 kB", 999_950: "1.0 MB", 187_300_412: "187.3 MB", math.MaxInt64: "9.2 EB",
	} {
		if got := bytesOf(n); got != want {
			t.Errorf("bytesOf(%d) = %q, want %q", n, got, want)
		}
	}
	for want, got := range map[string]string{"1 scope": plural(1, "scope"), "0 scopes": plural(0, "scope"), "2,000 policies": plural(2000, "policy")} {
		if got != want {
			t.Errorf("plural = %q, want %q", got, want)
		}
	}
}

func TestKindName(t *testing.T) {
	t.Parallel()
	for kind, want := range map[inventory.Kind]string{
		"aws.ecs.service": "ECS service", "aws.ec2.public_ip": "EC2 public IP", "aws.lambda.function_url": "Lambda function URL",
		"aws.elbv2.load_balancer": "Load balancer", "kubernetes.apps.statefulset": "Stateful set", "kubernetes.core.pod": "Pod",
		"aws.iam.role": "IAM role", "": "", "odd": "odd", "a.b.": "B ", "a.core.": "",
	} {
		if got := kindName(kind); got != want {
			t.Errorf("kindName(%q) = %q, want %q", kind, got, want)
		}
	}
}

func TestShortening(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		truncate("short", 5):                          "short",
		truncate("payments-api-v2", 8):                "pa…pi-v2",
		truncate("äöüäöüäöü", 4):                      "ä…öü",
		shortDigest(digestA):                          "sha256:aaaa1b2c3d4e",
		shortDigest("none"):                           "none",
		shortReference("nginx"):                       "nginx",
		shortReference("quay.io/a/b:1@" + digestA):    "quay.io/a/b:1@sha256:aaaa1b2c3d4e",
		lastImagePart("quay.io:443/a/b:1@" + digestA): "b:1",
		lastImagePart("quay.io:443/a/b@" + digestA):   "b@sha256:aaaa1b2c3d4e",
		lastPart(roleARN):                             "shop-checkout-task",
		lastPart("x/"):                                "x/",
		lastPart(""):                                  "",
		indented(json.RawMessage(`{"a":1}`)):          "{\n  \"a\": 1\n}",
		indented(json.RawMessage(`{"a":`)):            `{"a":`,
	} {
		if got != want {
			t.Errorf("shortened to %q, want %q", got, want)
		}
	}
}

func TestSearchTarget(t *testing.T) {
	t.Parallel()
	for q, want := range map[string]string{
		"":                              "/workloads",
		"CVE-2021-44228":                "/vulnerabilities/CVE-2021-44228",
		"cve-2021-44228":                "/vulnerabilities/CVE-2021-44228",
		"ghsa-JFH8-c2jp-5v3q":           "/vulnerabilities/GHSA-jfh8-c2jp-5v3q",
		"go-2024-2687":                  "/vulnerabilities/GO-2024-2687",
		"DSA-5514-1":                    "/vulnerabilities/DSA-5514-1",
		"USN-6409-1":                    "/vulnerabilities/USN-6409-1",
		"RHSA-2024:1234":                "/vulnerabilities/RHSA-2024:1234",
		"DEBIAN-CVE-2024-1":             "/vulnerabilities/DEBIAN-CVE-2024-1",
		digestA:                         "/images/" + digestA,
		strings.ToUpper(digestA[7:19]):  "/images/" + digestA[7:19],
		"deadbeef":                      "/workloads?name=deadbeef",
		"go-payments":                   "/workloads?name=go-payments",
		"cve-scanner":                   "/workloads?name=cve-scanner",
		"//evil.example":                "/workloads?name=%2F%2Fevil.example",
		"https://evil.example":          "/workloads?name=https%3A%2F%2Fevil.example",
		"CVE-2021-44228\r\nSet-Cookie:": "/workloads?name=CVE-2021-44228%0D%0ASet-Cookie%3A",
	} {
		if got := searchTarget(q); got != want {
			t.Errorf("searchTarget(%q) = %q, want %q", q, got, want)
		}
	}
	if resp := get(t, newHandler(estate()), "/search?q=+cve-2021-44228+"); resp.StatusCode != 303 || resp.Header.Get("Location") != "/vulnerabilities/CVE-2021-44228" {
		t.Errorf("GET /search = %s to %s", resp.Status, resp.Header.Get("Location"))
	}
}

// FuzzSearchTarget looks for a query that leads off the site.
func FuzzSearchTarget(f *testing.F) {
	for _, s := range []string{"CVE-2021-44228", "//x", `\\x`, "sha256:abcd", "\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, q string) {
		got := searchTarget(q)
		if !strings.HasPrefix(got, "/workloads") && !strings.HasPrefix(got, "/images/") && !strings.HasPrefix(got, "/vulnerabilities/") {
			t.Errorf("searchTarget(%q) = %q", q, got)
		}
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n\\") {
			t.Errorf("searchTarget(%q) = %q, want a clean address", q, got)
		}
	})
}

func TestWhyEmpty(t *testing.T) {
	t.Parallel()
	complete := map[inventory.Outcome]int{inventory.Complete: 3}
	gaps := map[inventory.Outcome]int{inventory.Complete: 2, inventory.Denied: 1}
	tests := []struct {
		name     string
		status   view.Status
		filtered bool
		want     emptiness
	}{
		{"nothing", view.Status{FirstPass: true, Scopes: complete}, false, emptiness{Title: "No image was found", Detail: "Stowage read all of 3 scopes completely."}},
		{
			"gaps",
			view.Status{FirstPass: true, Scopes: gaps},
			false,
			emptiness{
				Title: "No image was found", Detail: " 1 of 3 scopes could not be read or were not read yet: what is there is not known.",
				Links: []link{{"See coverage", "/coverage"}},
			},
		},
		{
			"filtered",
			view.Status{FirstPass: true, Scopes: complete},
			true,
			emptiness{Title: "No image matches these filters", Detail: "Stowage read all of 3 scopes completely.", Links: []link{{"Clear the filters", "/images"}}},
		},
		{
			"running",
			view.Status{Scopes: complete},
			false,
			emptiness{Title: "No image was found so far", Detail: "The first pass is still running.", Links: []link{{"See its progress", "/"}}},
		},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, whyEmpty(test.status, "image", test.filtered, "/images")); diff != "" {
			t.Errorf("%s: mismatch (-want +got):\n%s", test.name, diff)
		}
	}
}
