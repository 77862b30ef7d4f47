package awsiam

// A Document is a policy document.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type Document struct {
	// Version is "2012-10-17" or "2008-10-17", which is also what a document
	// without one has. Policy variables are only replaced in the first.
	Version    string
	ID         string
	Statements []Statement
}

// A Statement of a document. Of each pair of an element and its negation (as
// Action and NotAction) at most one is set.
type Statement struct {
	Sid          string
	Deny         bool // Effect is Deny
	Principal    *Principals
	NotPrincipal *Principals
	Action       []string
	NotAction    []string
	Resource     []string
	NotResource  []string
	Conditions   []Condition
	// Line and Column of the statement in its document, from 1.
	Line, Column int
}

// Principals are whom a statement of a resource policy or trust policy names.
type Principals struct {
	// Any: "*" or {"AWS": "*"}, everybody.
	Any bool
	// AWS: ARNs, account ids, unique ids as "AROA…".
	AWS []string
	// Service: as "ecs-tasks.amazonaws.com".
	Service []string
	// Federated: ARNs of OIDC and SAML providers, or domains as
	// "cognito-identity.amazonaws.com".
	Federated []string
	// CanonicalUser: canonical user ids of S3.
	CanonicalUser []string
}

// A Condition compares one context key with values. All conditions of a
// statement have to hold.
type Condition struct {
	// Operator without its modifiers, as AWS spells it: "StringEquals".
	// One that is not known is kept as it was written, and makes every
	// decision that depends on it unknown.
	Operator string
	// Set is the set operator before it: "", "ForAllValues" or "ForAnyValue".
	Set string
	// IfExists: the condition also holds when the request does not have the key.
	IfExists bool
	Key      string
	Values   []string
	// Line and Column of the key in its document, from 1.
	Line, Column int
}
