//go:build e2e

package e2e

import (
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
}

const userGuide = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"

// deviations are all that are known and that generated cases show.
var deviations = []deviation{
	{
		"O1", "a session policy limits what a resource policy grants to the session itself",
		userGuide + "reference_policies_evaluation-logic_policy-eval-basics-req-session.html", writeSession,
	},
	{
		"O2", "variables are replaced in documents of 2008",
		userGuide + "reference_policies_elements_version.html", writeVersion,
	},
	{
		"O4", "resource control policies limit services that have none",
		"https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html", writeResourceControl,
	},
	{
		"O5", "the root user of an account is not allowed everything in it",
		userGuide + "id_root-user.html", writeRoot,
	},
	{
		"O10", "a * at the end of a part of an ARN does not go on over the colon",
		userGuide + "reference_policies_elements_resource.html", writeResources,
	},
	{
		"O12", "a time in seconds is compared with one in words as if it were in milliseconds",
		userGuide + "reference_policies_elements_condition_operators.html#Conditions_Date", writeTimes,
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

// writeResources replaces each ARN with a * at the end of a part by what it
// matches when the * goes on: the resource, or none.
func writeResources(c awsiamtest.Case) (awsiamtest.Case, bool) {
	return rewrite(c, func(_ awsiamtest.Policy, text string) string {
		parts := strings.Split(text, ":")
		if parts[0] != "arn" || len(parts) >= 6 && !slices.ContainsFunc(parts[:len(parts)-1], func(p string) bool { return strings.HasSuffix(p, "*") && len(p) > 1 }) && len(parts) <= 6 {
			return text
		}
		if covers(text, c.Resource) {
			return c.Resource
		}
		return "arn:aws:none:none:000000000000:none/none"
	})
}

// covers reports whether a pattern matches a text, with * for anything.
func covers(pattern, text string) bool {
	// An ARN that ends early means all that goes on.
	if strings.Count(pattern, ":") < 5 && covers(pattern+":*", text) {
		return true
	}
	first, rest, found := strings.Cut(pattern, "*")
	if !found {
		return pattern == text
	}
	if !strings.HasPrefix(text, first) {
		return false
	}
	for i := len(first); i <= len(text); i++ {
		if covers(rest, text[i:]) {
			return true
		}
	}
	return false
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
	c = c.Clone()
	changed := false
	each := func(p awsiamtest.Policy, texts awsiamtest.Strings) {
		for i, text := range texts {
			if to := replace(p, text); to != text {
				texts[i], changed = to, true
			}
		}
	}
	for _, p := range c.All() {
		for _, s := range p.Statement {
			each(p, s.Resource)
			each(p, s.NotResource)
			for _, keys := range s.Condition {
				for _, values := range keys {
					each(p, values)
				}
			}
		}
	}
	return c, changed
}
