// Package kube serves the Kubernetes API of the estate's clusters: enough of
// it for real clients to discover, authenticate, list and page in protobuf and
// JSON. Objects are made while they are listed; a cluster of 100,000 pods costs
// no more memory than one page of them.
//
// One HTTPS server stands for all API servers. The URL of a cluster's is that
// of the server with "/clusters/<name>" added.
package kube
