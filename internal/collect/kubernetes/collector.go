package kubernetes

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	utilnet "k8s.io/apimachinery/pkg/util/net"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// listClass is the rate limit class of all calls: an API server counts them
// together.
const listClass = "list"

const (
	clusterKind        = inventory.Kind("kubernetes.cluster")
	serviceAccountKind = inventory.Kind("kubernetes.core.serviceaccount")
	// foreignKinds are those of owners that Kubernetes does not know itself,
	// such as kubernetes.argoproj.io.rollout.
	foreignKinds = inventory.Kind("kubernetes.*")
)

var (
	nodes           = resource{version: "v1", name: "nodes"}
	namespaces      = resource{version: "v1", name: "namespaces", form: metadataOnly, fields: "metadata.name=kube-system"}
	serviceAccounts = resource{version: "v1", name: "serviceaccounts", form: metadataOnly}
)

// kinds returns the kinds that the collector emits.
func kinds() []inventory.Kind {
	all := []inventory.Kind{clusterKind, serviceAccountKind, foreignKinds}
	for _, t := range workloadTypes {
		all = append(all, t.emits)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// calls returns the calls that the collector makes.
func calls() []collect.Call {
	var all []collect.Call
	for _, r := range []resource{nodes, services, ingressResource, pods, replicaSets, jobs, serviceAccounts} {
		all = append(all, collect.Call{Action: r.action(), Class: listClass})
	}
	for _, d := range declared {
		all = append(all, collect.Call{Action: d.resource.action(), Class: listClass})
	}
	for _, action := range append(gatewayCalls(), "get /version", namespaces.action()) {
		all = append(all, collect.Call{Action: action, Class: listClass, Optional: true})
	}
	slices.SortFunc(all, func(a, b collect.Call) int { return strings.Compare(a.Action, b.Action) })
	return all
}

// attributes are the Attrs of the resource of kind kubernetes.cluster.
type attributes struct {
	// Version is the API server's: "v1.37.2".
	Version string `json:"version,omitempty"`
	// Nodes is the number of nodes by architecture.
	Nodes map[string]int `json:"nodes,omitempty"`
	// KubeSystemUID is the UID of the namespace kube-system. Two clusters with
	// the same are one, reached in two ways.
	KubeSystemUID string `json:"kube_system_uid,omitempty"`
	// Gaps are the optional calls that were denied.
	Gaps []string `json:"gaps,omitempty"`
}

// collect reads one cluster. Where a list is denied it goes on with the others,
// so that one run tells everything that is missing.
func (c *Client) collect(ctx context.Context, s collect.Scope, out collect.Sink) error {
	k, err := c.connect(s)
	if err != nil {
		return err
	}
	defer utilnet.CloseIdleConnectionsFor(k.http.Transport)
	if s.Provider == inventory.Kubernetes {
		err := out.Emit(inventory.Account{Provider: inventory.Kubernetes, ID: s.Account, Name: k.name})
		if err != nil {
			return err
		}
	}
	var denied denials
	attrs := attributes{Nodes: map[string]int{}}
	if err := k.describe(ctx, &attrs); err != nil {
		return err
	}
	inventoried := &census{cluster: k, architectures: map[string]string{}, public: map[string]string{}}
	err = k.nodes(ctx, inventoried.architectures, inventoried.public)
	if err := denied.tolerate(err); err != nil {
		return err
	}
	for _, architecture := range inventoried.architectures {
		attrs.Nodes[cmp.Or(architecture, "unknown")]++
	}
	external := slices.Sorted(maps.Values(inventoried.public))
	if inventoried.exposed, err = k.survey(ctx, external, denied.tolerate); err != nil {
		return err
	}
	attrs.Gaps = k.gaps
	encoded, err := json.Marshal(attrs)
	if err != nil {
		return err
	}
	if err := out.Emit(inventory.Resource{UID: k.id + "/cluster", Kind: clusterKind, Name: k.name, Attrs: encoded}); err != nil {
		return err
	}
	if err := inventoried.take(ctx, denied.tolerate); err != nil {
		return err
	}
	accounts, err := inventoried.emit(out.Emit)
	if err != nil {
		return err
	}
	if err := denied.tolerate(k.identities(ctx, accounts, out.Emit)); err != nil {
		return err
	}
	return denied.err()
}

// describe reads what the cluster says of itself.
func (k *cluster) describe(ctx context.Context, attrs *attributes) error {
	var version struct {
		GitVersion string `json:"gitVersion"`
	}
	if err := k.optional(ctx, k.getJSON(ctx, "/version", &version)); err != nil {
		return err
	}
	attrs.Version = version.GitVersion
	return k.optional(ctx, list(ctx, k, namespaces, &metadataObject{}, func() {}, func(o *metadataObject) error {
		if o.Metadata.Name == "kube-system" {
			attrs.KubeSystemUID = o.Metadata.UID
		}
		return nil
	}))
}

// nodes reads the architectures of the nodes and the public addresses of those
// that have one into the maps, by name.
func (k *cluster) nodes(ctx context.Context, architectures, external map[string]string) error {
	restart := func() {
		clear(architectures)
		clear(external)
	}
	return list(ctx, k, nodes, &node{}, restart, func(n *node) error {
		architectures[n.Metadata.Name] = n.Status.Info.Architecture
		for _, a := range n.Status.Addresses {
			if a.Type == "ExternalIP" && public(a.Address) && external[n.Metadata.Name] == "" {
				external[n.Metadata.Name] = a.Address
			}
		}
		return nil
	})
}

// identities sends the service accounts that are named in used, by
// namespace/name.
func (k *cluster) identities(ctx context.Context, used map[string]bool, send func(inventory.Record) error) error {
	found := map[string]inventory.Identity{}
	err := list(ctx, k, serviceAccounts, &metadataObject{}, func() { clear(found) }, func(o *metadataObject) error {
		m := &o.Metadata
		if !used[m.Namespace+"/"+m.Name] {
			return nil
		}
		a := m.Annotations
		uid := k.uid(m.Namespace, serviceAccounts.name, m.Name)
		found[uid] = inventory.Identity{
			UID: uid, Kind: serviceAccountKind, Name: m.Name, Namespace: m.Namespace,
			CloudIdentity: cmp.Or(a.AWSRole, a.AzureClient, a.GCPServiceAccount),
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, uid := range slices.Sorted(maps.Keys(found)) {
		if err := send(found[uid]); err != nil {
			return err
		}
	}
	return nil
}

// denials are the lists that the cluster's RBAC denies.
type denials struct {
	actions []string
	last    *collect.Error
}

// tolerate remembers a denied list. It returns every other error.
func (d *denials) tolerate(err error) error {
	e, ok := errors.AsType[*collect.Error](err)
	if !ok || !hasStatus(err, http.StatusForbidden) {
		return err
	}
	d.actions = append(d.actions, e.Action)
	d.last = e
	return nil
}

// err returns one error for all denied lists.
func (d *denials) err() error {
	if d.last == nil {
		return nil
	}
	e := *d.last
	e.Action = strings.Join(d.actions, ", ")
	return &e
}
