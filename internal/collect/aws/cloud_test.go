package aws

import (
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

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

// TestConnectionsAreShared runs one scope after the other. All use the
// connection of the first: one of its own for each would stay open, idle, for
// a minute and a half. A transport takes a connection back a moment after the
// caller has read the last byte, so that a busy machine may see a few more.
func TestConnectionsAreShared(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = w.Write([]byte(`{"clusterArns": []}`))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	cloud := testCloud(t, server.URL, Options{}, nil)
	const scopes = 20
	for range scopes {
		if result := runScope(t, cloud, testScope("ecs"), new(recorder)); result.Outcome != inventory.Complete {
			t.Fatalf("collection ended %+v", result)
		}
	}
	if n := connections.Load(); n > scopes/2 {
		t.Errorf("%d scopes made %d connections, want them shared", scopes, n)
	}
}
