package awsiam

import (
	"maps"
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

// A takeover is the requests by which one runs code in something.
type takeover struct {
	action string
	// also are other requests on the thing that it takes.
	also []string
	// resources besides the thing itself, as in [use]; {cluster} is the
	// cluster of a task.
	resources []string
	note      string
}

// takeovers is the ways to run code in what runs, from the catalogues that
// launches are from.
var takeovers = map[RunningType][]takeover{
	RunningFunction: {
		{action: "lambda:UpdateFunctionCode", note: "replace the code of the function, for its next invocation"},
		{action: "lambda:UpdateFunctionConfiguration", note: "add a layer with code to the function, for its next invocation"},
	},
	RunningInstance: {
		{action: "ssm:StartSession", note: "open a shell on the instance"},
		{action: "ssm:SendCommand", resources: []string{"arn:{partition}:ssm:{region}::document/AWS-RunShellScript"}, note: "run a command on the instance"},
		{action: "ec2-instance-connect:SendSSHPublicKey", note: "log in to the instance with a key, from where its port 22 is open"},
		{
			action: "ec2:ModifyInstanceAttribute", also: []string{"ec2:StopInstances", "ec2:StartInstances"},
			note: "replace the user data of the instance, and start it again",
		},
	},
	RunningTask:        {{action: "ecs:ExecuteCommand", resources: []string{"{cluster}"}, note: "run a command in the container"}},
	RunningStack:       {{action: "cloudformation:UpdateStack", note: "let the stack make what another template says"}},
	RunningBuild:       {{action: "codebuild:StartBuild", note: "start a build with other commands"}, {action: "codebuild:StartBuildBatch", note: "start builds with other commands"}},
	RunningNotebook:    {{action: "sagemaker:CreatePresignedNotebookInstanceUrl", note: "open the notebook"}},
	RunningDevEndpoint: {{action: "glue:UpdateDevEndpoint", note: "add a key to log in with"}},
	RunningAppRunner:   {{action: "apprunner:UpdateService", note: "replace the image of the service"}},
	RunningMachine:     {{action: "states:UpdateStateMachine", note: "replace the definition, which takes effect with the next execution"}},
}

// takeOver adds the edges to the role of something that runs.
func (b *edgeBuilder) takeOver(thing *Running) {
	ways := make(map[int][][]access.Step)
	for _, t := range takeovers[thing.Type] {
		if slices.Contains(thing.Without, t.action) {
			continue
		}
		able := b.able(thing.Account, t.action)
		if thing.Policy != nil {
			able = slices.Concat(able, b.named(thing.Policy, thing.Account, t.action))
			slices.Sort(able)
			able = slices.Compact(able)
		}
		for _, from := range able {
			if steps, ok := b.control(from, thing, t); ok && !b.certain[from] {
				ways[from] = append(ways[from], steps)
			}
		}
	}
	to, known := b.byID[thing.Role]
	for _, from := range slices.Sorted(maps.Keys(ways)) {
		for _, steps := range ways[from] {
			if known {
				b.add(from, to, access.TakeOver, steps...)
			}
		}
	}
	if thing.Type == RunningInstance {
		b.profile(thing, ways)
	}
}

// control returns the steps by which an identity runs code in something, and
// whether it may be able to.
func (b *edgeBuilder) control(from int, thing *Running, t takeover) ([]access.Step, bool) {
	a, _ := parseARN(thing.ID)
	steps := []access.Step{b.onThing(from, thing, t.action, t.note)}
	for _, action := range t.also {
		steps = append(steps, b.onThing(from, thing, action, t.note))
	}
	for _, resource := range t.resources {
		steps = append(steps, b.ask(from, question{
			action: t.action, resource: access.Resource{ID: fill(resource, a, thing.Cluster), Account: thing.Account}, note: t.note,
		}))
	}
	return steps, !slices.ContainsFunc(steps, func(s access.Step) bool { return s.Formula.IsFalse() })
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
func (b *edgeBuilder) profile(instance *Running, control map[int][][]access.Step) {
	action := "ec2:AssociateIamInstanceProfile"
	if instance.Role != "" {
		action = "ec2:ReplaceIamInstanceProfileAssociation"
	}
	for _, from := range b.able(instance.Account, action) {
		ways := control[from]
		if instance.Role == b.in.Identities[from].Principal.ID {
			ways = [][]access.Step{{}}
		}
		if len(ways) == 0 || b.certain[from] || !b.may(from, passRole) {
			continue
		}
		associate := b.onThing(from, instance, action, "give the instance another instance profile; there has to be one with the role")
		if associate.Formula.IsFalse() {
			continue
		}
		for _, role := range b.trustingRoles(instance.Account, "ec2.amazonaws.com", nil) {
			if b.in.Identities[role.number].Principal.ID == instance.Role {
				continue
			}
			pass := b.pass(from, role.number, "ec2.amazonaws.com")
			for _, steps := range ways {
				b.add(from, role.number, access.TakeOver, slices.Concat([]access.Step{pass, associate}, steps, role.steps)...)
			}
		}
	}
}
