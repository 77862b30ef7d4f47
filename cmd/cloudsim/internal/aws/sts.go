package aws

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

// sts serves AWS STS.
var sts = &service{
	name: "sts", protocol: queryProtocol, namespace: "https://sts.amazonaws.com/doc/2011-06-15/", faults: queryFaults,
	limits: map[string]limit{"sts": {600, 600}},
	operations: map[string]operation{
		"GetCallerIdentity": {class: "sts", handle: (*call).stsGetCallerIdentity},
		"AssumeRole":        {class: "sts", handle: (*call).stsAssumeRole},
	},
}

func (c *call) stsGetCallerIdentity() (any, error) {
	return struct{ Arn, UserId, Account string }{c.caller.ARN, c.caller.UserID, c.caller.Account}, nil //nolint:revive // UserId is the protocol's name.
}

var (
	rolePattern    = regexp.MustCompile(`^arn:aws:iam::(\d{12}):role/([\w+=,.@/-]+)$`)
	sessionPattern = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
)

func (c *call) stsAssumeRole() (any, error) {
	arn, session := c.form.Get("RoleArn"), c.form.Get("RoleSessionName")
	m := rolePattern.FindStringSubmatch(arn)
	if m == nil {
		return nil, &apiError{Code: "ValidationError", Message: arn + " is invalid", Status: 400}
	}
	if !sessionPattern.MatchString(session) {
		return nil, &apiError{Code: "ValidationError", Message: "1 validation error detected: Value '" + session + "' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*", Status: 400}
	}
	seconds, err := integer(c.form.Get("DurationSeconds"))
	if err != nil {
		return nil, err
	}
	switch {
	case seconds == 0:
		seconds = 3600
	case seconds < 900 || seconds > 43200:
		return nil, &apiError{Code: "ValidationError", Message: fmt.Sprintf("The requested DurationSeconds %d is not from 900 to 43200.", seconds), Status: 400}
	case seconds > 3600 && strings.Contains(c.caller.ARN, ":assumed-role/"):
		return nil, &apiError{Code: "ValidationError", Message: "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining", Status: 400}
	}
	role, ok := c.Estate.AssumableRole(m[1], m[2])
	if !ok || !c.trusted(role, c.form.Get("ExternalId")) {
		return nil, &apiError{
			Code: "AccessDenied", Status: 403,
			Message: fmt.Sprintf("User: %s is not authorized to perform: sts:AssumeRole on resource: %s", c.caller.ARN, arn),
		}
	}
	to := caller{
		Account: role.Account,
		ARN:     "arn:aws:sts::" + role.Account + ":assumed-role/" + lastPart(role.Name) + "/" + session,
		UserID:  role.ID + ":" + session,
		Expires: c.Now().Add(time.Duration(seconds) * time.Second).Truncate(time.Second),
	}
	type credentials struct {
		AccessKeyID     string `xml:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      string
	}
	type user struct {
		Arn           string
		AssumedRoleID string `xml:"AssumedRoleId"`
	}
	return struct {
		AssumedRoleUser user
		Credentials     credentials
	}{
		user{to.ARN, to.UserID},
		credentials{temporaryKey(to.Account), SecretAccessKey, to.token(), xmlTime(to.Expires)},
	}, nil
}

// trusted reports whether the role's trust policy lets the caller assume it:
// a statement names the caller's account, and its conditions hold.
func (c *call) trusted(role estate.Role, externalID string) bool {
	for _, s := range role.Trust.Statement {
		if s.Principal["AWS"] != "arn:aws:iam::"+c.account()+":root" {
			continue
		}
		if want := s.Condition["StringEquals"]["sts:ExternalId"]; want == "" || want == externalID {
			return true
		}
	}
	return false
}
