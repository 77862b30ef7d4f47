package kube

import (
	"fmt"
	"iter"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

func (c *cluster) nodes() iter.Seq[*corev1.Node] {
	return each(c.Nodes(), func(n estate.KubeNode) *corev1.Node {
		addresses := []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: n.InternalIP}, {Type: corev1.NodeHostName, Address: n.Name}}
		if n.ExternalIP != "" {
			addresses = append(addresses, corev1.NodeAddress{Type: corev1.NodeExternalIP, Address: n.ExternalIP})
		}
		return &corev1.Node{
			ObjectMeta: c.meta("", n.Name, n.UID, c.CreatedAt, map[string]string{
				corev1.LabelArchStable: n.Architecture, corev1.LabelOSStable: "linux", corev1.LabelHostname: n.Name,
			}),
			Spec: corev1.NodeSpec{ProviderID: n.ProviderID},
			Status: corev1.NodeStatus{
				Addresses:  addresses,
				Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", LastTransitionTime: metav1.NewTime(c.CreatedAt)}},
				NodeInfo: corev1.NodeSystemInfo{
					OperatingSystem: "linux", Architecture: n.Architecture, KubeletVersion: c.Version, ContainerRuntimeVersion: "containerd://1.7.22",
					OSImage: "Amazon Linux 2023", KernelVersion: "6.1.115", MachineID: n.UID, SystemUUID: n.UID, BootID: n.UID,
				},
			},
		}
	})
}

func (c *cluster) namespaces() iter.Seq[*corev1.Namespace] {
	return each(c.Namespaces(), func(name string) *corev1.Namespace {
		// The UID of kube-system names the cluster; the others are drawn from it.
		uid := c.UID
		if name != metav1.NamespaceSystem {
			uid = c.UID[:24] + fmt.Sprintf("%012x", slices.Index(c.Namespaces(), name))
		}
		return &corev1.Namespace{
			ObjectMeta: c.meta("", name, uid, c.CreatedAt, map[string]string{corev1.LabelMetadataName: name}),
			Spec:       corev1.NamespaceSpec{Finalizers: []corev1.FinalizerName{corev1.FinalizerKubernetes}},
			Status:     corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
		}
	})
}

func (c *cluster) serviceAccounts() iter.Seq[*corev1.ServiceAccount] {
	return each(c.ServiceAccounts(), func(a estate.KubeServiceAccount) *corev1.ServiceAccount {
		out := &corev1.ServiceAccount{ObjectMeta: c.meta(a.Namespace, a.Name, a.UID, a.CreatedAt, nil)}
		if a.RoleARN != "" {
			out.Annotations = map[string]string{"eks.amazonaws.com/role-arn": a.RoleARN}
		}
		if !a.AutomountToken {
			no := false
			out.AutomountServiceAccountToken = &no
		}
		return out
	})
}
