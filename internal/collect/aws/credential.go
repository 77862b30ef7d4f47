package aws

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// sessionName is what CloudTrail shows of the assumed roles.
const sessionName = "stowage"

// hub declares the calls that are made with the ambient credentials to come by
// other ones. It is no collector.
var hub = service{
	name: "credentials",
	calls: []collect.Call{
		{Action: "sts:GetCallerIdentity", Class: "sts"},
		{Action: "sts:AssumeRole", Class: "sts"},
	},
}

// callerIdentity is who the ambient credentials are.
type callerIdentity struct {
	account, partition string
}

// callerIdentity asks STS once; errors are not remembered.
func (c *Cloud) callerIdentity(ctx context.Context) (callerIdentity, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.identity.account != "" {
		return c.identity, nil
	}
	out, err := sts.NewFromConfig(c.hubConfig()).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return callerIdentity{}, fmt.Errorf("find out whose the AWS credentials are: %w", err)
	}
	parsed, err := arn.Parse(aws.ToString(out.Arn))
	if err != nil {
		return callerIdentity{}, fmt.Errorf("sts:GetCallerIdentity returned the ARN %q: %w", aws.ToString(out.Arn), err)
	}
	c.identity = callerIdentity{account: aws.ToString(out.Account), partition: parsed.Partition}
	return c.identity, nil
}

// hubConfig returns the configuration of calls with the ambient credentials.
func (c *Cloud) hubConfig() aws.Config {
	s := session{cloud: c, declared: hub.collector()}
	s.Account, s.Region = "the ambient account", inventory.Global
	return s.configure(c.base.Credentials)
}

// accountCredentials returns the credentials that read an account: its
// explicit role, the ambient ones, or the organization's role.
func (c *Cloud) accountCredentials(ctx context.Context, account string) (aws.CredentialsProvider, error) {
	if role, ok := c.roles[account]; ok {
		return c.assume(role), nil
	}
	id, err := c.callerIdentity(ctx)
	if err != nil {
		return nil, err
	}
	org := c.options.Organization
	switch {
	case id.account == account:
		return c.base.Credentials, nil
	case org.Enabled:
		return c.assume(Role{
			ARN:        fmt.Sprintf("arn:%s:iam::%s:role/%s", id.partition, account, strings.TrimPrefix(org.RoleName, "/")),
			ExternalID: org.ExternalID,
		}), nil
	}
	return nil, &collect.Error{
		Outcome: inventory.Failed, Action: "collection", On: account,
		Remedy: "name a role of the account in the configuration, or enable the organization",
		Err:    errors.New("no credentials are configured for the account"),
	}
}

// assume returns the cached credentials of a role, which renew themselves.
func (c *Cloud) assume(role Role) aws.CredentialsProvider {
	return c.credentials.getOrAdd(role, func() aws.CredentialsProvider {
		provider := stscreds.NewAssumeRoleProvider(roleAssumer{c, role}, role.ARN, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = sessionName
			if role.ExternalID != "" {
				o.ExternalID = &role.ExternalID
			}
		})
		return aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) {
			o.ExpiryWindow = 5 * time.Minute
		})
	})
}

// roleAssumer implements [stscreds.AssumeRoleAPIClient] with errors that name
// the role.
type roleAssumer struct {
	cloud *Cloud
	role  Role
}

func (a roleAssumer) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, optFns ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	out, err := sts.NewFromConfig(a.cloud.hubConfig()).AssumeRole(ctx, in, optFns...)
	var e *collect.Error
	if errors.As(err, &e) && e.Action == "sts:AssumeRole" {
		explained := *e
		explained.On = accountOf(a.role.ARN)
		explained.Cause = strings.TrimSpace("for the role " + a.role.ARN + " " + e.Cause)
		if e.Outcome == inventory.Denied {
			explained.Remedy = "create the role, let its trust policy name the caller and the external ID, and allow the caller sts:AssumeRole on it"
		}
		return nil, &explained
	}
	return out, err
}

// ambientCredentials explains why there are no ambient credentials.
type ambientCredentials struct {
	aws.CredentialsProvider
}

// Retrieve implements [aws.CredentialsProvider].
func (a ambientCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	creds, err := a.CredentialsProvider.Retrieve(ctx)
	if err == nil || ctx.Err() != nil {
		return creds, err
	}
	return creds, &collect.Error{
		Outcome: inventory.Failed, Action: "AWS credentials",
		Remedy: "sign in (aws sso login), or set AWS_PROFILE or the AWS_ACCESS_KEY_ID variables; `aws sts get-caller-identity` shows what is found",
		Err:    err,
	}
}
