package kube

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// An object is an object of the API that knows its protobuf encoding.
type object interface {
	runtime.Object
	metav1.Object
	Size() int
	MarshalToSizedBuffer([]byte) (int, error)
}

// listOptions are the parameters of a list.
type listOptions struct {
	limit     int // 0 is all
	token     continueToken
	namespace string
	fields    fields.Selector
	labels    labels.Selector
}

// A continueToken says where the next page begins.
type continueToken struct {
	ResourceVersion string `json:"rv"`
	// Start is the number of objects before the page.
	Start int `json:"start"`
	// Expires is when the token is too old.
	Expires time.Time `json:"expires"`
	// Inconsistent tokens go on with whatever the list is now.
	Inconsistent bool `json:"inconsistent,omitempty"`
}

// continueLife is how long a list can be continued: API servers forget old
// versions after five minutes.
const continueLife = 5 * time.Minute

func (t continueToken) String() string {
	b, err := json.Marshal(t)
	if err != nil {
		panic(err) // strings, numbers and a time
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseContinue(s string) (continueToken, error) {
	var t continueToken
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(b, &t)
	}
	if err != nil || t.Start < 0 {
		return continueToken{}, errors.New("continue key is not valid: the token cannot be read")
	}
	return t, nil
}

// resourceVersionAt returns the resource version of everything at a step.
func resourceVersionAt(step int) string { return strconv.Itoa(1_000_000 + step*1_000) }

func parseListOptions(q url.Values, res resource, namespace string) (listOptions, error) {
	o := listOptions{namespace: namespace}
	var err error
	if s := q.Get("limit"); s != "" {
		if o.limit, err = strconv.Atoi(s); err != nil || o.limit < 0 {
			return o, fmt.Errorf("limit: invalid value %q", s)
		}
	}
	if s := q.Get("continue"); s != "" {
		if rv := q.Get("resourceVersion"); rv != "" && rv != "0" {
			return o, errors.New("specifying resource version is not allowed when using continue")
		}
		if o.token, err = parseContinue(s); err != nil {
			return o, err
		}
	}
	if o.labels, err = labels.Parse(q.Get("labelSelector")); err != nil {
		return o, err
	}
	if o.fields, err = fields.ParseSelector(q.Get("fieldSelector")); err != nil {
		return o, err
	}
	for _, r := range o.fields.Requirements() {
		if r.Field != "metadata.name" && r.Field != "metadata.namespace" && (res.fields == nil || !podFields[r.Field]) {
			return o, fmt.Errorf("field label not supported: %s", r.Field)
		}
	}
	return o, nil
}

// matches reports whether an object is in the list.
func (o listOptions) matches(res resource, obj object) bool {
	if o.namespace != "" && obj.GetNamespace() != o.namespace {
		return false
	}
	if !o.labels.Empty() && !o.labels.Matches(labels.Set(obj.GetLabels())) {
		return false
	}
	if o.fields.Empty() {
		return true
	}
	set := fields.Set{"metadata.name": obj.GetName(), "metadata.namespace": obj.GetNamespace()}
	if res.fields != nil {
		res.fields(obj, set)
	}
	return o.fields.Matches(set)
}

// list answers a list or one page of it.
func (r *request) list(w http.ResponseWriter, res resource, t target) {
	o, err := parseListOptions(r.URL.Query(), res, t.Namespace)
	if err != nil {
		writeStatus(w, badRequest(err.Error()))
		return
	}
	form, ok := negotiate(r.Header.Get("Accept"), res)
	if !ok {
		writeStatus(w, notAcceptable())
		return
	}
	now := r.server.Now()
	rv := r.cluster.resourceVersion
	if token := o.token; token != (continueToken{}) && !token.Inconsistent && (token.ResourceVersion != rv || now.After(token.Expires)) {
		token.ResourceVersion, token.Expires, token.Inconsistent = rv, now.Add(continueLife), true
		writeStatus(w, expired(token.String()))
		return
	}
	meta := metav1.ListMeta{ResourceVersion: rv}
	items, next, remaining := r.page(res, o)
	if next > 0 {
		meta.Continue = continueToken{ResourceVersion: rv, Start: next, Expires: now.Add(continueLife), Inconsistent: o.token.Inconsistent}.String()
		if o.labels.Empty() && o.fields.Empty() && o.namespace == "" && remaining > 0 {
			meta.RemainingItemCount = &remaining
		}
	}
	form.writeList(w, res, meta, items)
}

// page returns the objects of a page, where the next one begins (0 for
// nowhere) and, if that is cheap to tell, how many objects remain. A list
// without a limit is made anew each time it is iterated, and never held.
func (r *request) page(res resource, o listOptions) (items iter.Seq[object], next int, remaining int64) {
	if o.limit == 0 {
		return func(yield func(object) bool) {
			for obj := range res.items(r.cluster, o.token.Start) {
				if o.matches(res, obj) && !yield(obj) {
					return
				}
			}
		}, 0, 0
	}
	page := make([]object, 0, min(o.limit, 1000))
	position := o.token.Start
	for obj := range res.items(r.cluster, position) {
		if len(page) == o.limit {
			next = position
			break
		}
		position++
		if o.matches(res, obj) {
			page = append(page, obj)
		}
	}
	if next > 0 && res.count != nil {
		remaining = int64(res.count(r.cluster) - next)
	}
	return func(yield func(object) bool) {
		for _, obj := range page {
			if !yield(obj) {
				return
			}
		}
	}, next, remaining
}

// get answers with one object.
func (r *request) get(w http.ResponseWriter, res resource, t target) {
	form, ok := negotiate(r.Header.Get("Accept"), res)
	if !ok {
		writeStatus(w, notAcceptable())
		return
	}
	for obj := range res.items(r.cluster, 0) {
		if obj.GetName() == t.Name && obj.GetNamespace() == t.Namespace {
			form.writeObject(w, res, obj)
			return
		}
	}
	writeStatus(w, notFound(t))
}
