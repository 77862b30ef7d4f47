package awsiamtest

// Everything is made of few names, so that policies and requests meet.
const (
	ownAccount   = "111122223333"
	otherAccount = "444455556666"
	strange      = "777788889999"
	organization = "o-exampleorg1"
	region       = "eu-west-1"
	session      = "worker-1"
)

// accountMark stands for the account of the resource.
const accountMark = "{account}"

// A target is a kind of resource with the actions on it.
type target struct {
	actions []string
	// arns of resources, with accountMark.
	arns []string
	// keys that requests for the actions can have, beside the global ones.
	keys []contextKey
	// resourcePolicy: such a resource can have a policy.
	resourcePolicy bool
}

// targets are of 14 services. An oracle has to know every key for every action
// that has it here.
var targets = []target{
	{
		actions:        []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"},
		arns:           []string{"arn:aws:s3:::records/blue/a.txt", "arn:aws:s3:::records/green/b.txt", "arn:aws:s3:::logs/2026/x"},
		keys:           []contextKey{s3ResourceAccount, s3SignatureAge, s3TLSVersion, resourceTeam, resourceLevel},
		resourcePolicy: true,
	},
	{
		actions:        []string{"s3:ListBucket"},
		arns:           []string{"arn:aws:s3:::records", "arn:aws:s3:::logs"},
		keys:           []contextKey{s3ResourceAccount, s3Prefix, s3MaxKeys, s3SignatureAge, resourceTeam, resourceLevel},
		resourcePolicy: true,
	},
	{actions: []string{"s3:ListAllMyBuckets"}, arns: []string{"*"}},
	{
		actions:        []string{"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"},
		arns:           []string{"arn:aws:kms:eu-west-1:{account}:key/0a1b2c3d", "arn:aws:kms:eu-west-1:{account}:key/4e5f6a7b"},
		keys:           []contextKey{kmsCaller, kmsVia, kmsAlgorithm, kmsContextKeys, resourceTeam, resourceLevel},
		resourcePolicy: true,
	},
	{
		actions: []string{"secretsmanager:GetSecretValue"},
		arns: []string{
			"arn:aws:secretsmanager:eu-west-1:{account}:secret:prod/db-AbCdEf",
			"arn:aws:secretsmanager:eu-west-1:{account}:secret:blue-XyZxYz",
		},
		keys:           []contextKey{secretStage, secretID, resourceTeam, resourceLevel},
		resourcePolicy: true,
	},
	{
		actions:        []string{"sqs:SendMessage", "sqs:ReceiveMessage"},
		arns:           []string{"arn:aws:sqs:eu-west-1:{account}:orders", "arn:aws:sqs:us-east-1:{account}:blue-jobs"},
		keys:           []contextKey{resourceTeam, resourceLevel},
		resourcePolicy: true,
	},
	{
		actions:        []string{"sns:Publish"},
		arns:           []string{"arn:aws:sns:eu-west-1:{account}:alerts", "arn:aws:sns:us-east-1:{account}:blue-news"},
		keys:           []contextKey{resourceTeam, resourceLevel},
		resourcePolicy: true,
	},
	{
		actions:        []string{"sns:Subscribe"},
		arns:           []string{"arn:aws:sns:eu-west-1:{account}:alerts"},
		keys:           []contextKey{snsProtocol, snsEndpoint, resourceTeam, resourceLevel},
		resourcePolicy: true,
	},
	{
		actions:        []string{"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"},
		arns:           []string{"arn:aws:dynamodb:eu-west-1:{account}:table/records", "arn:aws:dynamodb:eu-west-1:{account}:table/blue"},
		keys:           []contextKey{leadingKeys, attributes, resourceTeam, resourceLevel},
		resourcePolicy: true,
	},
	{
		actions:        []string{"dynamodb:Query"},
		arns:           []string{"arn:aws:dynamodb:eu-west-1:{account}:table/records/index/by-team"},
		keys:           []contextKey{leadingKeys, attributes, resourceTeam, resourceLevel},
		resourcePolicy: true,
	},
	{
		actions:        []string{"sts:AssumeRole"},
		arns:           []string{"arn:aws:iam::{account}:role/deploy", "arn:aws:iam::{account}:role/teams/blue"},
		keys:           []contextKey{externalID, sessionName, transitiveTags, resourceTeam, resourceLevel},
		resourcePolicy: true,
	},
	{actions: []string{"sts:GetCallerIdentity", "ecr:GetAuthorizationToken"}, arns: []string{"*"}},
	{
		actions:        []string{"lambda:InvokeFunction"},
		arns:           []string{"arn:aws:lambda:eu-west-1:{account}:function:resize", "arn:aws:lambda:eu-west-1:{account}:function:blue"},
		keys:           []contextKey{resourceTeam, resourceLevel},
		resourcePolicy: true,
	},
	{
		actions:        []string{"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
		arns:           []string{"arn:aws:ecr:eu-west-1:{account}:repository/web", "arn:aws:ecr:eu-west-1:{account}:repository/blue/api"},
		keys:           []contextKey{resourceTeam, resourceLevel},
		resourcePolicy: true,
	},
	{
		actions: []string{"rds-db:connect"},
		arns:    []string{"arn:aws:rds-db:eu-west-1:{account}:dbuser:db-ABCDEFGH/reader", "arn:aws:rds-db:eu-west-1:{account}:dbuser:db-ABCDEFGH/blue"},
	},
	{
		actions: []string{"ssm:GetParameter"},
		arns:    []string{"arn:aws:ssm:eu-west-1:{account}:parameter/prod/db", "arn:aws:ssm:eu-west-1:{account}:parameter/blue/db"},
		keys:    []contextKey{resourceTeam, resourceLevel},
	},
	{
		actions:        []string{"kinesis:GetRecords", "kinesis:PutRecord"},
		arns:           []string{"arn:aws:kinesis:eu-west-1:{account}:stream/clicks", "arn:aws:kinesis:eu-west-1:{account}:stream/blue"},
		keys:           []contextKey{resourceTeam, resourceLevel},
		resourcePolicy: true,
	},
	{
		actions:        []string{"es:ESHttpGet"},
		arns:           []string{"arn:aws:es:eu-west-1:{account}:domain/search", "arn:aws:es:eu-west-1:{account}:domain/blue"},
		keys:           []contextKey{resourceTeam, resourceLevel},
		resourcePolicy: true,
	},
	{
		actions: []string{"elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"},
		arns:    []string{"arn:aws:elasticfilesystem:eu-west-1:{account}:file-system/fs-01234567"},
		keys:    []contextKey{resourceTeam, resourceLevel, mountTarget}, resourcePolicy: true,
	},
}

// resourceControlled are the services that resource control policies apply to.
var resourceControlled = []string{"s3", "sts", "kms", "sqs", "secretsmanager", "dynamodb", "ecr"}

// A contextKey is a condition key with values that requests have and policies
// ask for.
type contextKey struct {
	name   string
	kind   kind
	values []string
}

// A kind says which operators suit a key.
type kind int

const (
	text kind = iota
	arn
	boolean
	number
	date
	address
	binary
	list
)

// The keys of services.
var (
	s3ResourceAccount = contextKey{"s3:ResourceAccount", text, []string{ownAccount, otherAccount}}
	s3SignatureAge    = contextKey{"s3:signatureAge", number, []string{"600", "6000", "600000"}}
	s3TLSVersion      = contextKey{"s3:TlsVersion", number, []string{"1.2", "1.3"}}
	s3Prefix          = contextKey{"s3:prefix", text, []string{"blue/", "green/", "home/*"}}
	s3MaxKeys         = contextKey{"s3:max-keys", number, []string{"10", "100", "1000"}}
	kmsCaller         = contextKey{"kms:CallerAccount", text, []string{ownAccount, otherAccount}}
	kmsVia            = contextKey{"kms:ViaService", text, []string{"s3.eu-west-1.amazonaws.com", "sqs.eu-west-1.amazonaws.com"}}
	kmsAlgorithm      = contextKey{"kms:EncryptionAlgorithm", text, []string{"SYMMETRIC_DEFAULT", "symmetric_default", "RSAES_OAEP_SHA_256"}}
	kmsContextKeys    = contextKey{"kms:EncryptionContextKeys", list, []string{"app", "team", "aws:s3:arn"}}
	secretStage       = contextKey{"secretsmanager:VersionStage", text, []string{"AWSCURRENT", "AWSPREVIOUS"}}
	secretID          = contextKey{"secretsmanager:SecretId", arn, []string{"arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf", "arn:aws:secretsmanager:*:*:secret:prod/*"}}
	snsProtocol       = contextKey{"sns:Protocol", text, []string{"https", "email", "sqs"}}
	snsEndpoint       = contextKey{"sns:Endpoint", text, []string{"https://example.com/hook", "ops@example.com", "*@example.com"}}
	leadingKeys       = contextKey{"dynamodb:LeadingKeys", list, []string{"blue", "green", "red", "bl*"}}
	attributes        = contextKey{"dynamodb:Attributes", list, []string{"name", "email", "card"}}
	externalID        = contextKey{"sts:ExternalId", text, []string{"x-100", "X-100", "x-200"}}
	sessionName       = contextKey{"sts:RoleSessionName", text, []string{"worker-1", "alice", "worker-*"}}
	transitiveTags    = contextKey{"sts:TransitiveTagKeys", list, []string{"team", "env"}}
	mountTarget       = contextKey{"elasticfilesystem:AccessedViaMountTarget", boolean, []string{"true", "false"}}
	resourceTeam      = contextKey{"aws:ResourceTag/team", text, []string{"blue", "green", "Blue", "bl*"}}
	resourceLevel     = contextKey{"aws:ResourceTag/level", number, []string{"1", "2", "3.5"}}
)

// globalKeys can be in every request, whatever it is for.
var globalKeys = []contextKey{
	{"aws:SourceIp", address, []string{"10.1.2.3", "10.0.0.0/8", "203.0.113.7", "203.0.113.0/24", "2001:db8::1", "2001:db8::/32"}},
	{"aws:VpcSourceIp", address, []string{"10.1.2.3", "10.1.0.0/16", "172.16.0.9"}},
	{"aws:SourceVpc", text, []string{"vpc-1a", "vpc-2b", "vpc-*"}},
	{"aws:SourceVpce", text, []string{"vpce-1a", "vpce-2b", "vpce-?b"}},
	{"aws:SecureTransport", boolean, []string{"true", "false"}},
	{"aws:MultiFactorAuthPresent", boolean, []string{"true", "false"}},
	{"aws:MultiFactorAuthAge", number, []string{"30", "300", "3600"}},
	{"aws:CurrentTime", date, []string{"2026-03-01T12:00:00Z", "2026-06-01T00:00:00Z", "2027-01-01T00:00:00Z", "2026-06-01", "1780272000"}},
	{"aws:TokenIssueTime", date, []string{"2026-03-01T11:00:00Z", "2026-05-31T23:59:59Z"}},
	{"aws:EpochTime", date, []string{"1772366400", "1780272000", "1798761600", "2026-06-01T00:00:00Z"}},
	{"aws:UserAgent", text, []string{"aws-cli/2.15", "Boto3/1.34", "aws-cli/*"}},
	{"aws:referer", text, []string{"https://example.com/a", "https://example.com/*", "https://example.org/"}},
	{"aws:PrincipalTag/team", text, []string{"blue", "green", "Blue", "*"}},
	{"aws:PrincipalTag/level", number, []string{"1", "2", "3.5"}},
	{"aws:PrincipalTag/key", binary, []string{"cXVlcnk=", "Ymx1ZQ==", "c3RvcmU="}},
	{"aws:RequestTag/env", text, []string{"prod", "dev"}},
	{"aws:TagKeys", list, []string{"env", "team", "cost"}},
	{"aws:CalledVia", list, []string{"athena.amazonaws.com", "cloudformation.amazonaws.com"}},
	{"aws:ViaAWSService", boolean, []string{"true", "false"}},
	{"aws:RequestedRegion", text, []string{"eu-west-1", "us-east-1", "eu-*"}},
	{"aws:SourceIdentity", text, []string{"alice", "bob"}},
}

// principalKeys follow from the principal, resourceKeys from the resource.
var (
	principalKeys = []contextKey{
		{"aws:PrincipalArn", arn, []string{
			"arn:aws:iam::111122223333:role/app", "arn:aws:iam::111122223333:role/*", "arn:aws:iam::111122223333:user/alice",
			"arn:aws:iam::*:role/teams/*", "arn:aws:iam::444455556666:role/app",
		}},
		{"aws:PrincipalAccount", text, []string{ownAccount, otherAccount}},
		{"aws:PrincipalOrgID", text, []string{organization, "o-strangers00"}},
		{"aws:PrincipalOrgPaths", list, []string{"o-exampleorg1/r-ab12/ou-ab12-11111111/", "o-exampleorg1/r-ab12/*", "o-exampleorg1/*", "o-strangers00/r-zz99/"}},
		{"aws:PrincipalType", text, []string{"AssumedRole", "User", "Account"}},
		{"aws:userid", text, []string{"AROAEXAMPLEAPP:worker-1", "AROAEXAMPLEAPP:*", "AIDAEXAMPLEALICE"}},
		{"aws:username", text, []string{"alice", "bob"}},
		{"aws:PrincipalIsAWSService", boolean, []string{"true", "false"}},
		{"aws:PrincipalServiceName", text, []string{"events.amazonaws.com", "lambda.amazonaws.com"}},
		{"aws:SourceArn", arn, []string{"arn:aws:events:eu-west-1:111122223333:rule/nightly", "arn:aws:events:*:111122223333:rule/*"}},
		{"aws:SourceAccount", text, []string{ownAccount, otherAccount}},
	}
	resourceKeys = []contextKey{
		{"aws:ResourceAccount", text, []string{ownAccount, otherAccount}},
		{"aws:ResourceOrgID", text, []string{organization, "o-strangers00"}},
	}
)
