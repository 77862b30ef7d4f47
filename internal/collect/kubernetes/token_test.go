package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

func TestTokenErrors(t *testing.T) {
	t.Parallel()
	server := newServer(t, "")
	denied := &collect.Error{Outcome: inventory.Denied, Action: "sts:AssumeRole", On: "111122223333"}
	for _, test := range []struct {
		name string
		err  error
		want inventory.ScopeResult
	}{
		{"classified", denied, collect.Result(denied)},
		{"other", errors.New("no credentials"), inventory.ScopeResult{
			Outcome: inventory.Failed,
			Reason:  "authenticate failed in cluster prod of 111122223333/eu-west-1: mint a token: no credentials",
			Remedy:  "check the credentials that mint the cluster's tokens",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client := testClient(Options{Tokens: map[string]TokenFunc{
				"eks": func(context.Context, string, string, string) (string, time.Time, error) {
					return "", time.Time{}, test.err
				},
			}})
			err := client.Collector().Collect(t.Context(), server.scope(), &recorder{})
			if diff := cmp.Diff(test.want, collect.Result(err)); diff != "" {
				t.Errorf("Result(%v) mismatch (-want +got):\n%s", err, diff)
			}
		})
	}
}

// A token is minted for the scope's cluster, used until it is about to expire,
// and renewed during a collection.
func TestTokenIsRenewed(t *testing.T) {
	t.Parallel()
	server := newServer(t, threePods)
	var seen atomic.Int32
	server.intercept = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") != fmt.Sprintf("Bearer token-%d", seen.Load()) {
			t.Errorf("%s: Authorization %q, want token %d", r.URL, r.Header.Get("Authorization"), seen.Load())
		}
		return false
	}
	client := testClient(Options{Tokens: map[string]TokenFunc{
		"eks": func(_ context.Context, account, region, cluster string) (string, time.Time, error) {
			if account != "111122223333" || region != "eu-west-1" || cluster != "prod" {
				t.Errorf("token asked for %s %s %s", account, region, cluster)
			}
			lifetime := time.Hour
			if seen.Load() < 2 {
				lifetime = tokenMargin / 2
			}
			return fmt.Sprintf("token-%d", seen.Add(1)), time.Now().Add(lifetime), nil
		},
	}})
	if err := client.Collector().Collect(t.Context(), server.scope(), &recorder{}); err != nil {
		t.Fatal(err)
	}
	if n := seen.Load(); n != 3 {
		t.Errorf("%d tokens were minted, want 3", n)
	}
}

func TestExecPlugin(t *testing.T) {
	t.Parallel()
	server := newServer(t, threePods)
	server.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") == "Bearer from-plugin" {
			return false
		}
		server.status(w, r, http.StatusUnauthorized, "Unauthorized")
		return true
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "config")
	writeKubeconfig(t, config, server.URL, server.scope().Params[ParamCA])
	client := testClient(Options{Kubeconfig: config})
	scope := collect.Scope{
		ScopeKey: inventory.ScopeKey{Provider: inventory.Kubernetes, Account: "prod", Region: inventory.Global},
		Params:   map[string]string{ParamContext: "prod"},
	}
	err := client.Collector().Collect(t.Context(), scope, &recorder{})
	if got := collect.Result(err); got.Outcome != inventory.Failed || !strings.Contains(got.Reason, "plugin") || !strings.Contains(got.Remedy, "exec plugin") {
		t.Errorf("without plugin: Result(%v) = %+v, want failed because of the plugin", err, got)
	}

	plugin := "#!/bin/sh\necho '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{\"token\":\"from-plugin\"}}'\n"
	if err := os.WriteFile(filepath.Join(dir, "plugin"), []byte(plugin), 0o755); err != nil {
		t.Fatal(err)
	}
	var out recorder
	if err := client.Collector().Collect(t.Context(), scope, &out); err != nil {
		t.Fatal(err)
	}
	if n := len(out.workloads()); n != 3 {
		t.Errorf("%d workloads, want 3", n)
	}
}
