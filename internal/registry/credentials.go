package registry

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

const (
	// credentialLife is how long credentials are kept that do not say when
	// they expire.
	credentialLife = 10 * time.Minute
	// credentialMargin is how long before they expire credentials are
	// renewed.
	credentialMargin = time.Minute
)

// A credential is what a source of credentials knows of a host; empty when it
// knows nothing.
type credential struct {
	authn.AuthConfig
	expires time.Time
}

// credentials asks the sources of credentials and keeps their answers.
type credentials struct {
	sources      []CredentialFunc
	dockerConfig bool
	now          func() time.Time

	mu    sync.Mutex
	known map[string]credential
}

func newCredentials(o Options) *credentials {
	return &credentials{
		sources:      o.Credentials,
		dockerConfig: o.DockerConfig,
		now:          time.Now,
		known:        map[string]credential{},
	}
}

// get returns the credentials for the target. Sources are asked once for each
// host; the Docker configuration, which may hold credentials of single
// repositories, at each call.
func (c *credentials) get(ctx context.Context, t target) (credential, error) {
	c.mu.Lock()
	cred, ok := c.known[t.name]
	c.mu.Unlock()
	if ok && c.now().Before(cred.expires) {
		return cred, nil
	}
	for _, source := range c.sources {
		user, password, expires, ok, err := source(ctx, t.name)
		if err != nil {
			return credential{}, t.fail(NoCredentials, err)
		}
		if !ok {
			continue
		}
		cred := credential{
			AuthConfig: authn.AuthConfig{Username: user, Password: password},
			expires:    c.now().Add(credentialLife),
		}
		if !expires.IsZero() {
			cred.expires = expires.Add(-credentialMargin)
		}
		c.mu.Lock()
		c.known[t.name] = cred
		c.mu.Unlock()
		return cred, nil
	}
	if !c.dockerConfig {
		return credential{}, nil
	}
	auth, err := authn.Resolve(ctx, authn.DefaultKeychain, dockerResource{t})
	if err != nil {
		return credential{}, t.fail(NoCredentials, fmt.Errorf("docker configuration: %w", err))
	}
	cfg, err := authn.Authorization(ctx, auth)
	if err != nil {
		return credential{}, t.fail(NoCredentials, fmt.Errorf("docker configuration: %w", err))
	}
	return credential{AuthConfig: *cfg, expires: c.now().Add(credentialLife)}, nil
}

// forget drops the credentials for a host because the registry refused them.
func (c *credentials) forget(host string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, host)
}

// dockerResource is a target in the terms of the Docker configuration.
type dockerResource struct{ target }

// RegistryStr implements [authn.Resource].
func (r dockerResource) RegistryStr() string {
	if r.name == "docker.io" {
		return name.DefaultRegistry
	}
	return r.name
}

// String implements [authn.Resource].
func (r dockerResource) String() string { return r.RegistryStr() + "/" + r.repository }

// isTransport reports whether err is of the HTTP client and not of an answer.
func isTransport(err error) bool {
	var ue *url.Error
	return errors.As(err, &ue) || errors.Is(err, context.DeadlineExceeded)
}
