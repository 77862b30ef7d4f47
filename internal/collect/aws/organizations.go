package aws

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	orgs "github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// organizations finds the accounts of an organization, seen from its
// management account or a delegated administrator.
var organizations = service{
	name:   "organization",
	global: true,
	calls: []collect.Call{
		{Action: "organizations:DescribeOrganization", Class: "organizations"},
		{Action: "organizations:ListAccounts", Class: "organizations"},
	},
	collect: collectOrganization,
}

func collectOrganization(ctx context.Context, s *session, out collect.Sink) error {
	// Accounts that are configured directly are scopes of their own.
	direct, err := s.cloud.rootAccounts(ctx)
	if err != nil {
		return err
	}
	client := orgs.NewFromConfig(s.config)
	described, err := client.DescribeOrganization(ctx, &orgs.DescribeOrganizationInput{})
	if err != nil {
		return err
	}
	if described.Organization == nil {
		return errors.New("organizations:DescribeOrganization returned no organization")
	}
	id := aws.ToString(described.Organization.Id)
	list := pages(ctx, client.ListAccounts, &orgs.ListAccountsInput{}, func(in *orgs.ListAccountsInput, out *orgs.ListAccountsOutput) *string {
		in.NextToken = out.NextToken
		return in.NextToken
	})
	for page, err := range list {
		if err != nil {
			return err
		}
		for _, a := range page.Accounts {
			if slices.Contains(direct, aws.ToString(a.Id)) {
				continue
			}
			if err := emitMember(a, id, out); err != nil {
				return err
			}
		}
	}
	return nil
}

// emitMember emits an account of the organization, and its scope if it is in
// use.
func emitMember(a types.Account, organization string, out collect.Sink) error {
	status := string(a.State)
	if status == "" {
		status = string(a.Status) // Older than the state.
	}
	id := aws.ToString(a.Id)
	err := out.Emit(inventory.Account{
		Provider: inventory.AWS, ID: id, Name: aws.ToString(a.Name), Organization: organization, Status: status,
	})
	if err != nil || status != string(types.AccountStateActive) {
		return err
	}
	return out.Emit(inventory.ChildScope{
		ScopeKey: inventory.ScopeKey{Provider: inventory.AWS, Account: id, Region: inventory.Global, Collector: account.name},
		Params:   map[string]string{paramOrganization: organization},
	})
}
