package scenario

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/stowage-dev/stowage/internal/access/awsiam"
)

// completeAWS fills in what the ARNs of a request say, and refuses what no
// policy could match.
func completeAWS(s *Scenario) error {
	if err := checkAction(s, `^[\w-]+:\w+$`, "s3:GetObject"); err != nil {
		return err
	}
	for _, key := range s.Request.Context.Keys() {
		if !strings.Contains(key, ":") {
			return fmt.Errorf("request names the context key %s: want it with its prefix, as aws:SourceVpc", cmp.Or(s.spelling[key], key))
		}
	}
	if id := s.Request.Resource.ID; id != "*" && arnPart(id, 0) == "" {
		return fmt.Errorf(`request.resource %q is no ARN: want one, or "*" for an action that has no resource`, id)
	}
	p := &s.Request.Principal
	if p.Kind == "" {
		p.Kind = principalKind(p.ID)
	}
	if p.Kind == "" {
		return fmt.Errorf("request.principal %q is no ARN of a role, session, user, root user or OIDC provider, no service as ecs-tasks.amazonaws.com and not anonymous; request.principal_kind can say which it is", p.ID)
	}
	if p.Account == "" {
		p.Account = arnAccount(p.ID)
	}
	if p.Kind == awsiam.Session && p.Parent == "" {
		name, _, _ := strings.Cut(arnResource(p.ID), "/")
		p.Parent = "arn:" + arnPart(p.ID, 1) + ":iam::" + p.Account + ":role/" + name
		s.Notes = append(s.Notes, "the role of the session is taken to be "+p.Parent+": request.role names it when it has a path")
	}
	resource := &s.Request.Resource
	if resource.Account == "" {
		resource.Account = arnAccount(resource.ID)
	}
	if resource.Account == "" {
		resource.Account = p.Account
		s.Notes = append(s.Notes, "the resource is taken to be in the account of the principal: request.resource_account names another")
	}
	return nil
}

// principalKind returns what an ARN, service or "anonymous" is; empty for all
// else.
func principalKind(id string) string {
	switch {
	case id == awsiam.Anonymous:
		return awsiam.Anonymous
	case !strings.HasPrefix(id, "arn:") && strings.Contains(id, ".amazonaws.com"):
		return awsiam.Service
	case arnPart(id, 5) == awsiam.Root:
		return awsiam.Root
	}
	kind, _, _ := strings.Cut(arnPart(id, 5), "/")
	kinds := map[string]string{
		"iam role": awsiam.Role, "iam user": awsiam.User, "iam oidc-provider": awsiam.WebIdentity,
		"sts assumed-role": awsiam.Session, "sts federated-user": awsiam.FederatedUser,
	}
	return kinds[arnPart(id, 2)+" "+kind]
}

// arnPart returns one of the six parts of an ARN, or "".
func arnPart(arn string, i int) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" {
		return ""
	}
	return parts[i]
}

func arnAccount(arn string) string { return arnPart(arn, 4) }

// arnResource returns the name in an ARN, after its type.
func arnResource(arn string) string {
	_, name, _ := strings.Cut(arnPart(arn, 5), "/")
	return name
}
