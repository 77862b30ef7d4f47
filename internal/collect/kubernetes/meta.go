package kubernetes

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// The types of this file and of pod.go hold the part of the Kubernetes API
// that the inventory needs. They decode from JSON by their tags and from
// protobuf by their scan methods, whose field numbers are those of the
// generated.proto files in k8s.io/api and k8s.io/apimachinery.

// An object is a kind of list item that both encodings can fill.
type object interface {
	// reset empties the object but keeps its slices for reuse.
	reset()
	// scan fills the object from protobuf. It keeps nothing of its argument.
	scan(b []byte, in interner) error
}

// meta is the needed part of ObjectMeta.
type meta struct {
	Name        string      `json:"name"`
	Namespace   string      `json:"namespace"`
	UID         string      `json:"uid"`
	Created     time.Time   `json:"creationTimestamp"`
	Labels      labels      `json:"labels"`
	Annotations annotations `json:"annotations"`
	Owners      []owner     `json:"ownerReferences"`
}

func (o *meta) reset() {
	*o = meta{Labels: o.Labels[:0], Owners: o.Owners[:0]}
}

func (o *meta) scan(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			o.Name = string(m.bytes())
		case 3:
			o.Namespace = in.string(m.bytes())
		case 5:
			o.UID = string(m.bytes())
		case 8:
			m.within(func(b []byte) (err error) {
				o.Created, err = scanTime(b)
				return err
			})
		case 11:
			key, value, err := scanEntry(m.bytes())
			m.fail(err)
			o.Labels.set(in.string(key), in.string(value))
		case 12:
			key, value, err := scanEntry(m.bytes())
			m.fail(err)
			o.Annotations.set(key, value)
		case 13:
			r := extend(&o.Owners)
			*r = owner{}
			m.within(func(b []byte) error { return r.scan(b, in) })
		}
	}
	return m.err
}

// controller returns the owner that manages the object, if there is one.
func (o *meta) controller() (owner, bool) {
	for _, r := range o.Owners {
		if r.Controller {
			return r, true
		}
	}
	return owner{}, false
}

// owner is the needed part of OwnerReference.
type owner struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	UID        string `json:"uid"`
	Controller bool   `json:"controller"`
}

func (o *owner) scan(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			o.Kind = in.string(m.bytes())
		case 3:
			o.Name = in.string(m.bytes())
		case 4:
			o.UID = in.string(m.bytes())
		case 5:
			o.APIVersion = in.string(m.bytes())
		case 6:
			o.Controller = m.bool()
		}
	}
	return m.err
}

// annotations are the only annotations that are read. Others may hold whole
// manifests (kubectl.kubernetes.io/last-applied-configuration) and with them
// values of environment variables.
type annotations struct {
	// Mirror marks the API server's copy of a static pod.
	Mirror string `json:"kubernetes.io/config.mirror"`
	// AWSRole, AzureClient and GCPServiceAccount say which cloud identity a
	// service account acts as.
	AWSRole           string `json:"eks.amazonaws.com/role-arn"`
	AzureClient       string `json:"azure.workload.identity/client-id"`
	GCPServiceAccount string `json:"iam.gke.io/gcp-service-account"`
}

func (a *annotations) set(key, value []byte) {
	switch string(key) {
	case "kubernetes.io/config.mirror":
		a.Mirror = string(value)
	case "eks.amazonaws.com/role-arn":
		a.AWSRole = string(value)
	case "azure.workload.identity/client-id":
		a.AzureClient = string(value)
	case "iam.gke.io/gcp-service-account":
		a.GCPServiceAccount = string(value)
	}
}

// A label is one label of an object.
type label struct{ key, value string }

// labels is a set of labels without order. It is a slice because a slice can
// be reused for the next pod.
type labels []label

func (l *labels) set(key, value string) {
	for i := range *l {
		if (*l)[i].key == key {
			(*l)[i].value = value
			return
		}
	}
	*l = append(*l, label{key, value})
}

func (l labels) get(key string) string {
	for _, e := range l {
		if e.key == key {
			return e.value
		}
	}
	return ""
}

// UnmarshalJSON decodes a JSON object in the order of its keys.
func (l *labels) UnmarshalJSON(b []byte) error {
	var m map[string]string
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	*l = (*l)[:0]
	for k, v := range m {
		*l = append(*l, label{k, v})
	}
	slices.SortFunc(*l, func(a, b label) int { return strings.Compare(a.key, b.key) })
	return nil
}

// metadataObject is an object of a list that was asked for as
// PartialObjectMetadata. A server that does not know the form answers with the
// whole object, which has its metadata in the same place.
type metadataObject struct {
	Metadata meta `json:"metadata"`
}

func (o *metadataObject) reset() { o.Metadata.reset() }

func (o *metadataObject) scan(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		if m.field == 1 {
			m.within(func(b []byte) error { return o.Metadata.scan(b, in) })
		}
	}
	return m.err
}

// node is the needed part of a Node.
type node struct {
	Metadata meta `json:"metadata"`
	Status   struct {
		Addresses []nodeAddress `json:"addresses"`
		Info      struct {
			Architecture string `json:"architecture"`
		} `json:"nodeInfo"`
	} `json:"status"`
}

// nodeAddress is one address of a node.
type nodeAddress struct {
	Type    string `json:"type"`
	Address string `json:"address"`
}

func (o *node) reset() {
	o.Metadata.reset()
	o.Status.Addresses = o.Status.Addresses[:0]
	o.Status.Info.Architecture = ""
}

func (o *node) scan(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			m.within(func(b []byte) error { return o.Metadata.scan(b, in) })
		case 3:
			m.within(func(b []byte) error { return o.scanStatus(b, in) })
		}
	}
	return m.err
}

func (o *node) scanStatus(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 5:
			a := extend(&o.Status.Addresses)
			*a = nodeAddress{}
			m.within(func(b []byte) error { return a.scan(b, in) })
		case 7:
			info := message{rest: m.bytes()}
			for info.next() {
				if info.field == 10 {
					o.Status.Info.Architecture = in.string(info.bytes())
				}
			}
			m.fail(info.err)
		}
	}
	return m.err
}

func (o *nodeAddress) scan(b []byte, in interner) error {
	m := message{rest: b}
	for m.next() {
		switch m.field {
		case 1:
			o.Type = in.string(m.bytes())
		case 2:
			o.Address = string(m.bytes())
		}
	}
	return m.err
}
