package aws

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/middleware"
	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

var update = flag.Bool("update", false, "write the wanted part of the fixtures")

const testAccount = "111122223333"

// A reply is one section of a fixture: what the server answers to a request.
// Its name is "METHOD PATH [TARGET] [WORD…] [=STATUS] [?]": TARGET is the end of
// X-Amz-Target or the Action of the query protocol, and every WORD occurs in
// the query or body. Of several that fit, those with the most words answer, in
// their order; the last one again and again. One with "?" may not be asked for.
type reply struct {
	name                 string
	method, path, target string
	words                []string
	status               int
	body                 []byte
	optional             bool
	used                 int
}

func parseReply(t *testing.T, f txtar.File) *reply {
	t.Helper()
	fields := strings.Fields(f.Name)
	if len(fields) < 2 {
		t.Fatalf("section %q is not METHOD PATH [TARGET] [WORD…] [=STATUS]", f.Name)
	}
	r := &reply{name: f.Name, method: fields[0], path: fields[1], status: http.StatusOK, body: bytes.TrimSpace(f.Data)}
	rest := fields[2:]
	if r.path == "/" && len(rest) > 0 {
		r.target, rest = rest[0], rest[1:]
	}
	for _, word := range rest {
		if word == "?" {
			r.optional = true
			continue
		}
		if status, ok := strings.CutPrefix(word, "="); ok {
			n, err := strconv.Atoi(status)
			if err != nil {
				t.Fatalf("section %q: %v", f.Name, err)
			}
			r.status = n
			continue
		}
		r.words = append(r.words, word)
	}
	return r
}

// A replay is a server that holds one side of a recorded conversation.
type replay struct {
	t       *testing.T
	mu      sync.Mutex
	replies []*reply
}

func (p *replay) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		p.t.Errorf("read request: %v", err)
	}
	target := req.Header.Get("X-Amz-Target")
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
		target = form.Get("Action")
	}
	said := string(body)
	if decoded, err := url.QueryUnescape(said); err == nil && strings.Contains(req.Header.Get("Content-Type"), "form-urlencoded") {
		said = decoded
	}
	said += " " + req.URL.RawQuery

	p.mu.Lock()
	defer p.mu.Unlock()
	var best []*reply
	for _, r := range p.replies {
		if r.method != req.Method || r.path != req.URL.EscapedPath() || !strings.HasSuffix(target, r.target) {
			continue
		}
		if slices.ContainsFunc(r.words, func(word string) bool { return !strings.Contains(said, word) }) {
			continue
		}
		if len(best) > 0 && len(best[0].words) > len(r.words) {
			continue
		}
		if len(best) > 0 && len(best[0].words) < len(r.words) {
			best = nil
		}
		best = append(best, r)
	}
	if len(best) == 0 {
		p.t.Errorf("no section answers %s %s %s\n%s", req.Method, req.URL, target, said)
		w.WriteHeader(http.StatusTeapot)
		return
	}
	r := best[len(best)-1]
	if i := slices.IndexFunc(best, func(r *reply) bool { return r.used == 0 }); i >= 0 {
		r = best[i]
	}
	r.used++
	w.Header().Set("Content-Type", "text/xml")
	if bytes.HasPrefix(r.body, []byte("{")) {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body)
}

// recorder is a sink that keeps the records.
type recorder struct {
	mu      sync.Mutex
	records []inventory.Record
}

func (r *recorder) Emit(record inventory.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = append(r.records, record)
	return nil
}

// print returns the records, sorted, as the fixtures have them.
func (r *recorder) print(t *testing.T) string {
	t.Helper()
	slices.SortFunc(r.records, func(a, b inventory.Record) int {
		return cmp.Or(cmp.Compare(a.RecordType(), b.RecordType()), cmp.Compare(a.RecordUID(), b.RecordUID()))
	})
	var b strings.Builder
	for _, record := range r.records {
		data, err := json.MarshalIndent(record, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s\n%s\n", record.RecordType(), record.RecordUID(), data)
	}
	return b.String()
}

// known answers from lines "HOST REPOSITORY TAG DIGEST", "-" for none.
type known []string

func (k known) RunningImages(_ context.Context, host string) iter.Seq2[collect.RunningImage, error] {
	return func(yield func(collect.RunningImage, error) bool) {
		for _, line := range k {
			f := strings.Fields(strings.ReplaceAll(line, " -", " \x00"))
			if len(f) != 4 || f[0] != host {
				continue
			}
			i := collect.RunningImage{Repository: f[1], Tag: strings.Trim(f[2], "\x00"), Digest: strings.Trim(f[3], "\x00")}
			if !yield(i, nil) {
				return
			}
		}
	}
}

// testCloud returns a cloud that speaks to a server on loopback, with ambient
// credentials of testAccount. calls takes the actions that are called.
func testCloud(t *testing.T, endpoint string, o Options, calls *sync.Map) *Cloud {
	t.Helper()
	c, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	c.base.Region = "eu-west-1"
	c.base.BaseEndpoint = &endpoint
	c.base.Credentials = credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")
	c.identity = callerIdentity{account: testAccount, partition: "aws"}
	c.backoff = time.Millisecond
	if calls != nil {
		c.base.APIOptions = append(c.base.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("test/record",
				func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
					calls.Store(actionOf(ctx), true)
					return next.HandleInitialize(ctx, in)
				}), middleware.After)
		})
	}
	return c
}

// runScope runs the collector that a scope names.
func runScope(t *testing.T, c *Cloud, scope collect.Scope, out collect.Sink) inventory.ScopeResult {
	t.Helper()
	runner, err := collect.NewRunner(c.Collectors()...)
	if err != nil {
		t.Fatal(err)
	}
	result, err := runner.Run(t.Context(), scope, out)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// testScope returns the scope of a collector.
func testScope(name string) collect.Scope {
	s := collect.Scope{
		ScopeKey: inventory.ScopeKey{Provider: inventory.AWS, Account: testAccount, Region: "eu-west-1", Collector: name},
		Known:    known(nil),
	}
	for _, v := range append(slices.Clone(sources), services...) {
		if v.name == name && v.global {
			s.Region = inventory.Global
		}
	}
	return s
}

// runFixture replays the conversation of a fixture and compares what the
// collector made of it.
func runFixture(t *testing.T, path string, calls *sync.Map) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	name, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(path), ".txtar"), "_")
	scope, o, want, wantAt := testScope(name), Options{}, "", -1
	server := &replay{t: t}
	for i, f := range archive.Files {
		switch f.Name {
		case "want":
			want, wantAt = string(f.Data), i
		case "running":
			scope.Known = known(strings.Split(string(f.Data), "\n"))
		case "params":
			if err := json.Unmarshal(f.Data, &scope.Params); err != nil {
				t.Fatal(err)
			}
		case "regions":
			o.Regions = strings.Fields(string(f.Data))
		default:
			server.replies = append(server.replies, parseReply(t, f))
		}
	}
	listener := httptest.NewServer(server)
	defer listener.Close()

	var out recorder
	result := runScope(t, testCloud(t, listener.URL, o, calls), scope, &out)
	got := out.print(t)
	if result.Outcome != inventory.Complete {
		data, err := json.MarshalIndent(result, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		got = string(data) + "\n" + got
	}
	for _, r := range server.replies {
		if r.used == 0 && !r.optional {
			t.Errorf("section %q was not asked for", r.name)
		}
	}
	if *update && wantAt >= 0 {
		archive.Files[wantAt].Data = []byte(got)
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("records mismatch (-want +got):\n%s", diff)
	}
}

// TestFixtures replays testdata/<collector>[_<case>].txtar for every collector
// and checks that every declared call is made in one of them.
func TestFixtures(t *testing.T) {
	for _, declared := range Declarations() {
		t.Run(declared.Name, func(t *testing.T) {
			t.Parallel()
			if len(declared.Calls) == 0 {
				return // It makes no conversation; its own test covers it.
			}
			paths, err := filepath.Glob("testdata/" + declared.Name + "*.txtar")
			if err != nil || len(paths) == 0 {
				t.Fatalf("collector %s has no fixture in testdata (%v)", declared.Name, err)
			}
			var calls sync.Map
			for _, path := range paths {
				t.Run(filepath.Base(path), func(t *testing.T) { runFixture(t, path, &calls) })
			}
			for _, call := range declared.Calls {
				// Calls without a class are made by others, such as the scanner.
				if _, ok := calls.Load(call.Action); !ok && call.Class != "" && call.Action != "ecr:GetAuthorizationToken" {
					t.Errorf("no fixture makes the declared call %s", call.Action)
				}
			}
		})
	}
}

func TestDeclarations(t *testing.T) {
	t.Parallel()
	kinds := map[inventory.Kind]string{}
	for _, c := range append(Declarations(), hub.collector()) {
		for _, call := range c.Calls {
			if _, ok := limits[call.Class]; !ok && call.Class != "" {
				t.Errorf("%s: class %q of %s has no limit", c.Name, call.Class, call.Action)
			}
		}
		for _, k := range c.Kinds {
			if other, ok := kinds[k]; ok {
				t.Errorf("kind %s is emitted by %s and %s", k, other, c.Name)
			}
			kinds[k] = c.Name
		}
	}
	names := make([]string, 0, len(services))
	for _, v := range services {
		names = append(names, v.name)
	}
	if !slices.IsSorted(names) {
		t.Errorf("services are not in alphabetical order: %q", names)
	}
	if _, err := collect.Documents(Declarations()); err != nil {
		t.Error(err)
	}
	for class := range maps.Keys(limits) {
		if l := limits[class]; l.Rate <= 0 || l.Burst <= 0 {
			t.Errorf("limit of class %q is %+v", class, l)
		}
	}
}
