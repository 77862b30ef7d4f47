package awsiam

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// The groups of ACLs.
const (
	allUsers           = "http://acs.amazonaws.com/groups/global/AllUsers"
	authenticatedUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
)

// fullControl is the permission of an ACL that stands for all others.
const fullControl = "FULL_CONTROL"

// aclActions is the actions that a permission of an ACL stands for: of a
// bucket, and of an object.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#acl-access-policy-permission-mapping
var aclActions = map[string][2][]string{
	"READ": {
		{"s3:listbucket", "s3:listbucketversions", "s3:listbucketmultipartuploads"},
		{"s3:getobject", "s3:getobjectversion"},
	},
	"WRITE":     {{"s3:putobject"}, nil},
	"READ_ACP":  {{"s3:getbucketacl"}, {"s3:getobjectacl", "s3:getobjectversionacl"}},
	"WRITE_ACP": {{"s3:putbucketacl"}, {"s3:putobjectacl", "s3:putobjectversionacl"}},
}

// byACLs adds what the ACLs of a bucket give to what its policy gives.
func (e *evaluation) byACLs(g grantee) grantee {
	s := e.in.S3
	if s == nil || len(s.ACLs) == 0 && s.Missing == "" {
		return g
	}
	l := e.layer("access control lists")
	var direct, account []access.Formula
	for i := range s.ACLs {
		acl := &s.ACLs[i]
		toAccount, f, why := e.acl(acl)
		if toAccount {
			account = append(account, f)
		} else {
			direct = append(direct, f)
		}
		l.grant("access control list", acl.Grantee, i, f, why)
	}
	if s.Missing != "" {
		direct = append(direct, access.Missing("settings of the bucket: "+s.Missing))
	}
	e.end(l, access.Or(access.Or(direct...), access.Or(account...)))
	g.direct = access.Or(g.direct, access.Or(direct...))
	g.account = access.Or(g.account, access.Or(account...))
	return g
}

// acl returns what a grant of an ACL gives, to whom, and why not.
func (e *evaluation) acl(g *ACLGrant) (account bool, f access.Formula, why string) {
	group := strings.HasPrefix(g.Grantee, "http://") || strings.HasPrefix(g.Grantee, "https://")
	_, known := aclActions[g.Permission]
	switch kind := e.r.principal.Kind; {
	case !known && g.Permission != fullControl:
		f = access.Missing(fmt.Sprintf("what the permission %q of an access control list permits", g.Permission))
		return false, f, "depends on: " + f.String()
	case !g.permits(e.r.action):
		return false, access.False(), fmt.Sprintf("%s does not permit %s", g.Permission, e.r.written)
	case group && e.in.S3.IgnorePublicACLs && (g.Grantee == allUsers || g.Grantee == authenticatedUsers):
		return false, access.False(), "Block Public Access ignores public grants"
	case g.Grantee == allUsers:
		f = access.True()
	case g.Grantee == authenticatedUsers:
		if kind == Anonymous || kind == Service || kind == WebIdentity {
			return false, access.False(), "the principal is no authenticated user"
		}
		f = access.True()
	case group:
		return false, access.False(), "the principal is not in the group"
	case kind == Anonymous || kind == Service || kind == WebIdentity:
		return false, access.False(), "the grantee is an account, and the principal is of none"
	case g.Account == "":
		account, f = true, access.Missing("the account of canonical user "+g.Grantee)
	case g.Account != e.r.principal.Account:
		return true, access.False(), "the grantee is the account " + g.Account
	default:
		account, f = true, access.True()
	}
	if g.Object && e.r.resource.Below {
		f = access.And(f, access.If(access.Term{Key: "resource", Operator: "object ACL", Values: []string{g.Permission + " " + g.Grantee}}))
		why = "holds for objects whose ACL has this grant"
	}
	return account, f, why
}

// permits reports whether the permission of the grant stands for an action.
func (g *ACLGrant) permits(action string) bool {
	of := 0
	if g.Object {
		of = 1
	}
	if g.Permission == fullControl {
		for _, actions := range aclActions {
			if slices.Contains(actions[of], action) {
				return true
			}
		}
		return false
	}
	return slices.Contains(aclActions[g.Permission][of], action)
}

// byPublicAccessBlock returns what has to hold for Block Public Access to let
// the request through: the setting RestrictPublicBuckets leaves a bucket with a
// public policy to services of AWS and to the accounts of the bucket and of the
// access point.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
func (e *evaluation) byPublicAccessBlock() access.Formula {
	s := e.in.S3
	if s == nil || !s.RestrictPublicBuckets && s.Missing == "" || e.r.principal.Kind == Service {
		return access.True()
	}
	if a := e.r.principal.Account; a != "" && (a == e.r.resource.Account || s.AccessPoint != nil && a == s.AccessPoint.account()) {
		e.note("Block Public Access", access.True(), "does not limit principals of the bucket's account")
		return access.True()
	}
	public := e.resource.public(false)
	if p := s.AccessPoint; p != nil && p.VPC == "" {
		public = access.Or(public, e.accessPoint.public(true))
	}
	note := "the policy of the bucket may be public; other accounts have no access if it is"
	switch {
	case public.IsFalse():
		note = "the policy of the bucket is not public"
	case public.IsTrue() && s.Missing != "":
		note = "the policy of the bucket is public; other accounts have no access if that is restricted"
	case public.IsTrue():
		note = "the policy of the bucket is public, so other accounts have no access"
	}
	if s.Missing != "" {
		public = access.And(public, access.Missing("settings of the bucket: "+s.Missing))
	}
	if e.r.principal.Account == "" && e.r.principal.Kind != Anonymous || e.r.resource.Account == "" {
		public = access.And(public, unknownAccounts())
	}
	f := access.Not(public)
	e.note("Block Public Access", f, note)
	return f
}

// public returns what has to hold for policies to be public in the sense of
// Block Public Access: that a statement allows something to more than fixed
// principals and is not limited to fixed values of certain keys. Access points
// are a bit stricter than buckets.
func (s *policySet) public(accessPoint bool) access.Formula {
	if s == nil {
		return access.False()
	}
	var found []access.Formula
	if s.missing != "" {
		found = append(found, access.Missing(layerName(resourcePolicy)+": "+s.missing))
	}
	for i := range s.policies {
		p := &s.policies[i]
		if p.problem != "" {
			found = append(found, access.Missing(fmt.Sprintf("%v %s: %s", resourcePolicy, p.name, p.problem)))
		}
		for j := range p.statements {
			found = append(found, p.statements[j].public(accessPoint))
		}
	}
	return access.Or(found...)
}

func (s *compiledStatement) public(accessPoint bool) access.Formula {
	if s.source.Deny || s.principals == nil || !s.principals.negated && !s.principals.source.Any && len(s.principals.source.Federated) == 0 {
		return access.False()
	}
	public := access.True()
	for i := range s.conditions {
		switch f := s.conditions[i].fixes(accessPoint); {
		case f.IsTrue():
			return access.False()
		case !f.IsFalse():
			public = f
		}
	}
	return public
}

// fixedKeys is the keys whose fixed values keep a statement from being public.
// Of those that are false, it is not documented.
var fixedKeys = map[string]bool{
	"aws:principalorgid": true, "aws:principalarn": true, "aws:principalaccount": true,
	"aws:sourcearn": true, "aws:sourcevpc": true, "aws:sourcevpce": true, "aws:sourceowner": true,
	"aws:sourceaccount": true, "aws:userid": true, "aws:sourceip": true,
	"s3:x-amz-server-side-encryption-aws-kms-key-id": true,
	"s3:dataaccesspointarn":                          true, "s3:dataaccesspointaccount": true,
	"aws:principalorgpaths": false, "aws:principalservicename": false, "aws:principalservicenameslist": false,
	"aws:principaltype": false, "aws:username": false, "aws:sourceorgid": false, "aws:sourceorgpaths": false,
	"aws:federatedprovider": false, "aws:vpcsourceip": false, "aws:sourcevpcarn": false, "aws:vpceaccount": false,
	"aws:vpceorgid": false, "aws:vpceorgpaths": false,
}

// fixes returns whether the condition limits its statement to fixed values.
func (c *condition) fixes(accessPoint bool) access.Formula {
	sure, listed := fixedKeys[c.key]
	switch {
	case !listed || c.problem != "" || c.negated || c.source.IfExists || c.source.Set == forAllValues || len(c.operands) == 0:
		return access.False()
	case slices.ContainsFunc(c.operands, func(o operand) bool { return !c.isFixed(&o, accessPoint) }):
		return access.False()
	case !sure:
		return access.Missing(fmt.Sprintf("whether a statement limited by %s is public is not documented", c.source.Key))
	}
	return access.True()
}

func (c *condition) isFixed(o *operand, accessPoint bool) bool {
	switch c.operator.name() {
	case "StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnLike":
	case "IpAddress":
		// The private ranges, which are an exception, are no wider than that.
		p, ok := o.parsed.(netip.Prefix)
		return ok && (p.Addr().Is4() && p.Bits() >= 8 || p.Bits() >= 32)
	default:
		return false
	}
	if o.problem != "" || o.hasVariables() {
		return false
	}
	if c.key == "s3:dataaccesspointarn" && !accessPoint {
		p, ok := newARNPattern(o.whole)
		return ok && p[4].isLiteral()
	}
	return o.whole.isLiteral()
}

// rootMayRepair reports whether the request is one that the policy of a bucket
// cannot deny: the root user of its account may always read and replace it.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
func (e *evaluation) rootMayRepair() bool {
	repairs := []string{"s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"}
	return e.r.principal.Kind == Root && e.r.principal.Account == e.r.resource.Account && slices.Contains(repairs, e.r.action)
}
