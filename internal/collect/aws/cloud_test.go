package aws

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// serve returns the URL of a server on loopback.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// answer writes a JSON reply.
func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

const (
	throttling = `{"__type": "ThrottlingException", "message": "Rate exceeded"}`
	noClusters = `{"clusterArns": []}`
)

func TestThrottledThenServed(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 4 {
			answer(w, 400, throttling)
			return
		}
		answer(w, 200, noClusters)
	})
	c := testCloud(t, url, Options{}, nil)
	if got := runScope(t, c, testScope("ecs"), &recorder{}); got.Outcome != inventory.Complete || asked.Load() != 4 {
		t.Errorf("result = %+v after %d requests, want complete after 4", got, asked.Load())
	}
	bucket := collect.Bucket{Account: testAccount, Region: "eu-west-1", Class: "ecs/cluster-read"}
	if got, full := c.limiter.Rate(bucket), limits[bucket.Class].Rate; got <= 0 || got >= full {
		t.Errorf("rate after throttling = %v, want less than %v", got, full)
	}
}

func TestThrottledToTheEnd(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		answer(w, 400, throttling)
	})
	got := runScope(t, testCloud(t, url, Options{}, nil), testScope("ecs"), &recorder{})
	want := inventory.ScopeResult{
		Outcome: inventory.Throttled,
		Reason:  "ecs:ListClusters throttled in 111122223333/eu-west-1 6 times in a row",
		Remedy:  "nothing: the next run tries again, at a lower rate",
	}
	if diff := gocmp.Diff(want, got); diff != "" || asked.Load() != maxAttempts {
		t.Errorf("%d requests, result mismatch (-want +got):\n%s", asked.Load(), diff)
	}
}

func TestBodyCutShort(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.Header().Set("Content-Length", "1000") // The connection ends before.
		}
		answer(w, 200, noClusters)
	})
	if got := runScope(t, testCloud(t, url, Options{}, nil), testScope("ecs"), &recorder{}); got.Outcome != inventory.Complete || asked.Load() != 2 {
		t.Errorf("result = %+v after %d requests, want complete after 2", got, asked.Load())
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	got := runScope(t, testCloud(t, server.URL, Options{}, nil), testScope("ecs"), &recorder{})
	if got.Outcome != inventory.Unreachable || !strings.Contains(got.Reason, "connection refused") {
		t.Errorf("result = %+v, want unreachable, connection refused", got)
	}
}

func TestServerFailure(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amzn-Requestid", r.Header.Get("Amz-Sdk-Invocation-Id"))
		answer(w, 500, `{"__type": "ServerException", "message": "Service Unavailable."}`)
	})
	c := testCloud(t, url, Options{}, nil)
	got := runScope(t, c, testScope("ecs"), &recorder{})
	want := inventory.ScopeResult{
		Outcome: inventory.Failed,
		Reason:  "ecs:ListClusters failed in 111122223333/eu-west-1: ServerException: Service Unavailable.",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("result mismatch (-want +got):\n%s", diff)
	}
}

func TestCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil { // The server sees the end of the connection only then.
			t.Errorf("read request: %v", err)
		}
		cancel()
		<-r.Context().Done()
	})
	runner, err := collect.NewRunner(testCloud(t, url, Options{}, nil).Collectors()...)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := runner.Run(ctx, testScope("ecs"), &recorder{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Run = %+v, %v, want the error %v", got, err, context.Canceled)
	}
}

func TestUndeclaredCall(t *testing.T) {
	t.Parallel()
	url := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("an undeclared call was sent") })
	c := testCloud(t, url, Options{}, nil)
	declared := ecsService.collector()
	declared.Calls = nil
	s, err := c.session(t.Context(), testScope("ecs"), declared)
	if err != nil {
		t.Fatal(err)
	}
	if err := collectECS(t.Context(), s, &recorder{}); err == nil || !strings.Contains(err.Error(), "ecs:ListClusters without declaring it") {
		t.Errorf("error = %v, want one that names the call", err)
	}
}

// TestManyPages reads 250 clusters of three tasks each.
func TestManyPages(t *testing.T) {
	t.Parallel()
	const clusters, tasks = 250, 3
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { answerEstate(t, w, r, clusters, tasks) })
	c := testCloud(t, url, Options{}, nil)
	c.limiter = unlimited(ecsService)
	var out recorder
	if got := runScope(t, c, testScope("ecs"), &out); got.Outcome != inventory.Complete || len(out.records) != clusters {
		t.Fatalf("result = %+v with %d records, want complete with %d", got, len(out.records), clusters)
	}
	for _, r := range out.records {
		if w := r.(inventory.Workload); w.Replicas != tasks || len(w.Containers) != 1 || w.Containers[0].Replicas != tasks {
			t.Fatalf("workload %+v, want %d replicas", w, tasks)
		}
	}
}

// unlimited returns a limiter whose buckets for a service do not limit.
func unlimited(v service) *collect.Limiter {
	l := new(collect.Limiter)
	for _, call := range v.calls {
		bucket := collect.Bucket{Account: testAccount, Region: "eu-west-1", Class: call.Class}
		_ = l.Wait(context.Background(), bucket, collect.Limit{Rate: 1e9, Burst: 1e9})
	}
	return l
}

func TestRoots(t *testing.T) {
	t.Parallel()
	role := Role{ARN: "arn:aws:iam::222222222222:role/stowage-read"}
	org := Organization{Enabled: true, RoleName: "stowage-read"}
	managed := org
	managed.ManagementRole.ARN = "arn:aws:iam::999999999999:role/stowage-org"
	tests := []struct {
		name string
		o    Options
		want []string
	}{
		{"ambient", Options{}, []string{"aws/111122223333/global/account"}},
		{"roles", Options{Roles: []Role{role}}, []string{"aws/111122223333/global/account", "aws/222222222222/global/account"}},
		{"roles_only", Options{Roles: []Role{role}, SkipAmbient: true}, []string{"aws/222222222222/global/account"}},
		{"organization", Options{Organization: org}, []string{"aws/111122223333/global/account", "aws/111122223333/global/organization"}},
		{"organization_by_role", Options{Organization: managed, SkipAmbient: true}, []string{"aws/999999999999/global/organization"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			roots, err := testCloud(t, "http://127.0.0.1:1", test.o, nil).Roots(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range roots {
				got = append(got, r.String())
			}
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("Roots mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		o    Options
		want string
	}{
		{"not_an_arn", Options{Roles: []Role{{ARN: "stowage-read"}}}, `role "stowage-read" is not the ARN of an IAM role`},
		{"not_a_role", Options{Roles: []Role{{ARN: "arn:aws:s3:::bucket"}}}, "is not the ARN of an IAM role"},
		{"two_of_one_account", Options{Roles: []Role{{ARN: "arn:aws:iam::222222222222:role/a"}, {ARN: "arn:aws:iam::222222222222:role/b"}}}, "same account"},
		{"no_role_name", Options{Organization: Organization{Enabled: true}}, "the name of the role to assume"},
		{"no_such_profile", Options{Profile: "no-such-profile"}, "no-such-profile"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if _, err := Open(t.Context(), test.o); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Open = %v, want an error with %q", err, test.want)
			}
		})
	}
}

// stsServer answers AssumeRole and ListClusters, and checks who calls.
type stsServer struct {
	mu      sync.Mutex
	assumed []string // "role external-id" of each AssumeRole
	callers []string // access keys of the other calls
	life    time.Duration
	deny    bool
}

func (s *stsServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.FormValue("Action") != "AssumeRole" {
		_, key, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		key, _, _ = strings.Cut(key, "/")
		s.callers = append(s.callers, key)
		answer(w, 200, noClusters)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	if s.deny {
		w.WriteHeader(403)
		_, _ = w.Write([]byte(`<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::111122223333:user/hub is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::222222222222:role/path/stowage-read</Message></Error></ErrorResponse>`))
		return
	}
	s.assumed = append(s.assumed, r.FormValue("RoleArn")+" "+r.FormValue("ExternalId"))
	_, _ = fmt.Fprintf(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
		time.Now().Add(s.life).UTC().Format(time.RFC3339))
}

func TestAssumedRoles(t *testing.T) {
	t.Parallel()
	server := &stsServer{life: time.Hour}
	url := serve(t, server.ServeHTTP)
	c := testCloud(t, url, Options{
		Roles:        []Role{{ARN: "arn:aws:iam::333333333333:role/own", ExternalID: "own-id"}},
		Organization: Organization{Enabled: true, RoleName: "path/stowage-read", ExternalID: "org-id"},
	}, nil)
	for _, account := range []string{testAccount, "222222222222", "222222222222", "333333333333"} {
		scope := testScope("ecs")
		scope.Account = account
		if got := runScope(t, c, scope, &recorder{}); got.Outcome != inventory.Complete {
			t.Errorf("account %s: %+v", account, got)
		}
	}
	want := []string{"arn:aws:iam::222222222222:role/path/stowage-read org-id", "arn:aws:iam::333333333333:role/own own-id"}
	if diff := gocmp.Diff(want, server.assumed); diff != "" {
		t.Errorf("assumed roles mismatch (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff([]string{"AKIDEXAMPLE", "ASSUMED", "ASSUMED", "ASSUMED"}, server.callers); diff != "" {
		t.Errorf("callers mismatch (-want +got):\n%s", diff)
	}
}

func TestCredentialsAreRenewed(t *testing.T) {
	t.Parallel()
	server := &stsServer{life: time.Minute} // Within the window of renewal.
	c := testCloud(t, serve(t, server.ServeHTTP), Options{Organization: Organization{Enabled: true, RoleName: "stowage-read"}}, nil)
	scope := testScope("ecs")
	scope.Account = "222222222222"
	for range 2 {
		if got := runScope(t, c, scope, &recorder{}); got.Outcome != inventory.Complete {
			t.Fatalf("result = %+v", got)
		}
	}
	if len(server.assumed) != 2 {
		t.Errorf("the role was assumed %d times, want again when it is about to expire", len(server.assumed))
	}
}

func TestRoleDenied(t *testing.T) {
	t.Parallel()
	c := testCloud(t, serve(t, (&stsServer{deny: true}).ServeHTTP), Options{Organization: Organization{Enabled: true, RoleName: "path/stowage-read"}}, nil)
	scope := testScope("ecs")
	scope.Account = "222222222222"
	got := runScope(t, c, scope, &recorder{})
	want := inventory.ScopeResult{
		Outcome: inventory.Denied, Permission: "sts:AssumeRole",
		Reason: "sts:AssumeRole denied in 222222222222 for the role arn:aws:iam::222222222222:role/path/stowage-read",
		Remedy: "create the role, let its trust policy name the caller and the external ID, and allow the caller sts:AssumeRole on it",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("result mismatch (-want +got):\n%s", diff)
	}
}

func TestUnknownAccount(t *testing.T) {
	t.Parallel()
	scope := testScope("ecs")
	scope.Account = "222222222222"
	got := runScope(t, testCloud(t, "http://127.0.0.1:1", Options{}, nil), scope, &recorder{})
	if got.Outcome != inventory.Failed || !strings.Contains(got.Remedy, "name a role of the account") {
		t.Errorf("result = %+v, want a failure that tells to configure a role", got)
	}
}

func TestEKSToken(t *testing.T) {
	t.Parallel()
	c := testCloud(t, "", Options{}, nil)
	c.base.BaseEndpoint = nil
	token, expires, err := c.EKSToken(t.Context(), testAccount, "eu-central-1", "prod")
	if err != nil {
		t.Fatal(err)
	}
	if in := time.Until(expires); in < 13*time.Minute || in > 15*time.Minute {
		t.Errorf("token expires in %v", in)
	}
	encoded, ok := strings.CutPrefix(token, "k8s-aws-v1.")
	decoded, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || !ok {
		t.Fatalf("token %q is no EKS token: %v", token, err)
	}
	u, err := url.Parse(string(decoded))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if u.Host != "sts.eu-central-1.amazonaws.com" || q.Get("Action") != "GetCallerIdentity" || q.Get("X-Amz-Expires") != "60" ||
		!strings.Contains(q.Get("X-Amz-SignedHeaders"), "x-k8s-aws-id") || !strings.Contains(q.Get("X-Amz-Credential"), "/eu-central-1/sts/") {
		t.Errorf("token signs %s", u)
	}
}

func TestRegistryCredential(t *testing.T) {
	t.Parallel()
	const host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
	var asked atomic.Int32
	expires := time.Now().Add(12 * time.Hour).Truncate(time.Second)
	reply := fmt.Sprintf(`{"authorizationData": [{"authorizationToken": %q, "expiresAt": %d}]}`,
		base64.StdEncoding.EncodeToString([]byte("AWS:pass:word")), expires.Unix())
	c := testCloud(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		answer(w, 200, reply)
	}), Options{}, nil)
	for range 2 {
		user, password, until, ok, err := c.RegistryCredential(t.Context(), host)
		if err != nil || !ok || user != "AWS" || password != "pass:word" || !until.Equal(expires.Add(-tokenMargin)) {
			t.Errorf("RegistryCredential(%s) = %q, %q, %v, %t, %v", host, user, password, until, ok, err)
		}
	}
	if asked.Load() != 1 {
		t.Errorf("the token was asked for %d times, want once", asked.Load())
	}
	if _, _, _, ok, err := c.RegistryCredential(t.Context(), "ghcr.io"); ok || err != nil {
		t.Errorf("RegistryCredential(ghcr.io) = %t, %v, want not ours", ok, err)
	}
}

func TestRegistryCredentialHidesToken(t *testing.T) {
	t.Parallel()
	c := testCloud(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 200, `{"authorizationData": [{"authorizationToken": "s3cr3t!"}]}`)
	}), Options{}, nil)
	if _, _, _, ok, err := c.RegistryCredential(t.Context(), "111122223333.dkr.ecr.eu-west-1.amazonaws.com"); !ok || err == nil || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("RegistryCredential = %t, %v, want an error without the token", ok, err)
	}
}

func TestParseRegistry(t *testing.T) {
	t.Parallel()
	for _, region := range []string{"eu-west-1", "us-gov-west-1", "cn-north-1"} {
		for _, host := range registryHosts(testAccount, region) {
			if got, ok := parseRegistry(host); !ok || got != (registry{testAccount, region}) {
				t.Errorf("parseRegistry(%q) = %+v, %t", host, got, ok)
			}
		}
	}
	for _, host := range []string{"public.ecr.aws", "docker.io", "x.dkr.ecr.eu-west-1.amazonaws.com", "111122223333.dkr.ecr.eu-west-1.amazonaws.com.evil.example"} {
		if got, ok := parseRegistry(host); ok {
			t.Errorf("parseRegistry(%q) = %+v, want none", host, got)
		}
	}
}

// TestEnvironment opens a cloud with nothing but the SDK's own environment,
// against a server with a certificate that only AWS_CA_BUNDLE knows.
func TestEnvironment(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Authorization"), "Credential=AKIDPROFILE/") || !strings.Contains(r.Header.Get("User-Agent"), "stowage") {
			t.Errorf("request of %q by %q, want the profile's key and our name", r.Header.Get("Authorization"), r.Header.Get("User-Agent"))
		}
		w.Header().Set("Content-Type", "text/xml")
		_, _ = w.Write([]byte(`<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::444455556666:user/me</Arn><Account>444455556666</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`))
	}))
	defer server.Close()
	dir := t.TempDir()
	bundle, shared := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "config")
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	profile := "[profile team]\nregion = eu-north-1\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret\n"
	if err := errors.Join(os.WriteFile(bundle, ca, 0o600), os.WriteFile(shared, []byte(profile), 0o600)); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_CA_BUNDLE": bundle, "AWS_CONFIG_FILE": shared, "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "none"),
		"AWS_PROFILE": "team", "AWS_ENDPOINT_URL": server.URL, "AWS_REGION": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
	} {
		t.Setenv(name, value)
	}
	c, err := Open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	roots, err := c.Roots(t.Context())
	if err != nil || len(roots) != 1 || roots[0].Account != "444455556666" || c.base.Region != "eu-north-1" {
		t.Errorf("Roots = %+v, %v in %s, want the account of the profile", roots, err, c.base.Region)
	}
}

func TestNoCredentials(t *testing.T) {
	dir := t.TempDir()
	for name, value := range map[string]string{
		"AWS_CONFIG_FILE": filepath.Join(dir, "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "none"), "AWS_PROFILE": "",
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	c, err := Open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Roots(t.Context())
	if got := collect.Result(err); got.Outcome != inventory.Failed || !strings.Contains(got.Remedy, "aws sso login") {
		t.Errorf("Roots = %v, result %+v, want one that tells to sign in", err, got)
	}
}
