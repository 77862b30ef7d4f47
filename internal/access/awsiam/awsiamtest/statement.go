package awsiamtest

import (
	"slices"
	"strings"
)

// policies makes all layers.
func (g *generator) policies() {
	c := &g.c
	if g.inAccount() {
		if c.Principal.Kind != "root" { // It cannot have any.
			c.Identity = g.some(0, 3, func() Policy { return g.policy(layerIdentity) })
		}
		if g.often(25) && c.Principal.Kind != "root" && c.Principal.Kind != "federated-user" {
			c.Boundary = g.some(1, 1, func() Policy { return g.policy(layerLimit) })
		}
		sessions := 0
		switch c.Principal.Kind {
		case "assumed-role", "role":
			sessions = 30
		case "federated-user":
			sessions = 60
			if g.options.Plain {
				sessions = 100
			}
		}
		if g.often(sessions) {
			c.Session = g.some(1, 1, func() Policy { return g.policy(layerLimit) })
		}
		if g.often(45) {
			for range 1 + g.IntN(3) {
				c.ServiceControl = append(c.ServiceControl, g.serviceControl())
			}
		}
	}
	controlled := 35
	if !slices.Contains(resourceControlled, c.Service()) {
		controlled = 4
		if g.options.Plain {
			controlled = 0
		}
	}
	if g.often(controlled) {
		for range 1 + g.IntN(2) {
			c.ResourceControl = append(c.ResourceControl, g.some(0, 1, func() Policy { return g.policy(layerResourceControl) }))
		}
	}
	if g.often(18) {
		c.Endpoint = g.some(1, 1, func() Policy { return g.policy(layerEndpoint) })
	}
	wanted := 50
	switch {
	case c.hasPolicy():
		wanted = 100
	case c.Account != ownAccount || !g.inAccount():
		wanted = 93
	}
	if g.target.resourcePolicy && g.often(wanted) {
		c.ResourcePolicy = []Policy{g.policy(layerResource)}
	}
}

// some makes from least to most of something.
func (g *generator) some(least, most int, make func() Policy) []Policy {
	var made []Policy
	for range least + g.IntN(most-least+1) {
		made = append(made, make())
	}
	return made
}

// A layer says what statements its policies have.
type layer int

const (
	layerIdentity layer = iota
	layerLimit          // permissions boundary, session policy
	layerServiceControl
	layerResourceControl
	layerEndpoint
	layerResource
)

// serviceControl makes the policies of one level.
func (g *generator) serviceControl() []Policy {
	full := Policy{Version: "2012-10-17", Statement: []Statement{{Effect: "Allow", Action: Strings{"*"}, Resource: Strings{"*"}}}}
	switch n := g.IntN(10); {
	case n < 5:
		return []Policy{full}
	case n < 8:
		return []Policy{full, g.policy(layerServiceControl)}
	default:
		return []Policy{g.policy(layerServiceControl)}
	}
}

// policy makes a policy of a layer.
func (g *generator) policy(l layer) Policy {
	p := Policy{Version: "2012-10-17"}
	if g.often(6) && l != layerServiceControl && l != layerResourceControl {
		p.Version = pick(g, "2008-10-17", "")
	}
	denies := map[layer]int{layerIdentity: 18, layerLimit: 15, layerServiceControl: 40, layerResourceControl: 100, layerEndpoint: 15, layerResource: 20}[l]
	if g.options.Unknown && l != layerResourceControl {
		denies /= 2
	}
	for range 1 + g.IntN(3) {
		p.Statement = append(p.Statement, g.statement(l, g.often(denies), p.Version))
	}
	return p
}

func (g *generator) statement(l layer, deny bool, version string) Statement {
	s := Statement{Effect: "Allow"}
	actions, resources, conditions := 84, 84, 45
	if deny {
		s.Effect = "Deny"
		actions, resources, conditions = 65, 65, 75
	}
	if g.options.Unknown {
		conditions += 25
	}
	g.actions(&s, l, actions)
	switch {
	case l == layerResource && g.c.Service() == "sts": // A trust policy has no resources.
	default:
		g.resources(&s, resources, version)
	}
	switch l {
	case layerResource:
		g.principals(&s)
	case layerResourceControl, layerEndpoint:
		s.Principal = &Principals{Any: true}
	}
	switch everybody := s.Principal != nil && (s.Principal.Any || slices.Contains(s.Principal.AWS, "*")); {
	case everybody && g.c.RestrictPublicBuckets && !g.options.Plain && g.often(45):
		// Is a policy public whose statements are limited by this?
		s.Condition = map[string]map[string]Strings{
			"ForAnyValue:StringEquals": {"aws:PrincipalOrgPaths": {"o-exampleorg1/r-ab12/ou-ab12-11111111/"}},
		}
	case g.often(conditions):
		for range 1 + g.IntN(2) {
			g.condition(&s, version)
		}
	}
	return s
}

// actions makes the Action or NotAction of a statement that is to match the
// request in so many of 100 cases.
func (g *generator) actions(s *Statement, l layer, match int) {
	service, name, _ := strings.Cut(g.c.Action, ":")
	matching := []string{g.c.Action, g.c.Action, service + ":*", "*", service + ":" + name[:3] + "*", strings.ToLower(g.c.Action), service + ":?" + name[1:], service + ":*" + name[len(name)-4:]}
	others := []string{service + ":Tag*", service + ":Delete?hing", "iam:PassRole", "ec2:*", "s3:GetBucketAcl", service + ":" + name + "s"}
	if l == layerResourceControl { // It may not have "*" alone.
		matching = slices.DeleteFunc(matching, func(a string) bool { return a == "*" })
	}
	matches, not := g.often(match), g.often(10) && l != layerResourceControl
	list := Strings{pick(g, others...)}
	if matches != not {
		list = Strings{pick(g, matching...)}
	}
	if g.often(25) {
		list = append(list, pick(g, others...))
	}
	if not {
		s.NotAction = list
		return
	}
	s.Action = list
}

// principals makes the Principal or NotPrincipal of a statement of a resource
// policy.
func (g *generator) principals(s *Statement) {
	p := g.c.Principal
	candidates := []*Principals{
		{Any: true},
		{AWS: Strings{"*"}},
		{AWS: Strings{pick(g, ownAccount, "arn:aws:iam::111122223333:root")}},
		{AWS: Strings{pick(g, "arn:aws:iam::111122223333:role/app", "arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:role/teams/blue")}},
		{AWS: Strings{pick(g, "arn:aws:iam::444455556666:role/app", otherAccount)}},
		{Service: Strings{"events.amazonaws.com"}},
		{AWS: Strings{"arn:aws:iam::111122223333:user/bob", "arn:aws:iam::111122223333:role/app"}, Service: Strings{"lambda.amazonaws.com"}},
	}
	if g.options.Plain && len(g.c.Session) > 0 && s.Effect == "Allow" {
		s.Principal = pick(g, candidates[2:5]...)
		return
	}
	if p.Kind != "role" && !g.options.Plain { // Whose sessions have names that are not known.
		candidates = append(candidates, &Principals{AWS: Strings{"arn:aws:sts::111122223333:assumed-role/app/" + pick(g, session, "worker-2")}})
	}
	var own *Principals
	switch p.Kind {
	case "anonymous":
		own = candidates[0]
	case "service":
		own = &Principals{Service: Strings{p.ID}}
	default:
		own = &Principals{AWS: Strings{p.ID}}
		if p.Parent != "" && g.often(50) {
			own.AWS[0] = p.Parent
		}
	}
	if g.often(10) && !g.options.Plain && s.Effect == "Deny" {
		s.NotPrincipal = g.spared()
		return
	}
	s.Principal = pick(g, append(candidates, own, own, own)...)
}

// spared makes a NotPrincipal as AWS wants it written: of a session, the
// session, its role and its account.
func (g *generator) spared() *Principals {
	p := g.c.Principal
	if !g.inAccount() || g.often(40) {
		return &Principals{AWS: Strings{"arn:aws:iam::111122223333:user/bob", "arn:aws:iam::111122223333:root"}}
	}
	not := &Principals{AWS: Strings{"arn:aws:iam::111122223333:root", p.ID}}
	if p.Parent != "" {
		not.AWS = append(not.AWS, p.Parent)
	}
	slices.Sort(not.AWS)
	not.AWS = slices.Compact(not.AWS)
	return not
}
