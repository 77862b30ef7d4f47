package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/client"
	"github.com/stowage-dev/stowage/internal/view"
)

// serve starts a server and returns its client.
func serve(t *testing.T, h http.HandlerFunc) (*client.Client, string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := client.New(s.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	return c, s.URL
}

// answer returns a handler that always answers so.
func answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"http://127.0.0.1:8080", "https://stowage.example/", "http://[::1]:1", client.DefaultURL} {
		if _, err := client.New(base); err != nil {
			t.Errorf("New(%q): %v", base, err)
		}
	}
	for _, base := range []string{"", "127.0.0.1:8080", "ftp://x", "http://", "localhost", "http://a b", "://"} {
		if _, err := client.New(base); err == nil || !strings.Contains(err.Error(), client.DefaultURL) {
			t.Errorf("New(%q): %v, want an error with an example", base, err)
		}
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	var got string
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Method + " " + r.URL.RequestURI()
		_ = json.NewEncoder(w).Encode(view.Workload{Name: "cart"})
	})
	path := "/workloads/" + url.PathEscape("arn:aws:ecs:eu-west-1:1:service/shop/cart")
	w, err := client.Get[view.Workload](t.Context(), c, path, url.Values{"as_of": {"2026-11-01"}})
	if err != nil || w.Name != "cart" {
		t.Errorf("workload = %+v, %v, want cart", w, err)
	}
	// The slashes of a name do not become those of the path.
	if want := "GET /api/v1/workloads/arn:aws:ecs:eu-west-1:1:service%2Fshop%2Fcart?as_of=2026-11-01"; got != want {
		t.Errorf("request = %s, want %s", got, want)
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	const problem = "application/problem+json"
	tests := []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"detail", 404, `{"title":"Not Found","status":404,"detail":"workload cart: not found"}`, "workload cart: not found"},
		{
			"parts", 422, `{"title":"Unprocessable Entity","status":422,"detail":"validation failed","errors":[{"message":"expected number >= 1","location":"query.limit","value":0}]}`,
			"validation failed; query.limit expected number >= 1",
		},
		{
			"candidates", 409, `{"status":409,"detail":"2 workloads are meant by cart; ask for one of them","errors":[{"message":"aws.ecs.service 1","location":"workload","value":"k1"},{"message":"aws.ecs.service 2","location":"workload","value":"k2"}]}`,
			"2 workloads are meant by cart; ask for one of them:\n  k1  aws.ecs.service 1\n  k2  aws.ecs.service 2",
		},
		{"nothing", 503, `{}`, "the server answered 503 Service Unavailable"},
		{"a_page", 404, "<html>no such page</html>", "is it a Stowage server?"},
		{"empty", 500, "", "is it a Stowage server?"},
		{"huge", 500, `{"detail":"` + strings.Repeat("x", 1<<20) + `"}`, "is it a Stowage server?"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, _ := serve(t, answer(test.status, problem, test.body))
			_, err := client.Get[view.Status](t.Context(), c, "/status", nil)
			e, ok := errors.AsType[*client.Error](err)
			if !ok || e.Status != test.status || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want status %d and %q", err, test.status, test.want)
			}
			if len(err.Error()) > 1000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"no_json": "<html>", "other_json": `[1]`, "cut": `{"accounts": 1`} {
		c, base := serve(t, answer(http.StatusOK, "application/json", body))
		if _, err := client.Get[view.Status](t.Context(), c, "/status", nil); err == nil || !strings.Contains(err.Error(), base+"/api/v1/status") {
			t.Errorf("%s: %v, want an error that names the address", name, err)
		}
	}
}

func TestNoAnswer(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(nil)
	s.Close()
	c, err := client.New(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Get[view.Status](t.Context(), c, "/status", nil)
	for _, want := range []string{"no answer from " + s.URL, "refused", "stowage up", "STOWAGE_URL"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want it to hold %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Get[view.Status](ctx, c, "/status", nil); !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "stowage up") {
		t.Errorf("canceled: %v, want that alone", err)
	}
}

// numbered serves the numbers below n in pages of at most limit, and remembers
// the queries.
func numbered(n int, queries *[]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		*queries = append(*queries, r.URL.RawQuery)
		start, limit := 0, 2
		if c := r.URL.Query().Get("cursor"); c != "" {
			if _, err := fmt.Sscan(c, &start); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
		}
		var page view.Page[int]
		for i := start; i < min(start+limit, n); i++ {
			page.Items = append(page.Items, i)
		}
		if start+limit < n {
			page.Next = fmt.Sprint(start + limit)
		}
		_ = json.NewEncoder(w).Encode(page)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	var queries []string
	c, _ := serve(t, numbered(5, &queries))
	query := url.Values{"name": {"x y"}}
	var got []int
	for n, err := range client.List[int](t.Context(), c, "/numbers", query) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, n)
	}
	if diff := cmp.Diff([]int{0, 1, 2, 3, 4}, got); diff != "" {
		t.Errorf("items mismatch (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"name=x+y", "cursor=2&name=x+y", "cursor=4&name=x+y"}, queries); diff != "" {
		t.Errorf("queries mismatch (-want +got):\n%s", diff)
	}
	if len(query) != 1 {
		t.Errorf("the query became %v", query)
	}
}

// TestListStops takes no page more than the reader wants.
func TestListStops(t *testing.T) {
	t.Parallel()
	var queries []string
	c, _ := serve(t, numbered(1000, &queries))
	for n, err := range client.List[int](t.Context(), c, "/numbers", nil) {
		if err != nil {
			t.Fatal(err)
		}
		if n == 2 {
			break
		}
	}
	if len(queries) != 2 {
		t.Errorf("%d requests, want two", len(queries))
	}
}

func TestListFails(t *testing.T) {
	t.Parallel()
	var queries []string
	pages := numbered(5, &queries)
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("cursor") {
			answer(500, "application/problem+json", `{"detail":"the server could not answer"}`)(w, r)
			return
		}
		pages(w, r)
	})
	items, failures := 0, 0
	for _, err := range client.List[int](t.Context(), c, "/numbers", nil) {
		if err != nil {
			failures++
			continue
		}
		items++
	}
	if items != 2 || failures != 1 {
		t.Errorf("%d items and %d errors, want those of the first page and then one error", items, failures)
	}
}

// TestOpenStreams reads an answer that has not ended, and learns when it is cut.
func TestOpenStreams(t *testing.T) {
	t.Parallel()
	more := make(chan bool)
	c, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "first\n")
		_ = http.NewResponseController(w).Flush()
		<-more
		panic(http.ErrAbortHandler)
	})
	body, err := c.Open(t.Context(), "/export/workloads", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	first := make([]byte, len("first\n"))
	if _, err := io.ReadFull(body, first); err != nil || string(first) != "first\n" {
		t.Fatalf("read %q, %v, want the first line before the answer ends", first, err)
	}
	close(more)
	if rest, err := io.ReadAll(body); err == nil {
		t.Errorf("read %q and no error, want one as the answer was cut", rest)
	}
}
