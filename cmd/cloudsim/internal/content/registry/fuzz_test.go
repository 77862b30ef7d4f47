package registry

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// Whatever a client sends, it gets an answer, and nothing without a token.
func FuzzServe(f *testing.F) {
	h := New(Options{
		Repository: func(string, string) map[string]string { return map[string]string{"1": "pause-3.9"} },
		Access:     func(string) Access { return Access{User: "AWS", Password: "right"} },
	})
	f.Add("pause/manifests/1", "ns=registry.k8s.io", "Bearer e30.e30", "")
	f.Add("", "ns=210000000000.dkr.ecr.eu-west-1.amazonaws.com", "Basic QVdTOnJpZ2h0", "bytes=0-1")
	f.Add("pause/tags/list", "ns=210000000000.dkr.ecr.eu-west-1.amazonaws.com&n=1&last=0", "Basic QVdTOnJpZ2h0", "")
	f.Add("a/b/blobs/sha256:00", "", "Bearer .", "bytes=9-")
	f.Fuzz(func(t *testing.T, path, query, authorization, ranges string) {
		r := httptest.NewRequest(http.MethodGet, "/v2/", nil)
		r.URL = &url.URL{Path: "/v2/" + path, RawQuery: query}
		r.Header.Set("Authorization", authorization)
		r.Header.Set("Range", ranges)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		user, password, _ := r.BasicAuth()
		if w.Code < 300 && (!isECR(hostOf(r)) || user != "AWS" || password != "right") {
			t.Errorf("GET %s?%s with %q = %d", path, query, authorization, w.Code)
		}
		if w.Code >= http.StatusInternalServerError {
			t.Errorf("GET %s?%s = %d", path, query, w.Code)
		}
	})
}
