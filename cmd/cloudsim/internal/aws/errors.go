package aws

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
)

// An apiError is an error as a service writes it.
type apiError struct {
	Code    string
	Message string
	Status  int
	// Fields are more members of a JSON error.
	Fields map[string]string
}

// Error implements error.
func (e *apiError) Error() string { return e.Code + ": " + e.Message }

// body returns the JSON body of the error.
func (e *apiError) body() map[string]string {
	b := map[string]string{"__type": e.Code, "message": e.Message}
	maps.Copy(b, e.Fields)
	return b
}

// asAPIError returns the error as the service writes it.
func (c *call) asAPIError(err error) *apiError {
	var e *apiError
	if errors.As(err, &e) {
		return e
	}
	return &apiError{Code: c.service.faults.internal.Code, Message: err.Error(), Status: http.StatusInternalServerError}
}

// faultCodes are the errors that services name differently.
type faultCodes struct {
	throttled, internal          *apiError
	missing, invalidKey, expired *apiError
	deniedCode                   string
	deniedStatus                 int
}

const (
	invalidKeyMessage = "The security token included in the request is invalid."
	expiredMessage    = "The security token included in the request is expired"
	missingMessage    = "Request is missing Authentication Token"
)

// jsonFaults are the errors of the JSON services.
var jsonFaults = faultCodes{
	throttled:    &apiError{Code: "ThrottlingException", Message: "Rate exceeded", Status: 400},
	internal:     &apiError{Code: "ServerException", Message: "Service Unavailable. Please try again later.", Status: 500},
	missing:      &apiError{Code: "MissingAuthenticationTokenException", Message: missingMessage, Status: 400},
	invalidKey:   &apiError{Code: "UnrecognizedClientException", Message: invalidKeyMessage, Status: 400},
	expired:      &apiError{Code: "ExpiredTokenException", Message: expiredMessage, Status: 400},
	deniedCode:   "AccessDeniedException",
	deniedStatus: 400,
}

// restFaults are the errors of the REST services.
var restFaults = faultCodes{
	throttled:    &apiError{Code: "ThrottlingException", Message: "Rate exceeded", Status: 429},
	internal:     &apiError{Code: "ServerException", Message: "Internal server error", Status: 500},
	missing:      &apiError{Code: "MissingAuthenticationTokenException", Message: missingMessage, Status: 403},
	invalidKey:   &apiError{Code: "UnrecognizedClientException", Message: invalidKeyMessage, Status: 403},
	expired:      &apiError{Code: "ExpiredTokenException", Message: expiredMessage, Status: 403},
	deniedCode:   "AccessDeniedException",
	deniedStatus: 403,
}

// queryFaults are the errors of the Query services.
var queryFaults = faultCodes{
	throttled:    &apiError{Code: "Throttling", Message: "Rate exceeded", Status: 400},
	internal:     &apiError{Code: "InternalFailure", Message: "The request processing has failed because of an unknown error, exception or failure.", Status: 500},
	missing:      &apiError{Code: "MissingAuthenticationToken", Message: missingMessage, Status: 403},
	invalidKey:   &apiError{Code: "InvalidClientTokenId", Message: invalidKeyMessage, Status: 403},
	expired:      &apiError{Code: "ExpiredToken", Message: expiredMessage, Status: 403},
	deniedCode:   "AccessDenied",
	deniedStatus: 403,
}

// denied returns the error of a missing permission.
func (c *call) denied(scp bool) error {
	reason := "because no identity-based policy allows the " + c.permission() + " action"
	if scp {
		reason = "with an explicit deny in a service control policy"
	}
	message := fmt.Sprintf("User: %s is not authorized to perform: %s %s", c.caller.ARN, c.permission(), reason)
	if resource := c.resource(); resource != "" {
		message = fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s", c.caller.ARN, c.permission(), resource, reason)
	}
	if c.service.protocol == ec2Protocol {
		message = "You are not authorized to perform this operation. " + message
	}
	return &apiError{Code: c.service.faults.deniedCode, Message: message, Status: c.service.faults.deniedStatus}
}

// resource returns the ARN that a refusal names.
func (c *call) resource() string {
	switch c.service {
	case ecs:
		var in struct{ Cluster string }
		if c.decode(&in) == nil && in.Cluster != "" {
			return c.arn("ecs", "cluster/"+lastPart(in.Cluster))
		}
		return "*"
	case eks:
		if len(c.params) > 0 {
			return c.arn("eks", "cluster/"+c.params[0])
		}
		return c.arn("eks", "cluster/*")
	case lambda:
		if len(c.params) > 0 {
			return c.arn("lambda", "function:"+c.params[0])
		}
		return "*"
	case ecr:
		var in struct{ RepositoryName string }
		if c.decode(&in) == nil && in.RepositoryName != "" {
			return c.arn("ecr", "repository/"+in.RepositoryName)
		}
		return "*"
	case sts:
		return c.form.Get("RoleArn")
	case iam, organizations:
		return "*"
	}
	return ""
}
