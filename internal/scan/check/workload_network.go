package check

import (
	"fmt"
	"slices"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
)

var workloadPortSensitive = workloadCheck{
	Check: finding.Check{
		ID:          "workload/port-sensitive",
		Title:       "A container serves administration or a database",
		Severity:    finding.Low,
		Why:         portExposed.Why,
		Remediation: "Let only its clients reach the port, by a network policy or a security group.",
		References:  portExposed.References,
	},
	container: func(_ *inventory.Workload, c *inventory.Container) string {
		var found []string
		for _, p := range c.Ports {
			for _, s := range sensitivePorts {
				if p.Container == s.number && (p.Protocol == "" || p.Protocol == "tcp" || p.Protocol == "TCP") {
					found = append(found, fmt.Sprintf("%d is that of %s", s.number, s.service))
				}
			}
		}
		return when(len(found) > 0, fmt.Sprintf("Port %s.", enumerate(found)))
	},
}

var workloadPublicAddress = workloadCheck{
	Check: finding.Check{
		ID:          "workload/public-address",
		Title:       "Tasks get public addresses",
		Severity:    finding.Medium,
		Why:         "One rule of a security group is then all that is between the internet and every task.",
		Remediation: "Run the tasks in private subnets with assignPublicIp DISABLED, behind a load balancer, and reach registries by VPC endpoints or a NAT gateway.",
		References:  []string{"AWS Security Hub ECS.2", "NIST SP 800-190 4.4.2"},
	},
	workload: func(w *inventory.Workload) string {
		return when(w.Network.AssignPublicIP, "The service assigns public addresses to its tasks.")
	},
}

var workloadIdentityShared = workloadCheck{
	Check: finding.Check{
		ID:       "workload/identity-shared",
		Title:    "A container has the role that starts it",
		Severity: finding.Medium,
		Why: "The execution role may pull images and read the secrets of the task. As the task's role too, it gives these rights " +
			"to the program, and so to whoever breaks into it.",
		Remediation: "Give the task a role of its own, with only the rights that the program needs.",
		References:  []string{"NIST SP 800-53 AC-6", "NIST SP 800-190 4.4.4"},
	},
	workload: func(w *inventory.Workload) string {
		return when(w.Identity != "" && w.Identity == w.ExecutionIdentity, "The task role is the execution role.")
	},
}

var workloadProbeMissing = workloadCheck{
	Check: finding.Check{
		ID:          "workload/probe-missing",
		Title:       "Nobody checks a container's health",
		Severity:    finding.Informational,
		Why:         "A program that hangs keeps its place and its share of the requests. The health check of a load balancer is not seen here.",
		Remediation: "Add a liveness or readiness probe, or a health check in the task definition.",
		References:  []string{"CIS Docker 5.27"},
	},
	container: func(w *inventory.Workload, c *inventory.Container) string {
		serves := c.Type == inventory.MainContainer && slices.Contains(services, w.Kind)
		return when(serves && !c.HasProbe, "The workload does not check the container's health.")
	},
}

// services are the kinds of workloads that are meant to run without end.
var services = []inventory.Kind{
	"aws.ecs.service", "kubernetes.apps.deployment", "kubernetes.apps.statefulset", "kubernetes.apps.daemonset",
}
