// Package kubernetes reads what runs in a Kubernetes cluster: an EKS cluster
// that the AWS collectors found, or any context of a kubeconfig.
//
// Lists are read in pages, as protobuf where the server speaks it, straight
// from the response body. Only the fields that the inventory needs are decoded
// (see [pod]), and pods are folded into their workloads while they stream by,
// so that memory grows with the number of workloads and not of pods.
//
// A workload is the outermost owner that the API names: the Deployment of a
// ReplicaSet, the CronJob of a Job, the Rollout of a ReplicaSet; a pod without
// owner is its own workload, and the mirror pods of a static pod are one
// workload over all nodes. Controllers without pods are shown from their
// templates with 0 replicas; ReplicaSets and Jobs, whose templates are not
// read, only while they have pods.
package kubernetes
