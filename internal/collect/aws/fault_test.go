package aws

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// serve returns the URL of a server on loopback.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// answer writes a JSON reply.
func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

const (
	throttling = `{"__type": "ThrottlingException", "message": "Rate exceeded"}`
	noClusters = `{"clusterArns": []}`
)

func TestThrottledThenServed(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 4 {
			answer(w, 400, throttling)
			return
		}
		answer(w, 200, noClusters)
	})
	c := testCloud(t, url, Options{}, nil)
	if got := runScope(t, c, testScope("ecs"), &recorder{}); got.Outcome != inventory.Complete || asked.Load() != 4 {
		t.Errorf("result = %+v after %d requests, want complete after 4", got, asked.Load())
	}
	bucket := collect.Bucket{Account: testAccount, Region: "eu-west-1", Class: "ecs/cluster-read"}
	if got, full := c.limiter.Rate(bucket), limits[bucket.Class].Rate; got <= 0 || got >= full {
		t.Errorf("rate after throttling = %v, want less than %v", got, full)
	}
}

func TestThrottledToTheEnd(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		answer(w, 400, throttling)
	})
	got := runScope(t, testCloud(t, url, Options{}, nil), testScope("ecs"), &recorder{})
	want := inventory.ScopeResult{
		Outcome: inventory.Throttled,
		Reason:  "ecs:ListClusters throttled in 111122223333/eu-west-1 6 times in a row",
		Remedy:  "nothing: the next run tries again, at a lower rate",
	}
	if diff := gocmp.Diff(want, got); diff != "" || asked.Load() != maxAttempts {
		t.Errorf("%d requests, result mismatch (-want +got):\n%s", asked.Load(), diff)
	}
}

func TestBodyCutShort(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.Header().Set("Content-Length", "1000") // The connection ends before.
		}
		answer(w, 200, noClusters)
	})
	if got := runScope(t, testCloud(t, url, Options{}, nil), testScope("ecs"), &recorder{}); got.Outcome != inventory.Complete || asked.Load() != 2 {
		t.Errorf("result = %+v after %d requests, want complete after 2", got, asked.Load())
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	got := runScope(t, testCloud(t, server.URL, Options{}, nil), testScope("ecs"), &recorder{})
	if got.Outcome != inventory.Unreachable || !strings.Contains(got.Reason, "connection refused") {
		t.Errorf("result = %+v, want unreachable, connection refused", got)
	}
}

// TestForeignCertificate has a proxy in the way whose certificate no CA that is
// known here signed.
func TestForeignCertificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a request was sent to a server that nobody vouches for")
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	got := runScope(t, testCloud(t, server.URL, Options{}, nil), testScope("ecs"), new(recorder))
	if got.Outcome != inventory.Unreachable || !strings.Contains(got.Reason, "certificate") || !strings.Contains(got.Remedy, "CA certificates") {
		t.Errorf("result = %+v, want unreachable for the certificate, and where to look", got)
	}
}

func TestServerFailure(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amzn-Requestid", r.Header.Get("Amz-Sdk-Invocation-Id"))
		answer(w, 500, `{"__type": "ServerException", "message": "Service Unavailable."}`)
	})
	c := testCloud(t, url, Options{}, nil)
	got := runScope(t, c, testScope("ecs"), &recorder{})
	want := inventory.ScopeResult{
		Outcome: inventory.Failed,
		Reason:  "ecs:ListClusters failed in 111122223333/eu-west-1: ServerException: Service Unavailable.",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("result mismatch (-want +got):\n%s", diff)
	}
}

func TestCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil { // The server sees the end of the connection only then.
			t.Errorf("read request: %v", err)
		}
		cancel()
		<-r.Context().Done()
	})
	runner, err := collect.NewRunner(testCloud(t, url, Options{}, nil).Collectors()...)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := runner.Run(ctx, testScope("ecs"), &recorder{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Run = %+v, %v, want the error %v", got, err, context.Canceled)
	}
}

func TestUndeclaredCall(t *testing.T) {
	t.Parallel()
	url := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("an undeclared call was sent") })
	c := testCloud(t, url, Options{}, nil)
	declared := ecsService.collector()
	declared.Calls = nil
	s, err := c.session(t.Context(), testScope("ecs"), declared)
	if err != nil {
		t.Fatal(err)
	}
	if err := collectECS(t.Context(), s, &recorder{}); err == nil || !strings.Contains(err.Error(), "ecs:ListClusters without declaring it") {
		t.Errorf("error = %v, want one that names the call", err)
	}
}

// TestManyPages reads 250 clusters of three tasks each.
func TestManyPages(t *testing.T) {
	t.Parallel()
	const clusters, tasks = 250, 3
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { answerEstate(t, w, r, clusters, tasks) })
	c := testCloud(t, url, Options{}, nil)
	c.limiter = unlimited(ecsService)
	var out recorder
	if got := runScope(t, c, testScope("ecs"), &out); got.Outcome != inventory.Complete || len(out.records) != clusters {
		t.Fatalf("result = %+v with %d records, want complete with %d", got, len(out.records), clusters)
	}
	for _, r := range out.records {
		if w := r.(inventory.Workload); w.Replicas != tasks || len(w.Containers) != 1 || w.Containers[0].Replicas != tasks {
			t.Fatalf("workload %+v, want %d replicas", w, tasks)
		}
	}
}

// unlimited returns a limiter whose buckets for a service do not limit.
func unlimited(v service) *collect.Limiter {
	l := new(collect.Limiter)
	for _, call := range v.calls {
		bucket := collect.Bucket{Account: testAccount, Region: "eu-west-1", Class: call.Class}
		_ = l.Wait(context.Background(), bucket, collect.Limit{Rate: 1e9, Burst: 1e9})
	}
	return l
}
