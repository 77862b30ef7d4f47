package kube

import (
	"io"
	"net/http"
	"slices"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/fault"
)

// maxReview bounds the body of a review.
const maxReview = 64 << 10

// createReview answers a question about the caller's own permissions.
func (r *request) createReview(w http.ResponseWriter, res resource) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxReview))
	if err != nil {
		writeStatus(w, badRequest("read the body: "+err.Error()))
		return
	}
	decoded, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, nil)
	if err != nil {
		writeStatus(w, badRequest("decode the body: "+err.Error()))
		return
	}
	switch review := decoded.(type) {
	case *authorizationv1.SelfSubjectRulesReview:
		review.Status = r.rules()
	case *authorizationv1.SelfSubjectAccessReview:
		review.Status.Allowed = r.access(review.Spec.ResourceAttributes)
	default:
		writeStatus(w, badRequest("the body is not a "+res.kind))
		return
	}
	decoded.GetObjectKind().SetGroupVersionKind(res.GroupVersion().WithKind(res.kind))
	writeJSON(w, http.StatusCreated, decoded)
}

// allowed reports whether the caller may use a verb on a resource.
func (r *request) allowed(verb, resource string) bool {
	return !r.server.Faults.Match(fault.Target{
		Account: r.cluster.Account, Region: r.cluster.Region, Cluster: r.cluster.Name, Action: "kubernetes:" + verb + " " + resource,
	}).Deny
}

// rules lists what the caller may do.
func (r *request) rules() authorizationv1.SubjectRulesReviewStatus {
	status := authorizationv1.SubjectRulesReviewStatus{
		NonResourceRules: []authorizationv1.NonResourceRule{{
			Verbs: []string{"get"}, NonResourceURLs: []string{"/api", "/api/*", "/apis", "/apis/*", "/healthz", "/version"},
		}},
		ResourceRules: []authorizationv1.ResourceRule{},
	}
	for _, res := range resources {
		rule := authorizationv1.ResourceRule{APIGroups: []string{res.Group}, Resources: []string{res.Resource}}
		for _, verb := range res.verbs() {
			if r.allowed(verb, res.Resource) {
				rule.Verbs = append(rule.Verbs, verb)
			}
		}
		if len(rule.Verbs) > 0 {
			status.ResourceRules = append(status.ResourceRules, rule)
		}
	}
	return status
}

// access tells whether the caller may do one thing.
func (r *request) access(a *authorizationv1.ResourceAttributes) bool {
	if a == nil {
		return false
	}
	return slices.ContainsFunc(resources, func(res resource) bool {
		return res.Group == a.Group && res.Resource == a.Resource && slices.Contains(res.verbs(), a.Verb) && r.allowed(a.Verb, a.Resource)
	})
}
