package web

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/stowage-dev/stowage/internal/api"
	"github.com/stowage-dev/stowage/internal/view"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// newHandler returns all that a server serves, as the program puts it together.
func newHandler(store view.Store) http.Handler {
	mux := http.NewServeMux()
	api.Register(mux, store, "test")
	Register(mux, store)
	return Protect(mux)
}

// get returns the answer to a GET of a path.
func get(t testing.TB, h http.Handler, path string) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Result()
}

// getPage returns the parsed page at a path, after the checks that every page
// has to pass.
func getPage(t testing.TB, h http.Handler, path string, status int) document {
	t.Helper()
	resp := get(t, h, path)
	if resp.StatusCode != status {
		t.Fatalf("GET %s = %s, want %d", path, resp.Status, status)
	}
	d := parse(t, resp.Body)
	d.check(t, path)
	return d
}

func TestPages(t *testing.T) {
	t.Parallel()
	tests := []struct {
		path, title string
		// want are texts that the page shows, unwanted ones that it must not.
		want, unwanted []string
	}{
		{
			path: "/", title: "Overview",
			want: []string{
				"9 workloads", "1,234 replicas in 2 accounts", "First pass is running", "17 of 18", "1 failed", "1 container unresolved",
				"14 of 18 scopes complete", "4 gaps", "not known of 1", "iam:GetAccountAuthorizationDetails", "checkout", "765", "Critical 12", "Medium 310",
				"503 Service Unavailable",
			},
			unwanted: []string{"Looking for something to read", "everything was read"},
		},
		{
			path: "/workloads", title: "Workloads",
			want: []string{
				"checkout", "ECS service · shop · 6 replicas", "765", "4 critical, 31 high · 3 failed checks", "Unreachable", "Next page",
				"11112222…amazonaws.com/shop/checkout:2.14.0", "ghcr.io/shop/ledger@sha256:dddd1b2c3d4e",
			},
			unwanted: []string{"First page"},
		},
		{path: "/workloads?cursor=4", title: "Workloads", want: []string{"report-batch-1", "First page"}, unwanted: []string{"checkout"}},
		{path: "/workloads?as_of=2026-03-01", title: "Workloads", want: []string{"as of 2026-03-01 23:59:59 UTC", "not shown for the past"}, unwanted: []string{"765", "Exploited"}},
		{
			path: "/workloads?name=nothing&exposed=true", title: "Workloads",
			want: []string{"No workload matches these filters", "Clear the filters", "4 of 18 scopes could not be read", "Internet reaches it: yes"},
		},
		{
			path: "/workloads/1z141z3", title: "checkout",
			want: []string{
				"Read completely 4 min ago", "Load balancer", "Internet", "Score 765", "Reachable from the internet 200", "FARGATE",
				"a restart would run something else", "Privilege escalation not allowed", "User as the image says Root", "NET_ADMIN",
				"DB_PASSWORD from arn:aws:secretsmanager", "Not known. registry.internal: no such host", "an index of several platforms",
				"allows 0.0.0.0/0 to port 443", "The container is privileged.", "What to do", "workload/of-a-newer-version", "Who may assume it",
				`"Service": "ecs-tasks.amazonaws.com"`, "Inline policy orders", "AmazonS3ReadOnlyAccess", "came back, images", "images, replicas",
				"gone", "Not all around it was read", "lambda in eu-west-1", "iam in global", "which the containers do not get",
			},
			unwanted: []string{"must not be root"},
		},
		{
			path: "/workloads/2hostile", title: hostile,
			want: []string{"This page shows the state of 2 days ago", "dial tcp 10.3.0.1:443: i/o timeout", "which acts in the cloud as edge-role", "not json"},
		},
		{
			path: "/workloads/3ledger", title: "ledger",
			want: []string{"Whether the internet reaches it is not known. lambda throttled", "could not be read: see the gaps", "Not scanned yet", "Nothing that is known of it adds to the score"},
		},
		{
			path: "/workloads/1z141z3?as_of=2026-03-01T10:00:00Z", title: "checkout",
			want:     []string{"This page shows how it was at 2026-03-01 10:00:00 UTC", "How it is now", "Not kept for the past", "allows 0.0.0.0/0 to port 443"},
			unwanted: []string{"Score 765", "The container is privileged.", "Gone.", "Read completely", "Not all around it was read"},
		},
		{
			path: "/workloads/4gone", title: "left-behind",
			want:     []string{"Gone. A complete collection at", "no longer saw it", "This page shows how it last was", "Gone 1 h ago", "Not kept for the past"},
			unwanted: []string{"How it is now", "Last seen"},
		},
		{path: "/workloads?exposed=unknown", title: "Workloads", want: []string{"Internet reaches it: not known", "ledger", "Internet?", "3 unrated"}, unwanted: []string{"checkout"}},
		{
			path: "/unresolved", title: "Unresolved containers",
			want: []string{"migrate Internet checkout", "ECS service · shop", "registry.internal/shop/migrate", "registry.internal did not answer", "reported sha256:dddd1b2c3d4e"},
		},
		{path: "/unresolved?reference=none", title: "Unresolved containers", want: []string{"No unresolved container matches these filters", "Clear the filters"}},
		{
			path: "/images", title: "Images",
			want: []string{"Debian 12", "421 packages, 187.3 MB", "Unrated", "unresolved containers", "Not known: what is inside was not read.", "401 Unauthorized", "Partly scanned", "sha256:dddd1b2c3d4e"},
		},
		{
			path: "/images/" + digestA, title: shopRef,
			want: []string{
				"Debian GNU/Linux 12 (bookworm)", "not set, which means root", "CVE-2021-44228", "2.15.0", "layer 2", "The image runs as root",
				"Good to know", "The labels lack all.", "info",
				"What to do Create a user", "First 200 of 251 packages", "Show all 251", "3 vulnerabilities", "apt-get update", "110.0 MB",
				"Names only: values are never kept.", "checkout",
				"docker.io/library/debian:12", "The lowest 1 layer: the image says so, and its layers are those of the base.",
				"2 vulnerabilities from the base, 1 vulnerability added above it.", "Its tag now means sha256:dddd1b2c3d4e. Rebuilding on it fixes 1 vulnerability: CVE-2021-44228.",
			},
		},
		{path: "/images/" + digestA + "?q=EXPRESS", title: shopRef, want: []string{"present, not verified", "https://slsa.dev/provenance/v1", "about its index", "1 matching of 251 packages", "4.17.1", "None of 3 matches “EXPRESS”"}, unwanted: []string{"libexample1"}},
		{path: "/images/" + digestA + "?all=true", title: shopRef, want: []string{"251 packages", "1.2.3-249+deb12u1"}, unwanted: []string{"Show all"}},
		{
			path: "/images/" + digestB, title: proxyRef,
			want:     []string{"This image could not be read", "401 Unauthorized", "Size not known", "Tried", "Packages not known", "Not known: the image was not read.", "Not known: the manifest was not read."},
			unwanted: []string{"None", "No check fails", "which means root"},
		},
		{path: "/images/" + digestC, title: hostile, want: []string{
			"Only a part of this image could be read", "layer 3 is larger than 4 GB", "there may be more", "ghcr.io/shop/ledger: denied",
			"no advisories are published for Amazon Linux 2023", "the image says so, which could not be compared.", "The distribution's packages were compared with none.",
		}, unwanted: []string{"None: the registry"}},
		{path: "/images/" + digestD, title: "sha256:dddd1b2c3d4e", want: []string{"This image was not scanned yet", "no registry was asked"}},
		{path: "/vulnerabilities", title: "Vulnerabilities", want: []string{"CVE-2021-44228", "10.0", "Exploited", "Unrated"}},
		{path: "/vulnerabilities?kev=true", title: "Vulnerabilities", want: []string{"Known exploited: yes"}, unwanted: []string{"GO-2024-2687"}},
		{
			path: "/vulnerabilities/GHSA-jfh8-c2jp-5v3q", title: "CVE-2021-44228",
			want: []string{
				"Listed by CISA as exploited since 10 Dec 2021", "GHSA-jfh8-c2jp-5v3q", "log4j-core", "2.15.0", "checkout", "nvd.nist.gov",
				"2 images could not be scanned or were not scanned yet: whether they have it is not known",
			},
		},
		{
			path: "/coverage", title: "Coverage",
			want: []string{
				"4 scopes of 18 are not complete", "shop-production", "Missing permission: iam:GetAccountAuthorizationDetails", "To do: add",
				"Not known never read completely", "as of 26 h ago", "Not collected yet.",
			},
		},
		{path: "/coverage?outcome=complete", title: "Coverage", want: []string{"nothing there", "12 records", "Everything was read."}, unwanted: []string{"Accounts by outcome", "Denied 1"}},
		{path: "/coverage?as_of=2026-03-01", title: "Coverage", want: []string{"the outcomes at 2026-03-01 23:59:59 UTC"}, unwanted: []string{"Accounts by outcome"}},
		{path: "/workloads?as_of=2026-03-01&name=nobody", title: "Workloads", want: []string{"No workload matches these filters", "Of a time before it first collected, Stowage knows nothing."}},
		{path: "/images?as_of=2026-03-01T10:00:00Z", title: "Images", want: []string{"ran at 2026-03-01 10:00:00 UTC"}},
		{path: "/accounts", title: "Accounts", want: []string{"not known of 1", "shop-production", "o-a1b2c3d4e5", "14 complete, 1 denied, 1 throttled, 1 pending", "2 accounts"}},
		{path: "/accounts?name=PROD", title: "Accounts", want: []string{"1 account,", "shop-production"}, unwanted: []string{"edge-"}},
		{path: "/scans", title: "Scans", want: []string{"1 failed", "401 Unauthorized", "layer 3 is larger than 4 GB", "Given up", "debian", "48,211", "503 Service Unavailable"}},
	}
	for _, test := range tests {
		t.Run(strings.NewReplacer("/", "_", "?", "_").Replace(test.path), func(t *testing.T) {
			t.Parallel()
			d := getPage(t, newHandler(estate()), test.path, http.StatusOK)
			if got, want := d.text("title"), test.title+" · Stowage"; got != want {
				t.Errorf("title = %q, want %q", got, want)
			}
			got := d.text("main")
			for _, want := range test.want {
				if !strings.Contains(strings.ToLower(got), strings.ToLower(want)) {
					t.Errorf("page does not show %q", want)
				}
			}
			for _, unwanted := range test.unwanted {
				if strings.Contains(got, unwanted) {
					t.Errorf("page shows %q", unwanted)
				}
			}
			if t.Failed() {
				t.Log(got)
			}
		})
	}
}

// TestEmptyStore looks at every list of a service that has just started.
func TestEmptyStore(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"/": "Looking for something to read", "/workloads": "Nothing was collected yet", "/images": "Nothing was collected yet",
		"/vulnerabilities": "Nothing was collected yet", "/coverage": "Nothing was collected yet", "/accounts": "Nothing was collected yet",
		"/unresolved": "Nothing was collected yet", "/scans": "No feed was imported yet", "/coverage?gaps=true": "Nothing was collected yet", "/workloads?name=x": "stowage doctor",
	}
	for path, want := range tests {
		d := getPage(t, newHandler(&fakeStore{}), path, http.StatusOK)
		if got := d.text("main"); !strings.Contains(got, want) {
			t.Errorf("GET %s shows %q, want it to hold %q", path, got, want)
		}
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	done := estate()
	done.status.FirstPass = true
	for _, test := range []struct {
		name  string
		store view.Store
		want  int
	}{{"started", &fakeStore{}, 1}, {"first_pass", estate(), 1}, {"done", done, 0}} {
		for _, path := range []string{"/", "/scans"} {
			d := getPage(t, newHandler(test.store), path, http.StatusOK)
			n := len(d.find(func(n *html.Node) bool { return n.Data == "meta" && attr(n, "http-equiv") == "refresh" }))
			if n != test.want {
				t.Errorf("%s: GET %s has %d refreshes, want %d", test.name, path, n, test.want)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	broken := estate()
	broken.err = errors.New("postgres.Secret: password authentication failed for user stowage")
	tests := []struct {
		store  view.Store
		path   string
		status int
		want   string
	}{
		{estate(), "/nowhere", 404, "No such page"},
		{estate(), "/workloads/unknown", 404, "Not in the inventory"},
		{estate(), "/images/sha256:0000", 404, "Not in the inventory"},
		{estate(), "/vulnerabilities/CVE-1999-0001", 404, "Not in the inventory"},
		{estate(), "/workloads/unknown", 404, "Workload unknown: not found: ask for another."},
		{estate(), "/workloads/several", 409, "2 workloads are meant by several; ask for one of them"},
		{estate(), "/workloads/1z141z3?as_of=yesterday", 400, `as_of is "yesterday", want a time`},
		{estate(), "/workloads?exposed=perhaps", 400, `exposed is "perhaps", want true, false or unknown`},
		{estate(), "/unresolved?cursor=x", 400, `cursor "x" is not one`},
		{estate(), "/workloads?as_of=yesterday", 400, `as_of is "yesterday", want a time`},
		{estate(), "/workloads?severity=awful", 400, `severity "awful": want one of`},
		{estate(), "/workloads?provider=alibaba", 400, `provider is "alibaba", want aws, azure, gcp or kubernetes`},
		{estate(), "/unresolved?provider=alibaba", 400, `provider is "alibaba"`},
		{estate(), "/coverage?outcome=refused", 400, `outcome is "refused", want complete, denied,`},
		{estate(), "/images?state=done", 400, `state is "done", want new, scanned, partial or failed`},
		{estate(), "/images?check=image/user-rot", 400, `check "image/user-rot": there is none of that identifier`},
		{estate(), "/images?kev=maybe", 400, `kev is "maybe", want true or false`},
		{estate(), "/vulnerabilities?cursor=" + url.QueryEscape(hostile), 400, "is not one that a list returned"},
		{estate(), "/coverage?cursor=x", 400, `cursor "x" is not one`},
		{broken, "/", 500, "Something failed inside Stowage"},
		{broken, "/workloads", 500, "Something failed inside Stowage"},
		{broken, "/workloads/1z141z3", 500, "Something failed inside Stowage"},
		{broken, "/accounts", 500, "Something failed inside Stowage"},
	}
	for _, test := range tests {
		d := getPage(t, newHandler(test.store), test.path, test.status)
		got := d.text("main")
		if !strings.Contains(got, test.want) {
			t.Errorf("GET %s shows %q, want it to hold %q", test.path, got, test.want)
		}
		for _, inside := range []string{"postgres", "password", "fake.", "bad query"} {
			if strings.Contains(got, inside) {
				t.Errorf("GET %s shows %q of the inside: %q", test.path, inside, got)
			}
		}
	}
	if resp := get(t, newHandler(estate()), "/api/v1/nowhere"); resp.StatusCode != 404 || strings.Contains(resp.Header.Get("Content-Type"), "html") {
		t.Errorf("GET of an unknown API path = %s, %s, want 404 and no page", resp.Status, resp.Header.Get("Content-Type"))
	}
}

// TestCrawl follows every link from the overview: none leads nowhere, and
// every anchor exists.
func TestCrawl(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]*fakeStore{"estate": estate(), "empty": {}} {
		h := newHandler(store)
		seen := map[string]document{}
		type step struct{ from, to string }
		queue := []step{{"", "/"}}
		for len(queue) > 0 {
			s := queue[0]
			queue = queue[1:]
			target, err := url.Parse(s.to)
			if err != nil {
				t.Fatalf("%s: link %q on %s: %v", name, s.to, s.from, err)
			}
			fragment := target.Fragment
			target.Fragment = ""
			d, ok := seen[target.String()]
			if !ok {
				resp := get(t, h, target.String())
				if resp.StatusCode == http.StatusSeeOther {
					queue = append(queue, step{target.String(), resp.Header.Get("Location")})
				} else if resp.StatusCode != http.StatusOK && !strings.Contains(target.Path, "/vulnerabilities/") {
					t.Errorf("%s: GET %s = %s, linked from %s", name, target, resp.Status, s.from)
				}
				if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
					d = parse(t, resp.Body)
					d.check(t, target.String())
					for _, link := range d.links() {
						if strings.HasPrefix(link, "https://") {
							continue
						}
						absolute, err := target.Parse(link)
						if err != nil {
							t.Fatalf("%s: link %q on %s: %v", name, link, target, err)
						}
						queue = append(queue, step{target.String(), absolute.String()})
					}
				}
				seen[target.String()] = d
			}
			if fragment != "" && d.root != nil && d.byID(fragment) == nil {
				t.Errorf("%s: %s links to %s, which has no #%s", name, s.from, target, fragment)
			}
		}
		if name == "estate" && len(seen) < 50 {
			t.Errorf("crawled %d addresses, want all pages and filters", len(seen))
		}
	}
}

// FuzzNames puts foreign text everywhere on the workload's page.
func FuzzNames(f *testing.F) {
	for _, s := range []string{hostile, `" onload="x`, "javascript:alert(1)", "</title></svg><script>", "\x00\xff", "'><style>", "{{.}}", "aws..x", "a.b."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = "name " + s // Links have a text.
		store := estate()
		w := &store.workloads[1]
		w.Name, w.Cluster, w.Namespace, w.Region, w.UID, w.Identity, w.Images = s, s, s, s, s, s, []string{s}
		w.Containers[0].Name, w.Containers[0].Image, w.Containers[2].Unresolved, w.Containers[1].ImageDigest = s, s, s, s
		w.Exposures[0].Address, w.Exposures[0].Evidence[0].Detail = s, s
		w.Exposures[0].Via, w.Kind = "", ""
		w.IdentityRecord.Name, w.IdentityRecord.Trust = s, []byte(s)
		w.Scope.Reason, w.Scope.Remedy = s, s
		h := newHandler(store)
		getPage(t, h, "/workloads/2hostile", http.StatusOK)
		getPage(t, h, "/workloads?name="+url.QueryEscape(s), http.StatusOK)
	})
}

func BenchmarkWorkloads(b *testing.B) {
	store := estate()
	for len(store.workloads) < 50 {
		store.workloads = append(store.workloads, checkout())
	}
	h := newHandler(store)
	b.ReportAllocs()
	for b.Loop() {
		get(b, h, "/workloads")
	}
}
