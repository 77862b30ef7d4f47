// Package aws serves the AWS APIs over the estate: one HTTP endpoint for all
// services, regions and accounts, as real clients find it behind
// AWS_ENDPOINT_URL. The service and region come from the credential scope of
// the request's signature, the account from the access key.
//
// Each service speaks its own protocol (JSON 1.0 and 1.1, Query, EC2 Query,
// REST JSON), keeps the page sizes and batch limits of the real one, and fails
// with its error codes. One file holds one service.
package aws
