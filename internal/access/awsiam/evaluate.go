package awsiam

import "github.com/stowage-dev/stowage/internal/access"

// Evaluate decides a request.
func Evaluate(in Input) access.Decision {
	return access.Decision{}
}
