package aws

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// lambdaServer serves one function for each revision, and counts the calls.
type lambdaServer struct {
	mu        sync.Mutex
	revisions []string
	calls     map[string]int
}

func (s *lambdaServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	configuration := func(i int) string {
		return fmt.Sprintf(`{"FunctionName": "f%d", "FunctionArn": "arn:f%d", "PackageType": "Image", "Role": "role-of-%s",
			"RevisionId": %q, "CodeSha256": "c0de", "Environment": {"Variables": {"TOKEN": "s3cr3t"}}}`,
			i, i, s.revisions[i], s.revisions[i])
	}
	path := r.URL.Path
	switch {
	case strings.HasSuffix(path, "/functions"):
		s.calls["list"]++
		var all []string
		for i := range s.revisions {
			all = append(all, configuration(i))
		}
		fmt.Fprintf(w, `{"Functions": [%s]}`, strings.Join(all, ","))
	case strings.HasSuffix(path, "/urls"):
		s.calls["urls"]++
		fmt.Fprint(w, `{"FunctionUrlConfigs": []}`)
	default:
		s.calls["get"]++
		var i int
		if _, err := fmt.Sscanf(path[strings.LastIndexByte(path, '/')+1:], "arn:f%d", &i); err != nil {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		fmt.Fprintf(w, `{"Configuration": %s, "Code": {"ImageUri": "f:%s", "ResolvedImageUri": "f@sha256:%064d"}}`,
			configuration(i), s.revisions[i], i)
	}
}

// TestLambdaRevisions reads a region again and again: the image of a function
// is asked for once for each revision, and the records are the same.
func TestLambdaRevisions(t *testing.T) {
	t.Parallel()
	server := &lambdaServer{revisions: []string{"r1", "r2", ""}}
	listener := httptest.NewServer(server)
	defer listener.Close()
	cloud := testCloud(t, listener.URL, Options{}, nil)
	collected := func() (records string, calls map[string]int) {
		server.calls = map[string]int{}
		var out recorder
		if result := runScope(t, cloud, testScope("lambda"), &out); result.Outcome != inventory.Complete {
			t.Fatalf("collection ended %+v", result)
		}
		return out.print(t), server.calls
	}
	first, calls := collected()
	if diff := gocmp.Diff(map[string]int{"list": 1, "get": 3, "urls": 3}, calls); diff != "" {
		t.Errorf("calls of the first collection mismatch (-want +got):\n%s", diff)
	}
	second, calls := collected()
	if diff := gocmp.Diff(first, second); diff != "" {
		t.Errorf("records of the second collection mismatch (-first +second):\n%s", diff)
	}
	// The function of which Lambda tells no revision is asked for again.
	if diff := gocmp.Diff(map[string]int{"list": 1, "get": 1, "urls": 3}, calls); diff != "" {
		t.Errorf("calls of the second collection mismatch (-want +got):\n%s", diff)
	}

	server.revisions[1] = "r3"
	third, calls := collected()
	if diff := gocmp.Diff(map[string]int{"list": 1, "get": 2, "urls": 3}, calls); diff != "" {
		t.Errorf("calls after a change mismatch (-want +got):\n%s", diff)
	}
	if want := strings.NewReplacer("role-of-r2", "role-of-r3", `"f:r2"`, `"f:r3"`).Replace(first); third != want {
		t.Errorf("records after a change mismatch (-want +got):\n%s", gocmp.Diff(want, third))
	}
	if strings.Contains(first, "s3cr3t") {
		t.Error("a value of the environment is recorded")
	}
}
