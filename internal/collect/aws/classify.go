package aws

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// codes are the error codes with an outcome of their own. Throttling codes are
// the SDK's.
var codes = map[string]inventory.Outcome{
	"AccessDenied":                      inventory.Denied,
	"AccessDeniedException":             inventory.Denied,
	"AuthorizationError":                inventory.Denied,
	"UnauthorizedException":             inventory.Denied,
	"UnauthorizedOperation":             inventory.Denied,
	"AuthFailure":                       inventory.Disabled,
	"InvalidClientTokenId":              inventory.Disabled,
	"OptInRequired":                     inventory.Disabled,
	"RegionDisabledException":           inventory.Disabled,
	"SubscriptionRequired":              inventory.Disabled,
	"UnrecognizedClientException":       inventory.Disabled,
	"SubscriptionRequiredException":     inventory.Disabled,
	"AWSOrganizationsNotInUseException": inventory.Disabled,
}

// expired are the codes of credentials that ran out.
var expired = map[string]bool{"ExpiredToken": true, "ExpiredTokenException": true, "RequestExpired": true}

// classify returns err as a [collect.Error] of the session's account and
// region. An error that is one already, as when credentials could not be had,
// stays what it is.
func (s *session) classify(action string, err error) error {
	var done *collect.Error
	if errors.As(err, &done) {
		return err
	}
	e := &collect.Error{Outcome: inventory.Failed, Action: action, On: s.place(), Err: brief(err)}
	var api smithy.APIError
	switch {
	case isThrottle(err):
		e.Outcome = inventory.Throttled
		e.Cause = fmt.Sprintf("%d times in a row", maxAttempts)
	case errors.As(err, &api):
		e.Err = apiError{err, api}
		s.classifyCode(e, api)
	case isUnreachable(err):
		e.Outcome = inventory.Unreachable
	}
	return e
}

// classifyCode sets what the code of an API error tells.
func (s *session) classifyCode(e *collect.Error, api smithy.APIError) {
	if expired[api.ErrorCode()] {
		e.Remedy = "renew the AWS credentials (aws sso login)"
		return
	}
	if outcome, ok := codes[api.ErrorCode()]; ok {
		e.Outcome = outcome
	}
	switch e.Outcome {
	case inventory.Denied:
		explainDenial(e, api.ErrorMessage())
	case inventory.Disabled:
		if api.ErrorCode() == "AWSOrganizationsNotInUseException" {
			e.Cause = "as the account is in no organization"
			e.Remedy = "turn the organization off in the configuration, or name a role of its management account"
			return
		}
		if s.Region == inventory.Global {
			// These codes mean a region that is off only where a region can be.
			e.Outcome = inventory.Failed
			e.Remedy = "the credentials are not valid: renew them (aws sso login)"
			return
		}
		e.Cause = "as the region is not enabled for the account"
	}
}

// place names the session's account and region.
func (s *session) place() string {
	if s.Region == inventory.Global {
		return s.Account
	}
	return s.Account + "/" + s.Region
}

// The parts of a denial, such as "User: arn:aws:sts::111122223333:assumed-role/
// stowage-read/stowage is not authorized to perform: ecs:ListClusters on
// resource: * with an explicit deny in a service control policy". See
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
var (
	deniedAction    = regexp.MustCompile(`not authorized to perform: ([a-z0-9-]+:[A-Za-z0-9]+)`)
	deniedPrincipal = regexp.MustCompile(`arn:[a-z-]+:(?:sts|iam)::\d*:(assumed-role|user)/([^\s/]+)`)
	deniedPolicy    = regexp.MustCompile(`(service control|resource control|session|VPC endpoint|identity-based|resource-based) polic|(permissions boundary)`)
)

// explainDenial sets the permission, cause and remedy from AWS' message.
func explainDenial(e *collect.Error, message string) {
	if m := deniedAction.FindStringSubmatch(message); m != nil {
		e.Action = m[1]
	}
	principal := "the role that Stowage uses"
	if m := deniedPrincipal.FindStringSubmatch(message); m != nil {
		principal = strings.TrimPrefix(m[1], "assumed-") + " " + m[2]
		if m[1] == "assumed-role" {
			principal = "the " + principal
		} else {
			principal = "the user " + m[2]
		}
	}
	policy := ""
	if m := deniedPolicy.FindStringSubmatch(message); m != nil {
		policy = m[1] + m[2]
	}
	explicit := strings.Contains(message, "explicit deny")
	switch {
	case policy == "permissions boundary":
		e.Cause = "by the permissions boundary"
		e.Remedy = fmt.Sprintf("allow %s in the permissions boundary of %s", e.Action, principal)
	case policy == "service control", policy == "resource control":
		e.Cause = "by a " + policy + " policy"
		e.Remedy = fmt.Sprintf("allow %s to %s in the organization's %s policies, or leave the region out of the configuration", e.Action, principal, policy)
	case policy == "session", policy == "VPC endpoint", policy == "resource-based" && explicit:
		e.Cause = "by a " + policy + " policy"
		e.Remedy = fmt.Sprintf("allow %s to %s in the %s policy", e.Action, principal, policy)
	case explicit:
		e.Cause = "by an explicit deny"
		e.Remedy = fmt.Sprintf("take the deny of %s out of the policies of %s", e.Action, principal)
	default:
		e.Remedy = fmt.Sprintf("add %s to %s", e.Action, principal)
	}
}

// isThrottle reports whether AWS refused a call by rate.
func isThrottle(err error) bool {
	return retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary
}

// isUnreachable reports whether no answer came: dial, TLS, DNS, time-out.
func isUnreachable(err error) bool {
	var send *smithyhttp.RequestSendError
	var network net.Error
	return errors.As(err, &send) || errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded)
}

// apiError says the code and message of an API error, without the request ID:
// a reason must not change with every attempt.
type apiError struct {
	error
	api smithy.APIError
}

// Error implements error.
func (a apiError) Error() string {
	if a.api.ErrorMessage() == "" {
		return a.api.ErrorCode()
	}
	return a.api.ErrorCode() + ": " + a.api.ErrorMessage()
}

// Unwrap returns the SDK's error.
func (a apiError) Unwrap() error { return a.error }

// brief returns what went wrong inside an SDK error, without the parts that
// differ in every attempt: the request ID and the local port.
func brief(err error) error {
	var op *net.OpError
	var send *smithyhttp.RequestSendError
	var response *smithyhttp.ResponseError
	switch {
	case errors.As(err, &op):
		same := *op
		same.Source = nil
		return &same
	case errors.As(err, &send):
		return send.Err
	case errors.As(err, &response) && response.Err != nil:
		return fmt.Errorf("HTTP status %d: %w", response.HTTPStatusCode(), response.Err)
	}
	return err
}
