package awsiam_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
)

// A syntheticEstate is an organization as they are found: accounts of very
// different size, a few policies of AWS that a great many roles have, policies
// of the organization that every account has, and one of its own for most
// roles, about the stores of its application.
type syntheticEstate struct {
	*rand.Rand
	accounts   []awsiam.Account
	principals []*awsiam.EstatePrincipal
	stores     []*awsiam.EstateStore
	// shared is a policy that sharers roles have.
	shared  *awsiam.Document
	sharers []int
}

// newSyntheticEstate makes an organization with so many principals, half as
// many stores and an account for a hundred principals.
func newSyntheticEstate(principals int) *syntheticEstate {
	s := &syntheticEstate{Rand: rand.New(rand.NewPCG(7, 7))}
	n := max(2, principals/100)
	weights, total := make([]float64, n), 0.0
	for i := range weights {
		weights[i] = 1 / math.Pow(float64(i+8), 0.7)
		total += weights[i]
	}
	s.shared = policyOf(statementOf("dynamodb:GetItem,dynamodb:Query,sqs:SendMessage", "arn:aws:dynamodb:*:*:table/shared-*,arn:aws:sqs:*:*:shared-*"))
	managed := managedPolicies()
	for i, w := range weights {
		s.account(fmt.Sprintf("%012d", 100000000000+i), int(w/total*float64(principals)), managed, i)
	}
	for len(s.sharers) < min(1000, len(s.principals)/10) {
		i := s.IntN(len(s.principals))
		p := s.principals[i]
		if p.Principal.Kind == awsiam.Role && !has(p, s.shared) {
			p.Identity.Policies = append(p.Identity.Policies, awsiam.Policy{Name: "shared", Document: s.shared})
			s.sharers = append(s.sharers, i)
		}
	}
	return s
}

func has(p *awsiam.EstatePrincipal, d *awsiam.Document) bool {
	for _, policy := range p.Identity.Policies {
		if policy.Document == d {
			return true
		}
	}
	return false
}

// fill puts everything into an estate.
func (s *syntheticEstate) fill(e *awsiam.Estate) error {
	for _, a := range s.accounts {
		e.SetAccount(a)
	}
	for _, p := range s.principals {
		e.SetPrincipal(p)
	}
	for _, store := range s.stores {
		if err := e.SetStore(store); err != nil {
			return err
		}
	}
	return nil
}

func statementOf(actions, resources string, conditions ...awsiam.Condition) awsiam.Statement {
	return awsiam.Statement{Action: strings.Split(actions, ","), Resource: strings.Split(resources, ","), Conditions: conditions}
}

func policyOf(statements ...awsiam.Statement) *awsiam.Document {
	return &awsiam.Document{Version: "2012-10-17", Statements: statements}
}

// managedPolicies are policies as AWS has them, the most used first.
func managedPolicies() []*awsiam.Document {
	lists := []string{
		"logs:CreateLogGroup,logs:CreateLogStream,logs:PutLogEvents",
		"ssm:DescribeAssociation,ssm:GetDeployablePatchSnapshotForInstance,ssm:GetManifest,ssm:GetParameter,ssm:GetParameters,ssm:PutInventory,ec2messages:*",
		"ecr:GetAuthorizationToken,ecr:BatchCheckLayerAvailability,ecr:GetDownloadUrlForLayer,ecr:BatchGetImage",
		"cloudwatch:PutMetricData,ec2:DescribeTags,logs:PutLogEvents,logs:DescribeLogStreams",
		"ec2:Describe*,elasticloadbalancing:*,autoscaling:Describe*",
		"s3:Get*,s3:List*,s3:Describe*,s3-object-lambda:Get*",
		"xray:PutTraceSegments,xray:PutTelemetryRecords",
		"s3:*,s3-object-lambda:*",
		"ec2:CreateNetworkInterface,ec2:DescribeNetworkInterfaces,ec2:DeleteNetworkInterface",
		"dynamodb:*,dax:*,kms:DescribeKey",
		"sqs:*", "sns:*", "acm:*", "route53:*", "cloudfront:*",
		"secretsmanager:*,kms:DescribeKey,kms:ListAliases,lambda:ListFunctions",
		"rds:*,rds-db:connect,ec2:Describe*",
		"kinesis:*", "athena:*,glue:*,s3:GetBucketLocation,s3:GetObject,s3:ListBucket,s3:PutObject",
		"bedrock:*", "elasticache:*", "es:*", "kms:*",
	}
	var all []*awsiam.Document
	for _, list := range lists {
		all = append(all, policyOf(statementOf(list, "*")))
	}
	all = append(all,
		policyOf(statementOf("a4b:Get*,acm:Describe*,apigateway:GET,athena:Get*,cloudwatch:Get*,dynamodb:BatchGet*,dynamodb:Describe*,dynamodb:Get*,"+
			"dynamodb:List*,dynamodb:Query,dynamodb:Scan,ec2:Describe*,ecr:BatchGet*,ecr:Get*,iam:Get*,iam:List*,kinesis:Get*,kms:Describe*,kms:List*,"+
			"lambda:Get*,logs:Get*,logs:FilterLogEvents,rds:Describe*,s3:Get*,s3:List*,secretsmanager:Describe*,secretsmanager:List*,sns:Get*,"+
			"sqs:Get*,sqs:List*,sqs:ReceiveMessage,ssm:Describe*,ssm:Get*,ssm:List*", "*")),
		policyOf(statementOf("*", "*")),
		policyOf(awsiam.Statement{NotAction: []string{"iam:*", "organizations:*", "account:*"}, Resource: []string{"*"}}),
	)
	return all
}

func condition(operator, key string, values ...string) awsiam.Condition {
	return awsiam.Condition{Operator: operator, Key: key, Values: values}
}

// Policies of the organization.
var (
	boundaryDocument = policyOf(
		statementOf("*", "*"),
		awsiam.Statement{Deny: true, Action: []string{"iam:*", "organizations:*", "s3:PutBucketPolicy", "kms:PutKeyPolicy"}, Resource: []string{"*"}},
	)
	regionDocument = policyOf(awsiam.Statement{
		Deny: true, NotAction: []string{"iam:*", "sts:*", "s3:*", "route53:*", "cloudfront:*", "organizations:*"}, Resource: []string{"*"},
		Conditions: []awsiam.Condition{
			condition("StringNotEquals", "aws:RequestedRegion", "eu-west-1", "eu-central-1"),
			condition("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:role/organization/*"),
		},
	})
	guardDocument = policyOf(awsiam.Statement{
		Deny: true, Action: []string{"s3:PutBucketPublicAccessBlock", "s3:PutAccountPublicAccessBlock", "kms:ScheduleKeyDeletion"}, Resource: []string{"*"},
		Conditions: []awsiam.Condition{condition("ArnNotLike", "aws:PrincipalArn", "arn:aws:iam::*:role/organization/admin", "arn:aws:iam::*:role/breakglass")},
	})
	perimeterDocument = policyOf(awsiam.Statement{
		Deny: true, Principal: &awsiam.Principals{Any: true}, Action: []string{"s3:*", "sqs:*", "kms:*", "secretsmanager:*"}, Resource: []string{"*"},
		Conditions: []awsiam.Condition{
			{Operator: "StringNotEquals", IfExists: true, Key: "aws:PrincipalOrgID", Values: []string{"o-1"}},
			{Operator: "Bool", IfExists: true, Key: "aws:PrincipalIsAWSService", Values: []string{"false"}},
		},
	})
	teamDocument = policyOf(
		statementOf("s3:GetObject,s3:PutObject", "arn:aws:s3:::team-${aws:PrincipalTag/team}-*/*"),
		statementOf("s3:ListBucket", "arn:aws:s3:::team-${aws:PrincipalTag/team}-*"),
		statementOf("secretsmanager:GetSecretValue", "*", condition("StringEquals", "aws:ResourceTag/team", "${aws:PrincipalTag/team}")),
	)
)

// account makes an account with about so many principals.
func (s *syntheticEstate) account(id string, size int, managed []*awsiam.Document, n int) {
	full := awsiam.Policy{Name: "FullAWSAccess", Document: everything}
	a := awsiam.Account{
		ID: id, Management: n == 0,
		ServiceControl: []awsiam.PolicySet{
			{Policies: []awsiam.Policy{full}},
			{Policies: []awsiam.Policy{full, {Name: "regions", Document: regionDocument}}},
			{Policies: []awsiam.Policy{full, {Name: "guard", Document: guardDocument}}},
		},
		ResourceControl: []awsiam.PolicySet{{Policies: []awsiam.Policy{{Name: "perimeter", Document: perimeterDocument}}}},
		Principals:      access.Context{}.With("aws:PrincipalOrgID", "o-1"), Resources: access.Context{}.With("aws:ResourceOrgID", "o-1"),
	}
	if n%97 == 96 {
		a.ServiceControl[1].Missing = "organizations:ListPolicies was denied"
	}
	s.accounts = append(s.accounts, a)
	size = max(size, 4)
	first := len(s.principals)
	for app := 0; len(s.principals)-first < size; app++ {
		s.application(id, app, managed)
	}
	s.people(id, managed)
}

// A team is what applications are of.
func (s *syntheticEstate) team() string {
	return fmt.Sprintf("t%d", int(math.Sqrt(float64(s.IntN(900)))))
}

// application makes an application: two to six roles, and stores.
func (s *syntheticEstate) application(account string, n int, managed []*awsiam.Document) {
	name, region, team := fmt.Sprintf("app%d", n), []string{"eu-west-1", "eu-west-1", "eu-central-1", "us-east-1"}[s.IntN(4)], s.team()
	roles := 2 + s.IntN(5)
	var own []string // ARNs of its stores
	for range (roles + s.IntN(2)) / 2 {
		store := s.store(account, region, name, team, len(s.stores))
		own = append(own, store.ID)
	}
	for i := range roles {
		arn := fmt.Sprintf("arn:aws:iam::%s:role/%s/%s-%d", account, name, name, i)
		p := &awsiam.EstatePrincipal{
			Principal: access.Principal{Kind: awsiam.Role, ID: arn}, UniqueID: fmt.Sprintf("AROA%d", len(s.principals)),
			Context: access.Context{}.WithPrefix("aws:PrincipalTag/", access.Absent),
		}
		if s.IntN(4) == 0 {
			p.Context = p.Context.With("aws:PrincipalTag/team", team)
		}
		for range s.IntN(4) {
			p.Identity.Policies = append(p.Identity.Policies, awsiam.Policy{Name: "managed", Document: managed[s.powerLaw(len(managed))]})
		}
		if s.IntN(10) < 7 {
			p.Identity.Policies = append(p.Identity.Policies, awsiam.Policy{Name: "inline", Document: s.inline(own)})
		}
		if s.IntN(12) == 0 {
			p.Identity.Policies = append(p.Identity.Policies, awsiam.Policy{Name: "team", Document: teamDocument})
		}
		if s.IntN(6) == 0 {
			p.Boundary = &awsiam.PolicySet{Policies: []awsiam.Policy{{Name: "boundary", Document: boundaryDocument}}}
		}
		s.principals = append(s.principals, p)
	}
}

// people makes roles for people, and a user.
func (s *syntheticEstate) people(account string, managed []*awsiam.Document) {
	for i, name := range []string{"organization/admin", "organization/readonly", "organization/power"} {
		s.principals = append(s.principals, &awsiam.EstatePrincipal{
			Principal: access.Principal{Kind: awsiam.Role, ID: "arn:aws:iam::" + account + ":role/" + name},
			Identity:  awsiam.PolicySet{Policies: []awsiam.Policy{{Name: name, Document: managed[len(managed)-3+(i+1)%3]}}},
		})
	}
	s.principals = append(s.principals, &awsiam.EstatePrincipal{
		Principal: access.Principal{Kind: awsiam.User, ID: "arn:aws:iam::" + account + ":user/ci"},
		Identity:  awsiam.PolicySet{Policies: []awsiam.Policy{{Name: "ci", Document: managed[s.powerLaw(len(managed))]}}},
	})
}

// powerLaw returns small numbers more often than large ones.
func (s *syntheticEstate) powerLaw(n int) int {
	return min(n-1, int(math.Pow(float64(n), s.Float64()*s.Float64()*1.1))-1+s.IntN(2))
}

// inline is the policy of a role for the stores of its application.
func (s *syntheticEstate) inline(own []string) *awsiam.Document {
	d := policyOf(statementOf("logs:CreateLogStream,logs:PutLogEvents", "*"))
	for _, arn := range own {
		if s.IntN(3) == 0 {
			continue
		}
		service := strings.Split(arn, ":")[2]
		actions := map[string]string{
			"s3": "s3:GetObject,s3:PutObject,s3:ListBucket", "secretsmanager": "secretsmanager:GetSecretValue", "ssm": "ssm:GetParameter,ssm:GetParameters",
			"dynamodb": "dynamodb:GetItem,dynamodb:PutItem,dynamodb:Query,dynamodb:UpdateItem", "sqs": "sqs:*", "kms": "kms:Decrypt,kms:GenerateDataKey",
			"rds": "rds-db:connect", "logs": "logs:FilterLogEvents", "sns": "sns:Publish",
		}[service]
		resource := arn
		switch service {
		case "s3":
			resource = arn + "," + arn + "/*"
		case "secretsmanager":
			resource = strings.TrimSuffix(arn, "-AbCdEf") + "-??????"
		case "logs":
			resource = arn + ":*"
		case "rds":
			resource = strings.Replace(strings.Replace(arn, ":rds:", ":rds-db:", 1), ":db:", ":dbuser:db-", 1) + "/app"
		}
		st := statementOf(actions, resource)
		switch s.IntN(12) {
		case 0:
			st.Conditions = append(st.Conditions, condition("StringEquals", "aws:SourceVpce", "vpce-1"))
		case 1:
			st.Conditions = append(st.Conditions, condition("Bool", "aws:SecureTransport", "true"))
		}
		d.Statements = append(d.Statements, st)
	}
	return d
}

// store makes a store of some type.
func (s *syntheticEstate) store(account, region, app, team string, n int) *awsiam.EstateStore {
	store := &awsiam.EstateStore{
		Store:   access.Store{Account: account, Region: region, Settings: map[string]string{"kms_key": "", "stream": ""}},
		Context: access.Context{}.WithPrefix("aws:ResourceTag/", access.Absent).With("aws:ResourceTag/team", team),
	}
	prefix := func(service string) string { return "arn:aws:" + service + ":" + region + ":" + account + ":" }
	switch x := s.IntN(100); {
	case x < 25:
		store.Type, store.ID = "aws.s3.bucket", fmt.Sprintf("arn:aws:s3:::%s-%d", app, n)
		if s.IntN(20) == 0 {
			store.ID = fmt.Sprintf("arn:aws:s3:::team-%s-%d", team, n)
		}
		store.S3 = &awsiam.S3{RestrictPublicBuckets: true, IgnorePublicACLs: true, ABAC: false}
		s.bucketPolicy(store)
	case x < 45:
		store.Type, store.ID = "aws.secretsmanager.secret", prefix("secretsmanager")+fmt.Sprintf("secret:%s-%d-AbCdEf", app, n)
	case x < 60:
		store.Type, store.ID = "aws.ssm.parameter", prefix("ssm")+fmt.Sprintf("parameter/%s/p%d", app, n)
	case x < 72:
		store.Type, store.ID = "aws.dynamodb.table", prefix("dynamodb")+fmt.Sprintf("table/%s-%d", app, n)
		if s.IntN(30) == 0 {
			store.ID = prefix("dynamodb") + fmt.Sprintf("table/shared-%d", n)
		}
	case x < 82:
		store.Type, store.ID = "aws.sqs.queue", prefix("sqs")+fmt.Sprintf("%s-%d", app, n)
	case x < 88:
		store.Type, store.ID = "aws.kms.key", prefix("kms")+fmt.Sprintf("key/%d", n)
		store.KMS = &awsiam.KMS{}
		store.Policy = &awsiam.PolicySet{Policies: []awsiam.Policy{{Name: "default", Document: policyOf(awsiam.Statement{
			Principal: &awsiam.Principals{AWS: []string{"arn:aws:iam::" + account + ":root"}}, Action: []string{"kms:*"}, Resource: []string{"*"},
		})}}}
	case x < 94:
		store.Type, store.ID = "aws.rds.instance", prefix("rds")+fmt.Sprintf("db:%s-%d", app, n)
		store.Settings = map[string]string{
			"resource_id": fmt.Sprintf("db-%s-%d", app, n), "iam_database_authentication": []string{"true", "false"}[s.IntN(2)],
			"master_user_secret": "", "master_user_secret_kms_key": "",
		}
	case x < 98:
		store.Type, store.ID = "aws.logs.log_group", prefix("logs")+fmt.Sprintf("log-group:/%s/%d", app, n)
	default:
		store.Type, store.ID = "aws.sns.topic", prefix("sns")+fmt.Sprintf("%s-%d", app, n)
	}
	if s.IntN(10) == 0 && len(s.stores) > 0 {
		// Some stores have a key of the customer.
		for i := len(s.stores) - 1; i >= max(0, len(s.stores)-30); i-- {
			if k := s.stores[i]; k.Type == "aws.kms.key" && k.Account == account {
				store.Settings["kms_key"] = k.ID
				break
			}
		}
	}
	s.stores = append(s.stores, store)
	return store
}

// bucketPolicy gives a bucket a policy, as most have.
func (s *syntheticEstate) bucketPolicy(store *awsiam.EstateStore) {
	if s.IntN(10) < 4 {
		return
	}
	if s.IntN(500) == 0 {
		store.Policy = &awsiam.PolicySet{Missing: "s3:GetBucketPolicy was denied"}
		return
	}
	insecure := awsiam.Statement{
		Deny: true, Principal: &awsiam.Principals{Any: true}, Action: []string{"s3:*"}, Resource: []string{store.ID, store.ID + "/*"},
		Conditions: []awsiam.Condition{condition("Bool", "aws:SecureTransport", "false")},
	}
	d := policyOf(insecure)
	switch x := s.IntN(1000); {
	case x < 4:
		st := statementOf("s3:GetObject,s3:ListBucket", store.ID+","+store.ID+"/*", condition("StringEquals", "aws:PrincipalOrgID", "o-1"))
		st.Principal = &awsiam.Principals{Any: true}
		d.Statements = append(d.Statements, st)
	case x < 60 && len(s.principals) > 0:
		st := statementOf("s3:GetObject,s3:PutObject", store.ID+"/*")
		st.Principal = &awsiam.Principals{AWS: []string{s.principals[s.IntN(len(s.principals))].Principal.ID}}
		d.Statements = append(d.Statements, st)
	case x < 90:
		st := statementOf("s3:GetObject", store.ID+"/shared/*")
		st.Principal = &awsiam.Principals{AWS: []string{"arn:aws:iam::" + s.accounts[s.IntN(len(s.accounts))].ID + ":root"}}
		d.Statements = append(d.Statements, st)
	case x < 110:
		d.Statements = append(d.Statements, awsiam.Statement{
			Deny: true, Principal: &awsiam.Principals{Any: true}, Action: []string{"s3:*"}, Resource: []string{store.ID, store.ID + "/*"},
			Conditions: []awsiam.Condition{condition("StringNotEquals", "aws:SourceVpce", "vpce-1")},
		})
	}
	store.Policy = &awsiam.PolicySet{Policies: []awsiam.Policy{{Name: "bucket policy", Document: d}}}
}
