//go:build e2e

package e2e

import (
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowage-dev/stowage/internal/access/awsiam/awsiamtest"
)

// A deviation is where the other evaluator is known to decide otherwise than
// AWS documents.
type deviation struct {
	id, what, docs string
	// write returns a case that means the same by the documentation and in which
	// the deviation does not show; false when it cannot show in the case as it is.
	write func(awsiamtest.Case) (awsiamtest.Case, bool)
	// readings, of a deviation without write, returns a case for every reading
	// of what the documentation leaves open, so that our engine does not decide.
	readings func(awsiamtest.Case) []awsiamtest.Case
}

const userGuide = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"

// deviations are all that are known and that generated cases show.
var deviations = []deviation{
	{
		id: "O1", what: "a session policy limits what a resource policy grants to the session itself",
		docs: userGuide + "access_policies.html#policies_session", write: writeSession,
	},
	{
		id: "O2", what: "variables are replaced in documents of 2008",
		docs: userGuide + "reference_policies_elements_version.html", write: writeVersion,
	},
	{
		id: "O4", what: "resource control policies limit services that have none",
		docs: "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html", write: writeResourceControl,
	},
	{
		id: "O5", what: "the root user of an account is not allowed everything in it",
		docs: userGuide + "id_root-user.html", write: writeRoot,
	},
	{
		id: "O9", what: "NotPrincipal with the account of a principal that is not named spares him; AWS only says to name all three",
		docs: userGuide + "reference_policies_elements_notprincipal.html", readings: readNotPrincipal,
	},
	{
		id: "O10", what: "a * at the end of a part of an ARN does not go on over the colon",
		docs: userGuide + "reference_policies_elements_resource.html", write: writeCrossing,
	},
	{
		id: "O11", what: "an ARN of fewer than six parts has a meaning; AWS only gives it one in policies of identities, and none in NotResource",
		docs: userGuide + "reference_policies_elements_resource.html", readings: readShort,
	},
	{
		id: "O12", what: "a time in seconds is compared with one in words as if it were in milliseconds",
		docs: userGuide + "reference_policies_elements_condition_operators.html#Conditions_Date", write: writeTimes,
	},
	{
		id: "O13", what: "a session of sts:GetFederationToken without a session policy has what its user has, not nothing",
		docs: "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html", write: writeFederated,
	},
	{
		id: "O14", what: "a variable whose key has a / is not replaced where a resource begins",
		docs: userGuide + "reference_policies_variables.html", write: writeVariable,
	},
	{
		id: "O15", what: "an address is never unlike a single one of the other version of IP",
		docs: userGuide + "reference_policies_elements_condition_operators.html#Conditions_IPAddress", write: writeAddress,
	},
	{
		id: "O16", what: "a negated operator does not hold for a variable without a value",
		docs: userGuide + "reference_policies_variables.html#policy-vars-no-value", write: writeVoid,
	},
	{
		id: "O17", what: "NotResource with a variable without a value makes a statement void; AWS also says that it excludes nothing",
		docs: userGuide + "reference_policies_variables.html#policy-vars-no-value", readings: readVoid,
	},
	{
		id: "O18", what: "Block Public Access lets a statement through that is limited by a key of which AWS does not say so, as aws:PrincipalOrgPaths",
		docs: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status", readings: readPublic,
	},
	{
		id: "O19", what: "a session of sts:GetFederationToken can call operations of STS besides sts:GetCallerIdentity",
		docs: "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html", write: writeFederatedSTS,
	},
	{
		id: "O20", what: "somebody without credentials can use keys, and assume roles without a token",
		docs: "https://docs.aws.amazon.com/kms/latest/APIReference/Welcome.html", write: writeUnsigned,
	},
}

// writeSession lets the session policy allow all when the resource policy
// grants something to everybody or to the session by its own ARN.
func writeSession(c awsiamtest.Case) (awsiamtest.Case, bool) {
	if len(c.Session) == 0 || c.Principal.Account != c.Account || !slices.ContainsFunc(c.ResourcePolicy, func(p awsiamtest.Policy) bool {
		return slices.ContainsFunc(p.Statement, func(s awsiamtest.Statement) bool {
			return s.Effect == "Allow" && s.Principal != nil &&
				(s.Principal.Any || slices.Contains(s.Principal.AWS, "*") || slices.Contains(s.Principal.AWS, c.Principal.ID))
		})
	}) {
		return c, false
	}
	c = c.Clone()
	c.Session[0].Statement = append(c.Session[0].Statement, awsiamtest.Statement{
		Effect: "Allow", Action: awsiamtest.Strings{"*"}, Resource: awsiamtest.Strings{"*"},
	})
	return c, true
}

// readPublic reads a bucket policy as one that is not public and as one that is.
func readPublic(c awsiamtest.Case) []awsiamtest.Case {
	if !c.RestrictPublicBuckets || len(c.ResourcePolicy) == 0 {
		return nil
	}
	private, public := c.Clone(), c.Clone()
	private.RestrictPublicBuckets = false
	public.ResourcePolicy[0].Statement = append(public.ResourcePolicy[0].Statement, awsiamtest.Statement{
		Effect: "Allow", Principal: &awsiamtest.Principals{Any: true},
		Action: awsiamtest.Strings{"s3:None"}, Resource: awsiamtest.Strings{"*"},
	})
	return []awsiamtest.Case{private, public}
}

// isAccount reports whether a principal is the account that all requests come
// from.
func isAccount(principal string) bool {
	return principal == "arn:aws:iam::111122223333:root" || principal == "111122223333"
}

// readNotPrincipal returns the case with each NotPrincipal that has the account
// of the principal, but not him, once as if that spared him and once as if not.
func readNotPrincipal(c awsiamtest.Case) []awsiamtest.Case {
	for i, p := range c.ResourcePolicy {
		for j, s := range p.Statement {
			if s.NotPrincipal == nil || !slices.ContainsFunc(s.NotPrincipal.AWS, isAccount) ||
				slices.Contains(s.NotPrincipal.AWS, c.Principal.ID) || slices.Contains(s.NotPrincipal.AWS, c.Principal.Parent) {
				continue
			}
			spared, denied := c.Clone(), c.Clone()
			spared.ResourcePolicy[i].Statement = slices.Delete(spared.ResourcePolicy[i].Statement, j, j+1)
			denied.ResourcePolicy[i].Statement[j].NotPrincipal.AWS = slices.DeleteFunc(denied.ResourcePolicy[i].Statement[j].NotPrincipal.AWS, isAccount)
			var all []awsiamtest.Case
			for _, reading := range []awsiamtest.Case{spared, denied} {
				if more := readNotPrincipal(reading); more != nil {
					all = append(all, more...)
				} else {
					all = append(all, reading)
				}
			}
			return all
		}
	}
	return nil
}

// writeVersion spells out variables in documents of 2008 as what is not one.
func writeVersion(c awsiamtest.Case) (awsiamtest.Case, bool) {
	return rewrite(c, func(p awsiamtest.Policy, text string) string {
		if p.Version == "2012-10-17" {
			return text
		}
		return strings.ReplaceAll(text, "${", "$[")
	})
}

// writeResourceControl takes resource control policies away from services that
// they do not apply to.
func writeResourceControl(c awsiamtest.Case) (awsiamtest.Case, bool) {
	if c.ResourceControl == nil || slices.Contains(controlled, c.Service()) {
		return c, false
	}
	c = c.Clone()
	c.ResourceControl = nil
	return c, true
}

// controlled are the services with resource control policies, as far as cases
// are made of them.
var controlled = []string{"s3", "sts", "kms", "sqs", "secretsmanager", "dynamodb", "ecr"}

// writeRoot allows the root user by policy what it is allowed by being root.
func writeRoot(c awsiamtest.Case) (awsiamtest.Case, bool) {
	if c.Principal.Kind != "root" {
		return c, false
	}
	c = c.Clone()
	c.Identity = append(c.Identity, awsiamtest.Policy{Version: "2012-10-17", Statement: []awsiamtest.Statement{{
		Effect: "Allow", Action: awsiamtest.Strings{"*"}, Resource: awsiamtest.Strings{"*"},
	}}})
	return c, true
}

// writeFederated takes away what allows something to the user, which a session
// of his without a session policy does not have.
func writeFederated(c awsiamtest.Case) (awsiamtest.Case, bool) {
	if c.Principal.Kind != "federated-user" || len(c.Session) > 0 {
		return c, false
	}
	c = c.Clone()
	for i, p := range c.Identity {
		c.Identity[i].Statement = slices.DeleteFunc(p.Statement, func(s awsiamtest.Statement) bool { return s.Effect == "Allow" })
	}
	c.Identity = slices.DeleteFunc(c.Identity, func(p awsiamtest.Policy) bool { return len(p.Statement) == 0 })
	for _, p := range c.ResourcePolicy {
		for i, s := range p.Statement {
			if s.Effect == "Allow" && s.Principal != nil && slices.Contains(s.Principal.AWS, c.Principal.Parent) {
				p.Statement[i].Principal.AWS = awsiamtest.Strings{"arn:aws:iam::111122223333:user/nobody"}
			}
		}
	}
	return c, true
}

// writeFederatedSTS takes all policies away from requests of federated users
// that no policy can allow.
func writeFederatedSTS(c awsiamtest.Case) (awsiamtest.Case, bool) {
	if c.Principal.Kind != "federated-user" || c.Service() != "sts" || strings.EqualFold(c.Action, "sts:GetCallerIdentity") {
		return c, false
	}
	return withoutPolicies(c), true
}

// writeUnsigned takes all policies away from requests that have to be signed
// and are not.
func writeUnsigned(c awsiamtest.Case) (awsiamtest.Case, bool) {
	signed := c.Service() == "kms" || c.Service() == "sts" && !strings.HasPrefix(strings.ToLower(c.Action), "sts:assumerolewith")
	if c.Principal.Kind != "anonymous" || !signed {
		return c, false
	}
	return withoutPolicies(c), true
}

func withoutPolicies(c awsiamtest.Case) awsiamtest.Case {
	c = c.Clone()
	c.Identity, c.Boundary, c.Session, c.Endpoint, c.ResourcePolicy = nil, nil, nil, nil, nil
	c.ServiceControl, c.ResourceControl = nil, nil
	return c
}

// writeAddress writes single addresses as ranges of one.
func writeAddress(c awsiamtest.Case) (awsiamtest.Case, bool) {
	return rewrite(c, func(_ awsiamtest.Policy, text string) string {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return text
		}
		return netip.PrefixFrom(a, a.BitLen()).String()
	})
}

// leading matches an ARN whose resource has a variable with a / before any / or
// colon.
var leading = regexp.MustCompile(`^((?:[^:]*:){5}[^:/$]*)\$\{([^},/]+/[^},]+)(?:, *'([^']*)')?\}(.*)$`)

// writeVariable writes such a variable as its value, where it has one.
func writeVariable(c awsiamtest.Case) (awsiamtest.Case, bool) {
	return rewrite(c, func(p awsiamtest.Policy, text string) string {
		m := leading.FindStringSubmatch(text)
		if m == nil || p.Version != "2012-10-17" {
			return text
		}
		value := m[3]
		for key, values := range c.Context {
			if strings.EqualFold(key, m[2]) {
				value = values[0]
			}
		}
		if value == "" {
			return text
		}
		return m[1] + strings.ReplaceAll(value, "*", "${*}") + m[4]
	})
}

// writeCrossing replaces each ARN that only matches because a * goes on over a
// colon by the resource that it matches.
func writeCrossing(c awsiamtest.Case) (awsiamtest.Case, bool) {
	return rewrite(c, func(_ awsiamtest.Policy, text string) string {
		if strings.HasPrefix(text, "arn:") && glob(text, c.Resource) && !within(text, c.Resource) {
			return c.Resource
		}
		return text
	})
}

// readShort reads each ARN of fewer than six parts as one that matches and as
// one that does not.
func readShort(c awsiamtest.Case) []awsiamtest.Case {
	short := func(text string) bool { return strings.HasPrefix(text, "arn:") && strings.Count(text, ":") < 5 }
	return readResources(c, short, func(s awsiamtest.Statement) []awsiamtest.Strings {
		return []awsiamtest.Strings{s.Resource, s.NotResource}
	})
}

// readVoid reads each value of NotResource with a variable that has no value as
// one that matches, so that the statement does not, and as one that does not.
func readVoid(c awsiamtest.Case) []awsiamtest.Case {
	void := func(text string) bool { return strings.HasPrefix(text, "arn:") && isVoid(c, text) }
	return readResources(c, void, func(s awsiamtest.Statement) []awsiamtest.Strings {
		return []awsiamtest.Strings{s.NotResource}
	})
}

// isVoid reports whether a text has a variable without a value.
func isVoid(c awsiamtest.Case, text string) bool {
	return !strings.Contains(text, ", '") && slices.ContainsFunc(awsiamtest.Variables(text), func(key string) bool { return !c.Has(key) })
}

// readResources returns the case with the doubtful texts of some lists read in
// both ways.
func readResources(
	c awsiamtest.Case, doubtful func(text string) bool, of func(awsiamtest.Statement) []awsiamtest.Strings,
) []awsiamtest.Case {
	var texts []string
	_, _ = rewriteLists(c, func(_ awsiamtest.Policy, text string) string {
		if doubtful(text) && !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
		return text
	}, of)
	readings := []awsiamtest.Case{c}
	for _, text := range texts {
		var next []awsiamtest.Case
		for _, reading := range readings {
			for _, as := range []string{c.Resource, noResource} {
				one, _ := rewriteLists(reading, func(_ awsiamtest.Policy, t string) string {
					if t == text {
						return as
					}
					return t
				}, of)
				next = append(next, one)
			}
		}
		readings = next
	}
	return readings
}

// noResource is an ARN that no case is about.
const noResource = "arn:aws:s3:::none"

// writeVoid writes values with a variable that has no value as one that no key
// has.
func writeVoid(c awsiamtest.Case) (awsiamtest.Case, bool) {
	return rewrite(c, func(p awsiamtest.Policy, text string) string {
		if p.Version == "2012-10-17" && !strings.HasPrefix(text, "arn:") && isVoid(c, text) {
			return "no such value"
		}
		return text
	})
}

// within reports whether a pattern matches a resource part by part.
func within(pattern, text string) bool {
	patterns, texts := strings.SplitN(pattern, ":", 6), strings.SplitN(text, ":", 6)
	if len(texts) < 6 || len(patterns) < 6 {
		return false
	}
	return !slices.ContainsFunc([]int{0, 1, 2, 3, 4, 5}, func(i int) bool { return !glob(patterns[i], texts[i]) })
}

// glob reports whether a text is as a pattern with * and ?. Both are short.
func glob(pattern, text string) bool {
	switch {
	case pattern == "":
		return text == ""
	case pattern[0] == '*':
		return glob(pattern[1:], text) || text != "" && glob(pattern, text[1:])
	}
	return text != "" && (pattern[0] == '?' || pattern[0] == text[0]) && glob(pattern[1:], text[1:])
}

// writeTimes writes times in seconds in words.
func writeTimes(c awsiamtest.Case) (awsiamtest.Case, bool) {
	c, changed := rewrite(c, func(_ awsiamtest.Policy, text string) string { return inWords(text) })
	for _, values := range c.Context {
		for i, v := range values {
			if to := inWords(v); to != v {
				values[i], changed = to, true
			}
		}
	}
	return c, changed
}

// inWords returns a time in seconds as one in words, and all else as it is.
// Only times have ten digits here.
func inWords(text string) string {
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || len(text) != 10 {
		return text
	}
	return time.Unix(seconds, 0).UTC().Format(time.RFC3339)
}

// rewrite returns a case with the texts of its statements' resources and
// condition values replaced, and whether any was.
func rewrite(c awsiamtest.Case, replace func(awsiamtest.Policy, string) string) (awsiamtest.Case, bool) {
	return rewriteLists(c, replace, func(s awsiamtest.Statement) []awsiamtest.Strings {
		lists := []awsiamtest.Strings{s.Resource, s.NotResource}
		for _, keys := range s.Condition {
			lists = slices.AppendSeq(lists, maps.Values(keys))
		}
		return lists
	})
}

// rewriteLists is rewrite for some lists of each statement.
func rewriteLists(
	c awsiamtest.Case, replace func(awsiamtest.Policy, string) string, of func(awsiamtest.Statement) []awsiamtest.Strings,
) (awsiamtest.Case, bool) {
	c = c.Clone()
	changed := false
	for _, p := range c.All() {
		for _, s := range p.Statement {
			for _, texts := range of(s) {
				for i, text := range texts {
					if to := replace(p, text); to != text {
						texts[i], changed = to, true
					}
				}
			}
		}
	}
	return c, changed
}
