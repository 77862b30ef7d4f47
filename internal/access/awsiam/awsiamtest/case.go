// Package awsiamtest makes up requests to AWS with everything that bears on
// them, from a seed, for tests that compare evaluations with each other: with
// another evaluator's, with what a law of the policy language says, or with
// what was recorded before. It also makes a case smaller for as long as it
// shows a difference.
package awsiamtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
)

// A Case is one request and all that decides it. As JSON it is what the golden
// files hold and what a failed test prints.
type Case struct {
	Principal Principal `json:"principal"`
	Action    string    `json:"action"`
	Resource  string    `json:"resource"`
	// Account owns the resource.
	Account string `json:"account"`
	// Context is every key that the request has. It has no other, but Unknown.
	Context map[string]Strings `json:"context,omitempty"`
	// Unknown are keys of which nothing is known, in order.
	Unknown []string `json:"unknown,omitempty"`

	Identity        []Policy   `json:"identity,omitempty"`
	Boundary        []Policy   `json:"boundary,omitempty"`
	Session         []Policy   `json:"session,omitempty"`
	ServiceControl  [][]Policy `json:"serviceControl,omitempty"`
	ResourceControl [][]Policy `json:"resourceControl,omitempty"`
	Endpoint        []Policy   `json:"endpoint,omitempty"`
	// ResourcePolicy has at most one policy.
	ResourcePolicy []Policy `json:"resourcePolicy,omitempty"`

	// RestrictPublicBuckets and ABAC are settings of a bucket.
	RestrictPublicBuckets bool `json:"restrictPublicBuckets,omitempty"`
	ABAC                  bool `json:"abac,omitempty"`
}

// A Principal is who asks.
type Principal struct {
	Kind    string `json:"kind"`
	ID      string `json:"id,omitempty"`
	Parent  string `json:"parent,omitempty"`
	Account string `json:"account,omitempty"`
}

// Service returns the service that the action belongs to, as "s3".
func (c Case) Service() string {
	service, _, _ := strings.Cut(c.Action, ":")
	return service
}

// hasPolicy reports whether the resource is one that always has a policy: a
// role its trust policy, a key its key policy.
func (c Case) hasPolicy() bool { return c.Service() == "sts" || c.Service() == "kms" }

// Clone returns a copy that shares nothing.
func (c Case) Clone() Case {
	data, err := json.Marshal(c)
	if err != nil {
		panic(err) // Every field has a JSON form.
	}
	var clone Case
	if err := json.Unmarshal(data, &clone); err != nil {
		panic(err)
	}
	return clone
}

// String returns the case as JSON.
func (c Case) String() string {
	data, err := json.MarshalIndent(c, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// Has reports whether the request has a key. The tags of a bucket only count
// when they are to.
func (c Case) Has(key string) bool {
	if c.Service() == "s3" && c.Resource != "*" && !c.ABAC && strings.HasPrefix(strings.ToLower(key), "aws:resourcetag/") {
		return false
	}
	for name := range c.Context {
		if strings.EqualFold(name, key) {
			return true
		}
	}
	return false
}

// Know returns the case with unknown keys known: to have the values given, or
// to be absent when there are none.
func (c Case) Know(values map[string]Strings) Case {
	c.Context = maps.Clone(c.Context)
	if c.Context == nil {
		c.Context = make(map[string]Strings)
	}
	c.Unknown = slices.DeleteFunc(slices.Clone(c.Unknown), func(key string) bool {
		known, ok := values[key]
		if ok && known != nil {
			c.Context[key] = known
		}
		return ok
	})
	return c
}

// RequestContext returns what is known of the request. What a case does not name
// is absent, and so is aws:userid, as cases have no unique ids.
func (c Case) RequestContext() access.Context {
	known := access.NewContext(access.Absent).WithAbsent("aws:userid")
	for key, values := range c.Context {
		known = known.With(key, values...)
	}
	return known.WithUnknown(c.Unknown...)
}

// Input returns the case as the engine takes it.
func (c Case) Input() (awsiam.Input, error) {
	in := awsiam.Input{Request: access.Request{
		Principal: access.Principal(c.Principal),
		Action:    c.Action,
		Resource:  access.Resource{ID: c.Resource, Account: c.Account},
		Context:   c.RequestContext(),
	}}
	var failed error
	set := func(layer string, policies []Policy) awsiam.PolicySet {
		var s awsiam.PolicySet
		for i, p := range policies {
			d, err := p.Document()
			if err != nil {
				failed = fmt.Errorf("%s policy %d: %w", layer, i, err)
			}
			s.Policies = append(s.Policies, awsiam.Policy{Name: fmt.Sprintf("%s-%d", layer, i), Document: d})
		}
		return s
	}
	optional := func(layer string, policies []Policy) *awsiam.PolicySet {
		if policies == nil {
			return nil
		}
		s := set(layer, policies)
		return &s
	}
	in.Identity = set("identity", c.Identity)
	in.Boundary = optional("boundary", c.Boundary)
	in.Session = optional("session", c.Session)
	in.Endpoint = optional("endpoint", c.Endpoint)
	in.Resource = optional("resource", c.ResourcePolicy)
	for i, level := range c.ServiceControl {
		in.ServiceControl = append(in.ServiceControl, set(fmt.Sprintf("service-control-%d", i), level))
	}
	for i, level := range c.ResourceControl {
		in.ResourceControl = append(in.ResourceControl, set(fmt.Sprintf("resource-control-%d", i), level))
	}
	switch {
	case c.Service() == "s3" && c.Resource != "*":
		in.S3 = &awsiam.S3{RestrictPublicBuckets: c.RestrictPublicBuckets, ABAC: c.ABAC}
	case c.Service() == "kms" && c.Resource != "*":
		in.KMS = &awsiam.KMS{}
	}
	return in, failed
}

// Evaluate decides the case.
func (c Case) Evaluate() (access.Decision, error) {
	in, err := c.Input()
	if err != nil {
		return access.Decision{}, err
	}
	return awsiam.Evaluate(in), nil
}
