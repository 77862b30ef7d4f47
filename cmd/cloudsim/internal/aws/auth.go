package aws

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The long-lived access key: of a user in the management account. The secret
// is not checked, because signatures are only checked for their form.
const (
	AccessKeyID     = "AKIAMERIDIAN0STOWAGE"
	SecretAccessKey = "simulated-secret-access-key-not-a-secret"
)

// A caller is who makes a call.
type caller struct {
	Account string    `json:"account"`
	ARN     string    `json:"arn"`
	UserID  string    `json:"user_id"`
	Expires time.Time `json:"expires,omitzero"`
}

// A scope is the credential scope of a signature.
type scope struct {
	key, region, service string
}

// credential matches the parameters of a Signature Version 4 header.
var credential = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([A-Z0-9]{16,128})/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$`)

// parseAuthorization reads the credential scope from the request's signature.
func parseAuthorization(r *http.Request) (scope, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return scope{}, errMissing
	}
	m := credential.FindStringSubmatch(header)
	if m == nil {
		return scope{}, errIncomplete
	}
	if date := r.Header.Get("X-Amz-Date"); !strings.HasPrefix(date, m[2]) {
		return scope{m[1], m[3], m[4]}, errIncomplete
	}
	return scope{m[1], m[3], m[4]}, nil
}

// What can be wrong with the header of a signature.
var (
	errMissing    = errors.New("no signature")
	errIncomplete = errors.New("the signature cannot be read")
)

// authenticate finds the caller behind the access key. err is that of
// [parseAuthorization].
func (c *call) authenticate(s scope, err error, token string) error {
	codes := c.service.faults
	switch {
	case errors.Is(err, errMissing):
		return codes.missing
	case err != nil:
		e := &apiError{Code: "IncompleteSignature", Status: http.StatusForbidden, Message: "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter."}
		if c.service.protocol == jsonProtocol || c.service.protocol == restProtocol {
			e.Code += "Exception"
		}
		return e
	}
	if c.caller, err = c.identify(s.key, token); errors.Is(err, errExpired) {
		return codes.expired
	} else if err != nil {
		return codes.invalidKey
	}
	// Regions that are not enabled do not know the account's keys.
	if !c.service.global && !slices.Contains(c.Estate.EnabledRegions(), s.region) {
		return codes.invalidKey
	}
	return nil
}

// Identify returns the ARN of the owner of credentials and whether they are
// good now.
func (s *Server) Identify(accessKeyID, sessionToken string) (arn string, ok bool) {
	c, err := s.identify(accessKeyID, sessionToken)
	return c.ARN, err == nil
}

// What can be wrong with credentials.
var (
	errUnknownKey = errors.New("unknown access key")
	errExpired    = errors.New("the session has expired")
)

// identify finds the owner of an access key and, for a session, its token.
func (s *Server) identify(key, token string) (caller, error) {
	if key == AccessKeyID && token == "" {
		account := s.Estate.Account(0).ID
		return caller{Account: account, ARN: "arn:aws:iam::" + account + ":user/stowage", UserID: "AIDAMERIDIAN0STOWAGE"}, nil
	}
	c, err := parseToken(token)
	if err != nil {
		return caller{}, err
	}
	if _, ok := s.Estate.FindAccount(c.Account); !ok || key != temporaryKey(c.Account) {
		return caller{}, errUnknownKey
	}
	if s.Now().After(c.Expires) {
		return caller{}, errExpired
	}
	return c, nil
}

// temporaryKey returns the access key of sessions in an account.
func temporaryKey(account string) string { return "ASIA0000" + account }

// token returns the session token that tells who the caller is.
func (c caller) token() string {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings and a time
	}
	return base64.StdEncoding.EncodeToString(b)
}

// parseToken reads a session token.
func parseToken(s string) (caller, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return caller{}, fmt.Errorf("session token: %w", err)
	}
	var c caller
	if err := json.Unmarshal(b, &c); err != nil {
		return caller{}, fmt.Errorf("session token: %w", err)
	}
	return c, nil
}
