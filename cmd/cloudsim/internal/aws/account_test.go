package aws

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	awsorg "github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

func TestAssumeRoleActsInTheOtherAccount(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{}, nil)
	cfg := c.config("us-east-1")
	id := c.Estate.Account(2).ID
	cfg.Credentials = awssdk.NewCredentialsCache(stscreds.NewAssumeRoleProvider(awssts.NewFromConfig(cfg), "arn:aws:iam::"+id+":role/"+estate.AuditRole, func(o *stscreds.AssumeRoleOptions) { o.RoleSessionName = "inventory" }))
	out, err := awssts.NewFromConfig(cfg).GetCallerIdentity(background, &awssts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if value(out.Account) != id || value(out.Arn) != "arn:aws:sts::"+id+":assumed-role/"+estate.AuditRole+"/inventory" {
		t.Errorf("identity = %s %s, want the role in account %s", value(out.Account), value(out.Arn), id)
	}
	creds, err := cfg.Credentials.Retrieve(background)
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(creds.Expires); left < 10*time.Minute || left > time.Hour {
		t.Errorf("the session lasts %v, want up to an hour", left)
	}
}

func TestAssumeRoleRefuses(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{ExternalID: "secret-word"}, nil)
	client := awssts.NewFromConfig(c.config("eu-west-1"))
	role := func(account, name string) *string { return awssdk.String("arn:aws:iam::" + account + ":role/" + name) }
	member := c.Estate.Account(1).ID
	session, word := awssdk.String("test"), awssdk.String("secret-word")
	for name, tc := range map[string]struct {
		in   awssts.AssumeRoleInput
		want string
	}{
		"no_external_id":    {awssts.AssumeRoleInput{RoleArn: role(member, estate.AuditRole), RoleSessionName: session}, "AccessDenied"},
		"wrong_external_id": {awssts.AssumeRoleInput{RoleArn: role(member, estate.AuditRole), RoleSessionName: session, ExternalId: session}, "AccessDenied"},
		"no_such_role":      {awssts.AssumeRoleInput{RoleArn: role(member, "nobody"), RoleSessionName: session, ExternalId: word}, "AccessDenied"},
		"no_such_account":   {awssts.AssumeRoleInput{RoleArn: role("999999999999", estate.AuditRole), RoleSessionName: session, ExternalId: word}, "AccessDenied"},
		"workload_role":     {awssts.AssumeRoleInput{RoleArn: role(c.Estate.Account(0).ID, "app-default"), RoleSessionName: session}, "AccessDenied"},
		"bad_arn":           {awssts.AssumeRoleInput{RoleArn: awssdk.String("arn:aws:s3:::bucket-name"), RoleSessionName: session}, "ValidationError"},
		"bad_session":       {awssts.AssumeRoleInput{RoleArn: role(member, estate.AuditRole), RoleSessionName: awssdk.String("a b"), ExternalId: word}, "ValidationError"},
		"too_long":          {awssts.AssumeRoleInput{RoleArn: role(member, estate.AuditRole), RoleSessionName: session, ExternalId: word, DurationSeconds: awssdk.Int32(90000)}, "ValidationError"},
	} {
		_, err := client.AssumeRole(background, &tc.in)
		wantCode(t, name, err, tc.want)
	}
	if _, err := client.AssumeRole(background, &awssts.AssumeRoleInput{RoleArn: role(member, estate.AuditRole), RoleSessionName: session, ExternalId: word}); err != nil {
		t.Errorf("with the external ID: %v", err)
	}
	_, err := awssts.NewFromConfig(c.in(1, "eu-west-1")).AssumeRole(background, &awssts.AssumeRoleInput{RoleArn: role(c.Estate.Account(2).ID, estate.AuditRole), RoleSessionName: session, ExternalId: word})
	wantCode(t, "from a member account", err, "AccessDenied")
	_, err = awssts.NewFromConfig(c.in(1, "eu-west-1")).AssumeRole(background, &awssts.AssumeRoleInput{RoleArn: role(member, "customer-data-reader"), RoleSessionName: session, DurationSeconds: awssdk.Int32(7200)})
	wantCode(t, "two hours of a chained role", err, "ValidationError")
}

func TestOrganizationsListsEveryAccount(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{Workloads: 2000, Accounts: 47}, nil)
	client := awsorg.NewFromConfig(c.config("us-east-1"))
	org, err := client.DescribeOrganization(background, &awsorg.DescribeOrganizationInput{})
	if err != nil {
		t.Fatal(err)
	}
	if got := value(org.Organization.MasterAccountId); got != c.Estate.Account(0).ID {
		t.Errorf("management account = %s, want %s", got, c.Estate.Account(0).ID)
	}
	ids, pages := map[string]bool{}, 0
	for p := awsorg.NewListAccountsPaginator(client, &awsorg.ListAccountsInput{}); p.HasMorePages(); pages++ {
		page, err := p.NextPage(background)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.Accounts {
			ids[*a.Id] = true
			if a.State != orgtypes.AccountStateActive || a.JoinedTimestamp == nil || value(a.Name) == "" {
				t.Errorf("account %+v, want it active, with a name and a date", a)
			}
			if found, ok := c.Estate.FindAccount(*a.Id); !ok || found.ID != *a.Id {
				t.Errorf("account %s is not found by its identifier", *a.Id)
			}
		}
	}
	if len(ids) != 47 || pages != 3 {
		t.Errorf("got %d accounts over %d pages, want 47 over 3", len(ids), pages)
	}
	_, err = client.ListAccounts(background, &awsorg.ListAccountsInput{MaxResults: awssdk.Int32(21)})
	wantCode(t, "21 results", err, "InvalidInputException")
	_, err = client.ListAccounts(background, &awsorg.ListAccountsInput{NextToken: awssdk.String("?")})
	wantCode(t, "unknown token", err, "InvalidInputException")
	_, err = awsorg.NewFromConfig(c.in(3, "us-east-1")).ListAccounts(background, &awsorg.ListAccountsInput{})
	wantCode(t, "from a member account", err, "AccessDeniedException")
	if _, err := awsorg.NewFromConfig(c.in(3, "us-east-1")).DescribeOrganization(background, &awsorg.DescribeOrganizationInput{}); err != nil {
		t.Errorf("DescribeOrganization from a member account: %v", err)
	}
	account, err := client.DescribeAccount(background, &awsorg.DescribeAccountInput{AccountId: awssdk.String(c.Estate.Account(5).ID)})
	if err != nil || value(account.Account.Name) != c.Estate.Account(5).Name {
		t.Errorf("DescribeAccount = %+v, %v, want account 5", account, err)
	}
	_, err = client.DescribeAccount(background, &awsorg.DescribeAccountInput{AccountId: awssdk.String("999999999999")})
	wantCode(t, "unknown account", err, "AccountNotFoundException")
	roots, err := client.ListRoots(background, &awsorg.ListRootsInput{})
	if err != nil || len(roots.Roots) != 1 {
		t.Errorf("ListRoots = %+v, %v, want one", roots, err)
	}
}

func TestIAMPagesThroughEverything(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{}, nil)
	client := awsiam.NewFromConfig(c.config("us-east-1"))
	account := c.Estate.Account(0).ID
	roles, policies, pages := map[string]iamtypes.RoleDetail{}, map[string]iamtypes.ManagedPolicyDetail{}, 0
	for p := awsiam.NewGetAccountAuthorizationDetailsPaginator(client, &awsiam.GetAccountAuthorizationDetailsInput{MaxItems: awssdk.Int32(7)}); p.HasMorePages(); pages++ {
		page, err := p.NextPage(background)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.RoleDetailList {
			roles[*r.RoleName] = r
		}
		for _, v := range page.Policies {
			policies[*v.Arn] = v
		}
	}
	if want := len(c.Estate.Roles(account)); len(roles) != want || pages < 3 {
		t.Errorf("got %d roles over %d pages, want %d over several", len(roles), pages, want)
	}
	decode := func(document *string) estate.Document {
		t.Helper()
		s, err := url.PathUnescape(value(document))
		if err != nil {
			t.Fatal(err)
		}
		var d estate.Document
		if err := json.Unmarshal([]byte(s), &d); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		return d
	}
	for _, want := range c.Estate.Roles(account) {
		got := roles[want.Name]
		if diff := cmp.Diff(want.Trust, decode(got.AssumeRolePolicyDocument)); diff != "" {
			t.Errorf("trust of %s: mismatch (-want +got):\n%s", want.Name, diff)
		}
		if len(got.RolePolicyList) != len(want.Inline) || len(got.AttachedManagedPolicies) != len(want.Attached) || (got.PermissionsBoundary != nil) != (want.Boundary != "") {
			t.Errorf("role %s has %d inline and %d attached policies, want %d and %d", want.Name, len(got.RolePolicyList), len(got.AttachedManagedPolicies), len(want.Inline), len(want.Attached))
		}
		for _, a := range got.AttachedManagedPolicies {
			p, ok := policies[*a.PolicyArn]
			if !ok {
				t.Errorf("policy %s of %s is not listed", *a.PolicyArn, want.Name)
			} else if value(p.PolicyName) != value(a.PolicyName) || len(decode(p.PolicyVersionList[0].Document).Statement) == 0 {
				t.Errorf("policy %s = %+v, want its name and a document", *a.PolicyArn, p)
			}
		}
	}
	story := decode(roles["storefront-task"].RolePolicyList[0].PolicyDocument)
	if !strings.Contains(story.String(), "meridian-customer-data-"+account) {
		t.Errorf("storefront's role may %v, want the customers' data", story)
	}
	only, err := client.GetAccountAuthorizationDetails(background, &awsiam.GetAccountAuthorizationDetailsInput{Filter: []iamtypes.EntityType{iamtypes.EntityTypeLocalManagedPolicy}})
	if err != nil || len(only.RoleDetailList) != 0 || len(only.Policies) != 2 {
		t.Errorf("local policies only = %d roles and %d policies, %v, want 0 and 2", len(only.RoleDetailList), len(only.Policies), err)
	}
	_, err = client.GetAccountAuthorizationDetails(background, &awsiam.GetAccountAuthorizationDetailsInput{MaxItems: awssdk.Int32(1001)})
	wantCode(t, "1001 items", err, "ValidationError")
	aliases, err := client.ListAccountAliases(background, &awsiam.ListAccountAliasesInput{})
	if err != nil || !cmp.Equal(aliases.AccountAliases, []string{"meridian-main"}) {
		t.Errorf("aliases = %v, %v, want meridian-main", aliases, err)
	}
}

func TestIAMGetPolicy(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{}, nil)
	client := awsiam.NewFromConfig(c.config("us-east-1"))
	arn := awssdk.String("arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")
	p, err := client.GetPolicy(background, &awsiam.GetPolicyInput{PolicyArn: arn})
	if err != nil {
		t.Fatal(err)
	}
	if value(p.Policy.PolicyName) != "AmazonECSTaskExecutionRolePolicy" || value(p.Policy.Path) != "/service-role/" {
		t.Errorf("policy = %+v, want its name and path", p.Policy)
	}
	v, err := client.GetPolicyVersion(background, &awsiam.GetPolicyVersionInput{PolicyArn: arn, VersionId: p.Policy.DefaultVersionId})
	if err != nil || !strings.Contains(value(v.PolicyVersion.Document), "ecr%3ABatchGetImage") {
		t.Errorf("version = %+v, %v, want its encoded document", v, err)
	}
	_, err = client.GetPolicyVersion(background, &awsiam.GetPolicyVersionInput{PolicyArn: arn, VersionId: awssdk.String("v9")})
	wantCode(t, "unknown version", err, "NoSuchEntity")
	_, err = client.GetPolicy(background, &awsiam.GetPolicyInput{PolicyArn: awssdk.String("arn:aws:iam::aws:policy/Nothing")})
	wantCode(t, "unknown policy", err, "NoSuchEntity")
}
