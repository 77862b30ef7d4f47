package scenario

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// A Scenario is a request and everything that bears on it.
type Scenario struct {
	// Name of the scenario, or of its file when it has none.
	Name string
	// Cloud is "aws", "azure" or "gcp".
	Cloud string
	// Request as it is decided, with what was taken for granted filled in.
	Request access.Request
	// Expect is the verdict that the scenario's author wants; nil when the
	// scenario does not say.
	Expect *access.Verdict
	// Notes say what was taken for granted, as the account of a resource.
	Notes []string
	// Problems of the policies: what follows the grammar and does not do what
	// was probably meant.
	Problems []string

	question question
	spelling map[string]string // of context keys, by their names in lower case
}

// A question is a request to one engine, with its policies.
type question interface {
	// decide answers it with another context.
	decide(access.Context) access.Decision
	// statements returns how many statements its policies have together.
	statements() int
	// without returns the question without one of its statements, counted as
	// in statements.
	without(i int) (q question, policy, statement string)
}

// Decide returns the answer and why it is so.
func (s *Scenario) Decide() access.Decision { return s.question.decide(s.Request.Context) }

// Met reports whether a decision is the one that the scenario expects.
func (s *Scenario) Met(d access.Decision) bool { return s.Expect == nil || *s.Expect == d.Verdict() }

// requestFile is the request of a scenario's file.
type requestFile struct {
	Principal     string              `yaml:"principal"`
	Role          string              `yaml:"role"`
	PrincipalKind string              `yaml:"principal_kind"`
	Account       string              `yaml:"principal_account"`
	Action        string              `yaml:"action"`
	Resource      string              `yaml:"resource"`
	Below         bool                `yaml:"below"`
	Owner         string              `yaml:"resource_account"`
	Context       map[string]stringsY `yaml:"context"`
	Absent        []string            `yaml:"absent"`
	Unknown       []string            `yaml:"unknown"`
	Rest          string              `yaml:"rest"`
}

// request returns the request that a file asks, or what is wrong with it.
func (r requestFile) request() (request access.Request, spelling map[string]string, err error) {
	for _, field := range []struct{ name, value string }{{"principal", r.Principal}, {"action", r.Action}, {"resource", r.Resource}} {
		if field.value == "" {
			return access.Request{}, nil, fmt.Errorf("request.%s is missing: say who asks (principal), for what (action), of which resource", field.name)
		}
	}
	rest := access.UnknownState
	switch r.Rest {
	case "", "unknown":
	case "absent":
		rest = access.Absent
	default:
		return access.Request{}, nil, fmt.Errorf(`request.rest is %q: want "unknown" or "absent", for the context keys that are not named`, r.Rest)
	}
	c := access.NewContext(rest)
	seen := make(map[string]string)
	spelling = make(map[string]string)
	for _, list := range []struct {
		field string
		keys  []string
		with  func(string) access.Context
	}{
		{"context", sortedKeys(r.Context), func(key string) access.Context { return c.With(key, r.Context[key]...) }},
		{"absent", r.Absent, func(key string) access.Context { return c.WithAbsent(key) }},
		{"unknown", r.Unknown, func(key string) access.Context { return c.WithUnknown(key) }},
	} {
		for _, key := range list.keys {
			if list.field == "context" && r.Context[key] == nil {
				return access.Request{}, nil, fmt.Errorf("request.context.%s has no value: write one, or the key in request.absent or request.unknown", key)
			}
			if other, ok := seen[strings.ToLower(key)]; ok {
				return access.Request{}, nil, fmt.Errorf("request.%s names the context key %s, which request.%s names, too: say once what is known of it", list.field, key, other)
			}
			seen[strings.ToLower(key)], spelling[strings.ToLower(key)] = list.field, key
			c = list.with(key)
		}
	}
	return access.Request{
		Principal: access.Principal{Kind: r.PrincipalKind, ID: r.Principal, Parent: r.Role, Account: r.Account},
		Action:    r.Action,
		Resource:  access.Resource{ID: r.Resource, Account: r.Owner, Below: r.Below},
		Context:   c,
	}, spelling, nil
}

// checkAction refuses an action that is none: a wildcard belongs into a policy,
// and a request for one would be denied without a word.
func checkAction(s *Scenario, pattern, example string) error {
	action := s.Request.Action
	if strings.ContainsAny(action, "*?") {
		return fmt.Errorf("request.action %q has a wildcard: a request is for one action, as %s", action, example)
	}
	if !regexp.MustCompile(pattern).MatchString(action) {
		return fmt.Errorf("request.action %q is no action: want one as %s", action, example)
	}
	return nil
}
