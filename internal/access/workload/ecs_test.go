package workload

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
)

const (
	taskRole     = "arn:aws:iam::111122223333:role/task"
	overrideRole = "arn:aws:iam::111122223333:role/override"
	execRole     = "arn:aws:iam::111122223333:role/exec"
	instanceRole = "arn:aws:iam::111122223333:role/instance"
	secret       = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders"

	docTaskRole  = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html"
	docOverride  = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html"
	docInstance  = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ec2-security-considerations.html"
	docBlock     = "https://repost.aws/knowledge-center/ecs-container-ec2-metadata"
	docInjection = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html"
)

func trusting(t *testing.T, service, conditions string) awsiam.PolicySet {
	t.Helper()
	d, err := awsiam.Parse([]byte(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
		"Principal": {"Service": "` + service + `"}, "Condition": {` + conditions + `}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return awsiam.PolicySet{Policies: []awsiam.Policy{{Name: "trust", Document: d}}}
}

// instance is a container instance with a hop limit.
func instance(hops int) *Instance {
	return &Instance{ID: "i-1", Role: instanceRole, Endpoint: "enabled", Tokens: "required", HopLimit: hops}
}

func lines(found []Identity, broken []BrokenLink) []string {
	var out []string
	for _, id := range found {
		line := fmt.Sprintf("%s %s %s %s", id.Rank, id.How, id.ID, id.Formula.Verdict())
		if id.Containers != nil {
			line += " in " + strings.Join(id.Containers, ",")
		}
		out = append(out, line)
	}
	for _, b := range broken {
		out = append(out, fmt.Sprintf("broken %s %s", b.How, b.ID))
	}
	return out
}

func TestTask(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	trust := trusting(t, tasksService, "")
	for _, test := range []struct {
		name, doc string
		task      Task
		trust     awsiam.PolicySet
		want      []string
	}{
		{
			"R11_override_wins", docOverride,
			Task{LaunchType: "FARGATE", Role: taskRole, RoleOverride: overrideRole},
			trust,
			[]string{"primary task-role " + overrideRole + " allowed"},
		},
		{
			"R11_without_override", docTaskRole,
			Task{LaunchType: "FARGATE", Role: taskRole},
			trust,
			[]string{"primary task-role " + taskRole + " allowed"},
		},
		{
			"R12_no_task_role_on_ec2", docInstance,
			Task{LaunchType: "EC2", NetworkMode: "bridge", Instance: instance(2), Firewall: Open},
			trust,
			[]string{"reachable node-metadata " + instanceRole + " allowed"},
		},
		{
			"R12_with_task_role", docInstance,
			Task{LaunchType: "EC2", NetworkMode: "bridge", Role: taskRole, Instance: instance(2), Firewall: Open},
			trust,
			[]string{"primary task-role " + taskRole + " allowed", "reachable node-metadata " + instanceRole + " allowed"},
		},
		{
			"R12_agent_blocks", docBlock, Task{LaunchType: "EC2", NetworkMode: "awsvpc", Instance: instance(2), BlocksIMDS: &yes}, trust, nil,
		},
		{
			"R12_agent_does_not_block", docBlock,
			Task{LaunchType: "EC2", NetworkMode: "awsvpc", Instance: instance(2), BlocksIMDS: &no, Firewall: Open},
			trust,
			[]string{"reachable node-metadata " + instanceRole + " allowed"},
		},
		{
			"R12_agent_unknown", docBlock,
			Task{LaunchType: "EC2", NetworkMode: "awsvpc", Instance: instance(2), Firewall: Open},
			trust,
			[]string{"reachable node-metadata " + instanceRole + " unknown"},
		},
		{
			"R12_agent_does_not_block_the_host_network", docBlock,
			Task{LaunchType: "EC2", NetworkMode: "host", Instance: instance(1), BlocksIMDS: &yes},
			trust,
			[]string{"reachable node-metadata " + instanceRole + " allowed"},
		},
		{
			"R12_firewall_unknown", docBlock,
			Task{LaunchType: "EC2", NetworkMode: "bridge", Instance: instance(2)},
			trust,
			[]string{"reachable node-metadata " + instanceRole + " unknown"},
		},
		{"R12_hop_limit_1", docInstance, Task{LaunchType: "EC2", NetworkMode: "bridge", Instance: instance(1), Firewall: Open}, trust, nil},
		{
			// A task of this mode has the interface itself; whether a hop is
			// counted on the way is not written.
			"R12_hop_limit_1_and_an_interface_of_its_own", "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html",
			Task{LaunchType: "EC2", NetworkMode: "awsvpc", Instance: instance(1), BlocksIMDS: &no, Firewall: Open},
			trust,
			[]string{"reachable node-metadata " + instanceRole + " unknown"},
		},
		{
			"R12_hop_limit_1_and_blocked", docBlock,
			Task{LaunchType: "EC2", NetworkMode: "awsvpc", Instance: instance(1), BlocksIMDS: &yes},
			trust, nil,
		},
		{"R12_no_network", docInstance, Task{LaunchType: "EC2", NetworkMode: "none", Instance: instance(2), Firewall: Open}, trust, nil},
		{
			"R12_instance_not_read", docInstance, Task{LaunchType: "EC2", NetworkMode: "bridge"}, trust, []string{"reachable node-metadata  unknown"},
		},
		{"R12_instance_without_role", docInstance, Task{LaunchType: "EC2", NetworkMode: "host", Instance: &Instance{ID: "i-1"}}, trust, nil},
		{"R13_fargate_without_task_role", docTaskRole, Task{LaunchType: "FARGATE", NetworkMode: "awsvpc"}, trust, nil},
		{"R13_external_instance", docTaskRole, Task{LaunchType: "EXTERNAL", NetworkMode: "host"}, trust, nil},
		{
			"R13_new_launch_type", docTaskRole, Task{LaunchType: "MANAGED_INSTANCES"}, trust, []string{"reachable node-metadata  unknown"},
		},
		{
			"trust_for_another_service", docTaskRole,
			Task{LaunchType: "FARGATE", Role: taskRole},
			trusting(t, "ec2.amazonaws.com", ""),
			[]string{"broken task-role " + taskRole},
		},
		{
			"trust_for_another_account", docTaskRole,
			Task{LaunchType: "FARGATE", Role: taskRole, Account: "111122223333"},
			trusting(t, tasksService, `"StringEquals": {"aws:SourceAccount": "999999999999"}`),
			[]string{"broken task-role " + taskRole},
		},
		{
			"trust_on_a_source", docTaskRole,
			Task{LaunchType: "FARGATE", Role: taskRole, Account: "111122223333"},
			trusting(t, tasksService, `"ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-west-1:111122223333:*"}`),
			[]string{"primary task-role " + taskRole + " conditional"},
		},
		{
			"trust_not_read", docTaskRole,
			Task{LaunchType: "FARGATE", Role: taskRole},
			awsiam.PolicySet{Missing: "denied"},
			[]string{"primary task-role " + taskRole + " unknown"},
		},
		{
			"static_key_overrides", "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
			Task{LaunchType: "FARGATE", Role: taskRole, Containers: []TaskContainer{{
				Name: "app", EnvNames: []string{"AWS_ACCESS_KEY_ID"}, Secrets: []TaskSecret{{Name: "AWS_SECRET_ACCESS_KEY", From: secret}},
			}}},
			trust,
			[]string{"primary static-keys  unknown in app", "reachable task-role " + taskRole + " allowed"},
		},
		{
			"static_key_in_one_container", "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
			Task{LaunchType: "FARGATE", Role: taskRole, Containers: []TaskContainer{
				{Name: "app"}, {Name: "sidecar", EnvNames: []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}},
			}},
			trust,
			[]string{"primary static-keys  unknown in sidecar", "primary task-role " + taskRole + " allowed in app", "reachable task-role " + taskRole + " allowed in sidecar"},
		},
		{
			"static_key_of_another_cloud", "https://cloud.google.com/docs/authentication/application-default-credentials",
			Task{LaunchType: "FARGATE", Role: taskRole, Containers: []TaskContainer{{Name: "app", EnvNames: []string{"GOOGLE_APPLICATION_CREDENTIALS"}}}},
			trust,
			[]string{"primary static-keys  unknown in app", "primary task-role " + taskRole + " allowed"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if !strings.HasPrefix(test.doc, "https://") {
				t.Errorf("no link to the documentation: %q", test.doc)
			}
			found, broken := test.task.Identities(func(arn string) (Role, bool) { return Role{ARN: arn, Trust: test.trust}, true })
			if diff := cmp.Diff(test.want, lines(found, broken)); diff != "" {
				t.Errorf("identities mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTaskRoleNotRead(t *testing.T) {
	t.Parallel()
	task := Task{LaunchType: "FARGATE", Role: taskRole}
	got := lines(task.Identities(func(string) (Role, bool) { return Role{}, false }))
	if diff := cmp.Diff([]string{"primary task-role " + taskRole + " unknown"}, got); diff != "" {
		t.Errorf("identities mismatch (-want +got):\n%s", diff)
	}
}

// R14: the secret is in the container, though it has no identity that may read
// it. See docInjection.
func TestR14InjectedSecrets(t *testing.T) {
	t.Parallel()
	task := Task{
		LaunchType: "FARGATE", ExecutionRole: execRole,
		Containers: []TaskContainer{{Name: "app", Secrets: []TaskSecret{{Name: "PASSWORD", From: secret}}}},
	}
	running := task
	running.ARN = "arn:aws:ecs:eu-west-1:111122223333:task/shop/1"
	overridden := task
	overridden.ExecutionRoleOverride = overrideRole
	canRead := func(role, from string) access.Formula { return access.Of(role == execRole && from == secret) }
	for _, test := range []struct {
		name string
		task Task
		can  func(role, secret string) access.Formula
		want []string
	}{
		{"R14_execution_role_may_read", task, canRead, []string{"app PASSWORD " + execRole + " injected allowed"}},
		{"R14_execution_role_may_not_read", task, func(string, string) access.Formula { return access.False() }, nil},
		{"R14_execution_role_unknown", task, func(string, string) access.Formula { return access.Missing("x") }, []string{"app PASSWORD " + execRole + " injected unknown"}},
		{"R14_running", running, func(string, string) access.Formula { return access.False() }, []string{"app PASSWORD " + execRole + " injected allowed"}},
		{"R14_overridden_execution_role", overridden, canRead, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			found, broken := test.task.Identities(func(string) (Role, bool) { return Role{}, false })
			if len(found)+len(broken) > 0 {
				t.Errorf("the execution role is no identity of the containers, got %v; see %s", lines(found, broken), docInjection)
			}
			var got []string
			for _, s := range test.task.Injected(test.can) {
				got = append(got, fmt.Sprintf("%s %s %s %s %s", s.Container, s.Name, s.By, s.Channel, s.Formula.Verdict()))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("injected secrets mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAttached(t *testing.T) {
	t.Parallel()
	managed := ManagedIdentity{PrincipalID: "o", ClientID: "c"}
	for _, test := range []struct {
		name   string
		found  []Identity
		broken []BrokenLink
		want   []string
	}{
		{name: "cloud_run", found: RunService("run@p.iam.gserviceaccount.com"), want: []string{"primary attached serviceAccount:run@p.iam.gserviceaccount.com allowed"}},
		{name: "cloud_run_without_account", found: RunService(""), want: []string{"primary attached  unknown"}},
		{
			name: "container_app", found: AppIdentities([]AttachedIdentity{{ManagedIdentity: managed, SystemAssigned: true}, {ManagedIdentity: ManagedIdentity{ClientID: "u"}}}),
			want: []string{"primary attached o allowed", "reachable attached u allowed"},
		},
		{name: "for_pulling_only", found: AppIdentities([]AttachedIdentity{{ManagedIdentity: managed, Lifecycle: "None"}})},
		{name: "new_lifecycle", found: AppIdentities([]AttachedIdentity{{ManagedIdentity: managed, Lifecycle: "Later"}}), want: []string{"reachable attached o unknown"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, lines(test.found, test.broken)); diff != "" {
				t.Errorf("identities mismatch (-want +got):\n%s", diff)
			}
		})
	}
	for service, want := range map[string]string{
		"lambda.amazonaws.com": "primary attached " + taskRole + " allowed",
		"ec2.amazonaws.com":    "broken attached " + taskRole,
	} {
		found, broken := Function(Role{ARN: taskRole, Trust: trusting(t, service, "")})
		if diff := cmp.Diff([]string{want}, lines(found, broken)); diff != "" {
			t.Errorf("function with a role for %s mismatch (-want +got):\n%s", service, diff)
		}
	}
}

// Both sides have a say when a role assumes another one, and so has the
// organization of the other side.
//
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
func TestLetsIn(t *testing.T) {
	t.Parallel()
	parse := func(text string) awsiam.PolicySet {
		d, err := awsiam.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return awsiam.PolicySet{Policies: []awsiam.Policy{{Name: "policy", Document: d}}}
	}
	const statement = `{"Version": "2012-10-17", "Statement": [{"Effect": `
	target := Role{
		ARN:   "arn:aws:iam::444455556666:role/target",
		Trust: parse(statement + `"Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::111122223333:role/task"}}]}`),
	}
	from := Role{ARN: taskRole, Acts: &awsiam.Input{Identity: parse(statement + `"Allow", "Action": "sts:*", "Resource": "*"}]}`)}}
	denied := target
	denied.ResourceControl = []awsiam.PolicySet{
		parse(statement + `"Allow", "Action": "*", "Principal": "*", "Resource": "*"}]}`),
		parse(statement + `"Deny", "Action": "sts:*", "Principal": "*", "Resource": "*"}]}`),
	}
	for _, test := range []struct {
		name     string
		from, to Role
		want     access.Verdict
	}{
		{"both_sides", from, target, access.Allowed},
		{"caller_may_not", Role{ARN: taskRole, Acts: &awsiam.Input{}}, target, access.Denied},
		{"caller_not_read", Role{ARN: taskRole}, target, access.Unknown},
		{"other_caller", Role{ARN: overrideRole, Acts: from.Acts}, target, access.Denied},
		{"resource_control_policy", from, denied, access.Denied},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, why := test.to.LetsIn(test.from, access.NewContext(access.UnknownState), "sts:AssumeRole")
			if got.Verdict() != test.want || got.IsFalse() != (why != "") {
				t.Errorf("LetsIn = %v (%s), want %v", got, why, test.want)
			}
		})
	}
}

// A broken link says what is wrong in the words of the policy.
func TestBrokenLinkNamesTheStatement(t *testing.T) {
	t.Parallel()
	_, broken := Function(Role{ARN: taskRole, Trust: trusting(t, "lambda.amazonaws.com", `"StringEquals": {"aws:SourceAccount": "999999999999"}`)})
	if len(broken) != 1 || !strings.Contains(broken[0].Problem, "statement 1 of trust") || !strings.Contains(broken[0].Problem, "aws:SourceAccount") {
		t.Errorf("broken link is %+v", broken)
	}
}

// What is not known of a machine never makes its role plainly reachable or
// out of reach, if knowing it could change that.
func TestUnknownMachineNeverRounds(t *testing.T) {
	t.Parallel()
	endpoints, tokens, hops := []string{"enabled", "disabled"}, []string{"optional", "required"}, []int{1, 2}
	firewalls := []Firewall{Open, Blocks}
	for _, host := range []bool{false, true} {
		for _, e := range append(endpoints, "") {
			for _, k := range append(tokens, "") {
				for _, h := range append(hops, 0) {
					for _, f := range append(firewalls, UnknownFirewall) {
						got, _ := Instance{ID: "i-1", Endpoint: e, Tokens: k, HopLimit: h}.Reach(Place{Host: host, Firewall: f})
						results := map[bool]bool{}
						for _, ee := range known(e, "", endpoints) {
							for _, kk := range known(k, "", tokens) {
								for _, hh := range known(h, 0, hops) {
									for _, ff := range known(f, UnknownFirewall, firewalls) {
										r, _ := Instance{ID: "i-1", Endpoint: ee, Tokens: kk, HopLimit: hh}.Reach(Place{Host: host, Firewall: ff})
										value, plain := r.Value()
										if !plain {
											t.Fatalf("%s/%s/%d/%d host %v: all is known, got %v", ee, kk, hh, ff, host, r)
										}
										results[value] = true
									}
								}
							}
						}
						if value, plain := got.Value(); plain && (len(results) > 1 || !results[value]) {
							t.Errorf("%q/%q/%d/%d host %v is %v, but it can be %v", e, k, h, f, host, value, results)
						}
					}
				}
			}
		}
	}
}

// known returns a value, or all that it can be when it is not known.
func known[T comparable](value, unknown T, all []T) []T {
	if value == unknown {
		return all
	}
	return []T{value}
}
