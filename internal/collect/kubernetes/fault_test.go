package kubernetes

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// threePods makes two pages of pods at the test server's page size.
const threePods = `
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: shop}
spec: {containers: [{name: app, image: "a:1"}]}
status: {phase: Running}
---
apiVersion: v1
kind: Pod
metadata: {name: b, namespace: shop}
spec: {containers: [{name: app, image: "b:1"}]}
status: {phase: Running}
---
apiVersion: v1
kind: Pod
metadata: {name: c, namespace: shop}
spec: {containers: [{name: app, image: "c:1"}]}
status: {phase: Running}
`

// on answers requests for path by f, the first time only if once.
func on(path string, once bool, f func(w http.ResponseWriter, r *http.Request)) func(http.ResponseWriter, *http.Request) bool {
	var done atomic.Bool
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != path || once && done.Swap(true) {
			return false
		}
		f(w, r)
		return true
	}
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	const podsPath = "/api/v1/pods"
	refuse := func(s *apiServer, code int, header ...string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			if len(header) == 2 {
				w.Header().Set(header[0], header[1])
			}
			s.status(w, r, code, "the server says no")
		}
	}
	raw := func(mediaType string, body []byte) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", mediaType)
			w.Write(body)
		}
	}
	for _, test := range []struct {
		name   string
		faults func(s *apiServer) func(http.ResponseWriter, *http.Request) bool
		want   inventory.ScopeResult
		// reason is part of the reason.
		reason string
		// pods is how many of the three pods are emitted.
		pods int
	}{
		{
			name: "denied_list_names_permission",
			faults: func(s *apiServer) func(http.ResponseWriter, *http.Request) bool {
				return on("/apis/apps/v1/deployments", false, refuse(s, http.StatusForbidden))
			},
			want:   inventory.ScopeResult{Outcome: inventory.Denied, Permission: "list apps/deployments"},
			reason: "list apps/deployments denied in cluster prod of 111122223333/eu-west-1",
			pods:   3,
		},
		{
			name: "all_denied_lists_are_named",
			faults: func(s *apiServer) func(http.ResponseWriter, *http.Request) bool {
				return func(w http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path != podsPath && r.URL.Path != "/api/v1/nodes" {
						return false
					}
					s.status(w, r, http.StatusForbidden, "")
					return true
				}
			},
			want:   inventory.ScopeResult{Outcome: inventory.Denied, Permission: "list nodes, list pods"},
			reason: "list nodes, list pods denied",
		},
		{
			name: "unauthorized",
			faults: func(s *apiServer) func(http.ResponseWriter, *http.Request) bool {
				return on("/version", false, refuse(s, http.StatusUnauthorized))
			},
			want:   inventory.ScopeResult{Outcome: inventory.Denied, Permission: "authenticate"},
			reason: "does not accept the credentials",
		},
		{
			name: "token_renewed_once",
			faults: func(s *apiServer) func(http.ResponseWriter, *http.Request) bool {
				return on(podsPath, true, refuse(s, http.StatusUnauthorized))
			},
			want: inventory.ScopeResult{Outcome: inventory.Complete},
			pods: 3,
		},
		{
			name: "throttled",
			faults: func(s *apiServer) func(http.ResponseWriter, *http.Request) bool {
				return on(podsPath, false, refuse(s, http.StatusTooManyRequests, "Retry-After", "1"))
			},
			want:   inventory.ScopeResult{Outcome: inventory.Throttled},
			reason: "list pods throttled",
		},
		{
			name: "throttled_once",
			faults: func(s *apiServer) func(http.ResponseWriter, *http.Request) bool {
				return on(podsPath, true, refuse(s, http.StatusTooManyRequests, "Retry-After", "1"))
			},
			want: inventory.ScopeResult{Outcome: inventory.Complete},
			pods: 3,
		},
		{
			name: "server_error",
			faults: func(s *apiServer) func(http.ResponseWriter, *http.Request) bool {
				return on(podsPath, false, refuse(s, http.StatusInternalServerError))
			},
			want:   inventory.ScopeResult{Outcome: inventory.Failed},
			reason: "500 Internal Server Error: the server says no",
		},
		{
			name: "missing_api_is_not_empty",
			faults: func(s *apiServer) func(http.ResponseWriter, *http.Request) bool {
				return on("/apis/batch/v1/cronjobs", false, refuse(s, http.StatusNotFound))
			},
			want:   inventory.ScopeResult{Outcome: inventory.Failed},
			reason: "list batch/cronjobs failed",
		},
		{
			name: "expired_continue_starts_over",
			faults: func(s *apiServer) func(http.ResponseWriter, *http.Request) bool {
				var n atomic.Int32
				return func(w http.ResponseWriter, r *http.Request) bool {
					if r.URL.Query().Get("continue") == "" || r.URL.Path != podsPath || n.Add(1) > 1 {
						return false
					}
					// Meanwhile the first pod ended.
					s.objects[podsPath] = s.objects[podsPath][1:]
					s.status(w, r, http.StatusGone, "expired")
					return true
				}
			},
			want: inventory.ScopeResult{Outcome: inventory.Complete},
			pods: 2,
		},
		{
			name: "continue_always_expired",
			faults: func(s *apiServer) func(http.ResponseWriter, *http.Request) bool {
				return func(w http.ResponseWriter, r *http.Request) bool {
					if r.URL.Query().Get("continue") == "" {
						return false
					}
					s.status(w, r, http.StatusGone, "expired")
					return true
				}
			},
			want:   inventory.ScopeResult{Outcome: inventory.Failed},
			reason: "410 Gone",
		},
		{
			name: "continue_in_a_circle",
			faults: func(*apiServer) func(http.ResponseWriter, *http.Request) bool {
				return on(podsPath, false, raw(jsonType, []byte(`{"metadata":{"continue":"x"},"items":[]}`)))
			},
			want:   inventory.ScopeResult{Outcome: inventory.Failed},
			reason: "leads to itself",
		},
		{
			name: "connection_drops_once",
			faults: func(s *apiServer) func(http.ResponseWriter, *http.Request) bool {
				return on(podsPath, true, drop(s))
			},
			want: inventory.ScopeResult{Outcome: inventory.Complete},
			pods: 3,
		},
		{
			name: "connection_always_drops",
			faults: func(s *apiServer) func(http.ResponseWriter, *http.Request) bool {
				return on(podsPath, false, drop(s))
			},
			want:   inventory.ScopeResult{Outcome: inventory.Failed},
			reason: "the connection broke",
		},
		{
			name: "truncated_protobuf",
			faults: func(s *apiServer) func(http.ResponseWriter, *http.Request) bool {
				page := podPage(s.t, s.objects[podsPath][0].(*corev1.Pod))
				return on(podsPath, false, raw(protobufType, page[:len(page)-20]))
			},
			want:   inventory.ScopeResult{Outcome: inventory.Failed},
			reason: "unexpected EOF",
		},
		{
			name: "hostile_length",
			faults: func(*apiServer) func(http.ResponseWriter, *http.Request) bool {
				// A pod of 2^62 bytes in a list of 2^62 bytes.
				huge := []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40}
				page := append(append(append([]byte(magic), 0x12), huge...), 0x12)
				return on(podsPath, false, raw(protobufType, append(page, huge...)))
			},
			want:   inventory.ScopeResult{Outcome: inventory.Failed},
			reason: "at most 33554432 are expected",
		},
		{
			name: "list_cut_at_an_item",
			faults: func(*apiServer) func(http.ResponseWriter, *http.Request) bool {
				return on(podsPath, false, raw(protobufType, append([]byte(magic), 0x12, 0x10, 0x12, 0x00)))
			},
			want:   inventory.ScopeResult{Outcome: inventory.Failed},
			reason: "unexpected EOF",
		},
		{
			name: "truncated_json",
			faults: func(*apiServer) func(http.ResponseWriter, *http.Request) bool {
				return on(podsPath, false, raw(jsonType, []byte(`{"items":[{"metadata":{"name":"a"}}`)))
			},
			want:   inventory.ScopeResult{Outcome: inventory.Failed},
			reason: "unexpected EOF",
		},
		{
			name: "html",
			faults: func(*apiServer) func(http.ResponseWriter, *http.Request) bool {
				return on(podsPath, false, raw("text/html", []byte("<html>please log in</html>")))
			},
			want:   inventory.ScopeResult{Outcome: inventory.Failed},
			reason: `the answer is "text/html" and no Kubernetes list`,
		},
		{
			name: "another_object",
			faults: func(*apiServer) func(http.ResponseWriter, *http.Request) bool {
				return on(podsPath, false, raw(jsonType, []byte(`{"kind":"Pod","metadata":{"name":"a"}}`)))
			},
			want:   inventory.ScopeResult{Outcome: inventory.Failed},
			reason: "no list",
		},
		{
			name: "redirect_is_not_followed",
			faults: func(s *apiServer) func(http.ResponseWriter, *http.Request) bool {
				return on(podsPath, false, func(w http.ResponseWriter, r *http.Request) {
					http.Redirect(w, r, s.URL+"/elsewhere", http.StatusFound)
				})
			},
			want:   inventory.ScopeResult{Outcome: inventory.Failed},
			reason: "302 Found",
		},
		{
			name: "protobuf_not_acceptable",
			faults: func(s *apiServer) func(http.ResponseWriter, *http.Request) bool {
				return func(w http.ResponseWriter, r *http.Request) bool {
					if !strings.Contains(r.Header.Get("Accept"), protobufType) {
						return false
					}
					s.status(w, r, http.StatusNotAcceptable, "only JSON")
					return true
				}
			},
			want: inventory.ScopeResult{Outcome: inventory.Complete},
			pods: 3,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t, threePods)
			server.intercept = test.faults(server)
			var out recorder
			err := testClient(Options{}).Collector().Collect(t.Context(), server.scope(), &out)
			got := collect.Result(err)
			if got.Outcome != test.want.Outcome || got.Permission != test.want.Permission || !strings.Contains(got.Reason, test.reason) {
				t.Errorf("Result(%v) = %+v, want %+v because %q", err, got, test.want, test.reason)
			}
			if got.Outcome == inventory.Denied && got.Remedy == "" {
				t.Error("a denied scope has no remedy")
			}
			if n := len(out.workloads()); n != test.pods {
				t.Errorf("%d workloads, want %d", n, test.pods)
			}
			for _, w := range out.workloads() {
				if w.Replicas != 1 {
					t.Errorf("%s has %d replicas, want 1: a page was counted twice", w.Name, w.Replicas)
				}
			}
			for _, uri := range server.requests() {
				if uri == "/elsewhere" {
					t.Error("the redirect was followed")
				}
			}
		})
	}
}

// What runs must not be shown as declared only because pods may not be listed.
func TestDeniedPods(t *testing.T) {
	t.Parallel()
	server := newServer(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {selector: {matchLabels: {app: web}}, template: {spec: {containers: [{name: web, image: "web:1"}]}}}
`)
	server.intercept = on("/api/v1/pods", false, func(w http.ResponseWriter, r *http.Request) {
		server.status(w, r, http.StatusForbidden, "no")
	})
	var out recorder
	err := testClient(Options{}).Collector().Collect(t.Context(), server.scope(), &out)
	if got := collect.Result(err); got.Outcome != inventory.Denied || got.Permission != "list pods" {
		t.Errorf("Result(%v) = %+v, want list pods denied", err, got)
	}
	if w := out.workloads(); len(w) != 0 {
		t.Errorf("workloads %v are emitted without pods", w)
	}
}

// drop promises a whole page and sends half of it.
func drop(s *apiServer) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		whole := httptest.NewRecorder()
		s.list(whole, r, listKinds[r.URL.Path])
		w.Header().Set("Content-Type", whole.Header().Get("Content-Type"))
		w.Header().Set("Content-Length", fmt.Sprint(whole.Body.Len()))
		w.Write(whole.Body.Bytes()[:whole.Body.Len()*3/4])
		if err := http.NewResponseController(w).Flush(); err != nil {
			s.t.Error(err)
		}
		panic(http.ErrAbortHandler)
	}
}

// podPage encodes a list of pods as API servers do.
func podPage(t testing.TB, pods ...*corev1.Pod) []byte {
	t.Helper()
	list := &corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}}
	for _, p := range pods {
		list.Items = append(list.Items, *p)
	}
	var b bytes.Buffer
	if err := protobufSerializer.Encode(list, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Optional lists that are not installed are no gap; those that are denied are.
func TestGatewayAPI(t *testing.T) {
	t.Parallel()
	const one = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public, namespace: infra}
`
	for _, test := range []struct {
		name, objects string
		deny          bool
		want          []string
	}{
		{"absent", "", false, nil},
		{"absent_and_denied", "", true, nil},
		{"installed", one, false, nil},
		{"installed_and_denied", one, true, []string{"list gateway.networking.k8s.io/gateways"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t, test.objects)
			if test.deny {
				server.intercept = on("/apis/gateway.networking.k8s.io/v1/gateways", false, func(w http.ResponseWriter, r *http.Request) {
					server.status(w, r, http.StatusForbidden, "no")
				})
			}
			var out recorder
			if err := testClient(Options{}).Collector().Collect(t.Context(), server.scope(), &out); err != nil {
				t.Fatal(err)
			}
			var attrs attributes
			if err := json.Unmarshal(out.records[0].(inventory.Resource).Attrs, &attrs); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, attrs.Gaps); diff != "" {
				t.Errorf("gaps mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := l.Addr().String()
	l.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	released := make(chan struct{})
	defer close(released)

	server := newServer(t, "")
	stalled := newServer(t, "")
	stalled.intercept = func(http.ResponseWriter, *http.Request) bool {
		<-released
		return false
	}
	foreign := base64.StdEncoding.EncodeToString(foreignCertificate(t))
	for _, test := range []struct {
		name     string
		endpoint string
		ca       string
		want     inventory.Outcome
		reason   string
	}{
		{"connection_refused", "https://" + closed, "", inventory.Unreachable, "connection refused"},
		{"no_such_host", "https://no-such-host.invalid", "", inventory.Unreachable, "get /version got no connection in cluster prod"},
		{"not_tls", strings.Replace(plain.URL, "http:", "https:", 1), "", inventory.Unreachable, "HTTP response to HTTPS client"},
		{"unknown_authority", server.URL, foreign, inventory.Unreachable, "certificate"},
		{"no_answer_in_time", stalled.URL, stalled.scope().Params[ParamCA], inventory.Unreachable, "deadline exceeded"},
		{"token_over_plain_http", plain.URL, "", inventory.Failed, "not an https URL"},
		{"no_endpoint", "", "", inventory.Failed, "not an https URL"},
		{"ca_is_not_base64", server.URL, "%", inventory.Failed, "certificate authority"},
		{"ca_is_not_pem", server.URL, base64.StdEncoding.EncodeToString([]byte("x")), inventory.Failed, "certificate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			scope := server.scope()
			scope.Params[ParamEndpoint] = test.endpoint
			scope.Params[ParamCA] = test.ca
			client := testClient(Options{Timeout: 500 * time.Millisecond})
			scope.Params[ParamPublic] = "false"
			err := client.Collector().Collect(t.Context(), scope, &recorder{})
			got := collect.Result(err)
			if got.Outcome == inventory.Unreachable && !strings.Contains(got.Remedy, "private endpoint") {
				t.Errorf("Remedy = %q, want one for a private endpoint", got.Remedy)
			}
			if got.Outcome != test.want || !strings.Contains(got.Reason, test.reason) {
				t.Errorf("Result(%v) = %+v, want %s because %q", err, got, test.want, test.reason)
			}
		})
	}
}

// foreignCertificate returns a PEM certificate that signed nothing here.
func foreignCertificate(t *testing.T) []byte {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(nil, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestCancel(t *testing.T) {
	t.Parallel()
	server := newServer(t, threePods)
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("shutting down")
	server.intercept = on("/api/v1/pods", false, func(http.ResponseWriter, *http.Request) { cancel(stop) })
	if err := testClient(Options{}).Collector().Collect(ctx, server.scope(), &recorder{}); !errors.Is(err, stop) {
		t.Errorf("Collect = %v, want %v", err, stop)
	}
}

// A record that is not taken ends the collection.
func TestSinkError(t *testing.T) {
	t.Parallel()
	server := newServer(t, threePods)
	want := errors.New("full")
	if err := testClient(Options{}).Collector().Collect(t.Context(), server.scope(), failingSink{want}); !errors.Is(err, want) {
		t.Errorf("Collect = %v, want %v", err, want)
	}
}

type failingSink struct{ err error }

// Emit implements [collect.Sink].
func (s failingSink) Emit(inventory.Record) error { return s.err }
