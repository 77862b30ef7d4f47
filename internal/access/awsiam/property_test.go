package awsiam_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
	"github.com/stowage-dev/stowage/internal/access/awsiam/awsiamtest"
)

// The cases of each property: so many, from this seed.
const (
	propertyCases = 800
	propertySeed  = 7
	propertyWays  = 6 // in which unknown keys are known
)

// eachCase calls a function with generated cases, the odd ones with keys that
// are unknown, and something to make choices with.
func eachCase(t *testing.T, check func(t *testing.T, c awsiamtest.Case, r *rand.Rand)) {
	t.Parallel()
	for n := range uint64(propertyCases) {
		check(t, awsiamtest.Generate(propertySeed, n, awsiamtest.Options{Unknown: n%2 == 1}), rand.New(rand.NewPCG(propertySeed, n)))
		if t.Failed() {
			t.Fatalf("case %d", n)
		}
	}
}

// decide returns what has to hold for a case to be allowed.
func decide(t *testing.T, c awsiamtest.Case) access.Formula {
	t.Helper()
	d, err := c.Evaluate()
	if err != nil {
		t.Fatalf("%v\n%s", err, c)
	}
	return d.Formula
}

// ways returns the case with its unknown keys known in several ways; a case
// without any as it is.
func ways(r *rand.Rand, c awsiamtest.Case) []awsiamtest.Case {
	if len(c.Unknown) == 0 {
		return []awsiamtest.Case{c}
	}
	var all []awsiamtest.Case
	for range propertyWays {
		all = append(all, c.Know(awsiamtest.Assign(r, c)))
	}
	return all
}

// resolve returns what becomes of a formula when all keys are known. It is
// plain, or unknown where AWS's documentation leaves something open.
func resolve(t *testing.T, f access.Formula, known awsiamtest.Case) access.Formula {
	t.Helper()
	resolved, err := awsiamtest.Resolve(f, known)
	if err != nil {
		t.Fatalf("%v\n%s", err, known)
	}
	return resolved
}

// same fails the test unless two formulas mean the same in every way.
func same(t *testing.T, what string, c awsiamtest.Case, before, after access.Formula, r *rand.Rand) {
	t.Helper()
	if before.Equal(after) {
		return
	}
	for _, known := range ways(r, c) {
		if resolve(t, before, known).Verdict() != resolve(t, after, known).Verdict() {
			t.Errorf("%s: %s becomes %s, which differs with %v:\n%s", what, before, after, known.Context, c)
			return
		}
	}
}

// TestUnknownKeysPredict: what remains of a request with unknown keys says
// exactly what is decided when they are known. So a plain answer with unknown
// keys is never one that a known value overturns.
func TestUnknownKeysPredict(t *testing.T) {
	conditional := 0
	eachCase(t, func(t *testing.T, c awsiamtest.Case, r *rand.Rand) {
		f := decide(t, c)
		if f.Verdict() == access.Conditional {
			conditional++
		}
		for _, known := range ways(r, c) {
			got, want := resolve(t, f, known), decide(t, known)
			if got.Verdict() != access.Unknown && got.Verdict() != want.Verdict() {
				t.Errorf("what remains is %s, which is %s, but the decision is %s with %v:\n%s", f, got, want, known.Context, c)
			}
		}
	})
	if conditional < propertyCases/20 {
		t.Errorf("%d cases are conditional, want %d", conditional, propertyCases/20)
	}
}

// TestAddedStatements: one more Allow never takes access away, one more Deny
// never gives any.
func TestAddedStatements(t *testing.T) {
	changed := map[string]int{}
	eachCase(t, func(t *testing.T, c awsiamtest.Case, r *rand.Rand) {
		before := decide(t, c)
		for _, effect := range []string{"Allow", "Deny"} {
			more := c.Clone()
			if !addStatement(r, &more, effect) {
				continue
			}
			after := decide(t, more)
			less, greater := before, after
			if effect == "Deny" {
				less, greater = after, before
			}
			for _, known := range ways(r, c) {
				a, b := resolve(t, less, known), resolve(t, greater, known)
				if a.IsTrue() && !b.IsTrue() || b.IsFalse() && !a.IsFalse() {
					t.Errorf("with one more %s, %s becomes %s, with %v:\n%s", effect, before, after, known.Context, more)
					return
				}
				if a.Verdict() != b.Verdict() {
					changed[effect]++
				}
			}
		}
	})
	if changed["Allow"] == 0 || changed["Deny"] == 0 {
		t.Errorf("added statements changed decisions %v times, want some of each", changed)
	}
}

// addStatement adds a statement of another generated case to a policy of the
// same layer.
func addStatement(r *rand.Rand, c *awsiamtest.Case, effect string) bool {
	for range 40 {
		other := awsiamtest.Generate(propertySeed+1, r.Uint64N(5000), awsiamtest.Options{})
		var from, to []awsiamtest.Policy
		layers := map[string][]awsiamtest.Policy{}
		for name, l := range awsiamtest.Layers(&other) {
			layers[name] = *l
		}
		var names []string
		for name, l := range awsiamtest.Layers(c) {
			if len(*l) > 0 && len(layers[name]) > 0 {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			continue
		}
		name := names[r.IntN(len(names))]
		from = layers[name]
		for n, l := range awsiamtest.Layers(c) {
			if n == name {
				to = *l
			}
		}
		statements := from[r.IntN(len(from))].Statement
		s := statements[r.IntN(len(statements))]
		if s.Effect != effect || name == "resource" && (c.Service() == "sts") != (other.Service() == "sts") {
			continue
		}
		// A bucket becomes public by what is allowed to everybody, and then its
		// settings take access from others.
		if name == "resource" && effect == "Allow" && c.RestrictPublicBuckets {
			continue
		}
		// Let it meet the request.
		if s.Action != nil && r.IntN(2) == 0 {
			s.Action = awsiamtest.Strings{c.Service() + ":*"}
		}
		if s.Resource != nil && r.IntN(2) == 0 {
			s.Resource = awsiamtest.Strings{"*"}
		}
		p := &to[r.IntN(len(to))]
		p.Statement = append(p.Statement, s)
		return true
	}
	return false
}

// TestOrderAndRepetition: neither the order of policies, statements and values
// makes a difference nor that something is there twice.
func TestOrderAndRepetition(t *testing.T) {
	eachCase(t, func(t *testing.T, c awsiamtest.Case, r *rand.Rand) {
		before := decide(t, c)
		shuffled, doubled := c.Clone(), c.Clone()
		for _, l := range awsiamtest.Layers(&shuffled) {
			shuffle(r, *l)
			for _, p := range *l {
				shuffle(r, p.Statement)
				eachList(p, func(list *awsiamtest.Strings) { shuffle(r, *list) })
			}
		}
		for name, l := range awsiamtest.Layers(&doubled) {
			for i, p := range *l {
				eachList(p, func(list *awsiamtest.Strings) { *list = append(*list, *list...) })
				(*l)[i].Statement = append(p.Statement, p.Statement...)
			}
			if name != "resource" { // A resource has one policy.
				*l = append(*l, *l...)
			}
		}
		same(t, "in another order", c, before, decide(t, shuffled), r)
		same(t, "doubled", c, before, decide(t, doubled), r)
	})
}

func shuffle[T any](r *rand.Rand, list []T) {
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// eachList calls a function with every list in the statements of a policy.
func eachList(p awsiamtest.Policy, change func(*awsiamtest.Strings)) {
	for i := range p.Statement {
		s := &p.Statement[i]
		for _, list := range []*awsiamtest.Strings{&s.Action, &s.NotAction, &s.Resource, &s.NotResource} {
			if *list != nil {
				change(list)
			}
		}
		for _, keys := range s.Condition {
			for key, values := range keys {
				change(&values)
				keys[key] = values
			}
		}
	}
}

// TestMissingLayers: with a layer that could not be read, or not whole, an
// answer is only plain when no policies there could make it another.
func TestMissingLayers(t *testing.T) {
	unknown := 0
	eachCase(t, func(t *testing.T, c awsiamtest.Case, r *rand.Rand) {
		in, err := c.Input()
		if err != nil {
			t.Fatal(err)
		}
		for name, layer := range layersOf(&in) {
			whole := *layer
			layer.Missing = "could not be read"
			layer.Policies = whole.Policies[:r.IntN(len(whole.Policies)+1)]
			read := len(layer.Policies)
			without := awsiam.Evaluate(in).Formula
			if without.Verdict() == access.Unknown {
				unknown++
				*layer = whole
				continue
			}
			// Whatever else is there.
			layer.Missing = ""
			possible := map[string][]awsiam.Policy{
				"what is there": whole.Policies,
				"nothing more":  whole.Policies[:read],
				"one that allows all": append(slices.Clone(whole.Policies[:read]),
					policy(t, name, `"Effect":"Allow"`)),
				"one that denies all": append(slices.Clone(whole.Policies[:read]),
					policy(t, name, `"Effect":"Deny"`)),
			}
			for what, policies := range possible {
				layer.Policies = policies
				same(t, fmt.Sprintf("%s layer is missing and has %s", name, what), c, without, awsiam.Evaluate(in).Formula, r)
			}
			*layer = whole
		}
	})
	if unknown == 0 {
		t.Error("no answer was unknown")
	}
}

// policy returns a policy that is about everything.
func policy(t *testing.T, layer, effect string) awsiam.Policy {
	t.Helper()
	text := `{"Version":"2012-10-17","Statement":{` + effect + `,"Action":"*","Resource":"*"}}`
	if layer == "resource" || layer == "endpoint" || strings.HasPrefix(layer, "resource control") {
		text = `{"Version":"2012-10-17","Statement":{` + effect + `,"Principal":"*","Action":"*","Resource":"*"}}`
	}
	d, err := awsiam.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return awsiam.Policy{Name: "more", Document: d}
}

// layersOf returns the layers of an input that are there.
func layersOf(in *awsiam.Input) map[string]*awsiam.PolicySet {
	layers := map[string]*awsiam.PolicySet{"identity": &in.Identity}
	for name, l := range map[string]*awsiam.PolicySet{
		"boundary": in.Boundary, "session": in.Session, "endpoint": in.Endpoint, "resource": in.Resource,
	} {
		if l != nil {
			layers[name] = l
		}
	}
	for i := range in.ServiceControl {
		layers[fmt.Sprint("service control ", i)] = &in.ServiceControl[i]
	}
	for i := range in.ResourceControl {
		layers[fmt.Sprint("resource control ", i)] = &in.ResourceControl[i]
	}
	return layers
}

// TestConditionLaws: how the forms of a condition follow from each other.
func TestConditionLaws(t *testing.T) {
	var conditions []string
	eachCase(t, func(t *testing.T, c awsiamtest.Case, r *rand.Rand) {
		for _, p := range c.All() {
			for _, s := range p.Statement {
				for operator, keys := range s.Condition {
					for key, values := range keys {
						conditions = append(conditions, operator)
						for _, known := range ways(r, c)[:1] {
							checkLaws(t, known, operator, key, values)
						}
					}
				}
			}
		}
	})
	if len(conditions) < propertyCases {
		t.Errorf("%d conditions, want %d", len(conditions), propertyCases)
	}
}

func checkLaws(t *testing.T, known awsiamtest.Case, operator, key string, values awsiamtest.Strings) {
	t.Helper()
	ask := func(operator string, values ...string) bool {
		t.Helper()
		value, err := awsiamtest.ConditionHolds(known, operator, key, values)
		if err != nil {
			t.Fatalf("%v with %v", err, known.Context)
		}
		return value
	}
	law := func(name string, holds bool) {
		t.Helper()
		if !holds {
			t.Errorf("%s: %s of %s %q with %v", name, operator, key, values, known.Context)
		}
	}
	absent := ask("Null", "true")
	law("Null true is the other of Null false", absent != ask("Null", "false"))
	set, base, found := strings.Cut(operator, ":")
	if !found {
		set, base = "", operator
	}
	base, conditional := strings.CutSuffix(base, "IfExists")
	if base == "Null" {
		return
	}
	plain := ask(strings.TrimSuffix(operator, "IfExists"), values...)
	if conditional && set != "ForAnyValue" {
		law("IfExists is absent or the operator", ask(operator, values...) == (absent || plain))
	}
	if set == "ForAllValues" && absent {
		law("ForAllValues holds for an absent key", plain)
	}
	if set == "ForAnyValue" && absent {
		law("ForAnyValue does not hold for an absent key", !plain)
	}
	negated, ok := negation(base)
	if ok && set == "" && !strings.Contains(strings.Join(values, " "), "${") {
		law("the negated operator is the other", ask(negated, values...) != plain)
	}
	if set == "" && !strings.Contains(base, "Not") && !absent {
		one := false
		for _, v := range values {
			one = one || ask(base, v)
		}
		law("a list holds when one value does", plain == one)
	}
}

// negation returns the negated operator, and the operator of a negated one.
func negation(operator string) (string, bool) {
	if strings.Contains(operator, "Not") {
		return strings.Replace(operator, "Not", "", 1), true
	}
	switch operator {
	case "StringEquals", "StringLike", "StringEqualsIgnoreCase", "NumericEquals", "DateEquals", "ArnEquals", "ArnLike":
		for _, family := range []string{"String", "Numeric", "Date", "Arn"} {
			if rest, ok := strings.CutPrefix(operator, family); ok {
				return family + "Not" + rest, true
			}
		}
	case "IpAddress":
		return "NotIpAddress", true
	}
	return "", false
}
