package aws

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	awseks "github.com/aws/aws-sdk-go-v2/service/eks"
	awselb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	awsorg "github.com/aws/aws-sdk-go-v2/service/organizations"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/fault"
)

// calls make one call to each service.
var calls = map[string]func(awssdk.Config) error{
	"ec2": func(c awssdk.Config) error {
		_, err := awsec2.NewFromConfig(c).DescribeNetworkInterfaces(background, &awsec2.DescribeNetworkInterfacesInput{})
		return err
	},
	"ecs": func(c awssdk.Config) error {
		_, err := awsecs.NewFromConfig(c).ListTasks(background, &awsecs.ListTasksInput{Cluster: awssdk.String("shop")})
		return err
	},
	"eks": func(c awssdk.Config) error {
		_, err := awseks.NewFromConfig(c).ListClusters(background, &awseks.ListClustersInput{})
		return err
	},
	"elbv2": func(c awssdk.Config) error {
		_, err := awselb.NewFromConfig(c).DescribeLoadBalancers(background, &awselb.DescribeLoadBalancersInput{})
		return err
	},
	"iam": func(c awssdk.Config) error {
		_, err := awsiam.NewFromConfig(c).ListAccountAliases(background, &awsiam.ListAccountAliasesInput{})
		return err
	},
	"lambda": func(c awssdk.Config) error {
		_, err := awslambda.NewFromConfig(c).ListFunctions(background, &awslambda.ListFunctionsInput{})
		return err
	},
	"organizations": func(c awssdk.Config) error {
		_, err := awsorg.NewFromConfig(c).ListAccounts(background, &awsorg.ListAccountsInput{})
		return err
	},
	"sts": func(c awssdk.Config) error {
		_, err := awssts.NewFromConfig(c).AssumeRole(background, &awssts.AssumeRoleInput{RoleArn: awssdk.String("arn:aws:iam::210000000017:role/" + estate.AuditRole), RoleSessionName: awssdk.String("test")})
		return err
	},
}

func TestEachServiceFailsWithItsOwnCodes(t *testing.T) {
	t.Parallel()
	type codes map[string]string
	for name, tc := range map[string]struct {
		rule fault.Rule
		want codes
	}{
		"none": {fault.Rule{Action: "s3:*", Deny: true}, codes{"ec2": "", "ecs": "", "eks": "", "elbv2": "", "iam": "", "lambda": "", "organizations": "", "sts": ""}},
		"deny": {fault.Rule{Deny: true}, codes{
			"ec2": "UnauthorizedOperation", "ecs": "AccessDeniedException", "eks": "AccessDeniedException", "elbv2": "AccessDenied",
			"iam": "AccessDenied", "lambda": "AccessDeniedException", "organizations": "AccessDeniedException", "sts": "AccessDenied",
		}},
		"throttle": {fault.Rule{Throttle: true}, codes{
			"ec2": "RequestLimitExceeded", "ecs": "ThrottlingException", "eks": "ThrottlingException", "elbv2": "Throttling",
			"iam": "Throttling", "lambda": "TooManyRequestsException", "organizations": "TooManyRequestsException", "sts": "Throttling",
		}},
		"server_error": {fault.Rule{ErrorRate: 1}, codes{
			"ec2": "InternalError", "ecs": "ServerException", "eks": "ServerException", "elbv2": "InternalFailure",
			"iam": "InternalFailure", "lambda": "ServiceException", "organizations": "ServiceException", "sts": "InternalFailure",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, estate.Config{}, nil)
			if err := c.Faults.Replace([]fault.Rule{tc.rule}); err != nil {
				t.Fatal(err)
			}
			for service, want := range tc.want {
				err := calls[service](c.config("eu-west-1"))
				if want == "" {
					if err != nil {
						t.Errorf("%s: %v", service, err)
					}
					continue
				}
				wantCode(t, service, err, want)
			}
		})
	}
}

func TestDeniedMessages(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{}, nil)
	account := c.Estate.Account(0).ID
	if err := c.Faults.Replace([]fault.Rule{
		{Account: account, Region: "eu-west-1", Action: "ecs:ListTasks", Deny: true},
		{Action: "ec2:*", SCP: true},
	}); err != nil {
		t.Fatal(err)
	}
	user := "arn:aws:iam::" + account + ":user/stowage"
	wantMessage(t, "missing permission", calls["ecs"](c.config("eu-west-1")),
		"User: "+user+" is not authorized to perform: ecs:ListTasks on resource: arn:aws:ecs:eu-west-1:"+account+":cluster/shop because no identity-based policy allows the ecs:ListTasks action")
	wantMessage(t, "service control policy", calls["ec2"](c.config("eu-west-1")),
		"You are not authorized to perform this operation. User: "+user+" is not authorized to perform: ec2:DescribeNetworkInterfaces with an explicit deny in a service control policy")
	wantCode(t, "another region", calls["ecs"](c.config("us-east-1")), "ClusterNotFoundException")
}

func TestBadCredentials(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{}, nil)
	invalid := map[string]string{
		"ec2": "AuthFailure", "ecs": "UnrecognizedClientException", "eks": "UnrecognizedClientException", "elbv2": "InvalidClientTokenId", "lambda": "UnrecognizedClientException", "sts": "InvalidClientTokenId",
	}
	for service, want := range invalid {
		wantCode(t, service+" in a region that is not enabled", calls[service](c.config("me-south-1")), want)
		cfg := c.config("eu-west-1")
		cfg.Credentials = credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")
		wantCode(t, service+" with an unknown key", calls[service](cfg), want)
		cfg.Credentials = credentials.NewStaticCredentialsProvider("ASIA0000210000000017", "secret", "bm90IGEgdG9rZW4=")
		wantCode(t, service+" with a made-up token", calls[service](cfg), want)
	}
	old := caller{Account: c.Estate.Account(0).ID, Expires: time.Now().Add(-time.Minute)}
	cfg := c.config("eu-west-1")
	cfg.Credentials = credentials.NewStaticCredentialsProvider(temporaryKey(old.Account), "secret", old.token())
	for service, want := range map[string]string{"ec2": "RequestExpired", "ecs": "ExpiredTokenException", "eks": "ExpiredTokenException", "iam": "ExpiredToken"} {
		wantCode(t, service+" with an expired token", calls[service](cfg), want)
	}
}

func TestSignatureIsAskedFor(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{}, nil)
	do := func(header map[string]string, body string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(background, http.MethodPost, c.url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range header {
			r.Header.Set(k, v)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
	target := ecs.prefix + ".ListClusters"
	for name, tc := range map[string]struct {
		header map[string]string
		body   string
		status int
		want   string
	}{
		"json_missing":  {map[string]string{"X-Amz-Target": target}, "{}", 400, "MissingAuthenticationTokenException"},
		"json_garbled":  {map[string]string{"X-Amz-Target": target, "Authorization": "AWS4-HMAC-SHA256 nonsense"}, "{}", 403, "IncompleteSignatureException"},
		"query_missing": {nil, "Action=GetCallerIdentity", 403, "<Code>MissingAuthenticationToken</Code>"},
	} {
		if status, body := do(tc.header, tc.body); status != tc.status || !strings.Contains(body, tc.want) {
			t.Errorf("%s: got %d %s, want %d %s", name, status, body, tc.status, tc.want)
		}
	}
}

func TestSlowTruncatedAndUnreachable(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{}, nil)
	if err := c.Faults.Replace([]fault.Rule{
		{Action: "ecs:*", Truncate: true},
		{Action: "iam:*", Region: "global", LatencyMS: 30},
		{Action: "lambda:*", Unreachable: true},
	}); err != nil {
		t.Fatal(err)
	}
	if err := calls["ecs"](c.config("eu-west-1")); err == nil || !strings.Contains(err.Error(), "unexpected EOF") {
		t.Errorf("a truncated answer gives %v, want an unexpected EOF", err)
	}
	start := time.Now()
	if err := calls["iam"](c.config("us-east-1")); err != nil || time.Since(start) < 30*time.Millisecond {
		t.Errorf("a slow answer came after %v with %v, want 30ms and no error", time.Since(start), err)
	}
	if err := calls["lambda"](c.config("eu-west-1")); !errors.Is(err, io.EOF) {
		t.Errorf("an unreachable service gives %v, want EOF", err)
	}
}

func TestThrottleIsByAccountRegionAndClass(t *testing.T) {
	t.Parallel()
	var (
		mu  sync.Mutex
		now = time.Now()
	)
	c := newCloud(t, estate.Config{}, func(o *Options) {
		o.Throttle = true
		o.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return now
		}
	})
	call := func(account int, region, service string) error {
		cfg := c.in(account, region)
		return calls[service](cfg)
	}
	for range 100 { // the burst of the class that ListTasks is in
		if err := call(0, "eu-west-1", "ecs"); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, "after the burst", call(0, "eu-west-1", "ecs"), "ThrottlingException")
	_, err := awsecs.NewFromConfig(c.in(0, "eu-west-1")).DescribeTasks(background, &awsecs.DescribeTasksInput{Cluster: awssdk.String("shop"), Tasks: []string{"x"}})
	wantCode(t, "another action of the class", err, "ThrottlingException")
	if _, err := awsecs.NewFromConfig(c.in(0, "eu-west-1")).ListClusters(background, &awsecs.ListClustersInput{}); err != nil {
		t.Errorf("another class: %v", err)
	}
	wantCode(t, "another region", call(0, "us-east-1", "ecs"), "ClusterNotFoundException")
	wantCode(t, "another account", call(1, "eu-west-1", "ecs"), "ClusterNotFoundException")
	mu.Lock()
	now = now.Add(time.Second)
	mu.Unlock()
	for range 20 { // the refill of a second
		if err := call(0, "eu-west-1", "ecs"); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, "after the refill", call(0, "eu-west-1", "ecs"), "ThrottlingException")
}
