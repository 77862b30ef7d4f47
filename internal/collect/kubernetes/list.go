package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

const (
	// pageSize is client-go's own.
	pageSize = "500"
	// maxPage bounds one page of a list, in bytes. Pages of the largest pods
	// that etcd stores stay below it.
	maxPage = 1 << 30
	// maxPasses is how often a list is begun before its failure counts.
	maxPasses = 3
)

// A form is how much of its objects a list asks for.
type form int

const (
	// whole objects, in protobuf if possible.
	whole form = iota
	// metadataOnly asks for PartialObjectMetadata.
	metadataOnly
	// inJSON asks for JSON: custom resources have no other encoding, and small
	// lists need none.
	inJSON
)

// accepts are the Accept headers by form.
var accepts = map[form]string{
	whole: protobufType + "," + jsonType,
	metadataOnly: protobufType + ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1," +
		jsonType + ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1," + jsonType,
	inJSON: jsonType,
}

// A resource is a list of the API.
type resource struct {
	// group is empty for the core group.
	group, version, name string
	form                 form
	// fields is a field selector.
	fields string
}

// action returns the permission to list r, as "list apps/deployments".
func (r resource) action() string {
	if r.group == "" {
		return "list " + r.name
	}
	return "list " + r.group + "/" + r.name
}

// path returns the path of the list over all namespaces.
func (r resource) path() string {
	if r.group == "" {
		return "/api/" + r.version + "/" + r.name
	}
	return "/apis/" + r.group + "/" + r.version + "/" + r.name
}

// list calls use for each item of r. The argument item is reused for each: use
// copies what it keeps. Before the list begins, and when it must begin again,
// restart is called, which forgets what use has kept of r.
func list[T any, O interface {
	*T
	object
}](ctx context.Context, k *cluster, r resource, item O, restart func(), use func(O) error) error {
	return k.pages(ctx, r, restart, func(body io.Reader, mediaType string) (string, error) {
		if mediaType == jsonType {
			return decodePage(body, func(o *T) error { return use(o) })
		}
		return k.page.scan(body, func(b []byte) error {
			item.reset()
			if err := item.scan(b, k.interned); err != nil {
				return err
			}
			return use(item)
		})
	})
}

// listJSON is [list] for resources of the form inJSON.
func listJSON[T any](ctx context.Context, k *cluster, r resource, restart func(), use func(*T) error) error {
	return k.pages(ctx, r, restart, func(body io.Reader, _ string) (string, error) {
		return decodePage(body, use)
	})
}

// errPassLost means that the pages seen so far are not the beginning of the
// list any more: the continue token expired, or the connection broke within a
// page, some of whose items were used.
var errPassLost = errors.New("the list must begin again")

// pages reads all pages of r. The function read decodes one page and returns
// the token of the next.
func (k *cluster) pages(ctx context.Context, r resource, restart func(), read func(body io.Reader, mediaType string) (string, error)) error {
	for pass := 1; ; pass++ {
		restart()
		err := k.pass(ctx, r, read)
		if !errors.Is(err, errPassLost) || pass == maxPasses {
			return err
		}
		if err := k.pause(ctx, backoff(pass)); err != nil {
			return err
		}
	}
}

// pass reads the pages of r from the first on.
func (k *cluster) pass(ctx context.Context, r resource, read func(io.Reader, string) (string, error)) error {
	query := url.Values{"limit": {pageSize}}
	if r.fields != "" {
		query.Set("fieldSelector", r.fields)
	}
	for {
		resp, err := k.get(ctx, r.action(), r.path(), query, accepts[r.form])
		if hasStatus(err, http.StatusNotAcceptable) && r.form != inJSON {
			resp, err = k.get(ctx, r.action(), r.path(), query, jsonType)
		}
		if hasStatus(err, http.StatusGone) {
			return fmt.Errorf("%w: %w", errPassLost, err)
		}
		if err != nil {
			return err
		}
		next, err := readPage(resp, read)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil && next != "" && next == query.Get("continue") {
			err = errors.New("the continue token leads to itself")
		}
		if err != nil {
			// %w keeps errPassLost in the chain.
			return &collect.Error{Outcome: inventory.Failed, Action: r.action(), On: k.on, Err: err}
		}
		if next == "" {
			return nil
		}
		query.Set("continue", next)
	}
}

// readPage decodes an answer and closes it.
func readPage(resp *http.Response, read func(io.Reader, string) (string, error)) (string, error) {
	defer resp.Body.Close()
	t := mediaType(resp)
	if t != jsonType && t != protobufType {
		return "", fmt.Errorf("the answer is %q and no Kubernetes list", resp.Header.Get("Content-Type"))
	}
	limited := http.MaxBytesReader(nil, resp.Body, maxPage)
	next, err := read(limited, t)
	if err == nil {
		_, err = io.Copy(io.Discard, limited) // The connection is reused only after its end.
	}
	if b, ok := resp.Body.(*body); ok && b.err != nil {
		return "", fmt.Errorf("%w: the connection broke: %w", errPassLost, b.err)
	}
	return next, err
}

// getJSON requests path and decodes the answer into v.
func (k *cluster) getJSON(ctx context.Context, path string, v any) error {
	action := "get " + path
	resp, err := k.get(ctx, action, path, nil, jsonType)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxHeader)).Decode(v); err != nil {
		return &collect.Error{Outcome: inventory.Failed, Action: action, On: k.on, Err: unexpected(err)}
	}
	return nil
}

// installed returns the preferred version of an API group, and whether the
// cluster has the group at all.
func (k *cluster) installed(ctx context.Context, group string) (version string, ok bool, err error) {
	var answer struct {
		PreferredVersion struct {
			Version string `json:"version"`
		} `json:"preferredVersion"`
	}
	err = k.getJSON(ctx, "/apis/"+group, &answer)
	if hasStatus(err, http.StatusNotFound) {
		return "", false, nil
	}
	version = answer.PreferredVersion.Version
	if err == nil && (version == "" || strings.Contains(version, "/")) {
		err = fmt.Errorf("get /apis/%s of %s: %q is no version", group, k.on, version)
	}
	return version, err == nil, err
}
