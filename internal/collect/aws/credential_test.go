package aws

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/inventory"
)

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
