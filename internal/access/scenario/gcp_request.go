package scenario

import (
	"fmt"
	"strings"

	"github.com/stowage-dev/stowage/internal/access/gcpiam"
)

// completeGCP fills in what the names of a request say, refuses what no policy
// could match, and notes what a file does not say.
func completeGCP(s *Scenario, file *gcpFile) error {
	if err := checkAction(s, `^\w+([./]\w+)+$`, "storage.objects.get"); err != nil {
		return err
	}
	if service, rest, ok := strings.Cut(s.Request.Action, ".googleapis.com/"); ok {
		return fmt.Errorf("request.action %q is as deny policies write it: want %s.%s", s.Request.Action, service, rest)
	}
	p := &s.Request.Principal
	if p.Kind == "" {
		p.Kind = memberKind(p.ID)
	}
	if p.Kind == "" {
		return fmt.Errorf("request.principal %q is no member as serviceAccount:…, user:…, principal://… and not anonymous", p.ID)
	}
	if p.Kind == gcpiam.Anonymous {
		p.ID = ""
	}
	if id := s.Request.Resource.ID; !strings.HasPrefix(id, "//") {
		return fmt.Errorf("request.resource %q is no full resource name: want one as //storage.googleapis.com/projects/_/buckets/records", id)
	}
	if file.Groups == nil {
		file.Groups = &list{}
		if p.Kind != gcpiam.Anonymous {
			s.Notes = append(s.Notes, "the principal is taken to be in no group: gcp.groups names those it is in")
		}
	}
	switch {
	case file.HierarchyMissing != "":
	case len(file.Hierarchy) == 0:
		s.Notes = append(s.Notes, "gcp.hierarchy is empty: no allow policy is asked")
	case !strings.HasPrefix(file.Hierarchy[0].Name, "organizations/"):
		s.Notes = append(s.Notes, "nothing is taken to be above "+file.Hierarchy[0].Name+": gcp.hierarchy starts with the organization, gcp.hierarchy_missing says why it does not")
	}
	return nil
}

// memberKind returns what a member is; empty for one that cannot ask.
func memberKind(id string) string {
	prefix, _, _ := strings.Cut(id, ":")
	switch prefix {
	case gcpiam.User, gcpiam.ServiceAccount:
		return prefix
	case "principal":
		return gcpiam.Federated
	case gcpiam.Anonymous:
		return gcpiam.Anonymous
	}
	return ""
}
