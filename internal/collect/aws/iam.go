package aws

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

const (
	iamRoleKind   inventory.Kind = "aws.iam.role"
	iamPolicyKind inventory.Kind = "aws.iam.policy"
)

// iamService reads the roles of an account with their policies, as documents
// for the evaluation of access.
var iamService = service{
	name:   "iam",
	global: true,
	kinds:  []inventory.Kind{iamRoleKind, iamPolicyKind},
	calls: []collect.Call{
		{Action: "iam:GetAccountAuthorizationDetails", Class: "iam"},
		{Action: "iam:GetPolicy", Class: "iam", Optional: true},
		{Action: "iam:GetPolicyVersion", Class: "iam", Optional: true},
	},
	collect: collectIAM,
}

// iamPolicy is the attributes of aws.iam.policy. The UID is the policy's ARN,
// with "@<account>" after it for policies of AWS, which every account shows.
type iamPolicy struct {
	ARN string `json:"arn"`
	// AWSManaged policies are the same in all accounts.
	AWSManaged bool            `json:"aws_managed,omitempty"`
	Version    string          `json:"version"`
	Document   json.RawMessage `json:"document"`
}

// iamPage is how many roles and policies are asked for at a time: a quarter of
// what IAM allows, as an answer is decoded as a whole, with all documents.
const iamPage = 250

func collectIAM(ctx context.Context, s *session, out collect.Sink) error {
	client := iam.NewFromConfig(s.config)
	attached := map[string]bool{}
	list := pages(ctx, client.GetAccountAuthorizationDetails, &iam.GetAccountAuthorizationDetailsInput{
		Filter: []types.EntityType{types.EntityTypeRole, types.EntityTypeLocalManagedPolicy}, MaxItems: aws.Int32(iamPage),
	}, func(in *iam.GetAccountAuthorizationDetailsInput, out *iam.GetAccountAuthorizationDetailsOutput) *string {
		in.Marker = out.Marker
		if !out.IsTruncated {
			return nil
		}
		return in.Marker
	})
	for page, err := range list {
		if err != nil {
			return err
		}
		for _, r := range page.RoleDetailList {
			role, err := roleIdentity(r)
			if err != nil {
				return err
			}
			for _, arn := range append(role.Attached, role.Boundary) {
				attached[arn] = true
			}
			if err := out.Emit(role); err != nil {
				return err
			}
		}
		for _, p := range page.Policies {
			if err := emitLocalPolicy(p, out); err != nil {
				return err
			}
		}
	}
	return emitManagedPolicies(ctx, s, client, attached, out)
}

// roleIdentity returns a role with its documents.
func roleIdentity(r types.RoleDetail) (inventory.Identity, error) {
	out := inventory.Identity{UID: aws.ToString(r.Arn), Kind: iamRoleKind, Name: aws.ToString(r.RoleName)}
	var err error
	if out.Trust, err = policyDocument(aws.ToString(r.AssumeRolePolicyDocument)); err != nil {
		return out, fmt.Errorf("trust policy of %s: %w", out.UID, err)
	}
	for _, p := range r.RolePolicyList {
		document, err := policyDocument(aws.ToString(p.PolicyDocument))
		if err != nil {
			return out, fmt.Errorf("inline policy %s of %s: %w", aws.ToString(p.PolicyName), out.UID, err)
		}
		out.Inline = append(out.Inline, inventory.Policy{Name: aws.ToString(p.PolicyName), Document: document})
	}
	slices.SortFunc(out.Inline, func(a, b inventory.Policy) int { return strings.Compare(a.Name, b.Name) })
	for _, p := range r.AttachedManagedPolicies {
		out.Attached = append(out.Attached, aws.ToString(p.PolicyArn))
	}
	slices.Sort(out.Attached)
	if r.PermissionsBoundary != nil {
		out.Boundary = aws.ToString(r.PermissionsBoundary.PermissionsBoundaryArn)
	}
	for _, t := range r.Tags {
		if out.Tags == nil {
			out.Tags = map[string]string{}
		}
		out.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out, nil
}

// emitLocalPolicy emits the default version of a policy of the account.
func emitLocalPolicy(p types.ManagedPolicyDetail, out collect.Sink) error {
	arn := aws.ToString(p.Arn)
	for _, v := range p.PolicyVersionList {
		if !v.IsDefaultVersion {
			continue
		}
		document, err := policyDocument(aws.ToString(v.Document))
		if err != nil {
			return fmt.Errorf("policy %s: %w", arn, err)
		}
		return emitResource(out, iamPolicyKind, arn, aws.ToString(p.PolicyName), iamPolicy{
			ARN: arn, Version: aws.ToString(v.VersionId), Document: document,
		})
	}
	return fmt.Errorf("policy %s has no default version", arn)
}

// managedPolicy is a policy of AWS, which is read once a day for all accounts.
type managedPolicy struct {
	name, version string
	document      json.RawMessage
	read          time.Time
}

// managedPolicyLife is how long a policy of AWS is taken to stay the same.
const managedPolicyLife = 24 * time.Hour

// emitManagedPolicies emits the policies of AWS that roles have attached. The
// calls are optional: the names alone tell much.
func emitManagedPolicies(ctx context.Context, s *session, client *iam.Client, attached map[string]bool, out collect.Sink) error {
	for arn := range attached {
		if accountOf(arn) != "aws" {
			continue
		}
		p, err := readManagedPolicy(ctx, s.cloud, client, arn)
		switch {
		case s.optional(ctx, err):
			return nil
		case isError[*types.NoSuchEntityException](err):
			continue // Withdrawn by AWS, though still attached.
		case err != nil:
			return err
		}
		err = emitResource(out, iamPolicyKind, arn+"@"+s.Account, p.name, iamPolicy{
			ARN: arn, AWSManaged: true, Version: p.version, Document: p.document,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readManagedPolicy returns the default version of a policy.
func readManagedPolicy(ctx context.Context, c *Cloud, client *iam.Client, arn string) (managedPolicy, error) {
	if p, ok := c.policies.get(arn); ok && time.Since(p.read) < managedPolicyLife {
		return p, nil
	}
	described, err := client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
	if err != nil {
		return managedPolicy{}, err
	}
	if described.Policy == nil {
		return managedPolicy{}, fmt.Errorf("iam:GetPolicy of %s returned no policy", arn)
	}
	v, err := client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: described.Policy.DefaultVersionId})
	if err != nil {
		return managedPolicy{}, err
	}
	if v.PolicyVersion == nil {
		return managedPolicy{}, fmt.Errorf("iam:GetPolicyVersion of %s returned no version", arn)
	}
	document, err := policyDocument(aws.ToString(v.PolicyVersion.Document))
	if err != nil {
		return managedPolicy{}, fmt.Errorf("policy %s: %w", arn, err)
	}
	p := managedPolicy{aws.ToString(described.Policy.PolicyName), aws.ToString(v.PolicyVersion.VersionId), document, time.Now()}
	c.policies.add(arn, p)
	return p, nil
}

// policyDocument returns a policy document, which IAM gives URL-encoded as
// RFC 3986 has it, as compact JSON. The empty string gives nil.
func policyDocument(s string) (json.RawMessage, error) {
	if s == "" {
		return nil, nil
	}
	if !strings.HasPrefix(strings.TrimSpace(s), "{") {
		decoded, err := url.PathUnescape(s)
		if err != nil {
			return nil, fmt.Errorf("decode document: %w", err)
		}
		s = decoded
	}
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(s)); err != nil {
		return nil, fmt.Errorf("decode document: %w", err)
	}
	return b.Bytes(), nil
}
