// Package estate is the model behind the simulated clouds: one AWS
// organization with its accounts, regions, ECS clusters, Lambda functions, EKS
// clusters, roles and networks, some stand-alone Kubernetes clusters, and the
// images that all of them run.
//
// Nothing is stored. Every fact is drawn from a hash of the seed and the place
// in the estate that it belongs to (see [place]), so that an estate of a
// million workloads costs no memory until someone looks at a part of it, and
// the same seed always gives the same estate. [Estate.Step] moves time on by
// one: some workloads get a new image, some are replaced by others.
package estate
