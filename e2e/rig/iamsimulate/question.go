//go:build e2e

package iamsimulate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access/awsiam/awsiamtest"
)

// A question is what the adapter reads.
type question struct {
	Simulation simulation `json:"simulation"`
	Options    options    `json:"options"`
}

type simulation struct {
	Request struct {
		Principal any    `json:"principal"`
		Action    string `json:"action"`
		Resource  struct {
			Resource string `json:"resource"`
			Account  string `json:"accountId"`
		} `json:"resource"`
		Context map[string]awsiamtest.Strings `json:"contextVariables"`
	} `json:"request"`
	Identity        []policy           `json:"identityPolicies"`
	Boundary        []policy           `json:"permissionBoundaryPolicies,omitempty"`
	Session         *awsiamtest.Policy `json:"sessionPolicy,omitempty"`
	ServiceControl  []level            `json:"serviceControlPolicies"`
	ResourceControl []level            `json:"resourceControlPolicies"`
	Endpoint        []policy           `json:"vpcEndpointPolicies,omitempty"`
	Resource        *awsiamtest.Policy `json:"resourcePolicy,omitempty"`
	Settings        struct {
		S3 struct {
			ABAC  bool `json:"bucketAbacEnabled"`
			Block bool `json:"blockPublicAccess"`
		} `json:"s3"`
	} `json:"additionalSettings"`
}

type policy struct {
	Name   string            `json:"name"`
	Policy awsiamtest.Policy `json:"policy"`
}

type level struct {
	Name     string   `json:"orgIdentifier"`
	Policies []policy `json:"policies"`
}

type options struct {
	Mode        string       `json:"simulationMode"`
	Constraints []constraint `json:"discoveryContextKeyConstraints,omitempty"`
}

type constraint struct {
	Key      string `json:"keyName"`
	Presence bool   `json:"presenceIsKnown"`
	Value    bool   `json:"valueIsKnown"`
}

// newQuestion writes a case as the evaluator takes it. With unknown keys it
// asks for the conditions that remain.
func newQuestion(c awsiamtest.Case) question {
	q := question{Options: options{Mode: "Strict"}}
	s := &q.Simulation
	s.Request.Principal = c.Principal.ID
	if c.Principal.ID == "" {
		s.Request.Principal = map[string]string{"type": "Anonymous"}
	}
	s.Request.Action = c.Action
	s.Request.Resource.Resource, s.Request.Resource.Account = c.Resource, c.Account
	s.Request.Context = make(map[string]awsiamtest.Strings, len(c.Context))
	for key, values := range c.Context {
		if c.Has(key) { // The evaluator does not take tags of a bucket that do not count.
			s.Request.Context[key] = values
		}
	}
	s.Identity, s.Boundary, s.Endpoint = named(c.Identity), named(c.Boundary), named(c.Endpoint)
	for i := range c.Session {
		s.Session = &c.Session[i]
	}
	for i := range c.ResourcePolicy {
		s.Resource = &c.ResourcePolicy[i]
	}
	s.ServiceControl, s.ResourceControl = levels(c.ServiceControl), levels(c.ResourceControl)
	s.Settings.S3.ABAC, s.Settings.S3.Block = c.ABAC, c.RestrictPublicBuckets
	if len(c.Unknown) > 0 {
		q.Options.Mode = "Discovery"
		for _, key := range keysOf(c) {
			known := !slices.ContainsFunc(c.Unknown, func(u string) bool { return strings.EqualFold(u, key) })
			q.Options.Constraints = append(q.Options.Constraints, constraint{key, known, known})
		}
	}
	return q
}

// keysOf returns every key that the case names.
func keysOf(c awsiamtest.Case) []string {
	keys := slices.Clone(c.Unknown)
	for key := range c.Context {
		keys = append(keys, key)
	}
	for _, p := range c.All() {
		for _, s := range p.Statement {
			for _, conditions := range s.Condition {
				for key, values := range conditions {
					keys = append(keys, key)
					for _, v := range values {
						keys = append(keys, awsiamtest.Variables(v)...)
					}
				}
			}
			for _, r := range slices.Concat(s.Resource, s.NotResource) {
				keys = append(keys, awsiamtest.Variables(r)...)
			}
		}
	}
	for i, key := range keys {
		keys[i] = strings.ToLower(key)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func named(policies []awsiamtest.Policy) []policy {
	list := []policy{}
	for i, p := range policies {
		list = append(list, policy{fmt.Sprint("policy-", i), p})
	}
	return list
}

func levels(of [][]awsiamtest.Policy) []level {
	list := []level{}
	for i, policies := range of {
		list = append(list, level{fmt.Sprint("level-", i), named(policies)})
	}
	return list
}
