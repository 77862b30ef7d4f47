package kube

import (
	"net/http"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A target is what a request is about, as authorization rules see it.
type target struct {
	verb      string // "get", "list", "watch", "create", …
	Group     string
	Version   string
	Resource  string
	Namespace string
	Name      string
}

// GroupVersionResource names the kind of objects.
func (t target) GroupVersionResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: t.Group, Version: t.Version, Resource: t.Resource}
}

// target reads the path: api/v1/… or apis/<group>/<version>/…, then
// [namespaces/<namespace>/]<resource>[/<name>].
func (r *request) target() target {
	t := target{verb: verbs[r.Method]}
	rest := r.path
	switch {
	case rest[0] == "api" && len(rest) > 2:
		t.Version, rest = rest[1], rest[2:]
	case rest[0] == "apis" && len(rest) > 3:
		t.Group, t.Version, rest = rest[1], rest[2], rest[3:]
	default:
		return t
	}
	if rest[0] == "namespaces" && len(rest) > 2 {
		t.Namespace, rest = rest[1], rest[2:]
	}
	t.Resource = rest[0]
	if len(rest) > 1 {
		t.Name = rest[1]
	}
	if t.verb == "get" && t.Name == "" {
		t.verb = "list"
		if w := r.URL.Query().Get("watch"); w == "1" || w == "true" {
			t.verb = "watch"
		}
	}
	return t
}

// verbs are the verbs of HTTP methods on single objects.
var verbs = map[string]string{
	http.MethodGet: "get", http.MethodHead: "get", http.MethodPost: "create",
	http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete",
}
