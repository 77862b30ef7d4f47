//go:build e2e

package kubernetes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"

	"github.com/stowage-dev/stowage/e2e/rig/process"
)

// Apply creates the objects of a YAML file in their order, each with its
// status, which controllers would set. References to owners may leave out the
// UID.
func (c *Cluster) Apply(t testing.TB, manifest []byte) {
	t.Helper()
	config := &rest.Config{
		Host: c.URL, BearerToken: adminToken, TLSClientConfig: rest.TLSClientConfig{CAData: c.CA}, QPS: -1,
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	for objects := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifest), 4096); ; {
		var o unstructured.Unstructured
		err := objects.Decode(&o.Object)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(o.Object) == 0 {
			continue
		}
		// A namespace gets its service account, and a type its place in the
		// discovery, a moment after it is made.
		what := fmt.Sprintf("%s %s/%s is created", o.GetKind(), o.GetNamespace(), o.GetName())
		process.Until(t, 30*time.Second, what, func(ctx context.Context) error {
			return create(ctx, c.Client.Discovery(), client, o.DeepCopy())
		})
	}
}

// create creates an object and sets its status.
func create(ctx context.Context, types discovery.DiscoveryInterface, client dynamic.Interface, o *unstructured.Unstructured) error {
	groups, err := restmapper.GetAPIGroupResources(types)
	if err != nil {
		return err
	}
	mapper := restmapper.NewDiscoveryRESTMapper(groups)
	resource := func(gvk schema.GroupVersionKind, namespace string) (dynamic.ResourceInterface, error) {
		m, err := mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
		if err != nil {
			return nil, err
		}
		if m.Scope.Name() == "root" {
			namespace = ""
		}
		return client.Resource(m.Resource).Namespace(namespace), nil
	}
	owners := o.GetOwnerReferences()
	for i, owner := range owners {
		of, err := resource(schema.FromAPIVersionAndKind(owner.APIVersion, owner.Kind), o.GetNamespace())
		if err != nil {
			return err
		}
		found, err := of.Get(ctx, owner.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		owners[i].UID = found.GetUID()
	}
	if len(owners) > 0 {
		o.SetOwnerReferences(owners)
	}
	objects, err := resource(o.GroupVersionKind(), o.GetNamespace())
	if err != nil {
		return err
	}
	created, err := objects.Create(ctx, o, metav1.CreateOptions{})
	if err != nil || o.Object["status"] == nil {
		return err
	}
	created.Object["status"] = o.Object["status"]
	_, err = objects.UpdateStatus(ctx, created, metav1.UpdateOptions{})
	return err
}
