// Package awsiam evaluates requests against the policies of AWS Identity and
// Access Management, as AWS documents it:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
//
// [Parse] reads a policy document, strictly and with exact positions; [Check]
// says what is wrong with one that follows the grammar. [Edges] puts requests
// together: who can act as whom, for a graph of identities.
// [Evaluate] decides one request from everything that bears on it. What a
// condition asks of the request and is not known stays as a condition in the
// answer; a layer that could not be read makes it unknown, and so does what the
// documentation leaves open, in words that say what that is. Pages are named
// where the code follows them.
//
// # Layers
//
// A request succeeds when
//
//   - no statement denies it: of the resource control policies, service control
//     policies, VPC endpoint policies, the resource's policy, the permissions
//     boundary, the session policies or the identity policies;
//   - the resource control policies let it through: they limit the resources of
//     member accounts, of the services that have them, for everybody but
//     service-linked roles;
//   - at every level of the organization a service control policy allows it:
//     they limit the principals of member accounts, but service-linked roles;
//   - the policy of the VPC endpoint allows it, if it goes through one;
//   - and it is permitted: by the identity policies as far as permissions
//     boundary and session policies allow it, or by the resource's policy. How
//     that names the principal decides what limits it, and in another account
//     both are needed. Keys and roles are stricter: there identity policies
//     count only when the resource's policy leaves it to the account.
//
// The root user needs no identity policies. A federated user has none but those
// that its session policies let through. Services, anonymous callers and tokens
// of identity providers have only what the resource's policy gives them.
//
// # Statements
//
// Actions and context keys do not differ by upper and lower case, everything
// else does. A "*" in the ARN of a Resource element stays in its segment unless
// it ends it or the segment is the last; in Arn conditions it always stays. An
// ARN of less than six segments is completed in identity policies, permissions
// boundaries and session policies.
//
// Variables are replaced in version 2012-10-17. The characters of their values
// are no wildcards. One without value and default matches nothing: the opposite
// of a comparison with it holds, and what NotResource excludes by it is not
// known.
//
// A key that is absent makes operators false and their negations true. IfExists
// and ForAllValues are true of it, ForAnyValue is false even with IfExists. A
// value that is not of its operator's type makes the condition unknown.
//
// # What remains
//
// The terms of an answer are about context keys, with the operator that is not
// negated, in the notation of version 2012-10-17: of whatever form a condition
// was, "Null" with "true" says that the key is absent, and operators that mean
// the same have one name. So what an Allow and a Deny say of the same key
// cancels out. Besides, there are terms about
//
//   - "resource", the ARN of the resource, by the rules of a Resource element,
//     when the request is about everything below a name, or a variable is not
//     known;
//   - "principal", the ARN of a session, when a policy names one and the
//     principal is a role of which any may be used.
//
// # Keys, buckets, access points, roles
//
// Grants of a KMS key permit their operations without any policy, within their
// constraints. The access control lists of a bucket give what its policy could
// give. Block Public Access leaves a bucket with a public policy to its own
// account. A request through an access point is decided twice, by the ARN of
// the access point and by that of the bucket, and needs both. The trust policy
// of a role is its resource's policy: a principal of the kind [WebIdentity] or
// [Service] needs nothing else to assume it.
//
// Not evaluated are the permissions of an object that another account owns,
// S3 Access Grants, Lake Formation, and policies of a data plane, as those of
// OpenSearch Serverless.
//
// # Many requests
//
// Documents are compiled once, into matchers that know nothing of a request
// ([Evaluate] does it each time). Within the package, newPolicySet compiles a
// set of policies, layers holds those of one request, and an evaluation with no
// evidence decides it without building any; policySet.evaluate and
// compiledStatement.evaluate do the same for one layer or statement.
package awsiam
