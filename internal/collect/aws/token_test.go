package aws

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

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
