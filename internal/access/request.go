package access

// A Request asks whether a principal may do something to a resource.
type Request struct {
	Principal Principal
	// Action in the notation of its cloud: "s3:GetObject",
	// "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
	// "storage.objects.get".
	Action   string
	Resource Resource
	// Context is what is known of the rest of the request. Engines add what
	// follows from the principal and the resource.
	Context Context
}

// A Principal is who asks.
type Principal struct {
	// Kind in the words of its cloud, as the constants of the engines.
	Kind string
	// ID is the ARN, object id or member that policies name.
	ID string
	// Parent is what the principal was made of: the ARN of the role of a
	// session. Empty for all others.
	Parent string
	// Account is the AWS account, Azure tenant or GCP project that the
	// principal belongs to.
	Account string
}

// A Resource is what is asked for.
type Resource struct {
	// ID is the ARN, Azure resource id or GCP full resource name.
	ID string
	// Account is the AWS account, Azure subscription or GCP project that owns
	// the resource.
	Account string
	// Below makes the question one about any object below ID, without naming
	// it: of "arn:aws:s3:::records/" about its objects. A policy that permits
	// some of them gives a conditional answer that says which.
	Below bool
}
