// Package collect is the framework of the collectors: what a collector
// declares, how it is run within the provider's rate limits, and how its run
// ends as one outcome per scope. The collectors themselves are in the
// packages below it, one file per cloud service.
package collect

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// A Collector reads the scopes of one service. It is a value: the declaration
// drives permissions, rate limits and documentation; the function does the
// reading.
type Collector struct {
	// Name is the scope's collector name, in the provider's own word: "ecs".
	Name     string
	Provider inventory.Provider
	// Kinds are the kinds of the records it emits. One that ends in "*" stands
	// for all that begin so: the owners of pods may be of any custom type.
	Kinds []inventory.Kind
	// Calls are the API actions it makes. A call that is not declared fails.
	Calls []Call
	// ReadsInventory is whether it asks [Scope.Known] or [Scope.Facts]; it then runs after all
	// other collectors of the account.
	ReadsInventory bool
	// Collect streams the records of one scope to out. It returns an error
	// unless all of the scope was seen; the runner turns the error into the
	// scope's outcome. Whatever it emitted before an error closes nothing.
	Collect func(ctx context.Context, s Scope, out Sink) error
}

// Emits reports whether c declares kind.
func (c Collector) Emits(kind inventory.Kind) bool {
	return slices.ContainsFunc(c.Kinds, func(k inventory.Kind) bool {
		prefix, open := strings.CutSuffix(string(k), "*")
		return k == kind || open && strings.HasPrefix(string(kind), prefix)
	})
}

// A Call is one API action.
type Call struct {
	// Action is the permission that the call needs, in the provider's
	// notation: "ecs:ListTasks", "get pods".
	Action string
	// Class names the rate limit bucket that the provider counts the action
	// in; actions that share a bucket share the class.
	Class string
	// Optional calls may be denied without failing the scope; the collector
	// reports the gap itself.
	Optional bool
}

// A Scope is what a collector is asked to read.
type Scope struct {
	inventory.ScopeKey
	// Params are those of the [inventory.ChildScope] that brought the scope.
	Params map[string]string
	// Known answers questions about what is already in the inventory.
	Known Known
	// Facts is what the inventory holds of the scope's account and region.
	Facts Facts
}

// A Sink takes the records of a scope while it is read. It is safe for
// concurrent use. An error ends the collection.
type Sink interface {
	Emit(inventory.Record) error
}

// Known is what collectors may ask of the inventory.
type Known interface {
	// RunningImages returns the images of a registry host that workloads of
	// the tenant run, as (repository without host, tag or digest) pairs.
	RunningImages(ctx context.Context, host string) iter.Seq2[RunningImage, error]
}

// Facts is what the inventory holds of one account and region, for
// collectors that derive facts from what others read there.
type Facts interface {
	// Workloads returns the workloads of the region.
	Workloads(ctx context.Context) iter.Seq2[inventory.Workload, error]
	// Resources returns the resources of the given kinds.
	Resources(ctx context.Context, kinds ...inventory.Kind) iter.Seq2[inventory.Resource, error]
	// Result returns how the last collection of another collector's scope in
	// the region ended; Pending if there is no such scope.
	Result(ctx context.Context, collector string) (inventory.ScopeResult, error)
}

// A RunningImage is one reference that some workload runs.
type RunningImage struct {
	// Repository is the path without host: "shop/cart".
	Repository string
	Tag        string
	// Digest is what the runtime reported, or empty.
	Digest string
}
