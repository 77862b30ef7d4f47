package postgres_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stowage-dev/stowage/internal/inventory"
)

func TestPodIdentity(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	const cluster = "arn:aws:eks:eu-west-1:111122223333:cluster/prod"
	pod := workload(1)
	pod.Identity = cluster + "/shop/serviceaccounts/cart"
	attrs, err := json.Marshal(map[string]string{
		"cluster_arn": cluster, "namespace": "shop", "service_account": "cart", "role_arn": "arn:aws:iam::111122223333:role/cart",
	})
	if err != nil {
		t.Fatal(err)
	}
	collect(
		t, db, complete, pod,
		inventory.Identity{UID: pod.Identity, Kind: "kubernetes.core.serviceaccount", Name: "cart", Namespace: "shop"},
		inventory.Identity{UID: "arn:aws:iam::111122223333:role/cart", Kind: "aws.iam.role", Name: "cart"},
		inventory.Resource{UID: "association", Kind: "aws.eks.pod_identity_association", Name: "cart", Attrs: attrs},
	)
	d, err := db.Reader(tenant).Workload(t.Context(), pod.UID, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if d.CloudIdentity == nil || d.CloudIdentity.UID != "arn:aws:iam::111122223333:role/cart" {
		t.Errorf("cloud identity = %+v, want the role of the association", d.CloudIdentity)
	}
}
