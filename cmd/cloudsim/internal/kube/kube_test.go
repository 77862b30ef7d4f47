package kube_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/content"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/fault"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/kube"
)

// A rig is a running server and the estate behind it.
type rig struct {
	*estate.Estate
	server *kube.Server
	url    string
	faults fault.Set
	now    atomic.Int64 // seconds since 2026
}

// start serves an estate with many pods in each cluster.
func start(t *testing.T, o kube.Options) *rig {
	t.Helper()
	e, err := estate.New(estate.Config{Seed: 1, Workloads: 400, PodsPerWorkload: 20}, content.Catalog())
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Estate: e}
	o.Cluster = func(name string) (*estate.KubeCluster, bool) {
		i, ok := e.FindKubeCluster(name)
		if !ok {
			return nil, false
		}
		return e.KubeCluster(i), true
	}
	o.Step = func() int { return int(e.Now().Unix()) / 3600 }
	o.Token = "open-sesame"
	o.Faults = &r.faults
	o.Now = func() time.Time { return time.Date(2026, 1, 1, 0, 0, int(r.now.Load()), 0, time.UTC) }
	r.server, err = kube.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(r.server)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that hang up
	s.TLS = r.server.TLS()
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	r.url = s.URL
	return r
}

// standalone returns the name of the cluster that is reached by kubeconfig.
func (r *rig) standalone() *estate.KubeCluster {
	for i := range r.KubeClusters() {
		if r.Standalone(i) {
			return r.KubeCluster(i)
		}
	}
	panic("no stand-alone cluster")
}

// config returns the client configuration of a context of a kubeconfig file.
func (r *rig) config(t *testing.T, name string) *rest.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := kube.WriteKubeconfig(path, []kube.Context{r.server.Context(r.url, name)}); err != nil {
		t.Fatal(err)
	}
	c, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	c.QPS = -1
	return c
}

func protobuf(c *rest.Config) *rest.Config {
	c = rest.CopyConfig(c)
	c.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	c.ContentType = "application/vnd.kubernetes.protobuf"
	return c
}

func client(t *testing.T, c *rest.Config) *kubernetes.Clientset {
	t.Helper()
	cs, err := kubernetes.NewForConfig(c)
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

// Both encodings must say the same, whole or in pages, and what the estate says.
func TestListPods(t *testing.T) {
	t.Parallel()
	r := start(t, kube.Options{})
	k := r.standalone()
	cfg := r.config(t, k.Name)
	inJSON, err := client(t, cfg).CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := client(t, protobuf(cfg)).CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(inJSON, whole); diff != "" {
		t.Errorf("pods mismatch (-json +protobuf):\n%.2000s", diff)
	}
	var paged []corev1.Pod
	pages := 0
	for o := (metav1.ListOptions{Limit: 37}); ; pages++ {
		l, err := client(t, protobuf(cfg)).CoreV1().Pods("").List(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		paged = append(paged, l.Items...)
		if want := int64(k.PodCount() - len(paged)); l.Continue != "" && (l.RemainingItemCount == nil || *l.RemainingItemCount != want) {
			t.Errorf("page %d: remaining %v, want %d", pages, l.RemainingItemCount, want)
		}
		if o.Continue = l.Continue; o.Continue == "" {
			break
		}
	}
	if diff := cmp.Diff(whole.Items, paged); diff != "" || pages < 2 {
		t.Errorf("%d pages mismatch (-whole +paged):\n%.2000s", pages, diff)
	}
	i := 0
	for want := range k.Pods() {
		got := whole.Items[i]
		if got.Name != want.Name || string(got.UID) != want.UID || got.Spec.NodeName != want.Node.Name ||
			len(got.Status.ContainerStatuses) != len(want.Containers) || got.Status.ContainerStatuses[0].ImageID != want.Containers[0].ImageID {
			t.Fatalf("pod %d = %s/%s, want %+v", i, got.Namespace, got.Name, want)
		}
		i++
	}
	if i != len(whole.Items) {
		t.Errorf("%d pods, want %d", len(whole.Items), i)
	}
}

func TestSelectors(t *testing.T) {
	t.Parallel()
	r := start(t, kube.Options{})
	k := r.standalone()
	pods := client(t, protobuf(r.config(t, k.Name))).CoreV1()
	list := func(namespace string, o metav1.ListOptions) []corev1.Pod {
		t.Helper()
		l, err := pods.Pods(namespace).List(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return l.Items
	}
	pending := list("", metav1.ListOptions{FieldSelector: "status.phase!=Running,status.phase!=Succeeded"})
	running := list("", metav1.ListOptions{FieldSelector: "status.phase=Running"})
	if len(pending) == 0 || len(pending)+len(running) != k.PodCount() {
		t.Errorf("%d pending and %d running pods of %d", len(pending), len(running), k.PodCount())
	}
	for _, p := range pending {
		if s := p.Status.ContainerStatuses[0]; s.ImageID != "" || s.State.Waiting == nil {
			t.Errorf("pending pod %s has status %+v", p.Name, s)
		}
	}
	for _, p := range list("kube-system", metav1.ListOptions{LabelSelector: "app=coredns"}) {
		if p.Namespace != "kube-system" || p.Labels["app"] != "coredns" {
			t.Errorf("pod %s/%s with labels %v is not selected", p.Namespace, p.Name, p.Labels)
		}
	}
	_, err := pods.Pods("").List(t.Context(), metav1.ListOptions{FieldSelector: "spec.color=red"})
	if !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), "field label not supported: spec.color") {
		t.Errorf("unknown field: %v", err)
	}
}

// Owners, mirror pods and node architectures must be there for a client that
// looks for them.
func TestOwners(t *testing.T) {
	t.Parallel()
	r := start(t, kube.Options{})
	k := r.standalone()
	cs := client(t, protobuf(r.config(t, k.Name)))
	owned := map[string]string{} // UID of ReplicaSet or Job -> kind of its owner
	rs, err := cs.AppsV1().ReplicaSets("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range rs.Items {
		owned[string(o.UID)] = metav1.GetControllerOf(&o).Kind
	}
	jobs, err := cs.BatchV1().Jobs("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range jobs.Items {
		owned[string(o.UID)] = "none"
		if c := metav1.GetControllerOf(&o); c != nil {
			owned[string(o.UID)] = c.Kind
		}
	}
	pods, err := cs.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, p := range pods.Items {
		kind := "none"
		if o := metav1.GetControllerOf(&p); o != nil {
			kind = o.Kind
			if kind == "ReplicaSet" || kind == "Job" {
				kind += "/" + owned[string(o.UID)]
			}
		}
		if (p.Annotations[corev1.MirrorPodAnnotationKey] != "") != (kind == "Node") {
			t.Errorf("pod %s of %s has annotations %v", p.Name, kind, p.Annotations)
		}
		got[kind]++
	}
	want := map[string]int{}
	names := map[string]string{
		estate.Deployment: "ReplicaSet/Deployment", estate.CronJob: "Job/CronJob", estate.Job: "Job/none",
		estate.BarePod: "none", estate.StaticPod: "Node", estate.StatefulSet: "StatefulSet", estate.DaemonSet: "DaemonSet",
	}
	for _, w := range k.Workloads() {
		want[names[w.Kind]] += w.Replicas
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pods by owner mismatch (-want +got):\n%s", diff)
	}
	nodes, err := cs.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	arches := map[string]bool{}
	for _, n := range nodes.Items {
		arches[n.Status.NodeInfo.Architecture] = true
	}
	if !arches["amd64"] || !arches["arm64"] {
		t.Errorf("node architectures are %v, want both", arches)
	}
}

// Every kind can be listed by a typed client in protobuf and, as metadata, by
// the metadata client.
func TestEveryKind(t *testing.T) {
	t.Parallel()
	r := start(t, kube.Options{})
	cfg := r.config(t, "shop-eks")
	disco := client(t, cfg).Discovery()
	lists, err := disco.ServerPreferredResources()
	if err != nil {
		t.Fatal(err)
	}
	dyn, err := dynamic.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	meta, err := metadata.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	kinds := 0
	for _, l := range lists {
		gv, err := schema.ParseGroupVersion(l.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, res := range l.APIResources {
			if !strings.Contains(fmt.Sprint(res.Verbs), "list") {
				continue
			}
			kinds++
			gvr := gv.WithResource(res.Name)
			full, err := dyn.Resource(gvr).List(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Errorf("list %s: %v", gvr, err)
				continue
			}
			if full.GetKind() != res.Kind+"List" || full.GetAPIVersion() != l.GroupVersion {
				t.Errorf("list %s is a %s of %s", gvr, full.GetKind(), full.GetAPIVersion())
			}
			slim, err := meta.Resource(gvr).List(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Errorf("list metadata of %s: %v", gvr, err)
				continue
			}
			if len(slim.Items) != len(full.Items) {
				t.Errorf("%s: %d objects, metadata of %d", gvr, len(full.Items), len(slim.Items))
			}
			seen := map[string]bool{}
			for _, o := range full.Items {
				if o.GetUID() == "" || seen[string(o.GetUID())] {
					t.Errorf("%s %s/%s: UID %q is empty or not unique", gvr, o.GetNamespace(), o.GetName(), o.GetUID())
				}
				seen[string(o.GetUID())] = true
			}
		}
	}
	if kinds < 17 {
		t.Errorf("discovery shows %d kinds, want at least 17", kinds)
	}
	if v, err := disco.ServerVersion(); err != nil || v.Major != "1" || !strings.HasPrefix(v.GitVersion, "v1.") {
		t.Errorf("ServerVersion() = %v, %v", v, err)
	}
	ns, err := client(t, protobuf(cfg)).CoreV1().Namespaces().Get(t.Context(), "kube-system", metav1.GetOptions{})
	if i, _ := r.FindKubeCluster("shop-eks"); err != nil || string(ns.UID) != r.KubeCluster(i).UID {
		t.Errorf("namespace kube-system = %v, %v", ns, err)
	}
}

func TestExpiredContinueToken(t *testing.T) {
	t.Parallel()
	for name, expire := range map[string]func(*rig){
		"estate_moved_on": func(r *rig) { r.Step() },
		"too_old":         func(r *rig) { r.now.Add(301) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, kube.Options{})
			pods := client(t, protobuf(r.config(t, r.standalone().Name))).CoreV1().Pods("")
			first, err := pods.List(t.Context(), metav1.ListOptions{Limit: 5})
			if err != nil {
				t.Fatal(err)
			}
			expire(r)
			_, err = pods.List(t.Context(), metav1.ListOptions{Limit: 5, Continue: first.Continue})
			if !apierrors.IsResourceExpired(err) {
				t.Fatalf("old token: %v, want 410 Expired", err)
			}
			var status apierrors.APIStatus
			if !errors.As(err, &status) || status.Status().Code != 410 || status.Status().Continue == "" {
				t.Fatalf("old token: %+v, want a token to go on with", err)
			}
			rest, err := pods.List(t.Context(), metav1.ListOptions{Limit: 5, Continue: status.Status().Continue})
			if err != nil || len(rest.Items) != 5 {
				t.Errorf("inconsistent token: %v", err)
			}
		})
	}
	r := start(t, kube.Options{})
	_, err := client(t, r.config(t, r.standalone().Name)).CoreV1().Pods("").List(t.Context(), metav1.ListOptions{Limit: 5, Continue: "nonsense"})
	if !apierrors.IsBadRequest(err) {
		t.Errorf("nonsense token: %v, want 400", err)
	}
}
