package awsiam

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// byAccessPoint makes of the answer for a bucket that for a request which goes
// through an access point: both have to permit it. The request names the bucket
// or an object of it; the access point is asked for the same by its own ARN.
//
// Identity policies of such a request are about the ARN of the access point.
// Whether they give access to the bucket behind it, too, when they do not name
// the bucket, is not documented.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html
func (e *evaluation) byAccessPoint(c claims, bucket access.Formula, denies *[]access.Formula) access.Formula {
	if e.in.S3 == nil || e.in.S3.AccessPoint == nil {
		return bucket
	}
	point := e.in.S3.AccessPoint
	through := *e.r
	through.resource = access.Resource{ID: accessPointResource(point.ARN, e.r.resource.ID), Account: point.Account, Below: e.r.resource.Below}
	there := *e
	there.r = &through

	layer := e.layer("access point policy")
	v := verdict{}
	note := "the access point has no policy: it gives nothing"
	if e.accessPoint != nil {
		v = e.accessPoint.evaluate(&through, resourcePolicy, layer)
		note = resourceNote(v.allow)
	}
	e.add(layer, access.And(v.allow.any(), access.Not(v.deny)), note)
	here := c
	here.resource = v.allow
	if there.r.principal.Kind != Root {
		identity := e.identity.evaluate(&through, identityPolicy, nil)
		here.identity = identity.allow.any()
		*denies = append(*denies, identity.deny)
	}
	for _, limit := range []struct {
		set   *policySet
		kind  policyKind
		allow *access.Formula
	}{{e.boundary, boundaryPolicy, &here.boundary}, {e.session, sessionPolicy, &here.session}} {
		if limit.set != nil {
			w := limit.set.evaluate(&through, limit.kind, nil)
			*limit.allow = w.allow.any()
			*denies = append(*denies, w.deny)
		}
	}
	*denies = append(*denies, v.deny)
	f := there.core(here, point.Account)
	if point.VPC != "" {
		f = access.And(f, e.requires("StringEquals", "", "aws:SourceVpc", literal(point.VPC)))
	}

	delegated := c
	delegated.identity, delegated.boundary, delegated.session = here.identity, here.boundary, here.session
	if other := e.core(delegated, e.r.resource.Account); !other.Equal(bucket) {
		bucket = access.Or(access.And(bucket, other),
			access.And(access.Or(bucket, other), access.Missing("whether identity policies have to name the bucket behind an access point is not documented")))
	}
	return access.And(bucket, f)
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
