package workload

import (
	"fmt"
	"slices"

	"github.com/stowage-dev/stowage/internal/access"
)

// A Task is a task of Amazon ECS: a running one, or what a task definition
// would start.
type Task struct {
	// ARN of the task; empty for one that does not run.
	ARN string
	// Account is the id of its account.
	Account string
	// LaunchType is EC2, FARGATE, EXTERNAL or MANAGED_INSTANCES, as ECS says.
	LaunchType string
	// NetworkMode is awsvpc, bridge, host or none.
	NetworkMode string
	// Role and ExecutionRole are those of the task definition, RoleOverride
	// and ExecutionRoleOverride those of the task's overrides.
	Role, RoleOverride                   string
	ExecutionRole, ExecutionRoleOverride string
	Containers                           []TaskContainer
	// Instance is the container instance; nil on Fargate and when the task
	// does not run yet.
	Instance *Instance
	// BlocksIMDS says whether the agent of the container instance runs with
	// ECS_AWSVPC_BLOCK_IMDS, which no API tells; nil when it is not known.
	BlocksIMDS *bool
	// Firewall of the container instance.
	Firewall Firewall
}

// A TaskContainer is a container of a task.
type TaskContainer struct {
	Name       string
	Privileged bool
	// EnvNames are the names of its environment variables.
	EnvNames []string
	// Secrets that ECS puts into its environment.
	Secrets []TaskSecret
}

// A TaskSecret is one entry of the secrets of a container definition.
type TaskSecret struct {
	// Name of the environment variable.
	Name string
	// From is the ARN of the secret or the name or ARN of the parameter.
	From string
}

// An InjectedSecret is a secret whose value ECS put into a container.
type InjectedSecret struct {
	Container string         `json:"container"`
	Name      string         `json:"name"`
	From      string         `json:"from"`
	By        string         `json:"by"` // ARN of the task execution role
	Channel   access.Channel `json:"channel"`
	// Formula is what has to hold for the value to be in the container.
	Formula access.Formula `json:"formula"`
	Reason  string         `json:"reason"`
}

// tasksService is who assumes the role of a task.
const tasksService = "ecs-tasks.amazonaws.com"

// Identities returns whom the containers of the task can act as. The function
// returns what is known of a role.
func (t Task) Identities(role func(arn string) (Role, bool)) ([]Identity, []BrokenLink) {
	var found []Identity
	var broken []BrokenLink
	keys := t.staticKeys()
	found = append(found, keys...)

	arn, why := t.RoleOverride, "task role of the overrides of the running task"
	if arn == "" {
		arn, why = t.Role, "task role of the task definition"
	}
	if arn != "" {
		trusted, fault := t.trusted(role, arn)
		if trusted.IsFalse() {
			broken = append(broken, untrusting(TaskRole, arn, tasksService, fault))
		} else {
			found = append(found, t.taskRole(Identity{ID: arn, Cloud: AWS, How: TaskRole, Formula: trusted, Reason: why}, keys)...)
		}
	}
	if id, ok := t.machine(); ok {
		found = append(found, id)
	}
	return found, broken
}

// taskRole ranks the task role: in containers with a static key, the libraries
// pick that.
func (t Task) taskRole(id Identity, keys []Identity) []Identity {
	var with, without []string
	for _, c := range t.Containers {
		if slices.ContainsFunc(keys, func(k Identity) bool { return k.Cloud == AWS && slices.Contains(k.Containers, c.Name) }) {
			with = append(with, c.Name)
		} else {
			without = append(without, c.Name)
		}
	}
	var found []Identity
	if len(without) > 0 || len(with) == 0 {
		first := id
		first.Rank = Primary
		if len(with) > 0 {
			first.Containers = without
		}
		found = append(found, first)
	}
	if len(with) > 0 {
		id.Rank = Reachable
		id.Reason += "; the libraries pick the static key of the container"
		if len(without) > 0 {
			id.Containers = with
		}
		found = append(found, id)
	}
	return found
}

// Injected returns the secrets that are in the environment of the containers.
// They were put there with the task execution role, which the containers
// themselves do not have. A task that runs has them: ECS does not start
// one whose secrets it cannot fetch. For one that does not run, the function
// says whether a role can read a secret.
func (t Task) Injected(canRead func(role, secret string) access.Formula) []InjectedSecret {
	by := t.ExecutionRoleOverride
	if by == "" {
		by = t.ExecutionRole
	}
	var found []InjectedSecret
	for _, c := range t.Containers {
		for _, s := range c.Secrets {
			i := InjectedSecret{
				Container: c.Name, Name: s.Name, From: s.From, By: by, Channel: access.Injected,
				Formula: access.True(), Reason: "the running task was started with it by its execution role",
			}
			if t.ARN == "" {
				i.Formula, i.Reason = canRead(by, s.From), "ECS fetches it with the task execution role when the task starts"
			}
			if !i.Formula.IsFalse() {
				found = append(found, i)
			}
		}
	}
	return found
}

func (t Task) trusted(role func(string) (Role, bool), arn string) (access.Formula, string) {
	r, ok := role(arn)
	if !ok {
		return access.Missing("trust policy of role " + arn), ""
	}
	// ECS passes the account that it acts for, and a source ARN whose form the
	// documentation leaves open.
	return r.trustsService(tasksService, t.Account)
}

// machine returns the role of the container instance.
func (t Task) machine() (Identity, bool) {
	switch t.LaunchType {
	case "EC2":
	case "FARGATE", "EXTERNAL":
		return Identity{}, false // no instance profile
	default:
		return Identity{
			Cloud: AWS, Rank: Reachable, How: NodeMetadata,
			Formula: access.Missing(fmt.Sprintf("whether containers reach the role of a machine of launch type %q", t.LaunchType)),
			Reason:  "the documentation does not say what containers reach on this launch type",
		}, true
	}
	if t.NetworkMode == "none" && !t.privileged() {
		return Identity{}, false
	}
	if t.Instance == nil {
		return Identity{
			Cloud: AWS, Rank: Reachable, How: NodeMetadata, Formula: access.Missing("the container instance of the task"),
			Reason: "containers on EC2 may reach the role of their container instance",
		}, true
	}
	place := Place{Host: t.NetworkMode == "host" || t.privileged(), OwnInterface: t.NetworkMode == "awsvpc", Firewall: t.Firewall}
	if t.NetworkMode == "awsvpc" && !place.Host {
		switch {
		case t.BlocksIMDS != nil && *t.BlocksIMDS:
			place.Firewall = Blocks
		case t.BlocksIMDS == nil && place.Firewall == Open:
			place.Firewall = UnknownFirewall
		}
	}
	return t.Instance.Identity(place)
}

// privileged reports whether a container has all rights of its host, and with
// them the network of the host.
func (t Task) privileged() bool {
	return slices.ContainsFunc(t.Containers, func(c TaskContainer) bool { return c.Privileged })
}

func (t Task) staticKeys() []Identity {
	var found []Identity
	for _, c := range t.Containers {
		names := slices.Clone(c.EnvNames)
		for _, s := range c.Secrets {
			names = append(names, s.Name)
		}
		for _, k := range KeysIn(names) {
			found = append(found, k.Identity(c.Name, ""))
		}
	}
	return found
}
