package awsiamtest

import "strings"

// resources makes the Resource or NotResource of a statement.
func (g *generator) resources(s *Statement, match int, version string) {
	matches, not := g.often(match), g.often(8)
	list := Strings{g.resource(matches != not, version)}
	if with := g.withVariable(version); not && with != "" && g.often(30) {
		list[0] = with
	}
	if g.often(20) {
		list = append(list, g.resource(false, version))
	}
	if not {
		s.NotResource = list
		return
	}
	s.Resource = list
}

// resource makes a pattern that the resource of the request matches, or one
// that it probably does not.
func (g *generator) resource(matches bool, version string) string {
	short := !g.options.Plain && g.often(6)
	switch {
	case g.c.Resource == "*" && matches:
		return "*"
	case g.c.Resource == "*":
		return "arn:aws:s3:::records/*"
	case short && matches:
		return g.short()
	case short:
		return pick(g, "arn:aws:ec2", "arn:aws:kms:us-gov-west-1", "arn:aws:s3")
	case matches:
		return pick(g, g.patterns(version)...)
	}
	return pick(
		g,
		strings.ReplaceAll(pick(g, pick(g, targets...).arns...), accountMark, strange),
		strings.ReplaceAll(pick(g, g.target.arns...), accountMark, pick(g, g.c.Account, strange)),
		g.c.Resource+"/more",
	)
}

// short makes an ARN of fewer than six parts, of which a last star goes on over
// colons.
func (g *generator) short() string {
	parts := strings.SplitN(g.c.Resource, ":", 6)
	service := "arn:aws:" + parts[2]
	return pick(g, service, service+":*", service+":*:"+parts[5])
}

// patterns returns ARNs that match the resource of the request.
func (g *generator) patterns(version string) []string {
	parts := strings.SplitN(g.c.Resource, ":", 6)
	last, head := parts[5], strings.Join(parts[:5], ":")+":"
	patterns := []string{g.c.Resource, g.c.Resource, "*", head + last[:len(last)-2] + "*", head + last[:len(last)-1] + "?"}
	if i := strings.LastIndexAny(last, "/:"); i > 0 {
		patterns = append(patterns, head+last[:i+1]+"*", head+last[:i+1]+"*"+last[len(last)-1:])
	}
	if parts[3] != "" {
		patterns = append(patterns, "arn:aws:"+parts[2]+":*:*:"+last, "arn:*:"+parts[2]+":"+parts[3]+":*:"+last)
	}
	if with := g.withVariable(version); with != "" {
		patterns = append(patterns, with, with)
	}
	return patterns
}

// withVariable returns the ARN of the resource with a variable in it, if its
// name has something that is also the value of a tag.
func (g *generator) withVariable(version string) string {
	head, name, found := strings.Cut(g.c.Resource, "blue")
	begins := strings.Count(head, ":") == 5 && !strings.Contains(head[strings.LastIndexByte(head, ':'):], "/")
	if !found || g.options.Plain && (version != "2012-10-17" || begins) {
		return ""
	}
	return head + pick(g, "${aws:PrincipalTag/team}", "${aws:PrincipalTag/team, 'blue'}", "${AWS:principaltag/team}") + name
}
