package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	orgs "github.com/aws/aws-sdk-go-v2/service/organizations"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// paramOrganization is the parameter of an account's scope that holds the ID
// of the organization that brought it.
const paramOrganization = "organization"

// account finds the regions of one account and what to read in them.
var account = service{
	name:   "account",
	global: true,
	calls: []collect.Call{
		{Action: "ec2:DescribeRegions", Class: "ec2/describe-regions"},
		{Action: "iam:ListAccountAliases", Class: "iam", Optional: true},
		{Action: "organizations:DescribeOrganization", Class: "organizations", Optional: true},
	},
	collect: collectAccount,
}

func collectAccount(ctx context.Context, s *session, out collect.Sink) error {
	if err := describeAccount(ctx, s, out); err != nil {
		return err
	}
	for _, v := range services {
		if v.global {
			if err := out.Emit(s.child(inventory.Global, v)); err != nil {
				return err
			}
		}
	}
	regions, err := enabledRegions(ctx, s)
	if err != nil {
		return err
	}
	for _, region := range regions {
		for _, v := range services {
			if v.global {
				continue
			}
			if err := out.Emit(s.child(region, v)); err != nil {
				return err
			}
		}
	}
	return nil
}

// child returns the scope of a service in the session's account.
func (s *session) child(region string, v service) inventory.ChildScope {
	return inventory.ChildScope{ScopeKey: inventory.ScopeKey{
		Provider: inventory.AWS, Account: s.Account, Region: region, Collector: v.name,
	}}
}

// describeAccount emits the account, unless the organization did.
func describeAccount(ctx context.Context, s *session, out collect.Sink) error {
	if s.Params[paramOrganization] != "" {
		return nil
	}
	a := inventory.Account{Provider: inventory.AWS, ID: s.Account, Status: "ACTIVE"}
	aliases, err := iam.NewFromConfig(s.config).ListAccountAliases(ctx, &iam.ListAccountAliasesInput{})
	switch {
	case err == nil && len(aliases.AccountAliases) > 0:
		a.Name = aliases.AccountAliases[0] // An account has at most one.
	case err != nil && !s.optional(ctx, err):
		return err
	}
	org, err := orgs.NewFromConfig(s.config).DescribeOrganization(ctx, &orgs.DescribeOrganizationInput{})
	switch {
	case err == nil && org.Organization != nil:
		a.Organization = aws.ToString(org.Organization.Id)
	case err != nil && !s.optional(ctx, err) && collect.Result(err).Outcome != inventory.Disabled:
		return err
	}
	return out.Emit(a)
}

// enabledRegions returns the regions that are configured, or else those that
// are enabled for the account. A configured region that is not enabled is kept:
// its scopes end as disabled, for all to see.
func enabledRegions(ctx context.Context, s *session) ([]string, error) {
	if len(s.cloud.options.Regions) > 0 {
		return s.cloud.options.Regions, nil
	}
	found, err := ec2.NewFromConfig(s.config).DescribeRegions(ctx, &ec2.DescribeRegionsInput{})
	if err != nil {
		return nil, err
	}
	regions := make([]string, 0, len(found.Regions))
	for _, r := range found.Regions {
		regions = append(regions, aws.ToString(r.RegionName))
	}
	return regions, nil
}
