package estate

import (
	"encoding/json"
	"fmt"
	"time"
)

// A Role is an IAM role.
type Role struct {
	Name, ID  string
	Account   string
	CreatedAt time.Time
	Trust     Document
	Inline    []NamedPolicy
	Attached  []string // ARNs
	Boundary  string   // ARN, may be empty
	Tags      map[string]string
}

// ARN returns the role's ARN.
func (r Role) ARN() string { return roleARN(r.Account, r.Name) }

// A NamedPolicy is an inline or customer-managed policy.
type NamedPolicy struct {
	Name     string
	Document Document
}

// A Document is an IAM policy document.
type Document struct {
	Version   string
	Statement []Statement
}

// A Statement is a statement of a policy document.
type Statement struct {
	Sid       string                       `json:",omitempty"`
	Effect    string                       //
	Principal map[string]string            `json:",omitempty"`
	Action    []string                     `json:",omitempty"`
	NotAction []string                     `json:",omitempty"`
	Resource  []string                     `json:",omitempty"`
	Condition map[string]map[string]string `json:",omitempty"`
}

// String returns the document as JSON.
func (d Document) String() string {
	b, err := json.Marshal(d)
	if err != nil {
		panic(err) // strings only
	}
	return string(b)
}

// The roles and policies that every account has.
const (
	executionRole  = "ecsTaskExecutionRole"
	defaultRole    = "app-default"
	dataReaderRole = "customer-data-reader"
	nodeRole       = "eks-node"
	// AuditRole is the role that the inventory assumes in member accounts.
	AuditRole        = "stowage-read"
	customerDataRead = "customer-data-read"
	teamBoundary     = "team-boundary"
)

// customerBucket is the bucket with the customers' data of an account.
func customerBucket(account string) string { return "meridian-customer-data-" + account }

// Roles returns the roles of an account: its own and those of its workloads in
// all regions.
func (e *Estate) Roles(account string) []Role {
	a, ok := e.FindAccount(account)
	if !ok {
		return nil
	}
	roles := e.accountRoles(a)
	for r := range e.cfg.Regions {
		roles = append(roles, e.cell(a.Index*e.cfg.Regions+r).Roles...)
	}
	return roles
}

// AssumableRole returns the role of an account if it is one that people and
// programs assume, rather than a workload's.
func (e *Estate) AssumableRole(account, name string) (Role, bool) {
	a, ok := e.FindAccount(account)
	if !ok {
		return Role{}, false
	}
	for _, r := range e.accountRoles(a) {
		if r.Name == name {
			return r, true
		}
	}
	return Role{}, false
}

// accountRoles returns the roles that every account has.
func (e *Estate) accountRoles(a Account) []Role {
	assume := func(principal string) Document {
		return Document{"2012-10-17", []Statement{{
			Effect: "Allow", Action: []string{"sts:AssumeRole"}, Principal: map[string]string{"AWS": "arn:aws:iam::" + principal + ":root"},
		}}}
	}
	execution := e.role(a, executionRole, serviceTrust("ecs-tasks.amazonaws.com"))
	execution.Attached = []string{awsPolicy("service-role/AmazonECSTaskExecutionRolePolicy")}
	standard := e.role(a, defaultRole, serviceTrust("ecs-tasks.amazonaws.com"))
	standard.Inline = []NamedPolicy{{"logs", allow([]string{"logs:CreateLogStream", "logs:PutLogEvents"}, "*")}}
	node := e.role(a, nodeRole, serviceTrust("ec2.amazonaws.com"))
	node.Attached = []string{awsPolicy("AmazonEKSWorkerNodePolicy"), awsPolicy("AmazonEC2ContainerRegistryReadOnly")}
	reader := e.role(a, dataReaderRole, assume(a.ID))
	reader.Attached = []string{policyARN(a.ID, customerDataRead)}
	audit := e.role(a, AuditRole, assume(accountID(0)))
	audit.Attached = []string{awsPolicy("SecurityAudit")}
	if e.cfg.ExternalID != "" {
		audit.Trust.Statement[0].Condition = map[string]map[string]string{"StringEquals": {"sts:ExternalId": e.cfg.ExternalID}}
	}
	return []Role{execution, standard, node, reader, audit}
}

// Policies returns the customer-managed policies of an account.
func (e *Estate) Policies(account string) []NamedPolicy {
	bucket := arn("s3", "", "", customerBucket(account))
	return []NamedPolicy{
		{customerDataRead, allow([]string{"s3:GetObject", "s3:ListBucket"}, bucket, bucket+"/*")},
		{teamBoundary, Document{"2012-10-17", []Statement{
			{Effect: "Allow", Action: []string{"*"}, Resource: []string{"*"}},
			{Effect: "Deny", Action: []string{"iam:*", "organizations:*"}, Resource: []string{"*"}},
		}}},
	}
}

// role returns a role of an account.
func (e *Estate) role(a Account, name string, trust Document) Role {
	p := e.root.in("role").at(a.Index).in(name)
	return Role{
		Name: name, ID: roleID(p), Account: a.ID, CreatedAt: a.Joined.Add(time.Duration(p.below(200*24)) * time.Hour),
		Trust: trust,
	}
}

// drawRole draws the role of a workload and returns its ARN: none, the
// account's default one, or one of its own.
func (b *builder) drawRole(p place, workload, service string) string {
	if service == "ecs-tasks.amazonaws.com" {
		switch draw := p.below(100); {
		case draw < 10:
			return ""
		case draw < 45:
			return roleARN(b.Account.ID, defaultRole)
		}
	}
	name := workload + "-" + b.region
	arn := roleARN(b.Account.ID, name)
	if n := len(b.Roles); n > 0 && b.Roles[n-1].Name == name {
		return arn // the task definition after a rollout brought it
	}
	b.addRole(p, name, serviceTrust(service))
	return arn
}

// addRole adds a role with drawn permissions.
func (b *builder) addRole(p place, name string, trust Document) {
	account := b.Account.ID
	r := Role{Name: name, ID: roleID(p), Account: account, CreatedAt: epoch.Add(-time.Duration(p.below(9000)) * time.Hour), Trust: trust, Tags: map[string]string{"team": pick(p.in("team"), apps).team}}
	add := func(name string, d Document) { r.Inline = append(r.Inline, NamedPolicy{name, d}) }
	switch draw := p.in("access").below(100); {
	case draw < 20:
		add("logs", allow([]string{"logs:CreateLogStream", "logs:PutLogEvents"}, "*"))
	case draw < 40:
		bucket := arn("s3", "", "", fmt.Sprintf("meridian-%s-assets", name))
		add("assets", allow([]string{"s3:GetObject", "s3:PutObject"}, bucket+"/*"))
	case draw < 55:
		add("table", allow([]string{"dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem"}, b.arn("dynamodb", "table/orders")))
	case draw < 67:
		add("secrets", allow([]string{"secretsmanager:GetSecretValue"}, b.arn("secretsmanager", "secret:"+name+"/*")))
	case draw < 73:
		r.Attached = append(r.Attached, policyARN(account, customerDataRead))
	case draw < 78:
		r.Attached = append(r.Attached, awsPolicy("AmazonS3ReadOnlyAccess"))
	case draw < 82: // reads the data through another role
		add("assume", allow([]string{"sts:AssumeRole"}, roleARN(account, dataReaderRole)))
	case draw < 84:
		r.Attached = append(r.Attached, awsPolicy("AdministratorAccess"))
	case draw < 87: // everything but the customers' data
		d := allow([]string{"s3:*"}, "*")
		bucket := arn("s3", "", "", customerBucket(account))
		d.Statement = append(d.Statement, Statement{Effect: "Deny", Action: []string{"s3:*"}, Resource: []string{bucket, bucket + "/*"}})
		add("buckets", d)
	case draw < 90: // only from the office
		d := allow([]string{"s3:GetObject"}, arn("s3", "", "", customerBucket(account))+"/*")
		d.Statement[0].Condition = map[string]map[string]string{"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
		add("office", d)
	}
	if p.in("boundary").chance(10) {
		r.Boundary = policyARN(account, teamBoundary)
	}
	b.Roles = append(b.Roles, r)
}

// AWSPolicies returns the policies of AWS that roles of the estate have, with
// what matters of their documents. Their names hold the path: "service-role/X".
func AWSPolicies() []NamedPolicy {
	return []NamedPolicy{
		{"AdministratorAccess", allow([]string{"*"}, "*")},
		{"AmazonEC2ContainerRegistryReadOnly", allow([]string{"ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:DescribeImages"}, "*")},
		{"AmazonEKSWorkerNodePolicy", allow([]string{"ec2:DescribeInstances", "eks:DescribeCluster"}, "*")},
		{"AmazonS3ReadOnlyAccess", allow([]string{"s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"}, "*")},
		{"SecurityAudit", allow([]string{"ec2:Describe*", "ecs:Describe*", "ecs:List*", "eks:Describe*", "eks:List*", "iam:Get*", "iam:List*", "lambda:List*"}, "*")},
		{"service-role/AmazonECSTaskExecutionRolePolicy", allow([]string{"ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "logs:CreateLogStream", "logs:PutLogEvents"}, "*")},
	}
}

// allow returns a document with one statement that allows the actions.
func allow(actions []string, resources ...string) Document {
	return Document{"2012-10-17", []Statement{{Effect: "Allow", Action: actions, Resource: resources}}}
}

// serviceTrust returns the trust policy for an AWS service.
func serviceTrust(service string) Document {
	return Document{"2012-10-17", []Statement{{
		Effect: "Allow", Action: []string{"sts:AssumeRole"}, Principal: map[string]string{"Service": service},
	}}}
}

func roleARN(account, name string) string   { return arn("iam", "", account, "role/"+name) }
func policyARN(account, name string) string { return arn("iam", "", account, "policy/"+name) }
func awsPolicy(path string) string          { return "arn:aws:iam::aws:policy/" + path }

// roleID draws the unique identifier of a role.
func roleID(p place) string { return "AROA" + upperHex(p.in("id"), 17) }
