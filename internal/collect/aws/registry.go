package aws

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// registry is the private ECR registry of an account in a region.
type registry struct {
	account, region string
}

// registryToken is a credential of a registry.
type registryToken struct {
	user, password string
	expires        time.Time
}

// registryPattern is the form of the names of [registryHosts].
var registryPattern = regexp.MustCompile(`^(\d{12})\.(?:dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?|dkr-ecr(?:-fips)?\.([a-z0-9-]+)\.on\.aws)$`)

// parseRegistry returns the registry of a host.
func parseRegistry(host string) (registry, bool) {
	m := registryPattern.FindStringSubmatch(host)
	if m == nil {
		return registry{}, false
	}
	return registry{m[1], m[2] + m[3]}, true
}

// tokenMargin is how long before its end a token is not given out any more: a
// pull that begins with it must end with it.
const tokenMargin = time.Hour

// RegistryCredential returns the user and password of an ECR registry, and
// until when to use them; ok is false for other hosts. The token is that of
// the identity that reads the registry's account, or else of the ambient
// credentials, which the registry may let in by its policy.
func (c *Cloud) RegistryCredential(ctx context.Context, host string) (user, password string, expires time.Time, ok bool, err error) {
	r, ok := parseRegistry(host)
	if !ok {
		return "", "", time.Time{}, false, nil
	}
	token, cached := c.tokens.get(r)
	if !cached || time.Now().After(token.expires) {
		if token, err = c.authorize(ctx, r); err != nil {
			return "", "", time.Time{}, true, fmt.Errorf("credential of registry %s: %w", host, err)
		}
		c.tokens.add(r, token)
	}
	return token.user, token.password, token.expires, true, nil
}

// authorize asks ECR for a token.
func (c *Cloud) authorize(ctx context.Context, r registry) (registryToken, error) {
	scope := collect.Scope{ScopeKey: inventory.ScopeKey{
		Provider: inventory.AWS, Account: r.account, Region: r.region, Collector: ecrService.name,
	}}
	s, err := c.session(ctx, scope, ecrService.collector())
	if err == nil {
		var token registryToken
		if token, err = s.authorize(ctx); err == nil {
			return token, nil
		}
	}
	ambient := &session{Scope: scope, cloud: c, declared: ecrService.collector()}
	ambient.config = ambient.configure(c.base.Credentials)
	token, ambientErr := ambient.authorize(ctx)
	if ambientErr != nil {
		return registryToken{}, err // The account's own identity is what should work.
	}
	return token, nil
}

// authorize asks ECR for a token of the session's identity.
func (s *session) authorize(ctx context.Context) (registryToken, error) {
	out, err := ecr.NewFromConfig(s.config).GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return registryToken{}, err
	}
	if len(out.AuthorizationData) == 0 {
		return registryToken{}, errors.New("ecr:GetAuthorizationToken returned no token")
	}
	data := out.AuthorizationData[0]
	decoded, err := base64.StdEncoding.DecodeString(aws.ToString(data.AuthorizationToken))
	user, password, ok := strings.Cut(string(decoded), ":")
	if err != nil || !ok { // The error may hold a part of the token.
		return registryToken{}, errors.New("ecr:GetAuthorizationToken returned no base64 of user:password")
	}
	return registryToken{user, password, aws.ToTime(data.ExpiresAt).Add(-tokenMargin)}, nil
}
