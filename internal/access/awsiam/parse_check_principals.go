package awsiam

import (
	"strings"
)

// uniqueIDs are the prefixes of the unique ids of users and roles.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
var uniqueIDs = []string{"AROA", "AIDA"}

// principals checks whom the statement names.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (c *checker) principals(element string, p *Principals) {
	if p == nil {
		return
	}
	if !p.Any && len(p.AWS)+len(p.Service)+len(p.Federated)+len(p.CanonicalUser) == 0 {
		c.report(Warning, element, "nobody is named; name a principal")
	}
	for _, id := range p.AWS {
		c.awsPrincipal(element+".AWS", id)
	}
	for _, id := range p.Service {
		if !isDomain(id) {
			c.report(Error, element+".Service", `%s is no service; write it as "ecs-tasks.amazonaws.com"`, quote(id))
		}
	}
	for _, id := range p.Federated {
		if !isDomain(id) && !isProvider(id) {
			c.report(Error, element+".Federated", "%s is no identity provider; write the ARN of an OIDC or SAML provider, or its domain", quote(id))
		}
	}
	for _, id := range p.CanonicalUser {
		if len(id) != 64 || strings.Trim(id, "0123456789abcdef") != "" {
			c.report(Error, element+".CanonicalUser", "%s is no canonical user id, which has 64 hexadecimal digits; copy it from the account", quote(id))
		}
	}
	if c.policyType == TrustPolicy && len(p.CanonicalUser) > 0 {
		c.report(Error, element+".CanonicalUser", "canonical users are principals of buckets; name the account or its users")
	}
}

func (c *checker) awsPrincipal(path, id string) {
	if isAccount(id) {
		return
	}
	for _, prefix := range uniqueIDs {
		if strings.HasPrefix(id, prefix) && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == "" {
			c.report(Warning, path, "%s is the id of a user or role that was deleted, and that another one of the same name is not; name the one that is meant, or remove it",
				quote(id))
			return
		}
	}
	fields := strings.SplitN(id, ":", 6)
	switch {
	case strings.ContainsAny(id, "*?"):
		c.report(Error, path, `%s has a wildcard, which names of principals cannot have; write "*" and a condition on aws:PrincipalArn`, quote(id))
	case len(fields) < 6 || fields[0] != "arn" || fields[3] != "" || !isAccount(fields[4]) || !isIdentity(fields[2], fields[5]):
		c.report(Error, path, `%s is no principal; write an account id, or the ARN of an account ("…:root"), user, role or session`, quote(id))
	}
}

// isIdentity reports whether the service and the resource of an ARN are those
// of something that can make requests.
func isIdentity(service, resource string) bool {
	kind, name, _ := strings.Cut(resource, "/")
	switch service {
	case "iam":
		return resource == "root" || (kind == "user" || kind == "role") && name != ""
	case "sts":
		return (kind == "assumed-role" || kind == "federated-user") && name != "" || kind == "self"
	}
	return false
}

func isProvider(id string) bool {
	fields := strings.SplitN(id, ":", 6)
	if len(fields) < 6 || fields[0] != "arn" || fields[2] != "iam" || !isAccount(fields[4]) {
		return false
	}
	kind, name, _ := strings.Cut(fields[5], "/")
	return (kind == "oidc-provider" || kind == "saml-provider") && name != ""
}

func isAccount(id string) bool { return len(id) == len("111122223333") && isDigits(id) }

func isDomain(id string) bool {
	return strings.Contains(id, ".") && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}
