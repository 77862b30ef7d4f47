package kube

import (
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/version"
)

// version answers /version.
func (r *request) version(w http.ResponseWriter) {
	parts := strings.SplitN(strings.TrimPrefix(r.cluster.Version, "v"), ".", 3)
	info := version.Info{GitVersion: r.cluster.Version, GitTreeState: "clean", Compiler: "gc", GoVersion: "go1.22.8", Platform: "linux/amd64"}
	if len(parts) == 3 {
		info.Major, info.Minor = parts[0], parts[1]
	}
	if r.cluster.Account != "" {
		info.Minor += "+" // as on EKS
		info.GitVersion += "-eks-7f9249a"
	}
	writeJSON(w, http.StatusOK, info)
}

// discover answers requests for the list of groups, of versions and of
// resources, and reports whether the request was one.
func (r *request) discover(w http.ResponseWriter) bool {
	switch {
	case len(r.path) == 1 && r.path[0] == "api":
		writeJSON(w, http.StatusOK, metav1.APIVersions{
			TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"},
			ServerAddressByClientCIDRs: []metav1.ServerAddressByClientCIDR{{ClientCIDR: "0.0.0.0/0", ServerAddress: r.Host}},
		})
	case len(r.path) == 1:
		writeJSON(w, http.StatusOK, groupList())
	case len(r.path) == 2 && r.path[0] == "api":
		writeResources(w, "", r.path[1])
	case len(r.path) == 2:
		for _, g := range groupList().Groups {
			if g.Name == r.path[1] {
				g.TypeMeta = metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}
				writeJSON(w, http.StatusOK, g)
				return true
			}
		}
		writeStatus(w, pageNotFound())
	case len(r.path) == 3 && r.path[0] == "apis":
		writeResources(w, r.path[1], r.path[2])
	default:
		return false
	}
	return true
}

// groupList returns the groups in the order of the resources.
func groupList() metav1.APIGroupList {
	l := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
	last := ""
	for _, res := range resources {
		if res.Group == last {
			continue
		}
		last = res.Group
		v := metav1.GroupVersionForDiscovery{GroupVersion: res.apiVersion(), Version: res.Version}
		l.Groups = append(l.Groups, metav1.APIGroup{
			Name: res.Group, Versions: []metav1.GroupVersionForDiscovery{v}, PreferredVersion: v,
		})
	}
	return l
}

// writeResources lists the resources of a version.
func writeResources(w http.ResponseWriter, group, version string) {
	l := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}}
	for _, res := range resources {
		if res.Group != group || res.Version != version {
			continue
		}
		l.GroupVersion = res.apiVersion()
		l.APIResources = append(l.APIResources, metav1.APIResource{
			Name: res.Resource, SingularName: strings.ToLower(res.kind), Namespaced: res.namespaced, Kind: res.kind, Verbs: res.verbs(),
		})
	}
	if l.GroupVersion == "" {
		writeStatus(w, pageNotFound())
		return
	}
	writeJSON(w, http.StatusOK, l)
}
