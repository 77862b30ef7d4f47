package job

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river/rivertype"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/view"
)

// The packages of the test images, and the advisory that concerns one of them.
const (
	vulnerable = "openssl 3.0.11-1"
	harmless   = "zlib1g 1.2.13-1"
)

// TestPipeline goes from a configured account to the findings of its images.
func TestPipeline(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	shop, shopDigest := r.registry.debian("shop/cart", vulnerable, harmless)
	bare, _ := r.registry.debian("shop/bare", harmless)
	r.publish("TEST-2026-0001", "openssl", "3.0.11-2")
	r.exploited("CVE-2020-0001")
	r.roots.Scopes = []inventory.ChildScope{root("111122223333", "account")}
	// The account shows a scope in itself and one in another account; those
	// show workloads, of which one has no digest from the runtime.
	member := root("444455556666", "ecs")
	cart, other := service("cart", shop, shopDigest), service("other", bare, "")
	var order []string
	var mu sync.Mutex
	note := func(s collect.Scope) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, s.Collector)
	}
	last := collector("exposure", func(ctx context.Context, s collect.Scope) ([]inventory.Record, error) {
		note(s)
		for w, err := range s.Facts.Workloads(ctx) {
			if err != nil || w.UID != cart.UID {
				return nil, fmt.Errorf("workload %s: %w", w.UID, err)
			}
			return []inventory.Record{inventory.Exposure{Workload: w.UID, Via: "aws.ec2.public_ip", Address: "192.0.2.1", Ports: []int{443}}}, nil
		}
		return nil, nil
	})
	last.ReadsInventory = true
	c := r.client(
		emits("account", root("111122223333", "exposure"), root("111122223333", "ecs"), member),
		collector("ecs", func(_ context.Context, s collect.Scope) ([]inventory.Record, error) {
			if s.Account == member.Account {
				return []inventory.Record{other}, nil
			}
			note(s)
			return []inventory.Record{cart}, nil
		}),
		last,
	)
	r.start(c)
	r.advisories(c)
	s := r.pass(c)
	if !s.Covered || s.Accounts != 2 || s.Workloads != 2 || s.Images["scanned"] != 2 || s.Unresolved != 0 || s.Advisories != 1 {
		t.Errorf("status = %+v, want 2 accounts, 2 workloads, 2 scanned images, 1 advisory", s)
	}
	if diff := cmp.Diff([]string{"ecs", "exposure"}, order); diff != "" {
		t.Errorf("order of collectors (-want +got):\n%s", diff)
	}
	if got := r.workload(cart.UID); got.Exposed != view.ExposedYes || got.KEV || len(got.Containers) != 1 || got.Containers[0].ImageDigest != shopDigest {
		t.Errorf("cart = exposed %s, KEV %t, containers %+v, want exposed with image %s", got.Exposed, got.KEV, got.Containers, shopDigest)
	}
	detail, err := r.db.Reader(tenant).Image(t.Context(), shopDigest)
	if err != nil {
		t.Fatal(err)
	}
	if len(detail.Vulnerabilities) != 1 || detail.Vulnerabilities[0].Vulnerability != "CVE-2026-0001" || detail.Packages != 2 ||
		detail.Distribution != "Debian:12" {
		t.Errorf("image = %d packages of %s, vulnerabilities %+v, want 2 of Debian:12 and CVE-2026-0001",
			detail.Packages, detail.Distribution, detail.Vulnerabilities)
	}

	requests := r.registry.seen()
	t.Run("again", func(t *testing.T) {
		jobs := len(r.jobs(c, "resolve")) + len(r.jobs(c, "scan")) + len(r.jobs(c, "match_image"))
		r.pass(c)
		if again := len(r.jobs(c, "resolve")) + len(r.jobs(c, "scan")) + len(r.jobs(c, "match_image")); again != jobs {
			t.Errorf("an unchanged pass enqueued %d jobs", again-jobs)
		}
	})
	t.Run("kev", func(t *testing.T) {
		r.exploited("CVE-2020-0001", "CVE-2026-0001")
		r.advisories(c)
		if !r.workload(cart.UID).KEV {
			t.Error("the catalogue lists a vulnerability, the workload does not show it")
		}
	})
	t.Run("new_advisory", func(t *testing.T) {
		r.publish("TEST-2026-0002", "zlib1g", "1.2.13-2")
		r.advisories(c)
		d, err := r.db.Reader(tenant).Vulnerability(t.Context(), "CVE-2026-0002")
		if err != nil || d.Workloads != 2 {
			t.Errorf("vulnerability = %+v, %v, want 2 workloads", d, err)
		}
	})
	if now := r.registry.seen(); now != requests {
		t.Errorf("%d requests to the registry after the first pass, want none", now-requests)
	}
	t.Run("broken_feed", func(t *testing.T) {
		if err := os.WriteFile(filepath.Join(r.feed, "TEST-2026-0001.json"), []byte(`{"id": "TEST-2026-0001", "aff`), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(r.kev, []byte(`<html>`), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.Import(t.Context(), false); err == nil {
			t.Error("a broken catalogue is no error")
		}
		s, err := r.db.Reader(tenant).Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s.Advisories != 2 || s.KEV != 1 {
			t.Errorf("%d advisories, %d exploited, want the 2 and 1 of before", s.Advisories, s.KEV)
		}
		if !slices.ContainsFunc(s.Feeds, func(f view.Feed) bool { return f.Source == kevSource && f.Error != "" }) {
			t.Errorf("feeds = %+v, want the catalogue's error", s.Feeds)
		}
	})
}

func TestUnique(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	c := r.client()
	ctx := t.Context()
	for range 2 {
		if err := c.Plan(ctx); err != nil {
			t.Fatal(err)
		}
		if err := c.ImportSoon(ctx); err != nil {
			t.Fatal(err)
		}
		refs := []postgres.Reference{{Host: "r.example", Repository: "a", Tag: "1", Digest: "sha256:1", Architecture: "amd64"}}
		if err := c.insert(ctx, append(resolveJobs(tenant, refs), scanJob(postgres.ImageState{ID: 7}))); err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range []string{"plan", "import_advisories", "resolve", "scan"} {
		r.only(c, kind)
	}
}

func TestScanPriority(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		state postgres.ImageState
		want  int
	}{
		{"exposed", postgres.ImageState{Exposed: true}, urgent},
		{"high_score", postgres.ImageState{TopScore: exposedScore}, soon},
		{"plain", postgres.ImageState{}, normal},
		{"scanned_before", postgres.ImageState{ScanVersion: 1, Exposed: true}, later},
	} {
		if got := scanJob(test.state).InsertOpts.Priority; got != test.want {
			t.Errorf("%s: priority %d, want %d", test.name, got, test.want)
		}
	}
}

// TestDenied loses a permission: the gap is recorded, and what was seen before
// stays.
func TestDenied(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.roots.Scopes = []inventory.ChildScope{root("111122223333", "ecs")}
	w := service("cart", "", "")
	denied := false
	c := r.client(collector("ecs", func(context.Context, collect.Scope) ([]inventory.Record, error) {
		if denied {
			return nil, &collect.Error{Outcome: inventory.Denied, Action: "ecs:ListClusters", On: "111122223333/eu-west-1"}
		}
		return []inventory.Record{w}, nil
	}))
	r.start(c)
	r.pass(c)
	denied = true
	s := r.pass(c)
	if s.Covered || s.Workloads != 1 {
		t.Errorf("covered %t with %d workloads, want a gap and the workload of before", s.Covered, s.Workloads)
	}
	got := r.scope(r.roots.Scopes[0].ScopeKey)
	if got.Outcome != inventory.Denied || got.Permission != "ecs:ListClusters" || !strings.Contains(got.Reason, "111122223333") || !got.Stale {
		t.Errorf("scope = %+v, want it denied for want of ecs:ListClusters, and stale", got)
	}
}

// TestUnknownProvider loses the credentials: that is no reason to give up what
// is known. Roots that the configuration no longer names end.
func TestUnknownProvider(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.roots.Scopes = []inventory.ChildScope{root("111122223333", "ecs")}
	collected := 0
	c := r.client(collector("ecs", func(context.Context, collect.Scope) ([]inventory.Record, error) {
		collected++
		return []inventory.Record{service("cart", "", "")}, nil
	}))
	r.start(c)
	r.pass(c)
	r.roots = Roots{Unknown: map[inventory.Provider]error{inventory.AWS: context.DeadlineExceeded}}
	if s := r.pass(c); s.Workloads != 1 || collected != 2 {
		t.Errorf("without credentials: %d workloads after %d collections, want 1 after 2", s.Workloads, collected)
	}
	r.roots = Roots{}
	if err := c.Plan(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.await("the account ends", func(s view.Status) bool { return len(s.Scopes) == 0 })
}

// TestNoCollector finds a scope of another configuration in the inventory.
func TestNoCollector(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.roots.Scopes = []inventory.ChildScope{root("111122223333", "ecs"), root("111122223333", "lambda")}
	c := r.client(emits("ecs", service("cart", "", "")))
	r.start(c)
	if s := r.pass(c); s.Workloads != 1 {
		t.Errorf("%d workloads, want that of the other scope", s.Workloads)
	}
	if got := r.scope(r.roots.Scopes[1].ScopeKey); got.Outcome != inventory.Failed || got.Reason == "" || got.Remedy == "" {
		t.Errorf("scope = %+v, want failed with reason and remedy", got)
	}
	if job := r.only(c, "collect"); len(job.Errors) > 0 {
		t.Errorf("the job failed: %+v", job.Errors)
	}
}

// TestRegistryFailures tells failures that pass from those that do not.
func TestRegistryFailures(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status  int
		header  []string
		want    rivertype.JobState
		attempt int
		problem string
	}{
		"not_found": {status: http.StatusNotFound, want: rivertype.JobStateCancelled, attempt: 1, problem: "not found"},
		"denied":    {status: http.StatusForbidden, want: rivertype.JobStateCancelled, attempt: 1, problem: "configure credentials"},
		"throttled": {
			status: http.StatusTooManyRequests, header: []string{"Retry-After", "120"},
			want: rivertype.JobStateScheduled, attempt: 0, problem: "retry after 2m0s",
		},
		"failing": {status: http.StatusInternalServerError, want: rivertype.JobStateAvailable, attempt: 1, problem: "the server itself is failing"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			ref, digest := r.registry.debian("shop/cart", harmless)
			r.registry.status(test.status, test.header...)
			r.roots.Scopes = []inventory.ChildScope{root("111122223333", "ecs")}
			w := service("cart", ref, digest)
			c := r.client(emits("ecs", w))
			r.start(c)
			if err := c.Plan(t.Context()); err != nil {
				t.Fatal(err)
			}
			var job *rivertype.JobRow
			r.await("the registry refuses", func(view.Status) bool {
				jobs := r.jobs(c, "resolve")
				if len(jobs) == 1 && jobs[0].State != rivertype.JobStateRunning && (len(jobs[0].Errors) > 0 || strings.Contains(string(jobs[0].Metadata), "snoozes")) {
					job = jobs[0]
				}
				return job != nil
			})
			// A job that is to be tried within seconds counts as available.
			if job.State == rivertype.JobStateRetryable {
				job.State = rivertype.JobStateAvailable
			}
			if job.State != test.want || job.Attempt != test.attempt {
				t.Errorf("job is %s after attempt %d, want %s after %d", job.State, job.Attempt, test.want, test.attempt)
			}
			if test.want == rivertype.JobStateScheduled {
				if wait := time.Until(job.ScheduledAt); wait < time.Minute || wait > 3*time.Minute {
					t.Errorf("next try in %s, want the two minutes that the registry asks for", wait)
				}
			}
			got, err := r.db.Reader(tenant).Image(t.Context(), digest)
			if err != nil {
				t.Fatal(err)
			}
			if got.ScanState != "failed" || !strings.Contains(got.ScanError, test.problem) {
				t.Errorf("image is %s: %q, want failed: %s", got.ScanState, got.ScanError, test.problem)
			}
		})
	}
}

// TestRegistryRecovers fails for a moment: the next try does the work.
func TestRegistryRecovers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ref, digest := r.registry.debian("shop/cart", harmless)
	refusals := 0
	r.registry.answer(func(w http.ResponseWriter, req *http.Request) bool {
		if !strings.Contains(req.URL.Path, "/manifests/") || refusals == 1 {
			return false
		}
		refusals++
		w.Header().Set("Retry-After", "11") // Longer than the client itself waits.
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	})
	r.roots.Scopes = []inventory.ChildScope{root("111122223333", "ecs")}
	c := r.client(emits("ecs", service("cart", ref, digest)))
	r.start(c)
	if err := c.Plan(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.await("the job is put off", func(view.Status) bool {
		jobs := r.jobs(c, "resolve")
		return len(jobs) == 1 && jobs[0].State == rivertype.JobStateScheduled
	})
	// A new client knows of no pause: it stands for one that waited.
	later := r.client()
	if _, err := later.river.JobRetry(t.Context(), r.only(c, "resolve").ID); err != nil {
		t.Fatal(err)
	}
	stop(t, c)
	r.start(later)
	r.await("the image is scanned", func(s view.Status) bool { return s.Images["scanned"] == 1 })
}

// TestSecondRepository reads an image from the repository that may be read.
func TestSecondRepository(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	closed, digest := r.registry.debian("closed/cart", vulnerable)
	open, again := r.registry.debian("open/cart", vulnerable)
	if digest != again {
		t.Fatalf("digests %s and %s differ", digest, again)
	}
	layer := r.registry.layer(closed)
	r.registry.answer(func(w http.ResponseWriter, req *http.Request) bool {
		if req.URL.Path != "/v2/closed/cart/blobs/"+layer {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		return true
	})
	r.roots.Scopes = []inventory.ChildScope{root("111122223333", "ecs")}
	// The closed repository is used more often and so asked first.
	c := r.client(emits("ecs", service("a", closed, digest), service("b", closed, digest), service("c", open, digest)))
	r.start(c)
	if s := r.pass(c); s.Images["scanned"] != 1 {
		t.Errorf("images = %v, want one scanned", s.Images)
	}
}

// TestInterrupted stops a client in the middle of an account: the next one
// goes on with what is left.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.roots.Scopes = []inventory.ChildScope{root("111122223333", "quick"), root("111122223333", "slow")}
	var mu sync.Mutex
	tried := map[string]int{}
	blocked := make(chan struct{})
	read := func(ctx context.Context, s collect.Scope) ([]inventory.Record, error) {
		mu.Lock()
		tried[s.Collector]++
		first := tried[s.Collector] == 1
		mu.Unlock()
		if s.Collector == "slow" && first {
			close(blocked)
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return []inventory.Record{service(s.Collector, "", "")}, nil
	}
	c := r.client(collector("quick", read), collector("slow", read))
	r.start(c)
	if err := c.Plan(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-blocked
	r.await("the quick scope is complete", func(s view.Status) bool { return s.Scopes[inventory.Complete] == 1 })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := c.river.StopAndCancel(ctx); err != nil {
		t.Fatal(err)
	}
	if job := r.only(c, "collect"); job.State != rivertype.JobStateAvailable || job.Attempt != 0 {
		t.Errorf("the interrupted job is %s after attempt %d, want it available and no attempt spent", job.State, job.Attempt)
	}
	next := r.client(collector("quick", read), collector("slow", read))
	r.start(next)
	s := r.await("the pass ends", idle)
	if s.Workloads != 2 || !s.Covered {
		t.Errorf("%d workloads, covered %t, want both", s.Workloads, s.Covered)
	}
	if diff := cmp.Diff(map[string]int{"quick": 1, "slow": 2}, tried); diff != "" {
		t.Errorf("tries (-want +got):\n%s", diff)
	}
}

// stop stops a client in an orderly way.
func stop(t *testing.T, c *Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := c.Stop(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestStop lets a running job end, and begins no other.
func TestStop(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.roots.Scopes = []inventory.ChildScope{root("111122223333", "ecs")}
	running, end := make(chan struct{}), make(chan struct{})
	c := r.client(collector("ecs", func(context.Context, collect.Scope) ([]inventory.Record, error) {
		close(running)
		<-end
		return []inventory.Record{service("cart", "", "")}, nil
	}))
	r.start(c)
	if err := c.Plan(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-running
	go close(end)
	stop(t, c)
	if job := r.only(c, "collect"); job.State != rivertype.JobStateCompleted {
		t.Errorf("the job that ran is %s, want completed", job.State)
	}
}

// TestReplicas runs two clients with room for one account each: an account's
// collection waits until another one runs, so that it takes both.
func TestReplicas(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const accounts = 12
	for n := range accounts {
		r.roots.Scopes = append(r.roots.Scopes, root(fmt.Sprintf("%012d", n), "ecs"))
	}
	var mu sync.Mutex
	tried := map[string]int{}
	both := make(chan struct{})
	read := func(ctx context.Context, s collect.Scope) ([]inventory.Record, error) {
		mu.Lock()
		tried[s.Account]++
		if len(tried) == 2 {
			close(both)
		}
		mu.Unlock()
		select {
		case <-both:
		case <-ctx.Done():
		}
		w := service("cart", "", "")
		w.UID += s.Account
		return []inventory.Record{w}, nil
	}
	r.concurrency = 1
	one, two := r.client(collector("ecs", read)), r.client(collector("ecs", read))
	r.start(one)
	r.start(two)
	r.pass(one)
	for account, n := range tried {
		if n != 1 {
			t.Errorf("account %s was collected %d times", account, n)
		}
	}
	if len(tried) != accounts {
		t.Errorf("%d accounts were collected, want %d", len(tried), accounts)
	}
}
