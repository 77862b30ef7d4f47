package awsiam_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
)

// A randomEstate makes principals, stores and policies of a few words, so that
// they meet often, with everything that is hard about them.
type randomEstate struct {
	*rand.Rand
	accounts []string
	roles    []string // ARNs of roles and users
	stores   []string // ARNs
	// made are the principals as they were made last.
	made map[string]*awsiam.EstatePrincipal
}

func (r *randomEstate) one(of ...string) string { return of[r.IntN(len(of))] }

func (r *randomEstate) some(n int, one func() string) []string {
	list := make([]string, 1+r.IntN(n))
	for i := range list {
		list[i] = one()
	}
	return list
}

// chance is true once in n times.
func (r *randomEstate) chance(n int) bool { return r.IntN(n) == 0 }

func newRandomEstate(seed uint64) *randomEstate {
	r := &randomEstate{Rand: rand.New(rand.NewPCG(seed, 1)), made: map[string]*awsiam.EstatePrincipal{}}
	r.accounts = []string{"111111111111", "222222222222", "333333333333"}
	for _, account := range r.accounts {
		for i := range 3 {
			r.roles = append(r.roles, fmt.Sprintf("arn:aws:iam::%s:role/app/r%d", account, i))
		}
		r.roles = append(r.roles, fmt.Sprintf("arn:aws:iam::%s:user/u", account))
	}
	for i, account := range r.accounts {
		r.stores = append(r.stores,
			fmt.Sprintf("arn:aws:s3:::bucket-%d", i), "arn:aws:s3:::blue-"+account,
			fmt.Sprintf("arn:aws:kms:eu-west-1:%s:key/k%d", account, i),
			fmt.Sprintf("arn:aws:secretsmanager:eu-west-1:%s:secret:s%d-AbCdEf", account, i),
			fmt.Sprintf("arn:aws:dynamodb:us-east-1:%s:table/t%d", account, i),
			fmt.Sprintf("arn:aws:sqs:eu-west-1:%s:q%d", account, i),
			fmt.Sprintf("arn:aws:rds:eu-west-1:%s:db:d%d", account, i),
		)
	}
	return r
}

func (r *randomEstate) action() string {
	return r.one("s3:GetObject", "s3:*", "s3:Get*", "s3:ListBucket", "s3:PutObject", "s3:Put*", "S3:getobject", "*", "kms:Decrypt", "kms:*",
		"kms:GenerateDataKey", "secretsmanager:GetSecretValue", "secretsmanager:*", "dynamodb:Query", "dynamodb:*", "dynamodb:GetItem",
		"sqs:*", "sqs:ReceiveMessage", "rds-db:connect", "rds:*", "ec2:RunInstances", "iam:PassRole", "s3", "s3:PutBucketPolicy")
}

func (r *randomEstate) resource() string {
	switch r.IntN(12) {
	case 0, 1, 2:
		return "*"
	case 3, 4:
		return r.one(r.stores...)
	case 5:
		return r.one(r.stores...) + "/*"
	case 6:
		return r.one(r.stores...) + "*"
	case 7:
		return r.one("arn:aws:s3:::bucket-*", "arn:aws:s3:::bucket-?/*", "arn:aws:s3:::*", "arn:aws:s3:::bucket-1/public/*", "arn:aws:s3:::b*/public/*")
	case 8:
		return r.one("arn:aws:s3:::${aws:PrincipalTag/team}-*", "arn:aws:s3:::${aws:PrincipalTag/team}-${aws:PrincipalAccount}/*",
			"arn:aws:s3:::bucket-0/${aws:username}/*", "arn:aws:s3:::bucket-0/${aws:userid}/*", "arn:aws:s3:::${aws:PrincipalTag/team, 'blue'}-*/*",
			"arn:aws:s3:::${aws:SourceVpc}/*")
	case 9:
		return r.one("arn:aws:dynamodb:*:*:table/*", "arn:aws:dynamodb:*:table/t0", "arn:aws:dynamodb:us-east-1:*:table/t0/index/*", "arn:aws:kms:*:*:key/*")
	case 10:
		return r.one("arn:aws:s3", "arn:aws:sqs:eu-west-1", "arn:aws:rds-db:eu-west-1:111111111111:dbuser:db-0/app", "arn:aws:rds-db:*:*:dbuser:*/*")
	}
	return r.one("arn:aws:secretsmanager:*:*:secret:s*", "arn:aws:sqs:*:*:*", "bucket", "arn:*:s3:::bucket-0")
}

func (r *randomEstate) condition() awsiam.Condition {
	c := awsiam.Condition{IfExists: r.chance(5)}
	if r.chance(5) {
		c.Set = r.one("ForAllValues", "ForAnyValue")
	}
	switch r.IntN(11) {
	case 0:
		c.Operator, c.Key = r.one("StringEquals", "StringNotEquals", "StringLike"), "aws:PrincipalTag/team"
		c.Values = r.some(2, func() string { return r.one("blue", "red", "${aws:ResourceTag/team}", "b*") })
	case 1:
		c.Operator, c.Key = r.one("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase"), "aws:ResourceTag/team"
		c.Values = r.some(2, func() string { return r.one("blue", "red", "${aws:PrincipalTag/team}") })
	case 2:
		c.Operator, c.Key, c.Values = r.one("StringEquals", "StringNotEquals"), "aws:RequestedRegion", []string{r.one("eu-west-1", "us-east-1")}
	case 3:
		c.Operator, c.Key = r.one("ArnLike", "ArnNotLike", "ArnEquals", "StringLike"), "aws:PrincipalArn"
		c.Values = r.some(2, func() string {
			return r.one(r.one(r.roles...), "arn:aws:iam::*:role/app/r1", "arn:aws:iam::*:role/*", "arn:aws:iam::111111111111:*")
		})
	case 4:
		c.Operator, c.Key, c.Values = r.one("StringEquals", "StringNotEquals"), "aws:SourceVpc", []string{r.one("vpc-1", "vpc-2", "${aws:PrincipalTag/team}")}
	case 5:
		c.Operator, c.Set, c.IfExists, c.Key, c.Values = "Null", "", false, r.one("aws:PrincipalTag/team", "aws:ResourceTag/team", "aws:SourceVpc"), []string{r.one("true", "false")}
	case 6:
		c.Operator, c.Key, c.Values = r.one("StringEquals", "StringNotEquals"), r.one("aws:PrincipalOrgID", "aws:ResourceOrgID"), []string{r.one("o-1", "o-2", "${aws:PrincipalOrgID}")}
	case 7:
		c.Operator, c.Key, c.Values = r.one("Bool", "Sounds"), "aws:SecureTransport", []string{r.one("true", "false")}
	case 8:
		c.Operator, c.Key, c.Values = "IpAddress", "aws:SourceIp", []string{r.one("10.0.0.0/8", "0.0.0.0/0")}
	case 9:
		c.Operator, c.Key, c.Values = r.one("StringLike", "StringEquals"), r.one("aws:userid", "aws:username"), []string{r.one("AROA1:*", "AROA2*", "u", "*")}
	case 10:
		c.Operator, c.Key, c.Values = "StringEquals", r.one("aws:PrincipalAccount", "aws:ResourceAccount"), r.some(2, func() string {
			return r.one(append([]string{"${aws:PrincipalAccount}", "${aws:ResourceAccount}"}, r.accounts...)...)
		})
	}
	return c
}

func (r *randomEstate) principals() *awsiam.Principals {
	switch r.IntN(9) {
	case 0, 1:
		return &awsiam.Principals{Any: true}
	case 2:
		return &awsiam.Principals{Service: []string{"ecs-tasks.amazonaws.com"}}
	case 3:
		return &awsiam.Principals{CanonicalUser: []string{"79a59d"}}
	case 4:
		return &awsiam.Principals{AWS: []string{r.one("AROA1", "AROA2", "AIDA1")}}
	case 5:
		return &awsiam.Principals{AWS: []string{"arn:aws:sts::" + r.one(r.accounts...) + ":assumed-role/r1/" + r.one("session", "other")}}
	}
	return &awsiam.Principals{AWS: r.some(3, func() string {
		return r.one(r.one(r.roles...), r.one(r.accounts...), "arn:aws:iam::"+r.one(r.accounts...)+":root")
	})}
}

func (r *randomEstate) document(named bool) *awsiam.Document {
	d := &awsiam.Document{Version: r.one("2012-10-17", "2012-10-17", "2012-10-17", "2008-10-17", "")}
	if r.chance(40) {
		d.Version = "2030-01-01"
	}
	for range 1 + r.IntN(3) {
		s := awsiam.Statement{Deny: r.chance(4)}
		actions, resources := r.some(3, r.action), r.some(2, r.resource)
		if r.chance(8) {
			s.NotAction = actions
		} else {
			s.Action = actions
		}
		switch {
		case r.chance(8):
			s.NotResource = resources
		case !r.chance(40):
			s.Resource = resources
		}
		if named != r.chance(60) {
			if p := r.principals(); r.chance(10) {
				s.NotPrincipal = p
			} else {
				s.Principal = p
			}
		}
		for r.chance(3) {
			s.Conditions = append(s.Conditions, r.condition())
		}
		d.Statements = append(d.Statements, s)
	}
	return d
}

func (r *randomEstate) policySet(pool []*awsiam.Document, most int) awsiam.PolicySet {
	var s awsiam.PolicySet
	for range r.IntN(most + 1) {
		s.Policies = append(s.Policies, awsiam.Policy{Name: r.one("a", "b"), Document: pool[r.IntN(len(pool))]})
	}
	if r.chance(15) {
		s.Policies = append(s.Policies, awsiam.Policy{Name: "without document"})
	}
	if r.chance(12) {
		s.Missing = "iam:ListPolicies was denied"
	}
	return s
}

func (r *randomEstate) tags(prefix string) access.Context {
	var c access.Context
	switch r.IntN(4) {
	case 0:
		return c.WithPrefix(prefix, access.Absent)
	case 1:
		return c
	}
	return c.WithPrefix(prefix, access.Absent).With(prefix+"team", r.one("blue", "red"))
}

func (r *randomEstate) principal(id string, pool []*awsiam.Document) *awsiam.EstatePrincipal {
	p := &awsiam.EstatePrincipal{
		Principal: access.Principal{Kind: awsiam.Role, ID: id}, UniqueID: r.one("", "AROA1", "AROA2"), ServiceLinked: r.chance(10),
		Identity: r.policySet(pool, 3), Context: r.tags("aws:PrincipalTag/"),
	}
	switch {
	case strings.Contains(id, ":user/"):
		p.Principal.Kind = awsiam.User
	case strings.Contains(id, ":root"):
		p.Principal.Kind = awsiam.Root
	case strings.Contains(id, "assumed-role"):
		p.Principal.Kind = awsiam.Session
		p.Principal.Parent = strings.Replace(strings.TrimSuffix(id, "/session"), "sts::", "iam::", 1)
		p.Principal.Parent = strings.Replace(p.Principal.Parent, "assumed-role/", "role/app/", 1)
		if r.chance(4) {
			p.Principal.Parent = ""
		}
	case strings.Contains(id, "federated"):
		p.Principal.Kind, p.Principal.Parent = awsiam.FederatedUser, "arn:aws:iam::111111111111:user/u"
	case strings.HasSuffix(id, "amazonaws.com"):
		p.Principal.Kind = awsiam.Service
	case id == "anonymous":
		p.Principal.Kind = awsiam.Anonymous
	case id == "martian":
		p.Principal.Kind = "martian"
	}
	if r.chance(4) {
		s := r.policySet(pool, 2)
		p.Boundary = &s
	}
	if r.chance(5) {
		s := r.policySet(pool, 2)
		p.Session = &s
	}
	if r.chance(6) {
		p.Context = p.Context.With("aws:SourceVpc", r.one("vpc-1", "vpc-2"))
	}
	r.made[id] = p
	return p
}

// revised makes a principal anew that differs in one thing from what it was.
func (r *randomEstate) revised(id string, pool []*awsiam.Document) *awsiam.EstatePrincipal {
	p := *r.made[id]
	set := r.policySet(pool, 2)
	switch r.IntN(10) {
	case 0:
		p.Boundary = &set
	case 1:
		p.Session = &set
	case 2:
		p.Context = r.tags("aws:PrincipalTag/")
	case 3:
		p.UniqueID = r.one("", "AROA1", "AROA2")
	case 4:
		p.ServiceLinked = !p.ServiceLinked
	case 5:
		p.Identity = set
	default: // One policy more or less.
		if n := len(p.Identity.Policies); n > 0 && r.chance(2) {
			p.Identity.Policies = p.Identity.Policies[:n-1]
		} else {
			p.Identity.Policies = append(slices.Clone(p.Identity.Policies), awsiam.Policy{Name: "c", Document: r.document(false)})
		}
	}
	r.made[id] = &p
	return &p
}

func (r *randomEstate) store(id string, pool []*awsiam.Document) *awsiam.EstateStore {
	parts := strings.Split(id, ":")
	s := &awsiam.EstateStore{Store: access.Store{ID: id, Account: parts[4], Region: parts[3], Settings: map[string]string{}}, Context: r.tags("aws:ResourceTag/")}
	if s.Account == "" {
		s.Account = r.one(r.accounts...)
	}
	if r.chance(40) {
		s.Account = ""
	}
	if r.chance(2) {
		set := r.policySet(pool, 2)
		s.Policy = &set
	}
	keys := slices.DeleteFunc(slices.Clone(r.stores), func(s string) bool { return !strings.Contains(s, ":kms:") })
	if !r.chance(8) {
		s.Settings["kms_key"] = r.one(append(keys, "", "", "arn:aws:kms:eu-west-1:111111111111:key/elsewhere")...)
	}
	switch parts[2] {
	case "s3":
		s.Type = "aws.s3.bucket"
		if r.chance(2) {
			s.S3 = &awsiam.S3{RestrictPublicBuckets: r.chance(2), IgnorePublicACLs: r.chance(3), ABAC: r.chance(2)}
			for r.chance(3) {
				s.S3.ACLs = append(s.S3.ACLs, awsiam.ACLGrant{
					Grantee:    r.one("http://acs.amazonaws.com/groups/global/AllUsers", "http://acs.amazonaws.com/groups/global/AuthenticatedUsers", "79a59d"),
					Permission: r.one("READ", "WRITE", "FULL_CONTROL", "WRITE_ACP"), Object: r.chance(2),
				})
				if g := &s.S3.ACLs[len(s.S3.ACLs)-1]; g.Grantee == "79a59d" && r.chance(2) {
					g.Account = r.one(r.accounts...)
				}
			}
			if r.chance(10) {
				s.S3.Missing = "s3:GetBucketAcl was denied"
			}
		}
	case "kms":
		s.Type = "aws.kms.key"
		s.KMS = &awsiam.KMS{AWSManaged: r.chance(6)}
		for r.chance(3) {
			s.KMS.Grants = append(s.KMS.Grants, awsiam.KeyGrant{
				ID: "g", Grantee: r.one(append(slices.Clone(r.roles), "arn:aws:iam::222222222222:root")...), Operations: []string{"Decrypt", r.one("Encrypt", "CreateGrant")},
			})
			if r.chance(3) {
				s.KMS.Grants[0].EncryptionContextSubset = map[string]string{"aws:s3:arn": "arn:aws:s3:::bucket-0"}
			}
		}
		if r.chance(10) {
			s.KMS.Missing = "kms:ListGrants was denied"
		}
	case "secretsmanager":
		s.Type = "aws.secretsmanager.secret"
	case "dynamodb":
		s.Type = "aws.dynamodb.table"
		if r.chance(2) {
			s.Settings["stream"] = r.one("", id+"/stream/2026", "arn:aws:dynamodb:us-east-1:111111111111:table/other/stream/1")
		}
	case "sqs":
		s.Type = "aws.sqs.queue"
	case "rds":
		s.Type = "aws.rds.instance"
		if !r.chance(5) {
			s.Settings["resource_id"] = r.one("db-0", "db-1")
		}
		s.Settings["iam_database_authentication"] = r.one("true", "false")
		if !r.chance(3) {
			s.Settings["master_user_secret"] = r.one("", "arn:aws:secretsmanager:eu-west-1:111111111111:secret:s0-AbCdEf", "arn:aws:secretsmanager:eu-west-1:111111111111:secret:elsewhere")
			s.Settings["master_user_secret_kms_key"] = r.one(append(keys, "")...)
		}
	}
	return s
}

func (r *randomEstate) account(id string, identity, resource []*awsiam.Document) awsiam.Account {
	a := awsiam.Account{ID: id, Management: r.chance(8)}
	for range r.IntN(3) {
		set := r.policySet(identity, 2)
		if !r.chance(3) {
			set.Policies = append(set.Policies, awsiam.Policy{Name: "FullAWSAccess", Document: everything})
		}
		a.ServiceControl = append(a.ServiceControl, set)
	}
	for range r.IntN(3) {
		a.ResourceControl = append(a.ResourceControl, r.policySet(resource, 2))
	}
	if r.chance(2) {
		a.Principals = a.Principals.With("aws:PrincipalOrgID", r.one("o-1", "o-2"))
		a.Resources = a.Resources.With("aws:ResourceOrgID", "o-1")
	}
	return a
}

var everything = &awsiam.Document{Version: "2012-10-17", Statements: []awsiam.Statement{{Action: []string{"*"}, Resource: []string{"*"}}}}
