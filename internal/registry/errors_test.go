package registry

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestErrorMessages(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	tests := []struct {
		err       Error
		want      string
		permanent bool
	}{
		{
			Error{Kind: NotFound, Host: "r.example", Repository: "a/b", Object: "1.0", Err: cause},
			"r.example/a/b:1.0: not found: cause; it was deleted, or the credentials for r.example may not see it", true,
		},
		{
			Error{Kind: Denied, Host: "r.example", Repository: "a/b", Object: "sha256:x", Err: cause},
			"r.example/a/b@sha256:x: denied: cause; configure credentials for r.example that may pull a/b", true,
		},
		{
			Error{Kind: NoCredentials, Host: "r.example", Repository: "a", Err: cause},
			"r.example/a: no credentials: cause; check the credential source for r.example", false,
		},
		{
			Error{Kind: Throttled, Host: "r.example", Repository: "a", RetryAfter: 90 * time.Second, Err: cause},
			"r.example/a: throttled: cause; retry after 1m30s, authenticate, or use a mirror", false,
		},
		{
			Error{Kind: Throttled, Host: "r.example", Repository: "a", Err: cause},
			"r.example/a: throttled: cause; retry later, authenticate, or use a mirror", false,
		},
		{
			Error{Kind: Unreachable, Host: "r.example", Repository: "a", Err: cause},
			"r.example/a: unreachable: cause; check name resolution, routes, proxy and firewall from here to r.example", false,
		},
		{
			Error{Kind: Unreachable, Host: "r.example", Repository: "a", Err: &statusError{status: 502, detail: "UNAVAILABLE \x1b[2J"}},
			`r.example/a: unreachable: HTTP 502 Bad Gateway: "UNAVAILABLE \x1b[2J"; the server itself is failing`, false,
		},
		{
			Error{Kind: Unreachable, Host: "r.example", Repository: "a", Err: x509.UnknownAuthorityError{}},
			"r.example/a: unreachable: x509: certificate signed by unknown authority; give the CA bundle that signed the certificate of r.example", false,
		},
		{
			Error{Kind: Malformed, Repository: "/tmp/image.tar", Err: cause},
			"/tmp/image.tar: malformed: cause", true,
		},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("Error() = %s\nwant      %s", got, tt.want)
		}
		if got := tt.err.Permanent(); got != tt.permanent {
			t.Errorf("%s: Permanent() = %t, want %t", tt.err.Kind, got, tt.permanent)
		}
	}
}

// What documents say is quoted in part when it is long.
func TestErrorLength(t *testing.T) {
	t.Parallel()
	_, err := parseDocument([]byte(`{"schemaVersion":2,"mediaType":"`+strings.Repeat("é", 1<<20)+`"}`), digestOf([]byte("x")), "")
	if err == nil || len(err.Error()) > maxCause+200 || !utf8.ValidString(err.Error()) {
		t.Errorf("an error of %d bytes, want at most %d", len(fmt.Sprint(err)), maxCause+200)
	}
}
