package kubernetes

import (
	"bytes"
	"encoding/json"
	"math/rand"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/randfill"
)

// randomizer fills API objects so that every field that is read is often set.
func randomizer(seed int64) *randfill.Filler {
	return randfill.New().RandSource(rand.NewSource(seed)).NilChance(0.3).NumElements(0, 4).MaxDepth(16).Funcs(
		func(t *metav1.Time, c randfill.Continue) { *t = metav1.Unix(c.Rand.Int63n(1<<33), 0) },
		func(t *metav1.MicroTime, _ randfill.Continue) { *t = metav1.MicroTime{} },
		func(q *quantity.Quantity, c randfill.Continue) {
			*q = *quantity.NewQuantity(c.Rand.Int63n(1<<40), quantity.DecimalSI)
		},
		func(f *metav1.FieldsV1, _ randfill.Continue) { f.SetRawString(`{"f:x":{}}`) },
		func(a *map[string]string, c randfill.Continue) {
			*a = map[string]string{
				"app": c.String(8), c.String(4): c.String(3), "kubernetes.io/config.mirror": c.String(5),
				"eks.amazonaws.com/role-arn": c.String(5), "azure.workload.identity/client-id": c.String(5),
				"iam.gke.io/gcp-service-account": c.String(5),
			}
		},
	)
}

// compare are the differences between the encodings that mean nothing.
var compare = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.AllowUnexported(label{}),
	cmpopts.IgnoreUnexported(controller{}),
	cmpopts.SortSlices(func(a, b label) bool { return a.key < b.key }),
	cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }),
}

// dropMounts drops the mounts that scan does not keep.
func dropMounts(o any) {
	p, ok := o.(*pod)
	if !ok {
		return
	}
	for _, list := range [][]containerStatus{p.Status.InitContainers, p.Status.Containers, p.Status.EphemeralContainers} {
		for i := range list {
			list[i].VolumeMounts = slices.DeleteFunc(list[i].VolumeMounts, func(m volumeMountStatus) bool { return m.Status.Image.Ref == "" })
		}
	}
}

// checkScan decodes an object from protobuf by scan and, by way of Kubernetes'
// own decoder, from JSON. The reused object has leftovers of an earlier one.
func checkScan[T any, O interface {
	*T
	object
}](t *testing.T, encoded []byte, decoded any, reused O) {
	t.Helper()
	viaJSON, err := json.Marshal(decoded)
	if err != nil {
		t.Fatal(err)
	}
	var want T
	if err := json.Unmarshal(viaJSON, &want); err != nil {
		t.Fatal(err)
	}
	dropMounts(&want)
	reused.reset()
	if err := reused.scan(encoded, interner{}); err != nil {
		t.Fatalf("scan = %v", err)
	}
	if diff := cmp.Diff(&want, (*T)(reused), compare); diff != "" {
		t.Fatalf("scan differs from k8s.io/api (-want +got):\n%s", diff)
	}
}

// The scanner must read what Kubernetes' own decoder reads.
func TestScanRandomObjects(t *testing.T) {
	t.Parallel()
	filler := randomizer(1)
	var (
		reusedPod        pod
		reusedNode       node
		reusedMetadata   metadataObject
		reusedDeployment = controller{path: declared[1].path}
		reusedDaemonSet  = controller{path: declared[3].path}
	)
	for range 60 {
		var p corev1.Pod
		filler.Fill(&p)
		b, err := p.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		checkScan(t, b, &p, &reusedPod)
		checkScan(t, b, &metav1.PartialObjectMetadata{ObjectMeta: p.ObjectMeta}, &reusedMetadata)

		var n corev1.Node
		filler.Fill(&n)
		if b, err = n.Marshal(); err != nil {
			t.Fatal(err)
		}
		checkScan(t, b, &n, &reusedNode)

		var d appsv1.Deployment
		filler.Fill(&d)
		if b, err = d.Marshal(); err != nil {
			t.Fatal(err)
		}
		checkScan(t, b, &d, &reusedDeployment)

		var ds appsv1.DaemonSet
		filler.Fill(&ds)
		if b, err = ds.Marshal(); err != nil {
			t.Fatal(err)
		}
		checkScan(t, b, &ds, &reusedDaemonSet)
	}
}

// Every type with a template is read along its own path.
func TestScanTemplates(t *testing.T) {
	t.Parallel()
	template := corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		Containers: []corev1.Container{{Name: "app", Image: "app:1"}}, ServiceAccountName: "robot",
	}}
	type marshaler interface{ Marshal() ([]byte, error) }
	objects := map[string]marshaler{
		"ReplicationController": &corev1.ReplicationController{Spec: corev1.ReplicationControllerSpec{Template: &template}},
		"Deployment":            &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Template: template}},
		"StatefulSet":           &appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{Template: template}},
		"DaemonSet":             &appsv1.DaemonSet{Spec: appsv1.DaemonSetSpec{Template: template}},
		"CronJob":               &batchv1.CronJob{Spec: batchv1.CronJobSpec{JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: template}}}},
	}
	for _, d := range declared {
		b, err := objects[d.kind].Marshal()
		if err != nil {
			t.Fatal(err)
		}
		o := controller{path: d.path}
		if err := o.scan(b, interner{}); err != nil {
			t.Fatal(err)
		}
		s := o.template().Spec
		if s.ServiceAccount != "robot" || len(s.Containers) != 1 || s.Containers[0].Image != "app:1" {
			t.Errorf("%s: template = %+v, want the container app:1", d.kind, s)
		}
		viaJSON, err := json.Marshal(objects[d.kind])
		if err != nil {
			t.Fatal(err)
		}
		var fromJSON controller
		if err := json.Unmarshal(viaJSON, &fromJSON); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fromJSON.template(), o.template(), compare); diff != "" {
			t.Errorf("%s: template mismatch (-JSON +protobuf):\n%s", d.kind, diff)
		}
	}
}

func FuzzScanPod(f *testing.F) {
	filler := randomizer(2)
	for range 4 {
		var p corev1.Pod
		filler.Fill(&p)
		b, err := p.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Add([]byte{0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		var p pod
		if err := p.scan(b, interner{}); err != nil {
			return
		}
		// What Kubernetes reads of the same bytes, written in its own way,
		// must read the same. (Bytes that it does not write may mean different
		// things: a field that must occur once occurs twice.)
		var theirs corev1.Pod
		if theirs.Unmarshal(b) != nil {
			return
		}
		canonical, err := theirs.Marshal()
		if err != nil {
			return
		}
		viaJSON, err := json.Marshal(&theirs)
		if err != nil {
			return
		}
		var want, got pod
		if err := json.Unmarshal(viaJSON, &want); err != nil {
			return // A time or number that JSON cannot express.
		}
		dropMounts(&want)
		if err := got.scan(canonical, interner{}); err != nil {
			t.Fatalf("scan of what k8s.io/api wrote = %v", err)
		}
		if validUTF8(canonical) {
			if diff := cmp.Diff(want, got, compare); diff != "" {
				t.Fatalf("scan differs from k8s.io/api (-want +got):\n%s", diff)
			}
		}
	})
}

// validUTF8 reports whether no byte could be replaced on the way through JSON.
// Lengths and tags are below 0x80 in small messages.
func validUTF8(b []byte) bool { return !bytes.ContainsFunc(b, func(r rune) bool { return r >= 0x80 }) }

func FuzzScanPage(f *testing.F) {
	f.Add(podPage(f))
	f.Add(podPage(f, &corev1.Pod{}, &corev1.Pod{Spec: corev1.PodSpec{NodeName: "n"}}))
	f.Add([]byte(magic + "\x12\x02\x12\x00"))
	f.Add([]byte(magic + "\x12\x7f\x12\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var r pageReader
		total := 0
		_, err := r.scan(bytes.NewReader(b), func(item []byte) error {
			total += len(item)
			return nil
		})
		if err == nil && total > len(b) {
			t.Fatalf("%d bytes of items in a page of %d", total, len(b))
		}
		if cap(r.buffer) > 2*maxItem {
			t.Fatalf("a page of %d bytes made a buffer of %d", len(b), cap(r.buffer))
		}
	})
}

func FuzzDecodePage(f *testing.F) {
	f.Add([]byte(`{"kind":"PodList","metadata":{"continue":"x"},"items":[{"metadata":{"name":"a"}},{}]}`))
	f.Add([]byte(`{"items":null}`))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, b []byte) {
		next, err := decodePage(bytes.NewReader(b), func(*pod) error { return nil })
		if err != nil && next != "" {
			t.Fatalf("a page that failed has the continue token %q", next)
		}
	})
}
