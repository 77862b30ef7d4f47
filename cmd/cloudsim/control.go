package main

import (
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"strings"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/aws"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/content/registry"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/fault"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/kube"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/meter"
)

// newControl returns the handler of what tests and demonstrations need besides
// the clouds themselves:
//
//	POST /_sim/step      moves time on, and answers with the new step
//	GET  /_sim/step      answers with the step
//	     /_sim/faults    sees and changes what goes wrong; see [fault.Set.ServeHTTP]
//	     /_sim/requests  counts the requests; see [meter.Meter.ServeHTTP]
//	GET  /_sim/truth     answers with every workload, one line of JSON for each
func newControl(e *estate.Estate, faults *fault.Set, requests *meter.Meter) http.Handler {
	mux := http.NewServeMux()
	step := func(w http.ResponseWriter, n int) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]int{"step": n}) // the client is gone if it fails
	}
	mux.HandleFunc("POST /_sim/step", func(w http.ResponseWriter, _ *http.Request) { step(w, e.Step()) })
	mux.HandleFunc("GET /_sim/step", func(w http.ResponseWriter, _ *http.Request) { step(w, e.CurrentStep()) })
	mux.Handle("/_sim/faults", faults)
	mux.Handle("/_sim/requests", requests)
	mux.HandleFunc("GET /_sim/truth", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		out := json.NewEncoder(w)
		for workload := range e.Truth() {
			if r.Context().Err() != nil || out.Encode(workload) != nil {
				return
			}
		}
	})
	return mux
}

// newTLS wraps the listener of the API servers.
func newTLS(l net.Listener, k *kube.Server) net.Listener {
	c := k.TLS()
	c.NextProtos = []string{"h2", "http/1.1"}
	return tls.NewListener(l, c)
}

// tags returns the contents of repositories by tag, as the registries ask for.
func tags(e *estate.Estate) func(host, repository string) map[string]string {
	return func(host, repository string) map[string]string {
		var out map[string]string
		for _, t := range e.FindRepository(host, repository) {
			if out == nil {
				out = map[string]string{}
			}
			out[t.Name] = t.Content.Name
		}
		return out
	}
}

// access returns who may pull: from ECR who has its password, from others anyone.
func access(host string) registry.Access {
	if strings.Contains(host, ".dkr.ecr.") {
		return registry.Access{User: "AWS", Password: aws.RegistryPassword}
	}
	return registry.Access{}
}

// pullFault applies the rules for the action "registry:pull" to the registries.
// The account and region of a pull are those in the name of an ECR host.
func pullFault(faults *fault.Set) func(*http.Request) registry.Fault {
	return func(r *http.Request) registry.Fault {
		t := fault.Target{Action: "registry:pull"}
		if account, rest, ok := strings.Cut(r.URL.Query().Get("ns"), ".dkr.ecr."); ok {
			t.Account = account
			t.Region, _, _ = strings.Cut(rest, ".")
		}
		effect := faults.Match(t)
		f := registry.Fault{Delay: effect.Latency, Truncate: effect.Truncate}
		switch {
		case effect.Unreachable:
			panic(http.ErrAbortHandler) // closes the connection without a word
		case effect.Deny:
			f.Status = http.StatusForbidden
		case effect.Throttle:
			f.Status = http.StatusTooManyRequests
		case effect.ServerError:
			f.Status = http.StatusInternalServerError
		}
		return f
	}
}
