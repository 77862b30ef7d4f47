package kube

import (
	"encoding/binary"
	"encoding/json"
	"iter"
	"mime"
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Media types of the API.
const (
	jsonType     = "application/json"
	protobufType = "application/vnd.kubernetes.protobuf"
)

// A form is how the client wants objects.
type form struct {
	protobuf bool
	// partial wants the metadata only.
	partial bool
}

// negotiate returns the first form of the Accept header that there is.
func negotiate(accept string, res resource) (form, bool) {
	if accept == "" {
		return form{}, true
	}
	for one := range strings.SplitSeq(accept, ",") {
		mediaType, params, err := mime.ParseMediaType(one)
		if err != nil {
			continue
		}
		var f form
		switch as := params["as"]; {
		case as == "":
		case strings.HasPrefix(as, "PartialObjectMetadata") && params["g"] == "meta.k8s.io" && params["v"] == "v1":
			f.partial = true
		default:
			continue // such as tables
		}
		switch mediaType {
		case jsonType, "*/*", "application/*":
			return f, true
		case protobufType:
			// Custom resources have no protobuf form, but their metadata has.
			if !res.custom || f.partial {
				f.protobuf = true
				return f, true
			}
		}
	}
	return form{}, false
}

// present returns the object as the form shows it, and its type.
func (f form) present(res resource, obj object) (object, metav1.TypeMeta) {
	if !f.partial {
		return obj, metav1.TypeMeta{APIVersion: res.apiVersion(), Kind: res.kind}
	}
	m := partial(obj)
	return m, m.TypeMeta
}

// partial returns the metadata of an object.
func partial(obj object) *metav1.PartialObjectMetadata {
	m := &metav1.PartialObjectMetadata{
		TypeMeta: metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadata"},
	}
	m.ObjectMeta = metav1.ObjectMeta{
		Name: obj.GetName(), Namespace: obj.GetNamespace(), UID: obj.GetUID(),
		ResourceVersion: obj.GetResourceVersion(), CreationTimestamp: obj.GetCreationTimestamp(),
		Labels: obj.GetLabels(), Annotations: obj.GetAnnotations(),
		OwnerReferences: obj.GetOwnerReferences(), ManagedFields: obj.GetManagedFields(),
	}
	return m
}

// writeList writes a list while it is made.
func (f form) writeList(w http.ResponseWriter, res resource, meta metav1.ListMeta, items iter.Seq[object]) {
	typ := metav1.TypeMeta{APIVersion: res.apiVersion(), Kind: res.kind + "List"}
	if f.partial {
		typ = metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadataList"}
	}
	if f.protobuf {
		f.writeProtobufList(w, res, typ, meta, items)
		return
	}
	w.Header().Set("Content-Type", jsonType)
	head, err := json.Marshal(struct {
		metav1.TypeMeta `json:",inline"`
		Metadata        metav1.ListMeta `json:"metadata"`
	}{typ, meta})
	if err != nil {
		panic(err) // strings and a number
	}
	out := &writer{w: w}
	out.write(append(head[:len(head)-1], `,"items":[`...))
	first := true
	for obj := range items {
		if out.failed {
			return
		}
		obj, t := f.present(res, obj)
		if f.partial || res.custom {
			obj.GetObjectKind().SetGroupVersionKind(t.GroupVersionKind())
		}
		b, err := json.Marshal(obj)
		if err != nil {
			panic(err) // API types can be encoded
		}
		if !first {
			out.write([]byte{','})
		}
		first = false
		out.write(b)
	}
	out.write([]byte("]}\n"))
}

// Field tags of the protobuf messages below, all length-delimited: the number
// of the field times eight, plus two.
// See https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding.
const (
	magic          = "k8s\x00"
	unknownTypeTag = 1<<3 | 2 // runtime.Unknown.typeMeta
	unknownRawTag  = 2<<3 | 2 // runtime.Unknown.raw
	typeVersionTag = 1<<3 | 2 // runtime.TypeMeta.apiVersion
	typeKindTag    = 2<<3 | 2 // runtime.TypeMeta.kind
	listMetaTag    = 1<<3 | 2 // metadata of every list
	listItemTag    = 2<<3 | 2 // items of every list
)

// writeProtobufList goes through the items twice: the length of the list
// stands before it.
func (f form) writeProtobufList(w http.ResponseWriter, res resource, typ metav1.TypeMeta, meta metav1.ListMeta, items iter.Seq[object]) {
	encoded, err := meta.Marshal()
	if err != nil {
		panic(err) // strings and a number
	}
	start := appendField(nil, listMetaTag, encoded)
	size := len(start)
	for obj := range items {
		obj, _ = f.present(res, obj)
		n := obj.Size()
		size += len(appendHeader(nil, listItemTag, n)) + n
	}
	w.Header().Set("Content-Type", protobufType)
	out := &writer{w: w}
	out.write(append(envelope(typ, size), start...))
	var buf []byte
	for obj := range items {
		if out.failed {
			return
		}
		obj, _ = f.present(res, obj)
		buf = appendHeader(buf[:0], listItemTag, obj.Size())
		buf = appendObject(buf, obj)
		out.write(buf)
	}
}

// writeObject writes one object.
func (f form) writeObject(w http.ResponseWriter, res resource, obj object) {
	obj, typ := f.present(res, obj)
	obj.GetObjectKind().SetGroupVersionKind(typ.GroupVersionKind())
	if !f.protobuf {
		writeJSON(w, http.StatusOK, obj)
		return
	}
	w.Header().Set("Content-Type", protobufType)
	_, _ = w.Write(appendObject(envelope(typ, obj.Size()), obj)) // the client is gone if it fails
}

// envelope returns what stands before a message of the given size.
func envelope(typ metav1.TypeMeta, size int) []byte {
	t := appendField(nil, typeVersionTag, []byte(typ.APIVersion))
	t = appendField(t, typeKindTag, []byte(typ.Kind))
	return appendHeader(appendField([]byte(magic), unknownTypeTag, t), unknownRawTag, size)
}

func appendHeader(b []byte, tag byte, size int) []byte {
	return binary.AppendUvarint(append(b, tag), uint64(size))
}

func appendField(b []byte, tag byte, value []byte) []byte {
	return append(appendHeader(b, tag, len(value)), value...)
}

// appendObject encodes an object at the end of b.
func appendObject(b []byte, obj object) []byte {
	start, n := len(b), obj.Size()
	b = append(b, make([]byte, n)...)
	if _, err := obj.MarshalToSizedBuffer(b[start:]); err != nil {
		panic(err) // the buffer has the size that the object asked for
	}
	return b
}

// A writer remembers that the client is gone.
type writer struct {
	w      http.ResponseWriter
	failed bool
}

func (w *writer) write(b []byte) {
	if _, err := w.w.Write(b); err != nil {
		w.failed = true
	}
}
