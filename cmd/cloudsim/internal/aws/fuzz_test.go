package aws

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

// FuzzServer sends signed requests with any target, path and body: whatever
// they are, the server answers.
func FuzzServer(f *testing.F) {
	f.Add("ecs", "/", "AmazonEC2ContainerServiceV20141113.DescribeTasks", `{"cluster":"shop","tasks":["x"],"nextToken":"b2Zmc2V0PTU"}`)
	f.Add("ecr", "/", "AmazonEC2ContainerRegistry_V20150921.BatchGetImage", `{"repositoryName":"shop/cart","imageIds":[{"imageTag":"2.3.1"}],"acceptedMediaTypes":["x"]}`)
	f.Add("organizations", "/", "AWSOrganizationsV20161128.ListAccounts", `{"MaxResults":3}`)
	f.Add("ec2", "/", "", "Action=DescribeNetworkInterfaces&MaxResults=5&Filter.1.Name=vpc-id&Filter.1.Value.1=x")
	f.Add("iam", "/", "", "Action=GetAccountAuthorizationDetails&Filter.member.1=Role&Marker=b2Zmc2V0PS01")
	f.Add("sts", "/", "", "Action=AssumeRole&RoleArn=arn:aws:iam::210000000017:role/x&RoleSessionName=xx&DurationSeconds=9")
	f.Add("elasticloadbalancing", "/", "", "Action=DescribeRules&ListenerArn=%zz")
	f.Add("eks", "/clusters/shop-eks/pod-identity-associations?maxResults=x", "", "")
	f.Add("lambda", "/2015-03-31/functions/receipts/policy", "", "")
	c := newCloud(f, estate.Config{}, nil)
	f.Fuzz(func(t *testing.T, service, path, target, body string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		if service == "eks" || service == "lambda" {
			u, err := r.URL.Parse(path)
			if err != nil {
				t.Skip("no URL")
			}
			r.Method, r.URL = http.MethodGet, u
		}
		r.Header["X-Amz-Target"] = []string{target}
		r.Header.Set("X-Amz-Date", "20261123T000000Z")
		r.Header["Authorization"] = []string{"AWS4-HMAC-SHA256 Credential=" + AccessKeyID + "/20261123/eu-west-1/" + service + "/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + strings.Repeat("0", 64)}
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		if w.Code < 200 || w.Code > 599 {
			t.Errorf("status %d", w.Code)
		}
	})
}

// FuzzAuthorization reads any header and session token.
func FuzzAuthorization(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=AKIAMERIDIAN0STOWAGE/20261123/eu-west-1/ecs/aws4_request, SignedHeaders=host, Signature="+strings.Repeat("a", 64), "")
	f.Add("", "e30=")
	f.Add("AWS4-HMAC-SHA256 Credential=", caller{Account: "1"}.token())
	c := newCloud(f, estate.Config{}, nil)
	f.Fuzz(func(t *testing.T, header, token string) {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header["Authorization"] = []string{header}
		s, err := parseAuthorization(r)
		if err == nil && s.service == "" {
			t.Errorf("%q has no service, want an error", header)
		}
		account := c.Estate.Account(0).ID
		if got, err := c.identify(temporaryKey(account), token); err == nil && got.Account != account {
			t.Errorf("token %q and the key of account %s give account %s", token, account, got.Account)
		}
	})
}

// BenchmarkDescribeTasks describes a hundred tasks.
func BenchmarkDescribeTasks(b *testing.B) {
	c := newCloud(b, estate.Config{Workloads: 4000, Accounts: 4}, nil)
	cell := c.Estate.Cell(c.Estate.Account(0).ID, "eu-west-1")
	var arns []string
	for _, t := range cell.Tasks {
		if t.Cluster.Name == "services-1" && len(arns) < 100 {
			arns = append(arns, `"`+t.ARN+`"`)
		}
	}
	body := `{"cluster":"services-1","tasks":[` + strings.Join(arns, ",") + `]}`
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("X-Amz-Target", ecs.prefix+".DescribeTasks")
		r.Header.Set("X-Amz-Date", "20261123T000000Z")
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+AccessKeyID+"/20261123/eu-west-1/ecs/aws4_request, SignedHeaders=host, Signature="+strings.Repeat("0", 64))
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}
