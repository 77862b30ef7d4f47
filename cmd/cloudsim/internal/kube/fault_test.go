package kube_test

import (
	"context"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/fault"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/kube"
)

func TestDenied(t *testing.T) {
	t.Parallel()
	r := start(t, kube.Options{})
	k := r.standalone()
	if err := r.faults.Replace([]fault.Rule{{Cluster: k.Name, Action: "kubernetes:list services", Deny: true}}); err != nil {
		t.Fatal(err)
	}
	cs := client(t, r.config(t, k.Name))
	_, err := cs.CoreV1().Services("").List(t.Context(), metav1.ListOptions{})
	const want = `services is forbidden: User "kubeconfig-user" cannot list resource "services" in API group "" at the cluster scope`
	if !apierrors.IsForbidden(err) || err.Error() != want {
		t.Errorf("list services = %v, want %s", err, want)
	}
	if _, err := cs.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{Limit: 1}); err != nil {
		t.Errorf("list pods: %v", err)
	}
	review, err := client(t, protobuf(r.config(t, k.Name))).AuthorizationV1().SelfSubjectRulesReviews().Create(t.Context(),
		&authorizationv1.SelfSubjectRulesReview{Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: "default"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	may := map[string]bool{}
	for _, rule := range review.Status.ResourceRules {
		for _, verb := range rule.Verbs {
			may[verb+" "+rule.Resources[0]] = true
		}
	}
	if !may["list pods"] || !may["get services"] || may["list services"] {
		t.Errorf("rules are %v", may)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rule fault.Rule
		want func(error) bool
	}{
		"throttled":   {fault.Rule{Throttle: true}, apierrors.IsTooManyRequests},
		"broken":      {fault.Rule{ErrorRate: 1}, apierrors.IsInternalError},
		"unreachable": {fault.Rule{Unreachable: true}, func(err error) bool { return err != nil && apierrors.ReasonForError(err) == "" }},
		"truncated":   {fault.Rule{Truncate: true}, func(err error) bool { return err != nil && apierrors.ReasonForError(err) == "" }},
		"slow":        {fault.Rule{LatencyMS: 1}, func(err error) bool { return err == nil }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, kube.Options{})
			if err := r.faults.Replace([]fault.Rule{tt.rule}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			cs := client(t, r.config(t, r.standalone().Name))
			err := cs.CoreV1().RESTClient().Get().AbsPath("/api/v1/nodes").MaxRetries(0).Do(ctx).Error()
			if !tt.want(err) {
				t.Errorf("list nodes = %v", err)
			}
		})
	}
}

// A client that streams lists falls back to pages.
func TestWatchIsRefused(t *testing.T) {
	t.Parallel()
	r := start(t, kube.Options{})
	yes := true
	_, err := client(t, r.config(t, r.standalone().Name)).CoreV1().Pods("").Watch(t.Context(), metav1.ListOptions{SendInitialEvents: &yes})
	if !apierrors.IsInvalid(err) {
		t.Errorf("watch = %v, want 422 Invalid", err)
	}
}
