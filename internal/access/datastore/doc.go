// Package datastore holds the table of data stores: what the operations of
// AWS, Azure and Google Cloud mean for the content of each type of stores. It
// is data, aws.yaml, azure.yaml and gcp.yaml, and can be extended by files of
// the same form.
//
// The cloud's own classes of operations are of no use for that: AWS calls
// kms:Decrypt a write and rds-db:connect permissions management, and a role of
// Azure without any data operation reads every blob by its keys. So each rule
// names the operations of which one is enough, the resource that they are
// asked on, what has to be permitted besides, and the settings of the store
// that have to be right.
package datastore
