package aws

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// A session is one run of a collector: its scope and how to call AWS for it.
type session struct {
	collect.Scope
	cloud    *Cloud
	declared collect.Collector
	// config is for clients of the scope's account and region.
	config aws.Config
}

// session returns the session of a scope.
func (c *Cloud) session(ctx context.Context, scope collect.Scope, declared collect.Collector) (*session, error) {
	credentials, err := c.accountCredentials(ctx, scope.Account)
	if err != nil {
		return nil, err
	}
	s := &session{Scope: scope, cloud: c, declared: declared}
	s.config = s.configure(credentials)
	return s, nil
}

// maxAttempts is how often a call is tried before it counts as throttled or
// failed.
const maxAttempts = 6

// configure returns the SDK configuration of the session. Every call passes
// [session.describe] once and [session.pace] with each attempt.
func (s *session) configure(credentials aws.CredentialsProvider) aws.Config {
	cfg := s.cloud.base.Copy()
	cfg.Credentials = credentials
	if s.Region != inventory.Global {
		cfg.Region = s.Region
	}
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = maxAttempts
			o.MaxBackoff = s.cloud.backoff
			// The limiter knows more than a client that lives for one call.
			o.RateLimiter = ratelimit.None
			o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(cutShort))
		})
	}
	cfg.APIOptions = append(cfg.APIOptions, awsmiddleware.AddUserAgentKey("stowage"), func(stack *middleware.Stack) error {
		return errors.Join(
			stack.Initialize.Add(middleware.InitializeMiddlewareFunc("stowage/describe", s.describe), middleware.Before),
			stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("stowage/pace", s.pace), "Retry", middleware.After),
		)
	})
	return cfg
}

// cutShort makes answers that end early worth another attempt.
func cutShort(err error) aws.Ternary {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// describe refuses calls that the collector does not declare and classifies
// the error of the others.
func (s *session) describe(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	action := actionOf(ctx)
	if _, err := s.declared.Call(action); err != nil {
		return middleware.InitializeOutput{}, middleware.Metadata{}, err
	}
	out, metadata, err := next.HandleInitialize(ctx, in)
	if err != nil && ctx.Err() == nil {
		err = s.classify(action, err)
	}
	return out, metadata, err
}

// pace holds each attempt to the rate of its class.
func (s *session) pace(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	call, err := s.declared.Call(actionOf(ctx))
	if err != nil {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, err
	}
	bucket := collect.Bucket{Account: s.Account, Region: s.Region, Class: call.Class}
	if err := s.cloud.limiter.Wait(ctx, bucket, limits[call.Class]); err != nil {
		return middleware.FinalizeOutput{}, middleware.Metadata{}, err
	}
	out, metadata, err := next.HandleFinalize(ctx, in)
	if err != nil && isThrottle(err) {
		s.cloud.limiter.Throttled(bucket)
	}
	return out, metadata, err
}

// prefixes are the IAM prefixes of the services whose SDK name differs.
var prefixes = map[string]string{"Elastic Load Balancing v2": "elasticloadbalancing"}

// actionOf returns the IAM action of the operation that ctx belongs to.
func actionOf(ctx context.Context) string {
	id := middleware.GetServiceID(ctx)
	prefix, ok := prefixes[id]
	if !ok {
		prefix = strings.ToLower(id)
	}
	return prefix + ":" + middleware.GetOperationName(ctx)
}

// optional reports whether err is the denial of a call that is declared
// optional, and logs it: the scope goes on without what the call tells.
func (s *session) optional(ctx context.Context, err error) bool {
	var e *collect.Error
	if !errors.As(err, &e) || e.Outcome != inventory.Denied {
		return false
	}
	call, declared := s.declared.Call(e.Action)
	if declared != nil || !call.Optional {
		return false
	}
	s.cloud.log.WarnContext(ctx, "collect gap", "scope", s.String(), "permission", e.Action, "remedy", e.Remedy)
	return true
}
