// Package kubernetes answers as whom a pod can act in the cloud of its cluster,
// and which secrets it has or can come by. It reads nothing by itself: objects
// of the cluster and facts of the cloud come in, identities and reasons go out.
//
// A [Resolver] is made once for a snapshot of a [Cluster]. Its answers are
// [workload.Identity] values with a rank, a formula of what has to hold, and a
// reason in words. What was meant and does not hold, as an annotation with a
// role that does not trust the service account, is a [workload.BrokenLink] with
// what is wrong and what to do.
//
// # What is taken for true
//
// The pod that runs goes before what is declared. Webhooks configure containers
// when a pod is created; what changes later holds for later pods. So of a pod
// that runs, the names of its environment variables and its volumes say what it
// has, and annotations and associations say what a pod would get that is a
// Template. The annotation of a service account is what its libraries ask for,
// not what they may have: that is decided by the trust of the cloud, which is
// always evaluated, and which may let the service account be what no annotation
// names.
//
// Nothing that could not be read is taken for yes or no. Each part of the input
// says by itself when it is missing, and what depends on it is unknown.
//
// # Amazon EKS
//
// IAM roles for service accounts: a token of the service account is exchanged
// with sts:AssumeRoleWithWebIdentity. The trust policy is evaluated by package
// awsiam for the OIDC provider of the issuer in the account of the role, with
// the subject system:serviceaccount:NAMESPACE:NAME and the audience of the
// token. The provider has to exist and to take the audience. A role whose trust
// policy names no subject is reachable from every service account of the
// cluster, and one with system:serviceaccount:NAMESPACE:* from those of a
// namespace. What a pod without such a token has to do is to ask for one, which
// whoever writes its template can.
//
//   - https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html
//   - https://github.com/aws/amazon-eks-pod-identity-webhook
//
// EKS Pod Identity: the webhook prefers an association of the service account
// to the annotation. The role has to let the service pods.eks.amazonaws.com use
// sts:AssumeRole and, unless tags are disabled, sts:TagSession; the six session
// tags are in the request (aws:RequestTag) and then in the session
// (aws:PrincipalTag). A session policy of the association limits what the pod
// gets: the target role when there is one, else the role itself. A target role
// is assumed with the first one, by the policies of both sides. Pods on Fargate
// and on Windows do not get it, and it needs an agent on the node. In a
// container that is configured for both, libraries look for a web identity
// first.
//
//   - https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
//   - https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
//   - https://docs.aws.amazon.com/eks/latest/userguide/pod-id-assign-target-role.html
//   - https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html
//
// The role of the node: see package workload. A pod in the host network, or
// with a privileged container, is where the host is.
//
// # Azure Kubernetes Service
//
// Workload identity: only pods with the label azure.workload.identity/use are
// given the token. The identity has to have a federated identity credential
// with the issuer, subject and audience of the token, compared as they are. A
// service account can be every identity that has one for it. Credentials with
// an expression in place of the subject are unknown.
//
// Identity bindings: the proxy of the cluster exchanges the token, for service
// accounts that RBAC permits the verb use-managed-identity on the client id in
// the API group cid.wi.aks.azure.com, cluster-wide, or that the binding itself
// names by labels. Whether RBAC counts beside such names is not documented, and
// unknown here.
//
// Machines: the metadata service gives every identity of the scale set to
// whoever asks, unless IMDS restriction keeps pods from it that are not in the
// host network. The identities of aad-pod-identity are unknown: they depend on
// a daemon that is no longer supported.
//
//   - https://learn.microsoft.com/azure/aks/workload-identity-overview
//   - https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust
//   - https://learn.microsoft.com/azure/aks/identity-bindings-concepts
//   - https://learn.microsoft.com/azure/aks/imds-restriction
//
// # Google Kubernetes Engine
//
// On nodes with the GKE metadata server, a pod is the principal of its service
// account, which policies can name in six ways ([GKE.Members]); with an
// annotation, it impersonates a Google service account, if it may
// (iam.serviceAccounts.getAccessToken, as in roles/iam.workloadIdentityUser).
// Without the annotation it still may. Service accounts of equal names in the
// clusters of one workload identity pool, or of one fleet, are one principal.
// Policies name the pool by the number of its project in the path and by the
// id in the pool.
//
// On other nodes, and in the host network, the metadata service of the machine
// answers with the service account of the node, which its access scopes limit.
//
//   - https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity
//   - https://cloud.google.com/iam/docs/principal-identifiers
//   - https://cloud.google.com/kubernetes-engine/docs/how-to/access-scopes
//
// # Secrets
//
// A container has the Secrets of its environment and of the volumes that it
// mounts; those to pull images are for the kubelet. By RBAC, a pod reads what
// get, list or watch on secrets gives its service account, if it has a token
// for the API server; a list has the contents. A rule with resourceNames gives
// those, by a field selector for a list. What needs a further step has the
// level admin: creating pods (and what creates them) reaches all Secrets and
// service accounts of the namespace, exec and its like those of pods that run,
// escalate, bind and impersonate those of whoever else. Kinds of [Power] are
// the ways that are looked for. Not looked for are admission webhooks,
// certificate signing requests, volumes with host paths, what a privileged
// container finds of other pods on its node, and Secrets that hold tokens of
// service accounts. Other authorizers than RBAC, and what
// admission forbids, are not known here.
//
//   - https://kubernetes.io/docs/reference/access-authn-authz/rbac/
//   - https://kubernetes.io/docs/concepts/security/rbac-good-practices/
//   - https://kubernetes.io/docs/concepts/configuration/secret/
//   - https://secrets-store-csi-driver.sigs.k8s.io/concepts
package kubernetes
