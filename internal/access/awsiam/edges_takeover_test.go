package awsiam

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stowage-dev/stowage/internal/access"
)

func TestEdges_take_over(t *testing.T) {
	t.Parallel()
	function := Running{Type: RunningFunction, ID: "arn:aws:lambda:eu-west-1:111122223333:function:f", Account: home, Role: idB}
	instance := Running{Type: RunningInstance, ID: "arn:aws:ec2:eu-west-1:111122223333:instance/i-1", Account: home, Role: idB}
	task := Running{
		Type: RunningTask, ID: "arn:aws:ecs:eu-west-1:111122223333:task/prod/1", Account: home, Role: idB,
		Cluster: "arn:aws:ecs:eu-west-1:111122223333:cluster/prod",
	}
	stack := Running{Type: RunningStack, ID: "arn:aws:cloudformation:eu-west-1:111122223333:stack/s/1", Account: home, Role: idB}
	onEC2 := trusts(service("ec2.amazonaws.com"))
	runEdgeScenarios(t, []edgeScenario{
		{
			name: "function", doc: edgeDocFunction, identities: []Identity{role(idA, allow("lambda:UpdateFunctionCode", "*")), role(idB)}, running: []Running{function},
			want: []string{"a -take-over-> b by lambda:UpdateFunctionCode: always"},
		},
		{name: "another_function", doc: edgeDocFunction, identities: []Identity{
			role(idA, allow("lambda:UpdateFunctionCode", "arn:aws:lambda:*:111122223333:function:g")), role(idB),
		}, running: []Running{function}},
		{name: "nothing_runs", doc: edgeDocFunction, identities: []Identity{role(idA, allow("lambda:*", "*")), role(idB)}},
		{name: "function_of_another_account", doc: edgeDocFunction, identities: []Identity{role(idX, allow("lambda:*", "*")), role(idB)}, running: []Running{function}},
		{
			name: "function_whose_policy_lets_another_account", doc: edgeDocFunction, identities: []Identity{role(idX, allow("lambda:*", "*")), role(idA), role(idB)},
			running: []Running{with(function, func(r *Running) {
				s := set(statementText("Allow", []string{"Principal", aws(idX), "Action", "lambda:UpdateFunctionCode", "Resource", function.ID}))
				r.Policy = &s
			})},
			want: []string{"x -take-over-> b by lambda:UpdateFunctionCode: always"},
		},
		{name: "itself", doc: edgeDocFunction, identities: []Identity{role(idB, allow("lambda:*", "*"))}, running: []Running{function}},
		{name: "boundary_stops_it", doc: docBoundary, identities: []Identity{role(idA, allow("lambda:*", "*")).bounded(allow("s3:*", "*")), role(idB)}, running: []Running{function}},
		{
			name: "service_control_policy_stops_it", doc: docSCP, identities: []Identity{role(idA, allow("lambda:*", "*")), role(idB)}, running: []Running{function},
			accounts: map[string]Account{home: {ServiceControl: []PolicySet{set(deny("lambda:Update*", "*"), allow("*", "*"))}}},
		},
		{
			name: "service_control_policy_that_allows_other_services", doc: docSCP, identities: []Identity{role(idA, allow("lambda:*", "*")), role(idB)}, running: []Running{function},
			accounts: map[string]Account{home: {ServiceControl: []PolicySet{set(allow("s3:*", "*"))}}},
		},
		{
			name: "session_on_an_instance", doc: edgeDocSSM, identities: []Identity{role(idA, allow("ssm:StartSession", instance.ID)), role(idB)}, running: []Running{instance},
			want: []string{"a -take-over-> b by ssm:StartSession: always"},
		},
		{
			name: "session_by_tag", doc: edgeDocSSM, identities: []Identity{
				role(idA, allow("ssm:StartSession", "*", "Condition", `{"StringEquals":{"ssm:resourceTag/env":"dev"}}`)), role(idB),
			},
			running: []Running{with(instance, func(r *Running) { r.Tags = r.Tags.With("ssm:resourceTag/env", "prod") })},
		},
		{
			name: "command_on_an_instance", doc: edgeDocSSM, identities: []Identity{role(idA, allow("ssm:SendCommand", "*")), role(idB)}, running: []Running{instance},
			want: []string{"a -take-over-> b by ssm:SendCommand: always"},
		},
		{name: "command_without_the_document", doc: edgeDocSSM, identities: []Identity{role(idA, allow("ssm:SendCommand", instance.ID)), role(idB)}, running: []Running{instance}},
		{
			name: "instance_that_systems_manager_does_not_manage", doc: edgeDocSSM, identities: []Identity{role(idA, allow("ssm:*", "*")), role(idB)},
			running: []Running{with(instance, func(r *Running) { r.Without = []string{"ssm:StartSession", "ssm:SendCommand"} })},
		},
		{
			name: "command_in_a_task", doc: edgeDocExec, identities: []Identity{role(idA, allow("ecs:ExecuteCommand", "*")), role(idB)}, running: []Running{task},
			want: []string{"a -take-over-> b by ecs:ExecuteCommand: always"},
		},
		{name: "command_in_tasks_of_another_cluster", doc: edgeDocExec, identities: []Identity{
			role(idA, allow("ecs:ExecuteCommand", `["arn:aws:ecs:*:*:task/*","arn:aws:ecs:*:*:cluster/dev"]`)), role(idB),
		}, running: []Running{task}},
		{
			name: "stack", doc: "AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html", identities: []Identity{role(idA, allow("cloudformation:UpdateStack", "*")), role(idB)}, running: []Running{stack},
			want: []string{"a -take-over-> b by cloudformation:UpdateStack: always"},
		},
		{
			name: "stack_without_a_role", doc: "AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html", identities: []Identity{role(idA, allow("cloudformation:UpdateStack", "*")), role(idB)},
			running: []Running{with(stack, func(r *Running) { r.Role = "" })},
		},
		{
			name: "another_profile_of_its_own_instance", doc: edgeDocProfile, identities: []Identity{
				role(idB, allow(`["ec2:ReplaceIamInstanceProfileAssociation","iam:PassRole"]`, "*")).trusting(onEC2), role(idC).trusting(onEC2),
			}, running: []Running{instance},
			want: []string{"b -take-over-> c by iam:PassRole+ec2:ReplaceIamInstanceProfileAssociation+sts:AssumeRole: always"},
		},
		{
			name: "a_profile_of_an_instance_without", doc: edgeDocProfile, identities: []Identity{
				role(idA, allow(`["ec2:AssociateIamInstanceProfile","iam:PassRole","ssm:StartSession"]`, "*")), role(idC).trusting(onEC2),
			},
			running: []Running{with(instance, func(r *Running) { r.Role = "" })},
			want:    []string{"a -take-over-> c by iam:PassRole+ec2:AssociateIamInstanceProfile+ssm:StartSession+sts:AssumeRole: always"},
		},
		{name: "a_profile_of_an_instance_that_it_cannot_use", doc: edgeDocProfile, identities: []Identity{
			role(idA, allow(`["ec2:*","iam:PassRole"]`, "*")), role(idC).trusting(trusts(service("ecs-tasks.amazonaws.com"))),
		}, running: []Running{instance}},
		{
			name: "a_profile_that_it_cannot_pass", doc: edgeDocProfile, identities: []Identity{
				role(idA, allow(`["ec2:AssociateIamInstanceProfile","ssm:StartSession"]`, "*"), allow("iam:PassRole", idB)), role(idC).trusting(onEC2),
			},
			running: []Running{with(instance, func(r *Running) { r.Role = "" })},
		},
	})
}

func with(r Running, change func(*Running)) Running {
	change(&r)
	return r
}

// Every way to take something over is an edge when it is permitted, and none
// when another one is.
func TestEdges_takeovers(t *testing.T) {
	t.Parallel()
	for runningType, ways := range takeovers {
		for _, way := range ways {
			t.Run(strings.ReplaceAll(way.action, ":", "_"), func(t *testing.T) {
				t.Parallel()
				service, _, _ := strings.Cut(way.action, ":")
				thing := Running{Type: runningType, ID: "arn:aws:" + service + ":eu-west-1:111122223333:thing/one", Account: home, Role: idB}
				actions := append([]string{way.action}, way.also...)
				lists := map[string]int{`["` + strings.Join(actions, `","`) + `"]`: 1, service + ":Describe*": 0}
				for i := range actions {
					lists[`["iam:GetRole","`+strings.Join(slices.Delete(slices.Clone(actions), i, i+1), `","`)+`"]`] = 0
				}
				for action, want := range lists {
					edges, _ := Edges(EdgeInput{Identities: []Identity{role(idA, allow(action, "*")), role(idB)}, Running: []Running{thing}})
					if len(edges) != want || want == 1 && (edges[0].Kind != access.TakeOver || !edges[0].Formula.IsTrue()) {
						t.Errorf("%s on %s gives %v, want %d edges", action, runningType, edgeTexts(edges, nil), want)
					}
				}
			})
		}
	}
}

func TestEdges_rewrite(t *testing.T) {
	t.Parallel()
	policy := "arn:aws:iam::111122223333:policy/team/p"
	attached := func(d *Identity) { d.Policies.Policies[0].Name = policy }
	runEdgeScenarios(t, []edgeScenario{
		{
			name: "trust_of_a_role", doc: edgeDocUpdateTrust, identities: []Identity{role(idA, allow("iam:UpdateAssumeRolePolicy", "*")), role(idB), role(idX)},
			want: []string{"a -rewrite-> b by iam:UpdateAssumeRolePolicy+sts:AssumeRole: always"},
		},
		{
			name: "trust_of_a_role_with_a_path", doc: edgeDocUpdateTrust, identities: []Identity{
				role(idA, allow("iam:UpdateAssumeRolePolicy", "arn:aws:iam::111122223333:role/app/*")), role(idB), role("arn:aws:iam::111122223333:role/app/d"),
			},
			want: []string{"a -rewrite-> d by iam:UpdateAssumeRolePolicy+sts:AssumeRole: always"},
		},
		{name: "trust_and_a_boundary_without_assuming", doc: docBoundary, identities: []Identity{role(idA, allow("iam:*", "*")).bounded(allow("iam:UpdateAssumeRolePolicy", "*")), role(idB)}},
		{name: "trust_of_a_service_linked_role", doc: edgeDocLinkedRoles, identities: []Identity{role(idA, allow("iam:UpdateAssumeRolePolicy", "*")), role(idB).with(func(d *Identity) { d.ServiceLinked = true })}},
		{
			name: "access_key_of_a_user", doc: edgeDocAccessKeys, identities: []Identity{role(idA, allow("iam:CreateAccessKey", "*")), role(idU), role(idB)},
			want: []string{"a -rewrite-> u by iam:CreateAccessKey: always"},
		},
		{
			name: "password_of_a_user", doc: "IAM/latest/APIReference/API_UpdateLoginProfile.html", identities: []Identity{role(idA, allow(`["iam:CreateLoginProfile","iam:UpdateLoginProfile"]`, "*")), role(idU)},
			want: []string{"a -rewrite-> u by iam:CreateLoginProfile: always", "a -rewrite-> u by iam:UpdateLoginProfile: always"},
		},
		{name: "its_own_access_key", doc: edgeDocAccessKeys, identities: []Identity{role(idU, allow("iam:CreateAccessKey", "arn:aws:iam::*:user/${aws:username}")), role("arn:aws:iam::111122223333:user/v")}},
		{
			name: "own_inline_policy", doc: edgeDocManagePolicy, identities: []Identity{role(idA, allow("iam:PutRolePolicy", idA)), role(idB)},
			want: []string{"a administers 111122223333 by iam:PutRolePolicy: always"},
		},
		{name: "inline_policy_of_another_role", doc: edgeDocManagePolicy, identities: []Identity{role(idA, allow("iam:PutRolePolicy", idB)), role(idB)}},
		{
			name: "inline_policy_of_a_role_that_it_can_assume", doc: edgeDocManagePolicy, identities: []Identity{role(idA, allow("iam:PutRolePolicy", idB)), role(idB).trusting(trusts(aws(idA)))},
			want: []string{"a -assume-> b by sts:AssumeRole: always", "a administers 111122223333 by iam:PutRolePolicy+sts:AssumeRole: always"},
		},
		{
			name: "own_attached_policies", doc: edgeDocManagePolicy, identities: []Identity{role(idU, allow("iam:AttachUserPolicy", "*"))},
			want: []string{"u administers 111122223333 by iam:AttachUserPolicy: always"},
		},
		{
			name: "own_attached_policies_of_a_list", doc: edgeDocManagePolicy, identities: []Identity{
				role(idA, allow("iam:AttachRolePolicy", "*", "Condition", `{"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/ReadOnlyAccess"}}`)),
			},
			want: []string{`a administers 111122223333 by iam:AttachRolePolicy: iam:policyarn StringEquals "arn:aws:iam::aws:policy/ReadOnlyAccess"`},
		},
		{
			name: "version_of_its_policy", doc: edgeDocManagePolicy, identities: []Identity{role(idA, allow("iam:CreatePolicyVersion", policy)).with(attached)},
			want: []string{"a administers 111122223333 by iam:CreatePolicyVersion: always"},
		},
		{name: "version_of_another_policy", doc: edgeDocManagePolicy, identities: []Identity{role(idA, allow("iam:CreatePolicyVersion", policy+"2")).with(attached)}},
		{
			name: "other_version_of_its_policy", doc: edgeDocManagePolicy, identities: []Identity{role(idA, allow("iam:SetDefaultPolicyVersion", policy)).with(attached)},
			want: []string{"a administers 111122223333 by iam:SetDefaultPolicyVersion: unknown: the other versions of the policy " + policy},
		},
		{name: "boundary_stays", doc: docBoundary, identities: []Identity{role(idA, allow("iam:PutRolePolicy", "*")).bounded(allow("*", "*"))}},
		{
			name: "boundary_goes", doc: docBoundary, identities: []Identity{role(idA, allow(`["iam:PutRolePolicy","iam:DeleteRolePermissionsBoundary"]`, "*")).bounded(allow("*", "*"))},
			want: []string{"a administers 111122223333 by iam:DeleteRolePermissionsBoundary+iam:PutRolePolicy: always"},
		},
		{
			name: "service_control_policy_stops_it", doc: docSCP, identities: []Identity{role(idA, allow("*", "*")), role(idB)},
			accounts: map[string]Account{home: {ServiceControl: []PolicySet{set(allow("*", "*"), deny("iam:*", "*"))}}},
		},
		{
			name: "groups_of_a_user", doc: edgeDocManagePolicy, identities: []Identity{
				role(idU, allow(`["iam:PutGroupPolicy","iam:AddUserToGroup"]`, "arn:aws:iam::111122223333:group/g")).with(func(d *Identity) { d.Groups = []string{"arn:aws:iam::111122223333:group/g"} }),
			},
			want: []string{
				"u administers 111122223333 by iam:PutGroupPolicy: always",
				`u administers 111122223333 by iam:AddUserToGroup: resource ArnLike "arn:aws:iam::111122223333:group/g" and unknown: what the groups of 111122223333 permit`,
			},
		},
		{
			name: "new_role", doc: edgeDocManagePolicy, identities: []Identity{role(idA, allow(`["iam:CreateRole","iam:AttachRolePolicy"]`, "arn:aws:iam::*:role/app-*"))},
			want: []string{"a administers 111122223333 by iam:CreateRole+iam:AttachRolePolicy+sts:AssumeRole: always"},
		},
		{name: "new_role_without_policies", doc: edgeDocManagePolicy, identities: []Identity{role(idA, allow("iam:CreateRole", "*"), allow("iam:AttachRolePolicy", idB)), role(idB)}},
		{
			name: "new_role_of_a_name_that_is_free", doc: edgeDocManagePolicy, identities: []Identity{role(idA, allow("iam:CreateRole", "*"), allow("iam:AttachRolePolicy", idB))},
			want: []string{"a administers 111122223333 by iam:CreateRole+iam:AttachRolePolicy+sts:AssumeRole: always"},
		},
		{
			name: "new_user_with_a_boundary", doc: docBoundary, identities: []Identity{
				role(idA, allow(`["iam:CreateUser","iam:PutUserPolicy"]`, "*", "Condition", `{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::111122223333:policy/limit"}}`), allow("iam:CreateAccessKey", "*")),
			},
			want: []string{`a administers 111122223333 by iam:CreateUser+iam:PutUserPolicy+iam:CreateAccessKey: iam:PermissionsBoundary StringEquals "arn:aws:iam::111122223333:policy/limit"`},
		},
	})
}

// Role A can pass B to a function, B can assume C and C can assume B: that is
// the way from A to C, and it ends.
func TestEdges_R29_R30_chain(t *testing.T) {
	t.Parallel()
	edges, administrators := Edges(EdgeInput{
		Identities: []Identity{
			role(idA, allow(`["iam:PassRole","lambda:CreateFunction","lambda:InvokeFunction"]`, "*")),
			role(idB, allow("s3:*", "*")).trusting(trusts(service("lambda.amazonaws.com")), trusts(aws(idC))),
			role(idC).trusting(trusts(aws(idB))),
		},
		Regions: []string{"eu-west-1"},
	})
	var got []string
	for _, c := range access.NewGraph(edges, administrators).Reach(idA, 0) {
		got = append(got, fmt.Sprintf("%d %s: %s", c.Hops, c, c.Formula))
	}
	want := []string{
		"1 " + idA + " -pass-and-run-> " + idB + ": always",
		"1 " + idA + " -pass-and-run-> " + idB + " -assume-> " + idC + ": always",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
}

// An Allow more never takes an edge away, and a Deny more never adds one.
func TestEdges_are_monotone(t *testing.T) {
	t.Parallel()
	identities := func(extra string) []Identity {
		statements := []string{allow(`["iam:PassRole","ecs:RegisterTaskDefinition","ecs:RunTask","sts:AssumeRole","ssm:*"]`, "*")}
		if extra != "" {
			statements = append(statements, extra)
		}
		return []Identity{
			role(idA, statements...),
			role(idB).trusting(trusts(service("ecs-tasks.amazonaws.com")), trusts(aws("111122223333"))),
			role(idC).trusting(trusts(service("lambda.amazonaws.com"))),
			role(idU),
		}
	}
	find := func(extra string) []string {
		edges, administrators := Edges(EdgeInput{
			Identities: identities(extra), Regions: []string{"eu-west-1"},
			Running: []Running{{Type: RunningInstance, ID: "arn:aws:ec2:eu-west-1:111122223333:instance/i-1", Account: home, Role: idC}},
		})
		return edgeTexts(edges, administrators)
	}
	base := find("")
	if len(base) != 5 {
		t.Fatalf("edges %v, want 5", base)
	}
	for _, action := range []string{"*", "iam:*", "iam:PassRole", "sts:*", "ecs:RunTask", "lambda:*", "ssm:StartSession", "iam:CreateAccessKey"} {
		for _, denied := range find(deny(action, "*")) {
			if !slices.Contains(base, denied) {
				t.Errorf("denying %s adds %s", action, denied)
			}
		}
		if action == "*" || action == "iam:*" {
			continue // an administrator has no other edges than those of assuming
		}
		more := find(allow(action, "*"))
		for _, edge := range base {
			if !slices.Contains(more, edge) {
				t.Errorf("allowing %s takes away %s", action, edge)
			}
		}
	}
}
