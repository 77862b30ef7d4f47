package kubernetes

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/pem"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	serializerjson "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// scheme has the types that the test server serves.
var scheme = func() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, batchv1.AddToScheme, networkingv1.AddToScheme, metav1.AddMetaToScheme,
	} {
		if err := add(s); err != nil {
			panic(err)
		}
	}
	return s
}()

var (
	protobufSerializer = protobuf.NewSerializer(scheme, scheme)
	jsonSerializer     = serializerjson.NewSerializerWithOptions(serializerjson.DefaultMetaFactory, scheme, scheme, serializerjson.SerializerOptions{})
)

// listKinds are the lists that every server has, by path.
var listKinds = map[string]schema.GroupVersionKind{
	"/api/v1/nodes":                                 corev1.SchemeGroupVersion.WithKind("NodeList"),
	"/api/v1/namespaces":                            corev1.SchemeGroupVersion.WithKind("NamespaceList"),
	"/api/v1/pods":                                  corev1.SchemeGroupVersion.WithKind("PodList"),
	"/api/v1/services":                              corev1.SchemeGroupVersion.WithKind("ServiceList"),
	"/api/v1/serviceaccounts":                       corev1.SchemeGroupVersion.WithKind("ServiceAccountList"),
	"/api/v1/replicationcontrollers":                corev1.SchemeGroupVersion.WithKind("ReplicationControllerList"),
	"/apis/apps/v1/deployments":                     appsv1.SchemeGroupVersion.WithKind("DeploymentList"),
	"/apis/apps/v1/replicasets":                     appsv1.SchemeGroupVersion.WithKind("ReplicaSetList"),
	"/apis/apps/v1/statefulsets":                    appsv1.SchemeGroupVersion.WithKind("StatefulSetList"),
	"/apis/apps/v1/daemonsets":                      appsv1.SchemeGroupVersion.WithKind("DaemonSetList"),
	"/apis/batch/v1/jobs":                           batchv1.SchemeGroupVersion.WithKind("JobList"),
	"/apis/batch/v1/cronjobs":                       batchv1.SchemeGroupVersion.WithKind("CronJobList"),
	"/apis/networking.k8s.io/v1/ingresses":          networkingv1.SchemeGroupVersion.WithKind("IngressList"),
	"/apis/gateway.networking.k8s.io/v1/gateways":   {Group: gatewayGroup, Version: "v1", Kind: "GatewayList"},
	"/apis/gateway.networking.k8s.io/v1/httproutes": {Group: gatewayGroup, Version: "v1", Kind: "HTTPRouteList"},
}

// An apiServer speaks as much of the Kubernetes API as the collector uses, in
// the real encodings.
type apiServer struct {
	t *testing.T
	*httptest.Server
	// objects are by the path of their list.
	objects map[string][]runtime.Object
	// page is how many objects a page has at most.
	page int
	// noProtobuf makes the server answer in JSON only.
	noProtobuf bool
	// intercept may answer instead; it returns whether it did.
	intercept func(w http.ResponseWriter, r *http.Request) bool

	mu   sync.Mutex
	seen []string // paths and queries
}

func newServer(t *testing.T, yaml string) *apiServer {
	t.Helper()
	s := &apiServer{t: t, objects: map[string][]runtime.Object{}, page: 2}
	for doc := range strings.SplitSeq(yaml, "\n---\n") {
		if strings.TrimSpace(doc) != "" {
			s.add(decodeYAML(t, doc))
		}
	}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func decodeYAML(t *testing.T, doc string) runtime.Object {
	t.Helper()
	data, err := utilyaml.ToJSON([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	var u unstructured.Unstructured
	if err := u.UnmarshalJSON(data); err != nil {
		t.Fatalf("object %s: %v", doc, err)
	}
	if !scheme.Recognizes(u.GroupVersionKind()) {
		return &u
	}
	obj, _, err := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer().Decode(data, nil, nil)
	if err != nil {
		t.Fatalf("object %s: %v", doc, err)
	}
	return obj
}

// add serves an object.
func (s *apiServer) add(obj runtime.Object) {
	gvk := obj.GetObjectKind().GroupVersionKind()
	for path, list := range listKinds {
		if list.GroupVersion() == gvk.GroupVersion() && list.Kind == gvk.Kind+"List" {
			s.objects[path] = append(s.objects[path], obj)
			return
		}
	}
	s.t.Fatalf("no list of %v", gvk)
}

// ServeHTTP implements [http.Handler].
func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.seen = append(s.seen, r.URL.RequestURI())
	s.mu.Unlock()
	if r.Method != http.MethodGet {
		s.t.Errorf("%s %s: the collector only reads", r.Method, r.URL)
	}
	if s.intercept != nil && s.intercept(w, r) {
		return
	}
	kind, ok := listKinds[r.URL.Path]
	switch {
	case r.URL.Path == "/version":
		w.Header().Set("Content-Type", jsonType)
		w.Write([]byte(`{"major":"1","minor":"37","gitVersion":"v1.37.2"}`))
	case r.URL.Path == "/apis/"+gatewayGroup && s.hasGateways():
		w.Header().Set("Content-Type", jsonType)
		w.Write([]byte(`{"kind":"APIGroup","name":"` + gatewayGroup + `","preferredVersion":{"groupVersion":"` + gatewayGroup + `/v1","version":"v1"}}`))
	case !ok || kind.Group == gatewayGroup && !s.hasGateways():
		s.status(w, r, http.StatusNotFound, "the server could not find the requested resource")
	default:
		s.list(w, r, kind)
	}
}

func (s *apiServer) hasGateways() bool {
	return len(s.objects["/apis/gateway.networking.k8s.io/v1/gateways"]) > 0
}

// list serves one page.
func (s *apiServer) list(w http.ResponseWriter, r *http.Request, kind schema.GroupVersionKind) {
	objects := s.objects[r.URL.Path]
	offset, err := strconv.Atoi("0" + r.URL.Query().Get("continue"))
	if err != nil || offset > len(objects) {
		s.status(w, r, http.StatusGone, "The provided continue parameter is too old")
		return
	}
	end := min(offset+s.page, len(objects))
	next := ""
	if end < len(objects) {
		next = strconv.Itoa(end)
	}
	accept := r.Header.Get("Accept")
	switch {
	case !scheme.Recognizes(kind):
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		list.SetContinue(next)
		for _, o := range objects[offset:end] {
			list.Items = append(list.Items, *o.(*unstructured.Unstructured))
		}
		s.write(w, list, jsonType, jsonSerializer)
		return
	case strings.Contains(accept, "as=PartialObjectMetadataList"):
		list := &metav1.PartialObjectMetadataList{ListMeta: metav1.ListMeta{Continue: next}}
		for _, o := range objects[offset:end] {
			m, err := apimeta.Accessor(o)
			if err != nil {
				s.t.Error(err)
			}
			list.Items = append(list.Items, *apimeta.AsPartialObjectMetadata(m))
		}
		list.SetGroupVersionKind(metav1.SchemeGroupVersion.WithKind("PartialObjectMetadataList"))
		s.encode(w, accept, list)
		return
	}
	list, err := scheme.New(kind)
	if err == nil {
		err = apimeta.SetList(list, objects[offset:end])
	}
	if err != nil {
		s.t.Error(err)
	}
	list.(metav1.ListMetaAccessor).GetListMeta().SetContinue(next)
	list.GetObjectKind().SetGroupVersionKind(kind)
	s.encode(w, accept, list)
}

func (s *apiServer) encode(w http.ResponseWriter, accept string, obj runtime.Object) {
	if strings.HasPrefix(accept, protobufType) && !s.noProtobuf {
		s.write(w, obj, protobufType, protobufSerializer)
	} else {
		s.write(w, obj, jsonType, jsonSerializer)
	}
}

func (s *apiServer) write(w http.ResponseWriter, obj runtime.Object, mediaType string, e runtime.Encoder) {
	var b bytes.Buffer
	if err := e.Encode(obj, &b); err != nil {
		s.t.Error(err)
	}
	w.Header().Set("Content-Type", mediaType)
	w.Write(b.Bytes())
}

// status refuses a request as API servers do, in the encoding that was asked
// for.
func (s *apiServer) status(w http.ResponseWriter, r *http.Request, code int, message string) {
	var b bytes.Buffer
	status := &metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   "Failure", Message: message, Code: int32(code),
	}
	var e runtime.Encoder = jsonSerializer
	w.Header().Set("Content-Type", jsonType)
	if strings.HasPrefix(r.Header.Get("Accept"), protobufType) {
		e = protobufSerializer
		w.Header().Set("Content-Type", protobufType)
	}
	if err := e.Encode(status, &b); err != nil {
		s.t.Error(err)
	}
	w.WriteHeader(code)
	w.Write(b.Bytes())
}

// requests returns the distinct paths that were asked for.
func (s *apiServer) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	paths := map[string]bool{}
	for _, uri := range s.seen {
		path, _, _ := strings.Cut(uri, "?")
		paths[path] = true
	}
	return slices.Sorted(maps.Keys(paths))
}

const clusterARN = "arn:aws:eks:eu-west-1:111122223333:cluster/prod"

// scope is an EKS cluster served by s.
func (s *apiServer) scope() collect.Scope {
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	return collect.Scope{
		ScopeKey: inventory.ScopeKey{
			Provider: inventory.AWS, Account: "111122223333", Region: "eu-west-1",
			Collector: collect.KubernetesCollector, Target: "prod",
		},
		Params: map[string]string{
			ParamEndpoint: s.URL, ParamCA: base64.StdEncoding.EncodeToString(ca),
			ParamClusterARN: clusterARN, ParamClusterName: "prod", ParamAuth: "eks",
		},
	}
}

// testClient returns a client that does not wait between attempts.
func testClient(o Options) *Client {
	if o.Tokens == nil {
		o.Tokens = map[string]TokenFunc{"eks": func(context.Context, string, string, string) (string, time.Time, error) {
			return "k8s-aws-v1.token", time.Now().Add(time.Hour), nil
		}}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	c := New(o)
	c.pause = func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) }
	return c
}

// A recorder keeps the records that are emitted.
type recorder struct {
	mu      sync.Mutex
	records []inventory.Record
}

// Emit implements [collect.Sink].
func (r *recorder) Emit(record inventory.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = append(r.records, record)
	return nil
}

// workloads returns the workloads by UID without the cluster's.
func (r *recorder) workloads() map[string]inventory.Workload {
	all := map[string]inventory.Workload{}
	for _, record := range r.records {
		if w, ok := record.(inventory.Workload); ok {
			all[strings.TrimPrefix(w.UID, clusterARN+"/")] = w
		}
	}
	return all
}
