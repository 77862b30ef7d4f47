// Package scenario reads requests and the policies that bear on them from
// files, so that the policy engines can be asked without a cloud: to debug a
// policy, and to test one before it is rolled out.
//
// A scenario is a YAML or JSON document. Its request is the same for every
// cloud; the policies are in the words of one, named by the field that holds
// them (aws, azure or gcp). A policy is the name of a file, relative to the
// scenario's, or is written in line.
package scenario
