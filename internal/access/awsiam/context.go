package awsiam

import (
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// requestContext returns the context of a request with the keys that follow
// from its principal and its resource and that the caller has not named.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
func requestContext(r *request, in *Input) access.Context {
	known := in.Request.Context.Keys()
	filled := in.Request.Context
	set := func(key string, values ...string) {
		if !slices.Contains(known, strings.ToLower(key)) {
			filled = filled.With(key, values...)
		}
	}
	absent := func(keys ...string) {
		for _, key := range keys {
			if !slices.Contains(known, strings.ToLower(key)) {
				filled = filled.WithAbsent(key)
			}
		}
	}
	p := r.principal
	switch p.Kind {
	case Role, Session:
		set("aws:PrincipalArn", r.roleARN)
		set("aws:PrincipalType", "AssumedRole")
		absent("aws:username")
		if session := sessionName(p); session != "" && r.uniqueID != "" {
			set("aws:userid", r.uniqueID+":"+session)
		}
	case User:
		set("aws:PrincipalArn", p.ID)
		set("aws:PrincipalType", "User")
		set("aws:username", p.ID[strings.LastIndexByte(p.ID, '/')+1:])
		if r.uniqueID != "" {
			set("aws:userid", r.uniqueID)
		}
	case Root:
		set("aws:PrincipalArn", p.ID)
		set("aws:PrincipalType", "Account")
		set("aws:userid", p.Account)
		absent("aws:username")
	case FederatedUser:
		set("aws:PrincipalArn", p.ID)
		set("aws:PrincipalType", "FederatedUser")
		set("aws:userid", p.Account+":"+p.ID[strings.LastIndexByte(p.ID, '/')+1:])
		absent("aws:username")
	case Anonymous:
		set("aws:PrincipalType", "Anonymous")
		set("aws:userid", "anonymous")
		set("aws:PrincipalAccount", "anonymous")
		absent("aws:PrincipalArn", "aws:username", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalIsAWSService",
			"aws:PrincipalServiceName", "aws:PrincipalServiceNamesList")
		filled = filled.WithPrefix("aws:PrincipalTag/", access.Absent)
	case Service:
		set("aws:PrincipalServiceName", p.ID)
		absent("aws:username", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths")
		filled = filled.WithPrefix("aws:PrincipalTag/", access.Absent)
	}
	switch p.Kind {
	case Role, Session, User, Root, FederatedUser:
		set("aws:PrincipalAccount", p.Account)
		set("aws:PrincipalIsAWSService", "false")
		absent("aws:PrincipalServiceName", "aws:PrincipalServiceNamesList")
	case Service:
		set("aws:PrincipalIsAWSService", "true")
	}
	if s := in.S3; s != nil && s.AccessPoint != nil {
		set("s3:DataAccessPointArn", s.AccessPoint.ARN)
		set("s3:DataAccessPointAccount", s.AccessPoint.Account)
		origin := "Internet"
		if s.AccessPoint.VPC != "" {
			origin = "VPC"
		}
		set("s3:AccessPointNetworkOrigin", origin)
	} else if s != nil {
		absent("s3:DataAccessPointArn", "s3:DataAccessPointAccount", "s3:AccessPointNetworkOrigin")
	}
	if s := in.S3; s != nil && !s.ABAC {
		// Tags of the bucket count only when it says so:
		// https://docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging-enable-abac.html
		filled = withoutResourceTags(filled, s.Missing != "")
	}
	if r.resource.Account != "" {
		set("aws:ResourceAccount", r.resource.Account)
	}
	if a, ok := parseARN(r.resource.ID); ok && a.region != "" {
		set("aws:RequestedRegion", a.region)
	}
	return filled
}

// sessionName returns the name of the session that a principal is, if it is one.
func sessionName(p access.Principal) string {
	if p.Kind != Session {
		return ""
	}
	return p.ID[strings.LastIndexByte(p.ID, '/')+1:]
}

// withoutResourceTags returns a context in which no tag of the resource is
// known, or in which there is none.
func withoutResourceTags(c access.Context, unknown bool) access.Context {
	const prefix = "aws:ResourceTag/"
	state := access.Absent
	if unknown {
		state = access.UnknownState
	}
	for _, key := range c.Keys() {
		switch {
		case !strings.HasPrefix(key, strings.ToLower(prefix)):
		case unknown:
			c = c.WithUnknown(key)
		default:
			c = c.WithAbsent(key)
		}
	}
	return c.WithPrefix(prefix, state)
}
