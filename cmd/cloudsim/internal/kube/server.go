package kube

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/fault"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/meter"
)

// prefix is where the API servers are in the URL.
const prefix = "/clusters/"

// Options say what a server serves.
type Options struct {
	// Cluster finds a cluster by name, as it is now.
	Cluster func(name string) (*estate.KubeCluster, bool)
	// Step is the step of the estate. Lists that were begun at another step
	// have expired; nil means that it never changes.
	Step func() int
	// Token is the bearer token of kubeconfig contexts.
	Token string
	// Identify finds the owner of the AWS credentials in an EKS token; nil
	// takes any credentials and checks no signature.
	Identify func(accessKeyID, sessionToken string) (Identity, bool)
	// Faults are the rules of what goes wrong; nil for none. The action of a
	// request is "kubernetes:<verb> <resource>", such as "kubernetes:list pods".
	Faults *fault.Set
	// Meter counts the requests; nil for none.
	Meter *meter.Meter
	// Now is the clock of EKS tokens and of continue tokens; [time.Now] if nil.
	Now func() time.Time
}

// An Identity is the owner of AWS credentials.
type Identity struct {
	ARN string
	// Secret is the secret access key that tokens are signed with.
	Secret string
}

// A Server answers for the API servers of all clusters.
type Server struct {
	Options
	Authority
}

// New returns a server with a certificate authority of its own.
func New(o Options) (*Server, error) {
	if o.Step == nil {
		o.Step = func() int { return 0 }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Faults == nil {
		o.Faults = new(fault.Set)
	}
	a, err := newAuthority()
	if err != nil {
		return nil, err
	}
	return &Server{Options: o, Authority: a}, nil
}

// A request is one call to one cluster's API server.
type request struct {
	*http.Request
	server  *Server
	cluster *cluster
	// path is the path without the cluster's prefix, in parts.
	path []string
	user string
}

// A cluster is a cluster at one resource version.
type cluster struct {
	*estate.KubeCluster
	resourceVersion string
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.Path, prefix)
	name, path, _ := strings.Cut(rest, "/")
	if !ok || name == "" {
		http.NotFound(w, r)
		return
	}
	step := s.Step()
	k, ok := s.Cluster(name)
	if !ok {
		http.NotFound(w, r)
		return
	}
	req := &request{
		Request: r, server: s, cluster: &cluster{k, resourceVersionAt(step)},
		path: strings.Split(strings.Trim(path, "/"), "/"),
	}
	t := req.target()
	action := "kubernetes:" + t.verb + " " + t.Resource
	s.Meter.Add(meter.Request{Account: k.Account, Region: k.Region, Action: action})
	effect := s.Faults.Match(fault.Target{Account: k.Account, Region: k.Region, Cluster: name, Action: action})
	if !sleep(r.Context(), effect.Latency) || effect.Unreachable {
		panic(http.ErrAbortHandler) // closes the connection without a word
	}
	if effect.Truncate {
		w = &truncatedWriter{ResponseWriter: w}
	}
	switch {
	case effect.ServerError:
		writeStatus(w, internalError())
		return
	case effect.Throttle:
		writeStatus(w, tooManyRequests())
		return
	}
	if req.user, ok = s.authenticate(r, k); !ok {
		writeStatus(w, unauthorized())
		return
	}
	if effect.Deny && t.Resource != "" {
		writeStatus(w, forbidden(req.user, t))
		return
	}
	req.serve(w)
}

// serve answers an admitted request.
func (r *request) serve(w http.ResponseWriter) {
	switch r.path[0] {
	case "version":
		r.version(w)
	case "healthz", "livez", "readyz":
		_, _ = w.Write([]byte("ok"))
	case "api", "apis":
		if !r.discover(w) {
			r.resource(w)
		}
	default:
		writeStatus(w, pageNotFound())
	}
}

// resource answers a request for objects.
func (r *request) resource(w http.ResponseWriter) {
	t := r.target()
	res, ok := findResource(t.GroupVersionResource())
	switch {
	case !ok:
		writeStatus(w, pageNotFound())
	case res.review && t.verb == "create":
		r.createReview(w, res)
	case res.items == nil || t.verb != "list" && t.verb != "get" && t.verb != "watch":
		writeStatus(w, methodNotAllowed(t))
	case t.verb == "watch":
		writeStatus(w, noWatch(r.URL.Query()))
	case t.verb == "get":
		r.get(w, res, t)
	default:
		r.list(w, res, t)
	}
}

// sleep waits and reports whether the client still does.
func sleep(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// A truncatedWriter ends the connection in the middle of the first thing that
// is written.
type truncatedWriter struct {
	http.ResponseWriter
}

// Write implements [io.Writer].
func (w *truncatedWriter) Write(p []byte) (int, error) {
	_, _ = w.ResponseWriter.Write(p[:len(p)/2])
	_ = http.NewResponseController(w.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}
