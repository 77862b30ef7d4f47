package gcpiam

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"

	"github.com/stowage-dev/stowage/internal/access"
)

// A failure says what a part of a condition counts as that cannot be evaluated,
// because it asks for an attribute that the request does not have.
type failure uint8

const (
	// never grants: an allow policy's.
	failureFalse failure = iota
	// applies: a deny policy's.
	failureTrue
	// is not written: a boundary's.
	failureUnknown
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

// condition returns what has to hold for a condition to be met.
func (f *facts) condition(c *Condition, onFailure failure) access.Formula {
	if c == nil {
		return access.True()
	}
	e, err := compileCondition(c.Expression)
	if err != nil {
		return access.Missing(fmt.Sprintf("condition %q is not understood: %v", shorten(c.Expression), err))
	}
	return f.evaluate(e, false, onFailure)
}

// evaluate moves negation down to the atoms.
func (f *facts) evaluate(e *expression, negated bool, onFailure failure) access.Formula {
	switch e.op {
	case opNot:
		return f.evaluate(e.parts[0], !negated, onFailure)
	case opAtom:
		result, failed := f.atom(e.atom)
		switch {
		case failed && onFailure == failureUnknown:
			return access.Missing(fmt.Sprintf("what a boundary makes of %s, which cannot be evaluated", e.atom.text))
		case failed:
			return access.Of(onFailure == failureTrue)
		case negated:
			return access.Not(result)
		}
		return result
	}
	parts := make([]access.Formula, len(e.parts))
	for i, p := range e.parts {
		parts[i] = f.evaluate(p, negated, onFailure)
	}
	if (e.op == opAnd) != negated {
		return access.And(parts...)
	}
	return access.Or(parts...)
}

// atom decides one atom, or tells that it cannot be evaluated.
func (f *facts) atom(a *atom) (result access.Formula, failed bool) {
	if a.name != nil && f.prefix != nil && f.states["resource.name"].state == access.UnknownState {
		if value, known := a.name.decide(*f.prefix); known {
			return access.Of(value), false
		}
	}
	value, _, err := a.program.Eval(f.activation)
	if _, stopped := errors.AsType[interpreter.EvalCancelledError](err); stopped {
		return access.Missing(fmt.Sprintf("condition %q costs too much to evaluate", shorten(a.text))), false
	}
	switch {
	case err == nil && value == types.True:
		return access.True(), false
	case err == nil && value == types.False:
		return access.False(), false
	case err == nil && types.IsUnknown(value):
		return f.unknown(a), false
	}
	// Even where one attribute is absent, a part that is not known may decide.
	for _, name := range a.variables {
		if f.states[name].state == access.UnknownState {
			return f.unknown(a), false
		}
	}
	return access.False(), true
}

// unknown returns the term that an atom is, or the input that is missing.
func (f *facts) unknown(a *atom) access.Formula {
	key := ""
	for _, name := range a.variables {
		s, ok := f.states[name]
		if !ok || s.state != access.UnknownState {
			continue
		}
		if s.missing != "" {
			return access.Missing(s.missing)
		}
		if key == "" {
			key = name
		}
	}
	switch {
	case slices.Contains(a.variables, tagsVariable):
		return access.Missing("names of the tags of " + f.what)
	case key == "" && slices.Contains(a.variables, apiVariable):
		key = a.api
	case key == schemesVariable:
		key = "compute.loadBalancingScheme"
	}
	return access.If(access.Term{Key: key, Operator: access.Expression, Values: []string{a.text}})
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
	attributes := resourceAttributes(in)
	f := &facts{states: make(map[string]fact), prefix: attributes.prefix, what: in.Request.Resource.ID}
	values := make(map[string]any)
	var unknown []*cel.AttributePatternType
	set := func(name string, value any, s fact) {
		f.states[name] = s
		switch s.state {
		case access.Known:
			values[name] = value
		case access.UnknownState:
			unknown = append(unknown, cel.AttributePattern(name))
		}
	}
	derived := requestAttributes(in.Request.Action)
	for _, v := range conditionVariables {
		known := in.Request.Context.Lookup(v.name)
		s, missing := fact{state: known.State}, false
		if a, ok := attributes.values[v.name]; ok && known.State != access.Known {
			known, s = a.value, fact{a.value.State, a.missing}
		} else if known.State == access.UnknownState && slices.Contains(derived, v.name) {
			s.state = access.Absent
		}
		value, err := v.read(known.Values)
		if missing = s.state == access.Known && err != nil; missing {
			s = fact{state: access.UnknownState, missing: fmt.Sprintf("%s of the request: %v", v.name, err)}
		}
		set(v.name, value, s)
	}
	subject, kind := principalAttributes(in)
	set("principal.subject", subject, fact{state: stateOf(subject != "")})
	set("principal.type", kind, fact{state: stateOf(kind != "")})
	switch {
	case in.Tags == nil:
		set(tagsVariable, nil, fact{missing: "tags of " + f.what})
	case in.Tags.Missing != "":
		set(tagsVariable, nil, fact{missing: "tags of " + f.what + ": " + in.Tags.Missing})
	default:
		set(tagsVariable, host(in.Tags.Tags), fact{state: access.Known})
	}
	set(apiVariable, host(apiAttributes(in)), fact{state: access.Known})
	creates := in.Request.Action == "compute.forwardingRules.create" || in.Request.Action == "compute.globalForwardingRules.create"
	set(createsVariable, creates, fact{state: access.Known})
	schemes := in.Request.Context.Lookup("compute.loadBalancingScheme")
	set(schemesVariable, schemes.Values, fact{state: schemes.State})
	activation, err := cel.PartialVars(values, unknown...)
	if err != nil {
		panic(err) // A map is always right.
	}
	f.activation = activation
	return f
}

// requestAttributes returns the attributes that requests for a permission do
// not have: most are those of Identity-Aware Proxy and Cloud Run.
// https://cloud.google.com/iam/docs/conditions-attribute-reference#request
func requestAttributes(permission string) (absent []string) {
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

// shorten cuts long text from a policy for a message.
func shorten(s string) string {
	if len(s) <= 200 {
		return s
	}
	return strings.ToValidUTF8(s[:200], "") + "…"
}
