package awsiam

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// throughAccessPoint makes of the answer for a bucket that for a request which
// goes through an access point, and returns who denies that. The request names
// the bucket or an object of it; every layer is asked for the same by the ARN
// of the access point, and both have to be permitted.
//
// Identity policies of such a request are about the ARN of the access point.
// Whether they give access to the bucket behind it, too, when they do not name
// the bucket, is not documented.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html
func (e *evaluation) throughAccessPoint(c claims, bucket access.Formula) (permitted, denied access.Formula) {
	if e.in.S3 == nil || e.in.S3.AccessPoint == nil {
		return bucket, access.False()
	}
	point := e.in.S3.AccessPoint
	r := *e.r
	r.resource = access.Resource{ID: accessPointResource(point.ARN, e.r.resource.ID), Account: point.account(), Below: e.r.resource.Below}
	through := *e
	through.r, through.place = &r, "through the access point"
	if r.resource.Account != e.r.resource.Account {
		// Those that are known are of the bucket's account.
		through.resourceControl = []*policySet{{missing: "those of the account of the access point are not read"}}
	}
	there := through.ask(func() verdict { return through.byResourcePolicy("access point policy", e.accessPoint) })
	permitted = access.And(through.permitted(there), there.limits)
	if point.VPC != "" {
		f := e.requires("StringEquals", "", "aws:SourceVpc", literal(point.VPC))
		e.note("network of the access point", f, "takes requests from "+point.VPC+" alone")
		permitted = access.And(permitted, f)
	}

	unnamed := c
	unnamed.identity, unnamed.boundary, unnamed.session = there.identity, there.boundary, there.session
	if other := e.permitted(unnamed); !other.Equal(bucket) {
		unclear := access.Missing("whether identity policies have to name the bucket behind an access point is not documented")
		bucket = access.Or(access.And(bucket, other), access.And(access.Or(bucket, other), unclear))
	}
	return access.And(bucket, permitted), there.denied
}

// account returns the account of the access point, empty when it is not known.
func (p *AccessPoint) account() string {
	if p.Account != "" {
		return p.Account
	}
	a, _ := parseARN(p.ARN)
	return a.account
}

// accessPointResource returns the ARN by which an access point knows a bucket
// or object.
func accessPointResource(point, resource string) string {
	a, ok := parseARN(resource)
	if !ok {
		return resource
	}
	if _, key, isObject := strings.Cut(a.resource, "/"); isObject {
		return point + "/object/" + key
	}
	return point
}
