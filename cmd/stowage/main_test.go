package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/postgres/storetest"
	"github.com/stowage-dev/stowage/internal/view"
)

// call runs a command line and returns what it exits with and prints.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return callWith(t.Context(), args...)
}

func callWith(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(ctx, args, &out, &errs)
	return code, out.String(), errs.String()
}

// hostile moves the cursor, changes colours, breaks lines and turns text
// around.
const hostile = "cart\x1b[2J\x1b]0;owned\x07\r\n\u009b31m\u202egnp.exe\u2028"

var (
	scope  = inventory.ScopeKey{Provider: inventory.AWS, Account: "111122223333", Region: "eu-west-1", Collector: "ecs"}
	denied = inventory.ScopeKey{Provider: inventory.AWS, Account: "111122223333", Region: "eu-west-1", Collector: "lambda"}
	ways   = inventory.ScopeKey{Provider: inventory.AWS, Account: "111122223333", Region: "eu-west-1", Collector: "exposure"}
	cart   = inventory.Workload{
		UID: "arn:aws:ecs:eu-west-1:111122223333:service/shop/cart", Kind: "aws.ecs.service", Name: hostile, Cluster: hostile,
		Replicas: 2, Identity: hostile, Containers: []inventory.Container{{
			Name: hostile, Type: inventory.MainContainer, Image: "registry.example/shop/cart:1", Replicas: 2,
			Digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", Architecture: "amd64",
		}},
	}
)

// server serves a store with a workload, a gap and hostile names.
func server(t *testing.T) (url string) {
	t.Helper()
	db := storetest.Open(t)
	ctx := t.Context()
	if err := db.PutRoots(ctx, postgres.DefaultTenant, []inventory.ChildScope{{ScopeKey: scope}, {ScopeKey: denied}, {ScopeKey: ways}}); err != nil {
		t.Fatal(err)
	}
	apply := func(key inventory.ScopeKey, result inventory.ScopeResult, records ...inventory.Record) {
		state, err := db.Scope(ctx, postgres.DefaultTenant, key)
		if err != nil {
			t.Fatal(err)
		}
		snapshot := postgres.NewSnapshot(key)
		defer snapshot.Close()
		for _, r := range records {
			if err := snapshot.Emit(r); err != nil {
				t.Fatal(err)
			}
		}
		check := func(inventory.Workload) []postgres.WorkloadFinding {
			return []postgres.WorkloadFinding{{Check: "workload/test", Severity: finding.Low, Detail: hostile}}
		}
		if _, err := db.Apply(ctx, postgres.Run{
			Tenant: postgres.DefaultTenant, Token: state.Run, Snapshot: snapshot, Result: result, Check: check,
		}, nil); err != nil {
			t.Fatal(err)
		}
	}
	other := cart
	other.UID, other.Name = cart.UID+"-2", "other"
	other.Containers = append(other.Containers, inventory.Container{
		Name: "untold", Type: inventory.SidecarContainer, Image: hostile + ":1",
	}, inventory.Container{Name: "unread", Type: inventory.SidecarContainer, Image: "registry.example/shop/unread"})
	apply(scope, inventory.ScopeResult{Outcome: inventory.Complete}, cart, other, inventory.Exposure{
		Workload: cart.UID, Via: "aws.ec2.public_ip", Address: hostile, Evidence: []inventory.Evidence{{Detail: hostile}},
	})
	apply(denied, inventory.ScopeResult{Outcome: inventory.Denied, Reason: hostile, Permission: "lambda:ListFunctions", Remedy: "add it"})
	apply(ways, inventory.ScopeResult{Outcome: inventory.Denied, Reason: hostile})
	s := httptest.NewServer(handler(db))
	t.Cleanup(s.Close)
	return s.URL
}

// TestWrongUse is about command lines that make no sense: they exit with 2,
// tell what is wrong, and do nothing.
func TestWrongUse(t *testing.T) {
	t.Setenv("DATABASE_URL", "") // A real one is not this test's.
	unknown := filepath.Join(t.TempDir(), "stowage.yaml")
	if err := os.WriteFile(unknown, []byte("aws:\n  regoins: [eu-west-1]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args string
		want string
	}{
		{"bogus", `unknown command "bogus"`},
		{"workload-s", "did you mean workload or workloads?"},
		{"workloads extra", "see `stowage workloads --help`"},
		{"workloads --bogus", "unknown flag: --bogus; see `stowage workloads --help`"},
		{"workloads --limit many", "--limit"},
		{"workloads --limit -1", "--limit -1 is negative"},
		{"image", "accepts 1 arg"},
		{"status --url ftp://x", "not an http or https URL"},
		{"status --url 127.0.0.1:8080", "not an http or https URL"},
		{"export nonsense", `stowage: dataset "nonsense" is none of coverage, `},
		{"export workloads --format xml", `stowage: --format "xml" is none of csv, jsonl`},
		{"export workloads --filter severity", "name=value"},
		{"scan --fail-on severe x", `--fail-on "severe" is not low, medium, high or critical`},
		{"scan --fail-on unknown x", `--fail-on "unknown" is not`},
		{"scan --platform amd64 x", `--platform "amd64"`},
		{"scan Not/A:Reference!", "no file or directory of that name"},
		{"serve", "set DATABASE_URL"},
		{"work", "set DATABASE_URL"},
		{"migrate", "set DATABASE_URL"},
		{"serve --config " + unknown, "regoins"},
		{"serve --config /nowhere/stowage.yaml", "/nowhere/stowage.yaml"},
		{"serve --log-level loud", "log.level"},
		{"up --listen nonsense", "listen"},
	}
	for _, test := range tests {
		code, stdout, stderr := call(t, strings.Fields(test.args)...)
		if code != exitUsage || !strings.Contains(stderr, test.want) || !strings.HasPrefix(stderr, "stowage: ") || stdout != "" {
			t.Errorf("stowage %s: exit %d, says %q and %q, want %d and %q", test.args, code, stdout, stderr, exitUsage, test.want)
		}
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"--help"}, {"help"}} {
		code, stdout, stderr := call(t, args...)
		if code != exitOK || !strings.Contains(stdout, "Without a server:") || stderr != "" {
			t.Errorf("stowage %v: exit %d, says %q and %q", args, code, stdout, stderr)
		}
	}
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(nil)
	s.Close()
	for _, command := range []string{"status", "workloads", "image x", "export images"} {
		code, stdout, stderr := call(t, append(strings.Fields(command), "--url", s.URL)...)
		if code != exitFailed || !strings.Contains(stderr, "no answer from "+s.URL) || !strings.Contains(stderr, "stowage up") || stdout != "" {
			t.Errorf("%s: exit %d, says %q and %q, want a hint to start a server", command, code, stdout, stderr)
		}
	}
}

func TestNotStowage(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	code, _, stderr := call(t, "status", "--wait", "--url", s.URL)
	if code != exitFailed || !strings.Contains(stderr, "is it a Stowage server?") {
		t.Errorf("exit %d, says %q", code, stderr)
	}
}

// asking are the commands that ask a server, with what they must print.
var asking = map[string]string{
	"status":                                 "2, 4 replicas, 1 reached from the internet, not known of 1",
	"accounts":                               "111122223333",
	"coverage":                               "denied",
	"doctor":                                 "add it",
	"workloads":                              "other",
	"workloads --exposed true":               "aws.ecs.service",
	"workload " + cart.UID:                   "Reached from the internet",
	"workload other":                         "Exposed   unknown, for aws/111122223333/eu-west-1/exposure is denied",
	"workload other --as-of 2030-01-01":      "2030-01-01T23:59:59Z",
	"workloads --exposed unknown":            "unknown",
	"workloads --image 0123456789ab":         "other",
	"image shop/cart":                        "2 workloads",
	"unresolved":                             "no digest",
	"export unresolved":                      "no digest",
	"export findings":                        "vulnerability,",
	"images":                                 "registry.example/shop/cart",
	"image " + cart.Containers[0].Digest:     "2 workloads",
	"coverage --outcome denied --limit 1":    "denied",
	"coverage --collector lambda":            "denied",
	"workloads --name nothing-is-called-so":  "",
	"export coverage":                        "lambda:ListFunctions",
	"export workloads --format jsonl":        "aws.ecs.service",
	"export workloads --filter exposed=true": "aws.ecs.service",
}

func TestTables(t *testing.T) {
	t.Parallel()
	url := server(t)
	for args, want := range asking {
		if strings.HasPrefix(args, "export") {
			continue // Files hold names as they are.
		}
		code, stdout, stderr := call(t, append(strings.Fields(args), "--url", url)...)
		if code != exitOK || !strings.Contains(stdout, want) {
			t.Errorf("%s: exit %d, says %q and %q, want %q", args, code, stdout, stderr, want)
		}
		for _, r := range stdout + stderr {
			if r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp)) {
				t.Errorf("%s: prints the control character %U", args, r)
				break
			}
		}
	}
	if code, _, stderr := call(t, "workload", "nobody", "--url", url); code != exitFailed || !strings.Contains(stderr, "nobody") {
		t.Errorf("an unknown workload: exit %d, says %q", code, stderr)
	}
	for args, want := range map[string]string{
		"workloads --severity severe":  `severity "severe"`,
		"workloads --provider alibaba": `provider is "alibaba", want aws, azure, gcp or kubernetes`,
		"coverage --outcome refused":   `outcome is "refused", want complete,`,
		"images --state done":          `state is "done", want new,`,
	} {
		code, _, stderr := call(t, append(strings.Fields(args), "--url", url)...)
		if code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, says %q, want %q", args, code, stderr, want)
		}
	}
	for args, want := range map[string]string{
		"workloads --as-of 2001-01-01": "No workload matches.\nOf a time before it first collected, Stowage knows nothing.\n",
		"workloads --name nobody":      "No workload matches.\n",
	} {
		if code, _, stderr := call(t, append(strings.Fields(args), "--url", url)...); code != exitOK || stderr != want {
			t.Errorf("%s: exit %d, says %q, want %q", args, code, stderr, want)
		}
	}
}

// TestUncounted looks at what is not a number: how many replicas a function
// has, and a severity that nobody gave.
func TestUncounted(t *testing.T) {
	t.Parallel()
	function := view.WorkloadDetail{}
	function.Kind = "aws.lambda.function"
	service := view.WorkloadDetail{}
	service.Kind, service.Replicas = "aws.ecs.service", 2
	for want, d := range map[string]view.WorkloadDetail{"Running   -\n": function, "Running   2\n": service} {
		var out bytes.Buffer
		if err := printWorkload(&out, d); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("a %s prints %q, %v, want %q", d.Kind, out.String(), err, want)
		}
	}
	var out bytes.Buffer
	if err := printVulnerability(&out, view.VulnerabilityDetail{}); err != nil || !strings.Contains(out.String(), "unrated\n") {
		t.Errorf("a vulnerability without a severity prints %q, %v", out.String(), err)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	url := server(t)
	for args := range asking {
		if strings.HasPrefix(args, "export") {
			continue
		}
		code, stdout, stderr := call(t, append(strings.Fields(args), "--json", "--url", url)...)
		if code != exitOK || stderr != "" {
			t.Errorf("%s --json: exit %d, says %q", args, code, stderr)
		}
		for in := json.NewDecoder(strings.NewReader(stdout)); in.More(); {
			var v map[string]any
			if err := in.Decode(&v); err != nil {
				t.Fatalf("%s --json: %v in %s", args, err, stdout)
			}
		}
	}
	_, stdout, _ := call(t, "workloads", "--json", "--url", url)
	var names []string
	for in := json.NewDecoder(strings.NewReader(stdout)); in.More(); {
		var w view.Workload
		if err := in.Decode(&w); err != nil {
			t.Fatal(err)
		}
		names = append(names, w.Name)
	}
	if len(names) != 2 || names[0] != hostile || names[1] != "other" {
		t.Errorf("workloads --json names %q, want them as they are", names)
	}
}

// TestWait waits through a restart of the server.
func TestWait(t *testing.T) {
	t.Parallel()
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch asked++; asked {
		case 1:
			_ = json.NewEncoder(w).Encode(view.Status{Accounts: 1})
		case 2, 3: // The HTTP client itself tries once more.
			panic(http.ErrAbortHandler)
		case 4:
			http.Error(w, "starting", http.StatusServiceUnavailable)
		default:
			_ = json.NewEncoder(w).Encode(view.Status{Accounts: 2, FirstPass: true})
		}
	}))
	defer s.Close()
	code, stdout, stderr := call(t, "status", "--wait", "--url", s.URL)
	if code != exitOK || !strings.Contains(stdout, "First pass") || !strings.Contains(stderr, "no answer") || !strings.Contains(stderr, "503") {
		t.Errorf("exit %d after %d questions, says %q and %q", code, asked, stdout, stderr)
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	for signal, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		ctx, cancel := context.WithCancelCause(t.Context())
		asked := make(chan struct{})
		s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(asked)
			<-r.Context().Done()
		}))
		go func() {
			<-asked
			cancel(signalError{signal})
		}()
		code, _, stderr := callWith(ctx, "status", "--url", s.URL)
		if code != want || stderr != "stowage: interrupted\n" {
			t.Errorf("%v: exit %d, says %q, want %d", signal, code, stderr, want)
		}
		s.Close()
	}
}

func TestConfigOrder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "stowage.yaml")
	if err := os.WriteFile(file, []byte("listen: 127.0.0.1:1\ndata_dir: /file\nscan: {concurrency: 3}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := newUp()
	if err := cmd.ParseFlags([]string{"--config", file, "--listen", "127.0.0.1:3"}); err != nil {
		t.Fatal(err)
	}
	c, err := loadConfig(cmd, []string{"STOWAGE_LISTEN=127.0.0.1:2", "STOWAGE_DATA_DIR=/environment"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:3" || c.DataDir != "/environment" || c.Scan.Concurrency != 3 {
		t.Errorf("listen %s, data_dir %s, scan.concurrency %d, want the flag's, the environment's and the file's", c.Listen, c.DataDir, c.Scan.Concurrency)
	}
}

// TestPortTaken finds out before it starts anything.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	data := filepath.Join(t.TempDir(), "data")
	code, _, stderr := call(t, "up", "--listen", taken.Addr().String(), "--data-dir", data)
	if code != exitFailed || !strings.Contains(stderr, "choose another address with --listen") {
		t.Errorf("exit %d, says %q", code, stderr)
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("a database was created")
	}
}

// TestNothingToCollect has neither credentials nor a kubeconfig.
func TestNothingToCollect(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	t.Setenv("STOWAGE_AWS_ENABLED", "false")
	code, _, stderr := call(t, "up", "--listen", "127.0.0.1:0", "--data-dir", t.TempDir())
	if code != exitFailed || !strings.Contains(stderr, "nothing to collect") {
		t.Errorf("exit %d, says %q", code, stderr)
	}
}

// TestOnce collects a cluster that shows nothing.
func TestOnce(t *testing.T) {
	closed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "forbidden", http.StatusForbidden)
	}))
	defer closed.Close()
	kubeconfig := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(kubeconfig, []byte(`
apiVersion: v1
kind: Config
current-context: test
clusters: [{name: test, cluster: {server: "`+closed.URL+`"}}]
contexts: [{name: test, context: {cluster: test, user: test}}]
users: [{name: test, user: {token: secret-token}}]
`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", kubeconfig)
	t.Setenv("STOWAGE_AWS_ENABLED", "false")
	t.Setenv("STOWAGE_ADVISORIES_LOCATIONS", "")
	t.Setenv("STOWAGE_ADVISORIES_KEV", "")
	t.Setenv("DATABASE_URL", storetest.DSN(t))
	code, stdout, stderr := call(t, "up", "--once")
	if code != exitIncomplete || !strings.Contains(stdout, "Stowage could not look everywhere") || !strings.Contains(stdout, "denied") {
		t.Errorf("exit %d, says %q and %q, want %d and the gap", code, stdout, stderr, exitIncomplete)
	}
	if strings.Contains(stdout+stderr, "secret-token") {
		t.Error("the token is printed")
	}
	// Its database is shared: a server shows what was found, until it is told
	// to end.
	ctx, cancel := context.WithCancelCause(t.Context())
	out := &awaited{word: "Stowage is on", found: func() { cancel(signalError{syscall.SIGTERM}) }}
	if code := run(ctx, []string{"serve", "--listen", "127.0.0.1:0"}, out, out); code != exitOK {
		t.Errorf("serve: exit %d, says %q", code, out.String())
	}
}

// awaited is written to and calls found at a word.
type awaited struct {
	bytes.Buffer
	word  string
	found func()
}

func (a *awaited) Write(p []byte) (int, error) {
	n, err := a.Buffer.Write(p)
	if strings.Contains(a.String(), a.word) {
		a.found()
	}
	return n, err
}

func TestGivenUp(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		queue []view.Queue
		want  bool
	}{
		"empty":    {nil, false},
		"waiting":  {[]view.Queue{{Kind: "collect", Failed: 1}, {Kind: "scan", Waiting: 1}}, false},
		"retrying": {[]view.Queue{{Kind: "collect", Failed: 1, Retrying: 1}}, false},
		"scans":    {[]view.Queue{{Kind: "scan", Failed: 1}}, false},
		"collect":  {[]view.Queue{{Kind: "collect", Failed: 1}, {Kind: "scan", Retrying: 1}}, true},
		"plan":     {[]view.Queue{{Kind: "plan", Failed: 1}}, true},
	} {
		if got := givenUp(view.Status{Queue: test.queue}); got != test.want {
			t.Errorf("givenUp(%s) = %t", name, got)
		}
	}
}

// TestAmbiguousName asks for a name of two: what is printed are the keys of
// both, which work.
func TestAmbiguousName(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"status": 409, "detail": "2 workloads are meant by cart; ask for one of them",
			"errors": []map[string]string{{"value": "k1", "message": "one " + hostile}, {"value": "k2", "message": "another"}},
		})
	}))
	defer s.Close()
	code, stdout, stderr := call(t, "workload", "cart", "--url", s.URL)
	lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
	if code != exitFailed || stdout != "" || len(lines) < 3 || !strings.HasPrefix(lines[len(lines)-1], "  k2  another") || !strings.Contains(stderr, "  k1  one cart") {
		t.Errorf("exit %d, says %q and %q, want a line for each", code, stdout, stderr)
	}
	for _, r := range stderr {
		if r != '\n' && unicode.IsControl(r) {
			t.Errorf("prints the control character %U", r)
		}
	}
}
