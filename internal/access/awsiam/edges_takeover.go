package awsiam

import (
	"slices"

	"github.com/stowage-dev/stowage/internal/access"
)

// A RunningType is a type of what runs with a role.
type RunningType string

// The types of what runs with a role.
const (
	RunningFunction    RunningType = "lambda-function"
	RunningInstance    RunningType = "ec2-instance"
	RunningTask        RunningType = "ecs-task"
	RunningStack       RunningType = "cloudformation-stack"
	RunningBuild       RunningType = "codebuild-project"
	RunningNotebook    RunningType = "sagemaker-notebook"
	RunningDevEndpoint RunningType = "glue-dev-endpoint"
	RunningAppRunner   RunningType = "apprunner-service"
	RunningMachine     RunningType = "states-state-machine"
)

// A Running is something that runs with a role, or can be made to.
type Running struct {
	Type RunningType
	// ID is its ARN.
	ID string
	// Account that it is in.
	Account string
	// Role is the ARN of its role; empty for an instance without one.
	Role string
	// Cluster is the ARN of the cluster of a task.
	Cluster string
	// Policy is its own policy; nil when it has none.
	Policy *PolicySet
	// Tags is what is known of requests about it.
	Tags access.Context
	// Without are the actions that do nothing here, as ssm:SendCommand on an
	// instance that Systems Manager does not manage, or ecs:ExecuteCommand on
	// a task that was started without it.
	Without []string
}

// A takeover is a request by which one runs code in something.
type takeover struct {
	action string
	// resources besides the thing itself, as in [use]; {cluster} is the
	// cluster of a task.
	resources []string
	note      string
}

// takeovers is the ways to run code in what runs, from the catalogues that
// launches are from.
var takeovers = map[RunningType][]takeover{
	RunningFunction: {{action: "lambda:UpdateFunctionCode", note: "replace the code of the function"}},
	RunningInstance: {
		{action: "ssm:StartSession", note: "open a shell on the instance"},
		{action: "ssm:SendCommand", resources: []string{"arn:{partition}:ssm:{region}::document/AWS-RunShellScript"}, note: "run a command on the instance"},
		{action: "ec2-instance-connect:SendSSHPublicKey", note: "log in to the instance with a key, from where its port 22 is open"},
	},
	RunningTask:        {{action: "ecs:ExecuteCommand", resources: []string{"{cluster}"}, note: "run a command in the container"}},
	RunningStack:       {{action: "cloudformation:UpdateStack", note: "let the stack make what another template says"}},
	RunningBuild:       {{action: "codebuild:StartBuild", note: "start a build with other commands"}, {action: "codebuild:StartBuildBatch", note: "start builds with other commands"}},
	RunningNotebook:    {{action: "sagemaker:CreatePresignedNotebookInstanceUrl", note: "open the notebook"}},
	RunningDevEndpoint: {{action: "glue:UpdateDevEndpoint", note: "add a key to log in with"}},
	RunningAppRunner:   {{action: "apprunner:UpdateService", note: "replace the image of the service"}},
	RunningMachine:     {{action: "states:UpdateStateMachine", note: "replace the definition, which takes effect with the next execution"}},
}

// takeOver adds the edges to the roles of what runs.
func (b *edgeBuilder) takeOver(from int) {
	account := b.in.Identities[from].Principal.Account
	for i := range b.in.Running {
		thing := &b.in.Running[i]
		if thing.Account != account && thing.Policy == nil {
			continue
		}
		steps := b.control(from, thing)
		if to, ok := b.byID[thing.Role]; ok {
			for _, s := range steps {
				b.add(from, to, access.TakeOver, s...)
			}
		}
		if thing.Type == RunningInstance && thing.Account == account {
			b.profile(from, thing, steps)
		}
	}
}

// control returns the ways by which an identity can run code in something.
func (b *edgeBuilder) control(from int, thing *Running) [][]access.Step {
	var ways [][]access.Step
	for _, t := range takeovers[thing.Type] {
		if slices.Contains(thing.Without, t.action) || thing.Policy == nil && !b.may(from, t.action) {
			continue
		}
		a, _ := parseARN(thing.ID)
		steps := []access.Step{b.onThing(from, thing, t.action, t.note)}
		for _, resource := range t.resources {
			step := b.ask(from, question{action: t.action, resource: access.Resource{
				ID: fill(resource, a, thing.Cluster), Account: thing.Account,
			}, note: t.note})
			steps = append(steps, step)
		}
		if !slices.ContainsFunc(steps, func(s access.Step) bool { return s.Formula.IsFalse() }) {
			ways = append(ways, steps)
		}
	}
	return ways
}

func (b *edgeBuilder) onThing(from int, thing *Running, action, note string) access.Step {
	return b.ask(from, question{
		action: action, resource: access.Resource{ID: thing.ID, Account: thing.Account}, policy: thing.Policy, context: thing.Tags, note: note,
	})
}

// profile adds the edges to the roles that an identity can put in the place of
// the role of an instance on which it can run code, or runs itself.
//
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateIamInstanceProfile.html
func (b *edgeBuilder) profile(from int, instance *Running, control [][]access.Step) {
	action, d := "ec2:AssociateIamInstanceProfile", &b.in.Identities[from]
	if instance.Role != "" {
		action = "ec2:ReplaceIamInstanceProfileAssociation"
	}
	if instance.Role == d.Principal.ID {
		control = [][]access.Step{{}}
	}
	if len(control) == 0 || !b.may(from, action) || !b.may(from, passRole) {
		return
	}
	associate := b.onThing(from, instance, action, "give the instance another instance profile; there has to be one with the role")
	if associate.Formula.IsFalse() {
		return
	}
	for _, to := range b.byAccount[instance.Account] {
		trusts, ok := b.trustsService(to, "ec2.amazonaws.com", nil)
		if !ok || b.in.Identities[to].Principal.ID == instance.Role {
			continue
		}
		pass := b.pass(from, to, "ec2.amazonaws.com")
		for _, steps := range control {
			b.add(from, to, access.TakeOver, slices.Concat([]access.Step{pass, associate}, steps, trusts)...)
		}
	}
}
