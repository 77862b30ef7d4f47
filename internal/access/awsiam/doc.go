// Package awsiam evaluates requests against the policies of AWS Identity and
// Access Management, as AWS documents it:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
//
// [Parse] reads a policy document, strictly and with exact positions; [Check]
// says what is wrong with one that follows the grammar.
// [Evaluate] decides one request from everything that bears on it. What a
// condition asks of the request and is not known stays as a condition in the
// answer; a layer that could not be read makes it unknown. [Edges] puts requests
// together: who can act as whom, for a graph of identities.
package awsiam
