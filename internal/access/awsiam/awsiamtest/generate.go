package awsiamtest

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// Options say what Generate makes.
type Options struct {
	// Unknown: some of the keys that a policy asks for are unknown.
	Unknown bool
	// Plain leaves out what AWS's documentation and other evaluators are known
	// to differ about: variables in documents of 2008 and where a resource
	// begins, ARNs of fewer than six parts, root users, times as seconds, grants to
	// a session that has a policy.
	Plain bool
}

// Generate makes the case with a number from a seed, always the same.
func Generate(seed, number uint64, options Options) Case {
	g := generator{Rand: rand.New(rand.NewPCG(seed, number)), options: options}
	g.request()
	g.context()
	g.policies()
	if options.Unknown {
		g.forget()
	}
	return g.c
}

// A generator makes one case.
type generator struct {
	*rand.Rand
	options Options
	target  target
	c       Case
	// keys are those that the request can have.
	keys []contextKey
}

// often reports true in so many of 100 cases.
func (g *generator) often(percent int) bool { return g.IntN(100) < percent }

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

// request makes the principal, the action and the resource.
func (g *generator) request() {
	g.target = pick(g, targets...)
	g.c.Action = pick(g, g.target.actions...)
	g.c.Account = ownAccount
	if g.often(30) {
		g.c.Account = otherAccount
	}
	if g.target.arns[0] == "*" {
		g.c.Account = ownAccount
	}
	g.c.Resource = strings.ReplaceAll(pick(g, g.target.arns...), accountMark, g.c.Account)
	switch n := g.IntN(100); {
	case n < 42:
		g.c.Principal = pick(
			g,
			Principal{"assumed-role", "arn:aws:sts::111122223333:assumed-role/app/" + session, "arn:aws:iam::111122223333:role/app", ownAccount},
			Principal{"assumed-role", "arn:aws:sts::111122223333:assumed-role/blue/" + session, "arn:aws:iam::111122223333:role/teams/blue", ownAccount},
		)
	case n < 55:
		g.c.Principal = Principal{"role", "arn:aws:iam::111122223333:role/app", "", ownAccount}
	case n < 79:
		g.c.Principal = Principal{"user", "arn:aws:iam::111122223333:user/alice", "", ownAccount}
	case n < 84:
		g.c.Principal = Principal{"federated-user", "arn:aws:sts::111122223333:federated-user/alice", "arn:aws:iam::111122223333:user/alice", ownAccount}
	case n < 87 && !g.options.Plain && g.c.Action != "sts:AssumeRole": // Which root users cannot.
		g.c.Principal = Principal{"root", "arn:aws:iam::111122223333:root", "", ownAccount}
	case n < 94:
		g.c.Principal = Principal{"service", pick(g, "events.amazonaws.com", "lambda.amazonaws.com"), "", ""}
	default:
		g.c.Principal = Principal{Kind: "anonymous"}
	}
	if g.c.Service() == "s3" && g.c.Resource != "*" {
		g.c.RestrictPublicBuckets = g.often(35)
		g.c.ABAC = g.often(50)
	}
}

// inAccount reports whether the principal belongs to an account.
func (g *generator) inAccount() bool { return g.c.Principal.Account != "" }

// context makes the keys that the request has.
func (g *generator) context() {
	g.keys = slices.Concat(g.target.keys, globalKeys, principalKeys, resourceKeys)
	g.c.Context = make(map[string]Strings)
	for _, k := range slices.Concat(g.target.keys, globalKeys) {
		if (g.options.Plain && k.name == "aws:EpochTime") || !g.often(55) {
			continue
		}
		g.c.Context[k.name] = g.present(k)
	}
	maps.Copy(g.c.Context, g.ofPrincipal())
	g.c.Context["aws:ResourceAccount"] = Strings{g.c.Account}
	if g.c.Service() == "s3" {
		g.c.Context["s3:ResourceAccount"] = Strings{g.c.Account}
	}
	if g.c.Account == ownAccount {
		g.c.Context["aws:ResourceOrgID"] = Strings{organization}
	}
	if parts := strings.SplitN(g.c.Resource, ":", 6); len(parts) == 6 && parts[3] != "" {
		g.c.Context["aws:RequestedRegion"] = Strings{parts[3]}
	}
	if g.c.Service() == "kms" {
		delete(g.c.Context, "kms:CallerAccount")
		if g.inAccount() {
			g.c.Context["kms:CallerAccount"] = Strings{g.c.Principal.Account}
		}
	}
	if g.c.Service() == "sts" && g.target.arns[0] == "*" {
		g.c.Account = ownAccount
	}
}

// ofPrincipal returns the keys that follow from the principal.
func (g *generator) ofPrincipal() map[string]Strings {
	p := g.c.Principal
	if !g.inAccount() {
		for key := range g.c.Context {
			if strings.HasPrefix(key, "aws:PrincipalTag/") || strings.HasPrefix(key, "aws:MultiFactor") || key == "aws:TokenIssueTime" || key == "aws:SourceIdentity" {
				delete(g.c.Context, key)
			}
		}
	}
	switch p.Kind {
	case "anonymous":
		return map[string]Strings{"aws:PrincipalType": {"Anonymous"}, "aws:userid": {"anonymous"}, "aws:PrincipalIsAWSService": {"false"}}
	case "service":
		keys := map[string]Strings{"aws:PrincipalIsAWSService": {"true"}, "aws:PrincipalServiceName": {p.ID}}
		if g.often(60) {
			keys["aws:SourceArn"] = Strings{"arn:aws:events:eu-west-1:111122223333:rule/nightly"}
			keys["aws:SourceAccount"] = Strings{ownAccount}
		}
		return keys
	}
	keys := map[string]Strings{
		"aws:PrincipalArn": {p.ID}, "aws:PrincipalAccount": {p.Account}, "aws:PrincipalOrgID": {organization},
		"aws:PrincipalOrgPaths": {"o-exampleorg1/r-ab12/ou-ab12-11111111/"}, "aws:PrincipalIsAWSService": {"false"},
	}
	switch p.Kind {
	case "assumed-role":
		keys["aws:PrincipalArn"] = Strings{p.Parent}
		keys["aws:PrincipalType"], keys["aws:userid"] = Strings{"AssumedRole"}, Strings{"AROAEXAMPLEAPP:" + session}
	case "role":
		keys["aws:PrincipalType"] = Strings{"AssumedRole"}
	case "user":
		keys["aws:PrincipalType"], keys["aws:userid"], keys["aws:username"] = Strings{"User"}, Strings{"AIDAEXAMPLEALICE"}, Strings{"alice"}
	case "federated-user":
		keys["aws:PrincipalType"], keys["aws:userid"] = Strings{"FederatedUser"}, Strings{ownAccount + ":alice"}
	case "root":
		keys["aws:PrincipalType"], keys["aws:userid"] = Strings{"Account"}, Strings{ownAccount}
	}
	return keys
}

// present returns values that a request can have for a key.
func (g *generator) present(k contextKey) Strings {
	values := slices.DeleteFunc(slices.Clone(k.values), func(v string) bool {
		return k.kind == address && strings.Contains(v, "/") || strings.ContainsAny(v, "*?") && v != "*" ||
			k.kind == date && strings.Contains(v, "-") == (k.name == "aws:EpochTime")
	})
	if k.kind != list {
		return Strings{pick(g, values...)}
	}
	g.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
	return Strings(values[:1+g.IntN(len(values))])
}

// forget makes some of the keys unknown that policies ask for and that do not
// follow from the principal or the resource, as do tags of a bucket that do not
// count.
func (g *generator) forget() {
	asked := make(map[string]bool)
	for _, p := range g.c.All() {
		for _, s := range p.Statement {
			for _, keys := range s.Condition {
				for key := range keys {
					asked[strings.ToLower(key)] = true
				}
			}
		}
	}
	var free []string
	for _, k := range slices.Concat(g.target.keys, globalKeys) {
		tag := g.c.Service() == "s3" && !g.c.ABAC && strings.HasPrefix(k.name, "aws:ResourceTag/")
		if asked[strings.ToLower(k.name)] && !slices.Contains(derived, k.name) && !tag {
			free = append(free, k.name)
		}
	}
	g.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
	g.c.Unknown = append([]string(nil), free[:min(len(free), 1+g.IntN(6))]...)
	slices.Sort(g.c.Unknown)
	for _, key := range g.c.Unknown {
		delete(g.c.Context, key)
	}
}

// derived are keys that an engine may know from the principal or the resource.
var derived = []string{"s3:ResourceAccount", "kms:CallerAccount", "aws:RequestedRegion"}

// Assign returns values for the unknown keys of a case, some absent: known by
// Know.
func Assign(r *rand.Rand, c Case) map[string]Strings {
	g := generator{Rand: r}
	values := make(map[string]Strings, len(c.Unknown))
	for _, t := range append([]target{{keys: globalKeys}}, targets...) {
		for _, k := range t.keys {
			if !slices.Contains(c.Unknown, k.name) || values[k.name] != nil {
				continue
			}
			values[k.name] = nil
			if g.often(70) {
				values[k.name] = g.present(k)
			}
		}
	}
	return values
}

// All returns every policy of the case.
func (c Case) All() []Policy {
	all := slices.Concat(c.Identity, c.Boundary, c.Session, c.Endpoint, c.ResourcePolicy)
	for _, level := range slices.Concat(c.ServiceControl, c.ResourceControl) {
		all = append(all, level...)
	}
	return all
}
