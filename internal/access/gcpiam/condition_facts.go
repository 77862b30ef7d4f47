package gcpiam

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"

	"github.com/stowage-dev/stowage/internal/access"
)

// facts are what the conditions of one request are decided by.
type facts struct {
	activation cel.PartialActivation
	states     map[string]fact
	prefix     *string // of resource.name, when only that is known
	what       string  // the resource, for texts
}

// A fact is what is known of one variable.
type fact struct {
	state access.State
	// missing says why one that is not known was not read; empty for one that
	// the request decides.
	missing string
}

// conditionVariables are the variables that anybody can write, and their types.
var conditionVariables = []struct {
	name string
	read func([]string) (any, error)
}{
	{"resource.name", readText},
	{"resource.type", readText},
	{"resource.service", readText},
	{"request.time", readTime},
	{"request.path", readText},
	{"request.host", readText},
	{"request.auth.access_levels", func(values []string) (any, error) { return values, nil }},
	{"destination.ip", readText},
	{"destination.port", readNumber},
}

// newFacts collects what the conditions of a request may ask for.
func newFacts(in *Input) *facts {
	c := factCollector{in: in, values: make(map[string]any), states: make(map[string]fact)}
	attributes := resourceAttributes(in)
	c.request(attributes)
	c.principal()
	c.tags()
	c.set(apiVariable, host(apiAttributes(in)), fact{state: access.Known})
	c.loadBalancing()
	activation, err := cel.PartialVars(c.values, c.unknown...)
	if err != nil {
		panic(err) // A map of values is always right.
	}
	return &facts{activation: activation, states: c.states, prefix: attributes.prefix, what: in.Request.Resource.ID}
}

// A factCollector fills the variables of the language.
type factCollector struct {
	in      *Input
	values  map[string]any
	unknown []*cel.AttributePatternType
	states  map[string]fact
}

func (c *factCollector) set(name string, value any, s fact) {
	c.states[name] = s
	switch s.state {
	case access.Known:
		c.values[name] = value
	case access.UnknownState:
		c.unknown = append(c.unknown, cel.AttributePattern(name))
	}
}

// request sets what the context says, what follows from the resource, and what
// requests of this kind do not have.
func (c *factCollector) request(resource attributes) {
	absent := absentAttributes(c.in.Request.Action)
	for _, v := range conditionVariables {
		said := c.in.Request.Context.Lookup(v.name)
		s := fact{state: said.State}
		if a, ok := resource.values[v.name]; ok && said.State != access.Known {
			said, s = a.value, fact{a.value.State, a.missing}
		} else if said.State == access.UnknownState && slices.Contains(absent, v.name) {
			s.state = access.Absent
		}
		var value any
		if s.state == access.Known {
			var err error
			if value, err = v.read(said.Values); err != nil {
				s = fact{missing: fmt.Sprintf("%s of the request: %v", v.name, err)}
			}
		}
		c.set(v.name, value, s)
	}
}

func (c *factCollector) principal() {
	subject, kind := principalAttributes(c.in)
	c.set("principal.subject", subject, fact{state: stateOf(subject != "")})
	c.set("principal.type", kind, fact{state: stateOf(kind != "")})
}

func (c *factCollector) tags() {
	what := "tags of " + c.in.Request.Resource.ID
	switch tags := c.in.Tags; {
	case tags == nil:
		c.set(tagsVariable, nil, fact{missing: what})
	case tags.Missing != "":
		c.set(tagsVariable, nil, fact{missing: what + ": " + tags.Missing})
	default:
		c.set(tagsVariable, host(tags.Tags), fact{state: access.Known})
	}
}

func (c *factCollector) loadBalancing() {
	action := c.in.Request.Action
	creates := action == "compute.forwardingRules.create" || action == "compute.globalForwardingRules.create"
	c.set(createsVariable, creates, fact{state: access.Known})
	schemes := c.in.Request.Context.Lookup("compute.loadBalancingScheme")
	c.set(schemesVariable, schemes.Values, fact{state: schemes.State})
}

// absentAttributes returns the attributes that requests for a permission do
// not have: most are those of Identity-Aware Proxy and Cloud Run.
// https://cloud.google.com/iam/docs/conditions-attribute-reference#request
func absentAttributes(permission string) (absent []string) {
	switch service, _, _ := strings.Cut(permission, "."); service {
	case "iap":
		return nil
	case "run":
		return []string{"request.auth.access_levels", "destination.ip", "destination.port"}
	}
	return []string{"request.path", "request.host", "request.auth.access_levels", "destination.ip", "destination.port"}
}

// apiAttributes returns the attributes of the API. Those that are listed are
// defined for some requests only.
// https://cloud.google.com/iam/docs/conditions-attribute-reference#api-attributes
func apiAttributes(in *Input) func(string) access.Value {
	return func(name string) access.Value {
		v := in.Request.Context.Lookup(name)
		if v.State != access.UnknownState {
			return v
		}
		action := in.Request.Action
		switch {
		case name == "storage.googleapis.com/objectListPrefix" && action != "storage.objects.list",
			name == "iam.googleapis.com/modifiedGrantsByRole" && !strings.HasSuffix(action, ".setIamPolicy"):
			return access.Value{State: access.Absent}
		}
		return v
	}
}

// principalAttributes returns principal.subject and principal.type.
// https://cloud.google.com/iam/docs/conditions-attribute-reference#principals
func principalAttributes(in *Input) (subject, kind string) {
	m := parseMember(in.Request.Principal.ID)
	switch {
	case m.kind == memberUser:
		return m.value, "iam.googleapis.com/WorkspaceIdentity"
	case m.kind == memberServiceAccount:
		return m.value, "iam.googleapis.com/ServiceAccount"
	case m.kind == memberSubject && m.pool.workforce:
		return m.value, "iam.googleapis.com/WorkforcePoolIdentity"
	case m.kind == memberSubject:
		return m.value, "iam.googleapis.com/WorkloadPoolIdentity"
	case m.kind == memberTrustOne:
		if _, path, ok := strings.Cut(m.value, ".system.id.goog/"); ok {
			return path, "iam.googleapis.com/AgentPoolIdentity"
		}
	}
	return "", ""
}

func stateOf(known bool) access.State {
	if known {
		return access.Known
	}
	return access.UnknownState
}

func readText(values []string) (any, error) {
	if len(values) != 1 {
		return nil, fmt.Errorf("%d values, want one", len(values))
	}
	return values[0], nil
}

func readTime(values []string) (any, error) {
	if len(values) != 1 {
		return nil, fmt.Errorf("%d values, want one", len(values))
	}
	return time.Parse(time.RFC3339, values[0])
}

func readNumber(values []string) (any, error) {
	var n int64
	if len(values) != 1 {
		return nil, fmt.Errorf("%d values, want one", len(values))
	}
	_, err := fmt.Sscan(values[0], &n)
	return n, err
}
