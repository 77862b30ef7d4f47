// Package inventory is the domain of Stowage: accounts, scopes, workloads,
// containers, identities, exposures and the other cloud resources that
// explain them. It depends on the standard library only; every other package
// speaks in its terms.
//
// A collector emits records (see [Record]) for one scope; the store keeps the
// latest version of each, closes what a complete scope no longer shows, and
// keeps closed versions as history.
package inventory
