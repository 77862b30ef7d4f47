package awsiam

import (
	"fmt"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// byServiceControl asks the service control policies: at every level, from the
// root of the organisation to the account, one has to allow the request. They
// limit the principals of member accounts, the root user included, but no
// service-linked role.
//
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
func (e *evaluation) byServiceControl() verdict {
	all := noLimit
	var why string
	switch kind := e.r.principal.Kind; {
	case kind == Anonymous || kind == Service || kind == WebIdentity:
		why = "the principal is of no account of the organization"
	case len(e.serviceControl) == 0:
		why = "there are none: do not limit"
	case e.in.ServiceLinked:
		why = "service control policies do not limit service-linked roles"
	case e.in.PrincipalInManagementAccount:
		why = "service control policies do not limit the management account"
	}
	if why != "" {
		e.note(layerName(serviceControlPolicy), access.True(), why)
		return all
	}
	allow, deny := []access.Formula{}, []access.Formula{}
	for i, s := range e.serviceControl {
		l := e.layer(levelName(serviceControlPolicy, i, len(e.serviceControl)))
		o := s.evaluate(e.r, serviceControlPolicy, l)
		e.endLimit(l, o)
		allow, deny = append(allow, o.allow.named()), append(deny, o.deny)
	}
	return verdict{allow: grantee{direct: access.And(allow...)}, deny: access.Or(deny...)}
}

// byResourceControl asks the resource control policies. Only their denials
// matter: RCPFullAWSAccess, which allows everything, is attached at every level
// and cannot be detached, and no other one can allow.
//
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
// https://docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html
func (e *evaluation) byResourceControl() verdict {
	all := noLimit
	var why string
	switch {
	case len(e.resourceControl) == 0:
		why = "there are none: do not limit"
	case !resourceControlServices[e.r.service]:
		why = fmt.Sprintf("resource control policies do not apply to the service %s", e.r.service)
	case e.in.ResourceInManagementAccount:
		why = "resource control policies do not limit resources of the management account"
	case e.in.ServiceLinked:
		why = "resource control policies do not limit service-linked roles"
	case e.r.principal.Kind == Service && e.r.service == "sts" && strings.Contains(e.r.resource.ID, ":role/aws-service-role/"):
		why = "resource control policies do not limit who assumes a service-linked role"
	case e.in.KMS != nil && e.in.KMS.AWSManaged:
		why = "resource control policies do not limit keys that AWS manages"
	case e.r.action == "kms:retiregrant":
		why = "resource control policies have no effect on kms:RetireGrant"
	}
	if why != "" {
		e.note(layerName(resourceControlPolicy), access.True(), why)
		return all
	}
	var deny []access.Formula
	for i, s := range e.resourceControl {
		l := e.layer(levelName(resourceControlPolicy, i, len(e.resourceControl)))
		o := s.evaluate(e.r, resourceControlPolicy, l)
		e.end(l, access.Not(o.deny))
		deny = append(deny, o.deny)
	}
	all.deny = access.Or(deny...)
	return all
}

// levelName is what evidence calls one level of an organization.
func levelName(kind policyKind, i, levels int) string {
	switch {
	case i == 0 && levels > 1:
		return layerName(kind) + " of the root"
	case i == levels-1:
		return layerName(kind) + " of the account"
	}
	return fmt.Sprintf("%s of organizational unit %d", layerName(kind), i)
}
