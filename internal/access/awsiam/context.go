package awsiam

import "github.com/stowage-dev/stowage/internal/access"

// derive sets the keys that AWS fills in from the principal and the resource of
// a request:
//
//   - aws:PrincipalArn, which is that of the role for a session, aws:username,
//     aws:userid, aws:PrincipalType, aws:PrincipalAccount, aws:PrincipalOrgID
//     and aws:PrincipalTag for those who have none;
//   - aws:PrincipalIsAWSService, aws:PrincipalServiceName and
//     aws:PrincipalServiceNamesList;
//   - aws:ResourceAccount, aws:RequestedRegion of a resource that is in one;
//   - s3:DataAccessPointArn, s3:DataAccessPointAccount,
//     s3:AccessPointNetworkOrigin, and aws:ResourceTag of buckets.
//
// Of those that every request has, and that do not follow from what is known of
// this one, nothing is known, even if a context takes all that it does not name
// for absent. All others are the caller's business.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
func (r *request) derive(in *Input) {
	r.derived = make(map[string]value, 12)
	r.derivePrincipal()
	r.setUnknown("aws:resourceaccount")
	if r.resource.Account != "" {
		r.set("aws:resourceaccount", r.resource.Account)
	}
	if a, ok := parseARN(r.resource.ID); ok && a.region != "" {
		r.set("aws:requestedregion", a.region)
	}
	if in.S3 != nil {
		r.deriveBucket(in.S3)
	}
}

func (r *request) derivePrincipal() {
	p := &r.principal
	switch p.Kind {
	case Role, Session:
		r.setUnknown("aws:principalarn", "aws:userid")
		r.set("aws:principaltype", "AssumedRole")
		r.setAbsent("aws:username")
		if r.roleARN != "" {
			r.set("aws:principalarn", r.roleARN)
		}
		switch {
		case r.uniqueID == "":
		case p.Kind == Session:
			r.set("aws:userid", r.uniqueID+":"+lastName(p.ID))
		default:
			r.derived["aws:userid"] = value{Value: access.Value{State: access.Known, Values: []string{r.uniqueID + ":"}}, prefix: true}
		}
	case User:
		r.setUnknown("aws:userid")
		r.set("aws:principaltype", "User")
		r.set("aws:principalarn", p.ID)
		r.set("aws:username", lastName(p.ID))
		if r.uniqueID != "" {
			r.set("aws:userid", r.uniqueID)
		}
	case Root:
		r.set("aws:principaltype", "Account")
		r.set("aws:principalarn", p.ID)
		r.set("aws:userid", p.Account)
		r.setAbsent("aws:username")
	case FederatedUser:
		r.set("aws:principaltype", "FederatedUser")
		r.set("aws:principalarn", p.ID)
		r.set("aws:userid", p.Account+":"+lastName(p.ID))
		r.setAbsent("aws:username")
	case Anonymous:
		r.set("aws:principaltype", "Anonymous")
		r.set("aws:principalaccount", "anonymous")
		r.set("aws:userid", "anonymous")
		r.setAbsent("aws:principalarn", "aws:username", "aws:principalorgid", "aws:principalorgpaths",
			"aws:principalisawsservice", "aws:principalservicename", "aws:principalservicenameslist")
		r.setPrefix("aws:principaltag/", access.Absent)
	case Service:
		r.set("aws:principalisawsservice", "true")
		r.set("aws:principalservicename", p.ID)
		r.setAbsent("aws:username", "aws:principalorgid", "aws:principalorgpaths")
		r.setPrefix("aws:principaltag/", access.Absent)
	}
	switch p.Kind {
	case Role, Session, User, Root, FederatedUser:
		r.setUnknown("aws:principalaccount")
		if p.Account != "" {
			r.set("aws:principalaccount", p.Account)
		}
		r.set("aws:principalisawsservice", "false")
		r.setAbsent("aws:principalservicename", "aws:principalservicenameslist")
	}
}

// deriveBucket sets the keys of a request to S3. Tags of the bucket count only
// when it says so, even those that the context names.
//
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/buckets-tagging-enable-abac.html
func (r *request) deriveBucket(s *S3) {
	if p := s.AccessPoint; p != nil {
		r.set("s3:dataaccesspointarn", p.ARN)
		r.setUnknown("s3:dataaccesspointaccount")
		if account := p.account(); account != "" {
			r.set("s3:dataaccesspointaccount", account)
		}
		if p.VPC != "" {
			r.set("s3:accesspointnetworkorigin", "VPC")
		} else {
			r.set("s3:accesspointnetworkorigin", "Internet")
		}
	} else {
		r.setAbsent("s3:dataaccesspointarn", "s3:dataaccesspointaccount", "s3:accesspointnetworkorigin")
	}
	const tags = "aws:resourcetag/"
	switch {
	case s.ABAC:
		return
	case s.Missing != "":
		r.setPrefix(tags, access.UnknownState)
	default:
		r.setPrefix(tags, access.Absent)
	}
	r.overridden = tags
}

func (r *request) set(key string, values ...string) {
	r.derived[key] = value{Value: access.Value{State: access.Known, Values: values}}
}

func (r *request) setAbsent(keys ...string) {
	for _, key := range keys {
		r.derived[key] = value{Value: access.Value{State: access.Absent}}
	}
}

func (r *request) setUnknown(keys ...string) {
	for _, key := range keys {
		r.derived[key] = value{Value: access.Value{State: access.UnknownState}}
	}
}

func (r *request) setPrefix(prefix string, state access.State) {
	if r.derivedPrefixes == nil {
		r.derivedPrefixes = make(map[string]access.State)
	}
	r.derivedPrefixes[prefix] = state
}
