package kube

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// writeStatus answers with an error, in JSON as API servers do for clients
// that take it.
func writeStatus(w http.ResponseWriter, s metav1.Status) {
	s.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	if s.Details != nil && s.Details.RetryAfterSeconds > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(s.Details.RetryAfterSeconds)))
	}
	writeJSON(w, int(s.Code), s)
}

// writeJSON sends a document. A client that is gone is no error of ours.
func writeJSON(w http.ResponseWriter, code int, document any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(document)
}

func unauthorized() metav1.Status {
	return apierrors.NewUnauthorized("Unauthorized").ErrStatus
}

// forbidden is the refusal of role-based access control.
func forbidden(user string, t target) metav1.Status {
	where := "at the cluster scope"
	if t.Namespace != "" {
		where = fmt.Sprintf("in the namespace %q", t.Namespace)
	}
	reason := fmt.Sprintf("User %q cannot %s resource %q in API group %q %s", user, t.verb, t.Resource, t.Group, where)
	return apierrors.NewForbidden(schema.GroupResource{Group: t.Group, Resource: t.Resource}, t.Name, errors.New(reason)).ErrStatus
}

func notFound(t target) metav1.Status {
	return apierrors.NewNotFound(schema.GroupResource{Group: t.Group, Resource: t.Resource}, t.Name).ErrStatus
}

func badRequest(reason string) metav1.Status { return apierrors.NewBadRequest(reason).ErrStatus }

func methodNotAllowed(t target) metav1.Status {
	return apierrors.NewMethodNotSupported(schema.GroupResource{Group: t.Group, Resource: t.Resource}, t.verb).ErrStatus
}

func internalError() metav1.Status {
	return apierrors.NewInternalError(errors.New("etcdserver: request timed out")).ErrStatus
}

func tooManyRequests() metav1.Status {
	return apierrors.NewTooManyRequests("Too many requests, please try again later.", 1).ErrStatus
}

// notAcceptable refuses a client that wants a form that is not there.
func notAcceptable() metav1.Status {
	return metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusNotAcceptable, Reason: metav1.StatusReasonNotAcceptable,
		Message: "only the following media types are accepted: application/json, application/vnd.kubernetes.protobuf",
	}
}

// pageNotFound is the answer to paths that no API has.
func pageNotFound() metav1.Status {
	return metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusNotFound, Reason: metav1.StatusReasonNotFound,
		Message: "the server could not find the requested resource", Details: &metav1.StatusDetails{},
	}
}

// expired refuses a continue token that is too old. The new token goes on
// with the list as it is now, which is not what it was.
func expired(again string) metav1.Status {
	s := apierrors.NewResourceExpired("The provided continue parameter is too old to display a consistent list result. " +
		"You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. " +
		"Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time " +
		"the first chunk was returned and now may show up in the list.").ErrStatus
	s.Continue = again
	return s
}

// noWatch refuses to watch. Clients that would rather stream a list fall back
// to reading it in pages.
func noWatch(q url.Values) metav1.Status {
	if q.Get("sendInitialEvents") != "" {
		return metav1.Status{
			Status: metav1.StatusFailure, Code: http.StatusUnprocessableEntity, Reason: metav1.StatusReasonInvalid,
			Message: "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
		}
	}
	return methodNotAllowed(target{verb: "watch"})
}
