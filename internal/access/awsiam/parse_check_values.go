package awsiam

import (
	"fmt"
	"strings"
)

// actions checks the names of actions.
func (c *checker) actions(element string, actions []string) {
	if actions != nil && len(actions) == 0 {
		c.report(Warning, element, "the list is empty; a statement with no actions does nothing, and what one with an empty NotAction is about is not documented")
	}
	for i, action := range actions {
		path := fmt.Sprintf("%s[%d]", element, i)
		service, name, colon := strings.Cut(action, ":")
		switch {
		case action == "*":
		case strings.ContainsFunc(action, func(r rune) bool { return !isActionCharacter(r) }):
			c.report(Error, path, "%s has a character that no action has; actions are letters, digits, hyphens and wildcards, and variables do not work in them",
				quote(action))
		case !colon:
			c.report(Error, path, `%s has no service; write it before the action, as "s3:GetObject"`, quote(action))
		case service == "" || name == "" || strings.Contains(name, ":"):
			c.report(Error, path, `%s is no action; write service, colon and action, as "s3:GetObject"`, quote(action))
		case strings.ContainsAny(service, "*?"):
			c.report(Warning, path, "%s has a wildcard in its service, and so is about services that are not known yet; name the services", quote(action))
		case c.policyType == TrustPolicy && !strings.EqualFold(service, "sts"):
			c.report(Warning, path, "%s has no effect in a trust policy, which is about actions of sts", quote(action))
		}
	}
}

func isActionCharacter(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_:*?", r)
}

// resources checks the form of ARNs.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
func (c *checker) resources(element string, resources []string) {
	if resources != nil && len(resources) == 0 {
		c.report(Warning, element, "the list is empty; name the resources")
	}
	for i, resource := range resources {
		path := fmt.Sprintf("%s[%d]", element, i)
		c.variables(path, resource)
		if strings.Trim(resource, "*") == "" && resource != "" {
			continue
		}
		fields := strings.SplitN(resource, ":", 6)
		switch {
		case fields[0] != "arn":
			c.report(Error, path, `%s is no ARN; write "*" or an ARN, as "arn:aws:s3:::bucket/*"`, quote(resource))
		case len(fields) > 2 && strings.ContainsAny(fields[2], "*?") && !strings.Contains(fields[2], "${"):
			c.report(Error, path, "the service of %s has a wildcard, and every decision that depends on it is unknown; write an ARN for each service", quote(resource))
		case len(fields) > 2 && fields[2] != strings.ToLower(fields[2]):
			c.report(Error, path, "the service of %s has capital letters; write %s", quote(resource), quote(strings.ToLower(fields[2])))
		case len(fields) < 6:
			c.report(Warning, path, "%s has %d of the six fields of an ARN; write all, as policies differ in how they complete it",
				quote(resource), len(fields))
		}
	}
}

// variables checks the variables in a value that may have some.
func (c *checker) variables(path, value string) {
	rest, found := value, false
	for {
		_, after, ok := strings.Cut(rest, "${")
		if !ok {
			break
		}
		found = true
		name, then, closed := strings.Cut(after, "}")
		switch {
		case c.doc.Version != version2012:
		case !closed:
			c.report(Error, path, "a variable in %s is not closed; add the brace", quote(value))
			return
		case strings.TrimSpace(name) == "":
			c.report(Error, path, "a variable in %s has no name; add one, or remove the variable", quote(value))
			return
		}
		rest = then
	}
	if found && c.doc.Version != version2012 {
		c.report(Warning, path, "the variable in %s is taken as it is written in version %s; write \"Version\": %q", quote(value), c.doc.Version, version2012)
	}
}

// conditions checks operators, keys and the form of values.
func (c *checker) conditions() {
	type comparison struct{ operator, key string }
	seen := make(map[comparison]bool)
	for _, condition := range c.statement.Conditions {
		operator := condition.Operator
		if condition.Set != "" {
			operator = condition.Set + ":" + operator
		}
		if condition.IfExists {
			operator += "IfExists"
		}
		path := pathText([]step{{name: "Condition"}, {name: operator}, {name: condition.Key}})
		before := len(c.problems)
		c.condition(path, condition)
		key := comparison{operator, strings.ToLower(condition.Key)}
		if seen[key] {
			c.report(Error, path, "the key %s is there twice, as keys do not differ by case; join the values", quote(condition.Key))
		}
		seen[key] = true
		for i := range c.problems[before:] {
			p := &c.problems[before+i]
			p.Line, p.Column = condition.Line, condition.Column
		}
	}
}

func (c *checker) condition(path string, condition Condition) {
	if _, known := operators[condition.Operator]; !known {
		c.report(Error, path, "%s is no operator%s; AWS does not take the policy, and every decision that depends on it is unknown",
			quote(condition.Operator), suggestion(condition.Operator))
	}
	prefix, name, colon := strings.Cut(condition.Key, ":")
	if !colon || prefix == "" || name == "" {
		c.report(Error, path, `%s is no condition key; write service, colon and name, as "aws:SourceVpc"`, quote(condition.Key))
	} else if tag := strings.ToLower(strings.TrimSuffix(name, "/")); tag == "principaltag" || tag == "requesttag" || tag == "resourcetag" {
		c.report(Error, path, "%s has no tag; write its key after a slash, as %s", quote(condition.Key), quote(prefix+":"+strings.TrimSuffix(name, "/")+"/team"))
	}
	if len(condition.Values) == 0 {
		c.report(Warning, path, "the list of values is empty; add one")
	}
	for i, value := range condition.Values {
		path := fmt.Sprintf("%s[%d]", path, i)
		c.variables(path, value)
		if strings.Contains(value, "${") {
			continue
		}
		if spec, known := operators[condition.Operator]; known {
			if _, problem := spec.operator.parse(template{text: value}); problem != "" {
				c.report(Error, path, "%s, and every decision that depends on it is unknown; correct it", problem)
			}
		}
	}
}

// suggestion returns the operator that is spelled like another one but for
// its case.
func suggestion(operator string) string {
	for known := range operators {
		if strings.EqualFold(known, operator) {
			return fmt.Sprintf(" (but %q is one)", known)
		}
	}
	return ""
}
