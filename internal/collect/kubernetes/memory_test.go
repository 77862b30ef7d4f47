package kubernetes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// samplePod is a pod of an ordinary application: two containers, an init
// container, 12 variables each, and the managed fields that servers add.
func samplePod(i, workloads int) *corev1.Pod {
	owner := fmt.Sprintf("app-%d-5d4f8c", i%workloads)
	digest := fmt.Sprintf("sha256:%064x", i%workloads)
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("%s-%06d", owner, i), Namespace: "shop", UID: "5d2c1a9e-0000-4000-8000-000000000001",
			CreationTimestamp: metav1.Unix(1_750_000_000+int64(i*7919%100_000), 0),
			Labels:            map[string]string{"app": owner, "pod-template-hash": "5d4f8c", "team": "checkout"},
			OwnerReferences:   []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: owner, UID: types.UID("rs-" + owner), Controller: new(true)}},
			ManagedFields: []metav1.ManagedFieldsEntry{{
				Manager: "kubelet", Operation: "Update", FieldsType: "FieldsV1",
				FieldsV1: metav1.NewFieldsV1(`{"f:status":{` + strings.Repeat(`"f:conditions":{},`, 100) + `"f:phase":{}}}`),
			}},
		},
		Spec:   corev1.PodSpec{NodeName: fmt.Sprintf("node-%d", i%100), ServiceAccountName: "app"},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
	for _, name := range []string{"wait", "app", "proxy"} {
		c := corev1.Container{Name: name, Image: "registry.example/" + owner + "/" + name + ":1.2.3", Ports: []corev1.ContainerPort{{ContainerPort: 8080}}}
		for e := range 12 {
			c.Env = append(c.Env, corev1.EnvVar{Name: fmt.Sprintf("SETTING_%d", e), Value: "https://service.example.internal:8443/path"})
		}
		s := corev1.ContainerStatus{Name: name, Image: c.Image, ImageID: "registry.example/" + name + "@" + digest, Ready: true}
		if name == "wait" {
			p.Spec.InitContainers = append(p.Spec.InitContainers, c)
			p.Status.InitContainerStatuses = append(p.Status.InitContainerStatuses, s)
		} else {
			p.Spec.Containers = append(p.Spec.Containers, c)
			p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, s)
		}
	}
	return p
}

// Memory grows with the workloads and not with the pods: after 10,000 pods of
// 100 workloads, 90,000 more of the same add next to nothing.
func TestMemoryPerWorkload(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 100,000 pods")
	}
	const perPage, pages, workloads = 500, 200, 100
	page := func(next string) []byte {
		list := &corev1.PodList{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"},
			ListMeta: metav1.ListMeta{Continue: next},
		}
		for i := range perPage {
			p := samplePod(i, workloads)
			p.ManagedFields, p.Spec.InitContainers = nil, nil
			p.Spec.Containers = p.Spec.Containers[:1]
			p.Spec.Containers[0].Env = p.Spec.Containers[0].Env[:2]
			list.Items = append(list.Items, *p)
		}
		var b bytes.Buffer
		if err := protobufSerializer.Encode(list, &b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	// All pages are of one length, so that only the token is written anew.
	body := page("00000")
	token := bytes.Index(body, []byte("00000"))
	live := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	server := newServer(t, "")
	n := 0
	var after10k, after100k uint64
	server.intercept = on("/api/v1/pods", false, func(w http.ResponseWriter, _ *http.Request) {
		switch n {
		case pages / 10:
			after10k = live()
		case pages - 1:
			after100k = live()
		}
		n++
		b := bytes.Clone(body)
		copy(b[token:], fmt.Sprintf("%05d", n))
		if n == pages {
			b = page("")
		}
		w.Header().Set("Content-Type", protobufType)
		w.Write(b)
	})
	var out recorder
	if err := testClient(Options{}).Collector().Collect(t.Context(), server.scope(), &out); err != nil {
		t.Fatal(err)
	}
	if got := len(out.workloads()); got != workloads {
		t.Errorf("%d workloads, want %d", got, workloads)
	}
	total := 0
	for _, w := range out.workloads() {
		total += w.Replicas
	}
	if total != perPage*pages {
		t.Errorf("%d replicas in all, want %d", total, perPage*pages)
	}
	const allowed = 2 << 20 // 23 bytes for each of the 90,000 pods
	if growth := int64(after100k) - int64(after10k); growth > allowed {
		t.Errorf("the live heap grew by %d bytes from 10,000 to 100,000 pods, want at most %d", growth, allowed)
	}
	t.Logf("live heap: %d KiB after 10,000 pods, %d KiB after 100,000", after10k>>10, after100k>>10)
}

// BenchmarkPods reads a page of 500 pods into workloads. It reports time and
// allocated bytes for one pod, and how many times as much it takes to decode
// the same page as a whole, from protobuf and from JSON.
func BenchmarkPods(b *testing.B) {
	const perPage = 500
	list := &corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}}
	for i := range perPage {
		list.Items = append(list.Items, *samplePod(i, 20))
	}
	var page bytes.Buffer
	if err := protobufSerializer.Encode(list, &page); err != nil {
		b.Fatal(err)
	}
	raw, err := list.Marshal()
	if err != nil {
		b.Fatal(err)
	}
	encoded, err := json.Marshal(list)
	if err != nil {
		b.Fatal(err)
	}
	protobufTime, protobufBytes := cost(func() error { return new(corev1.PodList).Unmarshal(raw) })
	jsonTime, jsonBytes := cost(func() error { return json.Unmarshal(encoded, new(corev1.PodList)) })

	k := &cluster{Client: New(Options{}), id: clusterARN, interned: interner{}}
	c := &census{cluster: k}
	c.clear()
	var item pod
	scan := func() error {
		_, err := k.page.scan(bytes.NewReader(page.Bytes()), func(p []byte) error {
			item.reset()
			if err := item.scan(p, k.interned); err != nil {
				return err
			}
			return c.pod(&item)
		})
		return err
	}
	ownTime, ownBytes := cost(scan)
	b.SetBytes(int64(page.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if err := scan(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/perPage, "ns/pod")
	b.ReportMetric(ownBytes/perPage, "B/pod")
	b.ReportMetric(protobufTime/ownTime, "x-time-protobuf")
	b.ReportMetric(protobufBytes/ownBytes, "x-bytes-protobuf")
	b.ReportMetric(jsonTime/ownTime, "x-time-json")
	b.ReportMetric(jsonBytes/ownBytes, "x-bytes-json")
}

// cost returns the time in nanoseconds and the bytes that f takes on average,
// once it is warm.
func cost(f func() error) (nanoseconds, allocated float64) {
	const runs = 5
	if err := f(); err != nil {
		panic(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	for range runs {
		if err := f(); err != nil {
			panic(err)
		}
	}
	elapsed := time.Since(start)
	runtime.ReadMemStats(&after)
	return float64(elapsed.Nanoseconds()) / runs, float64(after.TotalAlloc-before.TotalAlloc) / runs
}
