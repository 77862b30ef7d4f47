package awsiam

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stowage-dev/stowage/internal/access"
)

// Pages of AWS, below https://docs.aws.amazon.com/.
const (
	edgeDocPassRole     = "IAM/latest/UserGuide/id_roles_use_passrole.html"
	edgeDocPassedTo     = "IAM/latest/UserGuide/reference_policies_iam-condition-keys.html"
	edgeDocAssume       = "STS/latest/APIReference/API_AssumeRole.html"
	edgeDocBoundary     = "IAM/latest/UserGuide/access_policies_boundaries.html"
	edgeDocSCP          = "organizations/latest/userguide/orgs_manage_policies_scps.html"
	edgeDocRCP          = "organizations/latest/userguide/orgs_manage_policies_rcps.html"
	edgeDocPodIdentity  = "eks/latest/userguide/pod-id-role.html"
	edgeDocLinkedRoles  = "IAM/latest/UserGuide/using-service-linked-roles.html"
	edgeDocSSM          = "systems-manager/latest/userguide/security_iam_service-with-iam.html"
	edgeDocExec         = "AmazonECS/latest/developerguide/ecs-exec.html"
	edgeDocFunction     = "lambda/latest/dg/access-control-resource-based.html"
	edgeDocProfile      = "AWSEC2/latest/APIReference/API_AssociateIamInstanceProfile.html"
	edgeDocUpdateTrust  = "IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html"
	edgeDocAccessKeys   = "IAM/latest/APIReference/API_CreateAccessKey.html"
	edgeDocManagePolicy = "IAM/latest/UserGuide/access_controlling.html"
)

// The identities of the tests.
const (
	idA = "arn:aws:iam::111122223333:role/a"
	idB = "arn:aws:iam::111122223333:role/b"
	idC = "arn:aws:iam::111122223333:role/c"
	idX = "arn:aws:iam::444455556666:role/x"
	idU = "arn:aws:iam::111122223333:user/u"
)

// role returns a role with statements of its own.
func role(id string, statements ...string) Identity {
	a, _ := parseARN(id)
	d := Identity{Principal: access.Principal{Kind: Role, ID: id, Account: a.account}}
	if strings.HasPrefix(a.resource, "user/") {
		d.Principal.Kind = User
	}
	if len(statements) > 0 {
		d.Policies = set(statements...)
	}
	return d
}

// trusting returns the role with a trust policy.
func (d Identity) trusting(statements ...string) Identity {
	s := set(statements...)
	d.Trust = &s
	return d
}

func (d Identity) bounded(statements ...string) Identity {
	s := set(statements...)
	d.Boundary = &s
	return d
}

func (d Identity) with(change func(*Identity)) Identity {
	change(&d)
	return d
}

// trusts returns a statement of a trust policy.
func trusts(principal string, more ...string) string {
	return statementText("Allow", append([]string{"Principal", principal, "Action", "sts:AssumeRole"}, more...))
}

func service(name string) string { return `{"Service":"` + name + `"}` }

type edgeScenario struct {
	name       string
	doc        string
	identities []Identity
	running    []Running
	accounts   map[string]Account
	regions    []string
	context    access.Context
	// want is the edges and the administrators, as "a -assume-> b: always".
	want []string
}

func runEdgeScenarios(t *testing.T, scenarios []edgeScenario) {
	t.Helper()
	for _, s := range scenarios {
		if s.doc == "" {
			t.Fatalf("scenario %s has no page", s.name)
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			if s.regions == nil {
				s.regions = []string{"eu-west-1"}
			}
			in := EdgeInput{Identities: s.identities, Running: s.running, Accounts: s.accounts, Regions: s.regions, Context: s.context, Explain: true}
			edges, administrators := Edges(in)
			got := edgeTexts(edges, administrators)
			if diff := cmp.Diff(s.want, got); diff != "" {
				t.Errorf("https://docs.aws.amazon.com/%s: mismatch (-want +got):\n%s", s.doc, diff)
			}
			for _, e := range edges {
				for _, step := range e.Steps {
					if step.Action == "" || step.Resource == "" || len(step.Evidence.Layers) == 0 {
						t.Errorf("step of %s -> %s is not explained: %+v", e.From, e.To, step)
					}
				}
			}
			in.Explain = false
			edges, administrators = Edges(in)
			if diff := cmp.Diff(got, edgeTexts(edges, administrators)); diff != "" {
				t.Errorf("without evidence the answer is another one:\n%s", diff)
			}
		})
	}
}

func edgeTexts(edges []access.Edge, administrators []access.Administrator) []string {
	actions := func(steps []access.Step) string {
		var list []string
		for _, s := range steps {
			list = append(list, s.Action)
		}
		return strings.Join(slices.Compact(list), "+")
	}
	var list []string
	for _, e := range edges {
		list = append(list, fmt.Sprintf("%s -%s-> %s by %s: %s", lastName(e.From), e.Kind, lastName(e.To), actions(e.Steps), e.Formula))
	}
	for _, a := range administrators {
		list = append(list, fmt.Sprintf("%s administers %s by %s: %s", lastName(a.ID), a.Account, actions(a.Steps), a.Formula))
	}
	return list
}

func TestEdges_assume(t *testing.T) {
	t.Parallel()
	mayAssume := allow("sts:AssumeRole", "*")
	root := aws("arn:aws:iam::111122223333:root")
	runEdgeScenarios(t, []edgeScenario{
		{
			name: "trust_names_the_role", doc: edgeDocAssume, identities: []Identity{role(idA), role(idB).trusting(trusts(aws(idA)))},
			want: []string{"a -assume-> b by sts:AssumeRole: always"},
		},
		{
			name: "trust_names_the_account", doc: edgeDocAssume, identities: []Identity{role(idA, mayAssume), role(idB).trusting(trusts(root)), role(idC)},
			want: []string{"a -assume-> b by sts:AssumeRole: always"},
		},
		{
			name: "trust_names_a_user", doc: edgeDocAssume, identities: []Identity{role(idU), role(idB).trusting(trusts(aws(idU)))},
			want: []string{"u -assume-> b by sts:AssumeRole: always"},
		},
		{
			name: "trust_names_everybody", doc: edgeDocAssume, identities: []Identity{role(idA), role(idX), role(idB).trusting(trusts("*"))},
			want: []string{"a -assume-> b by sts:AssumeRole: always"},
		},
		{name: "trust_names_nobody", doc: edgeDocAssume, identities: []Identity{role(idA, mayAssume), role(idB).trusting(trusts(service("ec2.amazonaws.com"))), role(idC)}},
		{
			name: "identity_policy_denies", doc: edgeDocAssume,
			identities: []Identity{role(idA, deny("sts:*", idB)), role(idB).trusting(trusts(aws(idA)))},
		},
		{
			name: "identity_policy_names_another_role", doc: edgeDocAssume,
			identities: []Identity{role(idA, allow("sts:AssumeRole", idC)), role(idB).trusting(trusts(root))},
		},
		{
			name: "trust_names_a_session", doc: edgeDocAssume, identities: []Identity{role(idA), role(idB).trusting(trusts(aws("arn:aws:sts::111122223333:assumed-role/a/one")))},
			want: []string{`a -assume-> b by sts:AssumeRole: principal StringEquals "arn:aws:sts::111122223333:assumed-role/a/one"`},
		},
		{name: "trust_names_a_deleted_role", doc: edgeDocAssume, identities: []Identity{role(idA).with(func(d *Identity) { d.UniqueID = "AROANEW" }), role(idB).trusting(trusts(aws("AROAOLD")))}},
		{
			name: "trust_names_a_unique_id", doc: edgeDocAssume, identities: []Identity{role(idA).with(func(d *Identity) { d.UniqueID = "AROANEW" }), role(idB).trusting(trusts(aws("AROANEW")))},
			want: []string{"a -assume-> b by sts:AssumeRole: always"},
		},
		{
			name: "another_account", doc: edgeDocAssume, identities: []Identity{role(idX, mayAssume), role(idB).trusting(trusts(aws(idX)))},
			want: []string{"x -assume-> b by sts:AssumeRole: always"},
		},
		{name: "another_account_without_its_own_policy", doc: edgeDocAssume, identities: []Identity{role(idX), role(idB).trusting(trusts(aws(idX)))}},
		{
			name: "trust_asks_for_the_organization_of_the_account", doc: edgeDocAssume,
			identities: []Identity{role(idX, mayAssume), role(idA, mayAssume), role(idB).trusting(trusts("*", "Condition", `{"StringEquals":{"aws:PrincipalOrgID":"o-own"}}`))},
			accounts: map[string]Account{
				home:           {Principals: access.Context{}.With("aws:PrincipalOrgID", "o-own")},
				"444455556666": {Principals: access.Context{}.With("aws:PrincipalOrgID", "o-other")},
			},
			want: []string{"a -assume-> b by sts:AssumeRole: always"},
		},
		{
			name: "external_id", doc: edgeDocAssume,
			identities: []Identity{role(idX, mayAssume), role(idB).trusting(trusts(aws("444455556666"), "Condition", `{"StringEquals":{"sts:ExternalId":"42"}}`))},
			want:       []string{`x -assume-> b by sts:AssumeRole: sts:ExternalId StringEquals "42"`},
		},
		{name: "organisation_of_the_principal", doc: edgeDocAssume, identities: []Identity{
			role(idX, mayAssume).with(func(d *Identity) { d.Context = d.Context.With("aws:PrincipalOrgID", "o-other") }),
			role(idA, mayAssume).with(func(d *Identity) { d.Context = d.Context.With("aws:PrincipalOrgID", "o-own") }),
			role(idB).trusting(trusts("*", "Condition", `{"StringEquals":{"aws:PrincipalOrgID":"o-own"}}`)),
		}, want: []string{"a -assume-> b by sts:AssumeRole: always"}},
		{name: "tag_of_the_role", doc: edgeDocAssume, identities: []Identity{
			role(idA, allow("sts:AssumeRole", "*", "Condition", `{"StringEquals":{"aws:ResourceTag/team":"${aws:PrincipalTag/team}"}}`)).
				with(func(d *Identity) { d.Context = d.Context.With("aws:PrincipalTag/team", "blue") }),
			role(idB).trusting(trusts(root)).with(func(d *Identity) { d.Tags = d.Tags.With("aws:ResourceTag/team", "blue") }),
			role(idC).trusting(trusts(root)).with(func(d *Identity) { d.Tags = d.Tags.With("aws:ResourceTag/team", "red") }),
		}, want: []string{"a -assume-> b by sts:AssumeRole: always"}},
		{name: "boundary_stops_it", doc: edgeDocBoundary, identities: []Identity{role(idA, mayAssume).bounded(allow("s3:*", "*")), role(idB).trusting(trusts(root))}},
		{
			name: "service_control_policy_stops_it", doc: edgeDocSCP, identities: []Identity{role(idA, mayAssume), role(idB).trusting(trusts(aws(idA)))},
			accounts: map[string]Account{home: {ServiceControl: []PolicySet{set(allow("*", "*"), deny("sts:AssumeRole", "*"))}}},
		},
		{
			name: "service_control_policy_does_not_limit_the_management_account", doc: edgeDocSCP,
			identities: []Identity{role(idA, mayAssume), role(idB).trusting(trusts(aws(idA)))},
			accounts:   map[string]Account{home: {Management: true, ServiceControl: []PolicySet{set(deny("sts:AssumeRole", "*"))}}},
			want:       []string{"a -assume-> b by sts:AssumeRole: always"},
		},
		{
			name: "resource_control_policy_stops_other_accounts", doc: edgeDocRCP,
			identities: []Identity{role(idX, mayAssume), role(idA), role(idB).trusting(trusts(`{"AWS":["` + idX + `","` + idA + `"]}`))},
			accounts: map[string]Account{home: {ResourceControl: []PolicySet{set(deny("sts:*", "*", "Principal", "*",
				"Condition", `{"StringNotEquals":{"aws:PrincipalAccount":"111122223333"}}`))}}},
			want: []string{"a -assume-> b by sts:AssumeRole: always"},
		},
		{
			name: "service_control_policies_not_read", doc: edgeDocSCP, identities: []Identity{role(idA, mayAssume), role(idB).trusting(trusts(aws(idA)))},
			accounts: map[string]Account{home: {ServiceControl: []PolicySet{{Missing: "organizations:ListPolicies was denied"}}}},
			want:     []string{"a -assume-> b by sts:AssumeRole: unknown: service control policies: organizations:ListPolicies was denied"},
		},
		{
			name: "trust_not_read", doc: edgeDocAssume, identities: []Identity{role(idA, mayAssume), role(idX), role(idB).with(func(d *Identity) { d.Trust = &PolicySet{Missing: "not a policy document"} })},
			want: []string{"a -assume-> b by sts:AssumeRole: unknown: resource policy: not a policy document"},
		},
		{
			name: "R30_cycle", doc: edgeDocAssume, identities: []Identity{role(idA).trusting(trusts(aws(idB))), role(idB).trusting(trusts(aws(idA)))},
			want: []string{"b -assume-> a by sts:AssumeRole: always", "a -assume-> b by sts:AssumeRole: always"},
		},
	})
}

func TestEdges_pass_and_run(t *testing.T) {
	t.Parallel()
	pass := allow("iam:PassRole", "*")
	lambda := allow(`["lambda:CreateFunction","lambda:InvokeFunction"]`, "*")
	function := role(idB).trusting(trusts(service("lambda.amazonaws.com")))
	runEdgeScenarios(t, []edgeScenario{
		{
			name: "R29_lambda", doc: edgeDocPassRole, identities: []Identity{role(idA, pass, lambda), function, role(idC)},
			want: []string{"a -pass-and-run-> b by iam:PassRole+lambda:CreateFunction+lambda:InvokeFunction+sts:AssumeRole: always"},
		},
		{name: "R29_without_passing", doc: edgeDocPassRole, identities: []Identity{role(idA, lambda), function}},
		{name: "R29_without_launching", doc: edgeDocPassRole, identities: []Identity{role(idA, pass), function}},
		{name: "R29_without_running", doc: edgeDocPassRole, identities: []Identity{role(idA, pass, allow("lambda:CreateFunction", "*")), function}},
		{
			name: "R29_event_source_instead_of_invoking", doc: edgeDocPassRole,
			identities: []Identity{role(idA, pass, allow(`["lambda:CreateFunction","lambda:CreateEventSourceMapping"]`, "*")), function},
			want:       []string{"a -pass-and-run-> b by iam:PassRole+lambda:CreateFunction+lambda:CreateEventSourceMapping+sts:AssumeRole: always"},
		},
		{
			name: "task_with_another_role_and_command", doc: "AmazonECS/latest/APIReference/API_TaskOverride.html", identities: []Identity{
				role(idA, pass, allow("ecs:RunTask", "arn:aws:ecs:*:*:task-definition/jobs:*")),
				role(idB).trusting(trusts(service("ecs-tasks.amazonaws.com"))),
			},
			want: []string{`a -pass-and-run-> b by iam:PassRole+ecs:RunTask+sts:AssumeRole: resource ArnLike "arn:aws:ecs:*:*:task-definition/jobs:*"`},
		},
		{
			name: "trust_does_not_allow_the_service", doc: edgeDocPassRole,
			identities: []Identity{role(idA, pass, lambda), role(idB).trusting(trusts(service("ec2.amazonaws.com"))), role(idC).trusting(trusts(aws(idX)))},
		},
		{name: "trust_denies_the_service", doc: edgeDocPassRole, identities: []Identity{role(idA, pass, lambda), role(idB).trusting(
			trusts(service("lambda.amazonaws.com")), statementText("Deny", []string{"Principal", "*", "Action", "sts:*"}))}},
		{
			name: "trust_asks_for_the_account", doc: "IAM/latest/UserGuide/confused-deputy.html", identities: []Identity{
				role(idA, pass, lambda),
				role(idB).trusting(trusts(service("lambda.amazonaws.com"), "Condition", `{"StringEquals":{"aws:SourceAccount":"111122223333"}}`)),
				role(idC).trusting(trusts(service("lambda.amazonaws.com"), "Condition", `{"StringEquals":{"aws:SourceAccount":"444455556666"}}`)),
			},
			want: []string{"a -pass-and-run-> b by iam:PassRole+lambda:CreateFunction+lambda:InvokeFunction+sts:AssumeRole: always"},
		},
		{
			name: "trust_asks_for_a_function", doc: "IAM/latest/UserGuide/confused-deputy.html", identities: []Identity{
				role(idA, pass, lambda),
				role(idB).trusting(trusts(service("lambda.amazonaws.com"), "Condition", `{"ArnLike":{"aws:SourceArn":"arn:aws:lambda:*:111122223333:function:one"}}`)),
			},
			want: []string{`a -pass-and-run-> b by iam:PassRole+lambda:CreateFunction+lambda:InvokeFunction+sts:AssumeRole: aws:SourceArn ArnLike "arn:aws:lambda:*:111122223333:function:one"`},
		},
		{
			name: "passed_to_the_service", doc: edgeDocPassedTo, identities: []Identity{
				role(idA, lambda, allow("iam:PassRole", "*", "Condition", `{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}`)), function,
			},
			want: []string{"a -pass-and-run-> b by iam:PassRole+lambda:CreateFunction+lambda:InvokeFunction+sts:AssumeRole: always"},
		},
		{name: "passed_to_another_service", doc: edgeDocPassedTo, identities: []Identity{
			role(idA, lambda, allow("iam:PassRole", "*", "Condition", `{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}`)), function,
		}},
		{name: "may_pass_another_role", doc: edgeDocPassRole, identities: []Identity{role(idA, lambda, allow("iam:PassRole", idC)), function}},
		{name: "role_of_another_account", doc: edgeDocPassRole, identities: []Identity{role(idX, pass, lambda), function}},
		{
			name: "service_linked_role", doc: edgeDocLinkedRoles,
			identities: []Identity{role(idA, pass, lambda), function.with(func(d *Identity) { d.ServiceLinked = true })},
		},
		{name: "boundary_stops_the_launch", doc: edgeDocBoundary, identities: []Identity{role(idA, pass, lambda).bounded(allow("iam:PassRole", "*")), function}},
		{name: "boundary_stops_passing", doc: edgeDocBoundary, identities: []Identity{role(idA, pass, lambda).bounded(allow("lambda:*", "*")), function}},
		{
			name: "boundary_permits_both", doc: edgeDocBoundary, identities: []Identity{role(idA, pass, lambda).bounded(allow(`["lambda:*","iam:PassRole"]`, "*")), function},
			want: []string{"a -pass-and-run-> b by iam:PassRole+lambda:CreateFunction+lambda:InvokeFunction+sts:AssumeRole: always"},
		},
		{
			name: "service_control_policy_stops_it", doc: edgeDocSCP, identities: []Identity{role(idA, pass, lambda), function},
			accounts: map[string]Account{home: {ServiceControl: []PolicySet{set(allow("*", "*")), set(allow("*", "*"), deny("lambda:CreateFunction", "*"))}}},
		},
		{
			name: "service_control_policy_of_regions", doc: edgeDocSCP, identities: []Identity{role(idA, pass, lambda), function},
			regions: []string{"us-east-1", "eu-west-1"},
			accounts: map[string]Account{home: {ServiceControl: []PolicySet{set(allow("*", "*"),
				statementText("Deny", []string{"NotAction", `["iam:*","sts:*"]`, "Resource", "*", "Condition", `{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}`}))}}},
			want: []string{"a -pass-and-run-> b by iam:PassRole+lambda:CreateFunction+lambda:InvokeFunction+sts:AssumeRole: always"},
		},
		{
			name: "service_control_policy_of_other_regions", doc: edgeDocSCP, identities: []Identity{role(idA, pass, lambda), function},
			regions: []string{"us-east-1"},
			accounts: map[string]Account{home: {ServiceControl: []PolicySet{set(allow("*", "*"),
				statementText("Deny", []string{"NotAction", `["iam:*","sts:*"]`, "Resource", "*", "Condition", `{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}`}))}}},
		},
		{
			name: "name_is_the_choice_of_the_caller", doc: edgeDocPassRole, identities: []Identity{
				role(idA, pass, allow(`["lambda:CreateFunction","lambda:InvokeFunction"]`, "arn:aws:lambda:*:111122223333:function:dev-*")), function,
			},
			want: []string{"a -pass-and-run-> b by iam:PassRole+lambda:CreateFunction+lambda:InvokeFunction+sts:AssumeRole: always"},
		},
		{
			name: "some_names_are_denied", doc: edgeDocPassRole, identities: []Identity{
				role(idA, pass, lambda, deny("lambda:*", "arn:aws:lambda:*:111122223333:function:prod-*")), function,
			},
			want: []string{"a -pass-and-run-> b by iam:PassRole+lambda:CreateFunction+lambda:InvokeFunction+sts:AssumeRole: always"},
		},
		{
			name: "names_of_one_form_but_for_one", doc: edgeDocPassRole, identities: []Identity{
				role(idA, pass, allow("lambda:*", "arn:aws:lambda:*:111122223333:function:dev-*"), deny("lambda:InvokeFunction", "arn:aws:lambda:*:111122223333:function:dev-1")), function,
			},
			want: []string{"a -pass-and-run-> b by iam:PassRole+lambda:CreateFunction+lambda:InvokeFunction+sts:AssumeRole: always"},
		},
		{
			name: "names_of_one_form_that_are_denied", doc: edgeDocPassRole, identities: []Identity{
				role(idA, pass, allow(`["lambda:CreateFunction","lambda:InvokeFunction"]`, "arn:aws:lambda:*:111122223333:function:dev-*"), deny("lambda:InvokeFunction", "arn:aws:lambda:*:111122223333:function:dev-*")), function,
			},
		},
		{
			name: "each_request_comes_its_own_way", doc: edgeDocPassRole, identities: []Identity{
				role(idA, pass, allow("lambda:CreateFunction", "*", "Condition", `{"StringEquals":{"aws:SourceVpc":"vpc-1"}}`),
					allow("lambda:InvokeFunction", "*", "Condition", `{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}`)), function,
			},
			want: []string{`a -pass-and-run-> b by iam:PassRole+lambda:CreateFunction+lambda:InvokeFunction+sts:AssumeRole: aws:SourceVpc of step 1 StringEquals "vpc-1" and not (aws:SourceVpc of step 2 StringEquals "vpc-1")`},
		},
		{
			name: "names_of_two_requests_differ", doc: edgeDocPassRole, identities: []Identity{
				role(idA, pass, allow("lambda:CreateFunction", "arn:aws:lambda:*:111122223333:function:dev-*"), allow("lambda:InvokeFunction", "arn:aws:lambda:*:111122223333:function:prod-*")), function,
			},
			want: []string{`a -pass-and-run-> b by iam:PassRole+lambda:CreateFunction+lambda:InvokeFunction+sts:AssumeRole: resource ArnLike "arn:aws:lambda:*:111122223333:function:dev-*" and resource ArnLike "arn:aws:lambda:*:111122223333:function:prod-*"`},
		},
		{name: "names_of_another_account", doc: edgeDocPassRole, identities: []Identity{
			role(idA, pass, allow("lambda:*", "arn:aws:lambda:*:444455556666:function:*")), function,
		}},
		{
			name: "identity_policies_not_read", doc: edgeDocPassRole, identities: []Identity{role(idA).with(func(d *Identity) { d.Policies.Missing = "iam:GetPolicyVersion was denied" }), function},
			want: []string{
				"a -pass-and-run-> b by iam:PassRole+lambda:CreateFunction+lambda:InvokeFunction+sts:AssumeRole: unknown: identity policies: iam:GetPolicyVersion was denied",
				"a -rewrite-> b by iam:UpdateAssumeRolePolicy+sts:AssumeRole: unknown: identity policies: iam:GetPolicyVersion was denied",
				"a administers 111122223333 by iam:CreateRole+iam:AttachRolePolicy+sts:AssumeRole: unknown: identity policies: iam:GetPolicyVersion was denied",
				"a administers 111122223333 by iam:CreateRole+iam:PutRolePolicy+sts:AssumeRole: unknown: identity policies: iam:GetPolicyVersion was denied",
				"a administers 111122223333 by iam:CreateUser+iam:AttachUserPolicy+iam:CreateAccessKey: unknown: identity policies: iam:GetPolicyVersion was denied",
				"a administers 111122223333 by iam:CreateUser+iam:PutUserPolicy+iam:CreateAccessKey: unknown: identity policies: iam:GetPolicyVersion was denied",
				"a administers 111122223333 by iam:CreateUser+iam:AttachUserPolicy+iam:CreateLoginProfile: unknown: identity policies: iam:GetPolicyVersion was denied",
				"a administers 111122223333 by iam:CreateUser+iam:PutUserPolicy+iam:CreateLoginProfile: unknown: identity policies: iam:GetPolicyVersion was denied",
				"a administers 111122223333 by iam:PutRolePolicy: unknown: identity policies: iam:GetPolicyVersion was denied",
				"a administers 111122223333 by iam:AttachRolePolicy: unknown: identity policies: iam:GetPolicyVersion was denied",
			},
		},
		{
			name: "ecs_task", doc: edgeDocPassRole, identities: []Identity{role(idA, pass, allow(`["ecs:RegisterTaskDefinition","ecs:RunTask"]`, "*")), role(idB).trusting(trusts(service("ecs-tasks.amazonaws.com")))},
			want: []string{
				"a -pass-and-run-> b by iam:PassRole+ecs:RegisterTaskDefinition+ecs:RunTask+sts:AssumeRole: always",
				"a -pass-and-run-> b by iam:PassRole+ecs:RunTask+sts:AssumeRole: always",
			},
		},
		{
			name: "ecs_service_that_is_there", doc: edgeDocPassRole, identities: []Identity{
				role(idA, pass, allow("ecs:RegisterTaskDefinition", "*"), allow("ecs:UpdateService", "arn:aws:ecs:*:111122223333:service/prod/*")),
				role(idB).trusting(trusts(service("ecs-tasks.amazonaws.com"))),
			},
			want: []string{`a -pass-and-run-> b by iam:PassRole+ecs:RegisterTaskDefinition+ecs:UpdateService+sts:AssumeRole: resource ArnLike "arn:aws:ecs:*:111122223333:service/prod/*"`},
		},
		{
			name: "pod_identity", doc: edgeDocPodIdentity, identities: []Identity{
				role(idA, pass, allow("eks:CreatePodIdentityAssociation", "*")),
				role(idB).trusting(statementText("Allow", []string{"Principal", service("pods.eks.amazonaws.com"), "Action", `["sts:AssumeRole","sts:TagSession"]`})),
			},
			want: []string{"a -pass-and-run-> b by iam:PassRole+eks:CreatePodIdentityAssociation+sts:AssumeRole+sts:TagSession: always"},
		},
		{name: "pod_identity_without_tags", doc: edgeDocPodIdentity, identities: []Identity{
			role(idA, pass, allow("eks:CreatePodIdentityAssociation", "*")),
			role(idB).trusting(trusts(service("pods.eks.amazonaws.com"))),
		}},
		{name: "instance_of_a_subnet", doc: edgeDocPassRole, identities: []Identity{
			role(idA, pass, allow("ec2:RunInstances", `["arn:aws:ec2:*:*:instance/*","arn:aws:ec2:*::image/*","arn:aws:ec2:*:*:network-interface/*","arn:aws:ec2:*:*:security-group/*","arn:aws:ec2:*:*:volume/*"]`)),
			role(idB).trusting(trusts(service("ec2.amazonaws.com"))),
		}},
	})
}

// Every way to launch something is an edge when everything it takes is
// permitted, and none when one thing is not.
func TestEdges_launches(t *testing.T) {
	t.Parallel()
	for i := range launches {
		l := &launches[i]
		for _, actions := range actionsOf(l) {
			t.Run(strings.ReplaceAll(strings.Join(actions[1:], "_"), ":", "_"), func(t *testing.T) {
				t.Parallel()
				target := role(idB).trusting(statementText("Allow", []string{"Principal", service(l.service), "Action", `["sts:AssumeRole","sts:TagSession"]`}))
				count := func(actions []string) int {
					list := `["` + strings.Join(actions, `","`) + `"]`
					edges, _ := Edges(EdgeInput{Identities: []Identity{role(idA, allow(list, "*")), target}, Regions: []string{"eu-west-1"}})
					for _, e := range edges {
						if e.Kind != access.PassAndRun || e.From != idA || e.To != idB || !e.Formula.IsTrue() {
							t.Errorf("with %v there is %v of %v -> %v: %v", actions, e.Kind, e.From, e.To, e.Formula)
						}
					}
					return len(edges)
				}
				if got := count(actions); got == 0 {
					t.Errorf("with %v there are no edges", actions)
				}
				for i := range actions {
					fewer := slices.Delete(slices.Clone(actions), i, i+1)
					for _, actions := range [][]string{actions, fewer} {
						if got, want := count(actions), launchesWith(l.service, actions); got != want {
							t.Errorf("with %v there are %d edges, want %d", actions, got, want)
						}
					}
				}
			})
		}
	}
}

// actionsOf returns the actions of each way of a launch.
func actionsOf(l *launch) [][]string {
	all := []string{passRole}
	for _, u := range l.all {
		all = append(all, u.action)
	}
	if len(l.oneOf) == 0 {
		return [][]string{all}
	}
	var ways [][]string
	for _, u := range l.oneOf {
		ways = append(ways, append(slices.Clone(all), u.action))
	}
	return ways
}

// launchesWith returns how many launches of a service some actions are enough
// for.
func launchesWith(service string, actions []string) (n int) {
	for i := range launches {
		if launches[i].service == service && slices.ContainsFunc(actionsOf(&launches[i]), func(way []string) bool {
			return !slices.ContainsFunc(way, func(a string) bool { return !slices.Contains(actions, a) })
		}) {
			n++
		}
	}
	return n
}

// BenchmarkEdges has accounts with 200 roles, of which every tenth may assume
// those of the account, every twentieth start functions with them, and every
// hundredth do everything.
func BenchmarkEdges(b *testing.B) {
	const accounts, roles = 50, 200
	documents := map[string]PolicySet{
		"assume": set(allow("sts:AssumeRole", "*"), allow("s3:GetObject", "*")),
		"launch": set(allow(`["iam:PassRole","lambda:*"]`, "*")),
		"admin":  set(allow("*", "*")),
		"plain":  set(allow(`["s3:Get*","s3:List*","dynamodb:Query"]`, "arn:aws:s3:::records/*"), deny("s3:Delete*", "*")),
	}
	onLambda := set(trusts(service("lambda.amazonaws.com")))
	in := EdgeInput{Regions: []string{"eu-west-1", "us-east-1"}, Accounts: map[string]Account{}}
	for a := range accounts {
		account := fmt.Sprintf("%012d", a)
		within := set(trusts(aws(account)))
		in.Accounts[account] = Account{ServiceControl: []PolicySet{set(allow("*", "*"), deny("organizations:*", "*"))}}
		for i := range roles {
			d := role(fmt.Sprintf("arn:aws:iam::%s:role/r%d", account, i))
			d.Policies, d.Trust = documents["plain"], &onLambda
			switch {
			case i%100 == 1:
				d.Policies = documents["admin"]
			case i%20 == 2:
				d.Policies = documents["launch"]
			case i%10 == 3:
				d.Policies = documents["assume"]
			}
			if i%4 == 0 {
				d.Trust = &within
			}
			in.Identities = append(in.Identities, d)
		}
	}
	for b.Loop() {
		edges, administrators := Edges(in)
		b.ReportMetric(float64(len(edges)), "edges")
		b.ReportMetric(float64(len(administrators)), "administrators")
	}
}
