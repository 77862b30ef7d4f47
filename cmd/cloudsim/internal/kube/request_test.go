package kube

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/content"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

func TestTarget(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method, url string
		want        target
	}{
		{"GET", "/version", target{verb: "get"}},
		{"GET", "/api/v1", target{verb: "get"}},
		{"GET", "/api/v1/pods", target{verb: "list", Version: "v1", Resource: "pods"}},
		{"GET", "/api/v1/pods?watch=1", target{verb: "watch", Version: "v1", Resource: "pods"}},
		{"GET", "/api/v1/namespaces", target{verb: "list", Version: "v1", Resource: "namespaces"}},
		{"GET", "/api/v1/namespaces/shop", target{verb: "get", Version: "v1", Resource: "namespaces", Name: "shop"}},
		{"GET", "/api/v1/namespaces/shop/pods", target{verb: "list", Version: "v1", Resource: "pods", Namespace: "shop"}},
		{"GET", "/apis/apps/v1/namespaces/shop/deployments/cart", target{"get", "apps", "v1", "deployments", "shop", "cart"}},
		{"DELETE", "/api/v1/nodes/a", target{verb: "delete", Version: "v1", Resource: "nodes", Name: "a"}},
	} {
		r := httptest.NewRequest(tt.method, tt.url, nil)
		req := request{Request: r, path: strings.Split(strings.Trim(r.URL.Path, "/"), "/")}
		got := req.target()
		if tt.want.verb == "get" && tt.want.Resource == "" {
			got.verb = "get" // no object is meant
		}
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(target{})); diff != "" {
			t.Errorf("%s %s mismatch (-want +got):\n%s", tt.method, tt.url, diff)
		}
	}
}

// Whatever a client sends, it gets an answer.
func FuzzServe(f *testing.F) {
	e, err := estate.New(estate.Config{Seed: 1}, content.Catalog())
	if err != nil {
		f.Fatal(err)
	}
	k := e.KubeCluster(0)
	s, err := New(Options{Token: "t", Cluster: func(string) (*estate.KubeCluster, bool) { return k, true }})
	if err != nil {
		f.Fatal(err)
	}
	token := continueToken{ResourceVersion: resourceVersionAt(0), Start: 3, Inconsistent: true}.String()
	f.Add("api/v1/pods", "limit=3&continue="+token, protobufType)
	f.Add("apis/apps/v1/namespaces/shop/deployments", "labelSelector=app%3Dcart", jsonType)
	f.Add("api/v1/namespaces/shop", "", protobufType+";as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
	f.Add("api/v1/nodes", "fieldSelector=metadata.name!=x&watch=1&sendInitialEvents=true", "*/*")
	f.Add("version", "limit=-1", "text/plain")
	f.Fuzz(func(t *testing.T, path, query, accept string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL = &url.URL{Path: prefix + "c/" + path, RawQuery: query}
		r.Header.Set("Accept", accept)
		r.Header.Set("Authorization", "Bearer t")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("GET %s?%s = %d %s", path, query, w.Code, w.Body)
		}
	})
}

// No token opens a cluster but a signed one.
func FuzzAuthenticateEKS(f *testing.F) {
	s, err := New(Options{Identify: func(string, string) (Identity, bool) { return Identity{Secret: "unknown to the client"}, true }})
	if err != nil {
		f.Fatal(err)
	}
	for _, u := range []string{
		"https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256" +
			"&X-Amz-Credential=AKIA%2F20261001%2Feu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20261001T000000Z&X-Amz-Expires=60" +
			"&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=00",
		"://", "%zz", "",
	} {
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(u)))
	}
	f.Fuzz(func(t *testing.T, token string) {
		if user, ok := s.authenticateEKS(token, "shop-eks"); ok {
			t.Errorf("token %q lets in %q", token, user)
		}
	})
}
