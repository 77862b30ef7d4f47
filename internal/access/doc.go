// Package access holds the vocabulary of effective permissions, in which the
// policy engines of the clouds answer one question: may this principal do this
// to that resource, and why?
//
// An answer has one of four verdicts. Between a plain yes and a plain no stand
// two that no engine may round off: what depends on something that only a
// request has (a condition on its source address, the name of the object) is
// [Conditional] and carries the condition that remains; what depends on
// something that could not be read (the policies of an organisation, the
// members of a group) is [Unknown] and names it. Evaluation is Kleene's
// three-valued logic over a [Formula], so an unknown input can never produce
// an answer that knowing it could overturn.
//
// Identities that can act as others make a [Graph], which finds the best way
// from one to all that it reaches.
//
// The engines are in the packages below: awsiam, azurerbac, gcpiam, and
// kubernetes for the identities that a pod can act as. None reads anything by
// itself: policies and facts come in, decisions go out.
package access
