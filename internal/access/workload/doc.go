// Package workload answers as whom a workload can act in its cloud: with which
// role, managed identity or service account, by what way, and on what
// condition. It holds what all kinds of workloads share, and the kinds that are
// simple: tasks of Amazon ECS, and what has its identity attached (functions,
// Cloud Run, Container Apps, container groups). Pods are in package kubernetes.
//
// # Identities
//
// An [Identity] has a rank. The primary one is what the cloud's own libraries
// pick without being told. A reachable one can be had from inside the workload
// by asking for it, as the role of the machine below from its metadata service.
// An assumable one takes a further step that needs a permission. A workload can
// have several of each rank; nothing is left out because something else ranks
// higher, since whoever controls a workload is not bound to what its libraries
// pick.
//
// An identity carries a formula, which is all that has to hold for the
// workload to get it: the trust policy of a role is evaluated by package
// awsiam with everything that is known of the token, and what is not known
// stays in the formula. What could not be read makes it unknown.
//
// A [BrokenLink] is a link that somebody meant to make and that does not hold,
// as an annotation with a role that does not trust the service account.
//
// # Machines
//
// The role of an EC2 instance can be had from its instance metadata service.
// What is not the host itself is at least one network hop away from it. The
// hop limit of the instance is that of the answer that carries a session token
// of version 2; version 1 has no token, so the limit does not keep anybody from
// it while version 1 is allowed. The service can be turned off, and packets can
// be kept from it by a firewall of the host or a network policy, which no API
// of the cloud shows.
//
//   - https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html
//   - https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceMetadataOptionsResponse.html
//
// # Tasks of ECS
//
// The task role is that of the overrides of the running task, else that of the
// task definition. On EC2, containers reach the role of the container instance
// as well, whether they have a task role or not, unless ECS_AWSVPC_BLOCK_IMDS
// keeps tasks with the network mode awsvpc from the metadata service. Whether a
// hop limit of 1 holds off such a task, which has the network interface itself,
// is not written. On Fargate there is no instance role. The task execution role is not available
// to containers, but what it fetched for them is in their environment.
//
//   - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
//   - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ec2-security-considerations.html
//   - https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html
//   - https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
package workload
