package registry

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

const (
	// tokenTimeout bounds one exchange of credentials for a token.
	tokenTimeout = 30 * time.Second
	// defaultTokenLife is the life of tokens that do not say, as
	// https://distribution.github.io/distribution/spec/auth/token/ has it.
	defaultTokenLife = time.Minute
	// maxGrants bounds the Authorization headers that are kept.
	maxGrants = 4096
)

// An authorizer turns credentials into Authorization headers and keeps these
// until they expire.
type authorizer struct {
	credentials *credentials
	transport   http.RoundTripper
	now         func() time.Time

	mu     sync.Mutex
	grants map[grantKey]*grant
}

// A grantKey says what a header is good for. Basic credentials are good for
// all repositories of a host; tokens are for one.
type grantKey struct{ host, repository string }

// A grant is an Authorization header.
type grant struct {
	// renewing holds an element while somebody gets a new header, so that
	// many downloads that start at a time ask for one token.
	renewing chan struct{}
	header   string
	expires  time.Time
}

func newAuthorizer(o Options) *authorizer {
	return &authorizer{
		credentials: newCredentials(o),
		transport:   o.Transport,
		now:         time.Now,
		grants:      map[grantKey]*grant{},
	}
}

// cached returns the header that requests for the target's repository start
// with; empty when there is none yet or it expired.
func (a *authorizer) cached(t target) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, key := range []grantKey{{t.name, t.repository}, {t.name, ""}} {
		if g := a.grants[key]; g != nil && g.header != "" && a.now().Before(g.expires) {
			return g.header
		}
	}
	return ""
}

// renew returns a header that answers one of the challenges. refused is the
// header that the registry answered with them, and refusal what it said.
func (a *authorizer) renew(ctx context.Context, t target, challenges []transport.Challenge, refused string, refusal error) (string, error) {
	if len(challenges) == 0 {
		return "", t.fail(Denied, fmt.Errorf("%w, without saying how to authenticate", refusal))
	}
	ch := challenges[0]
	if i := slices.IndexFunc(challenges, isBearer); i >= 0 {
		ch = challenges[i] // The only one that is good for anonymous pulls.
	}
	key := grantKey{host: t.name}
	if isBearer(ch) {
		key.repository = t.repository
	}
	g := a.grant(key)
	select {
	case g.renewing <- struct{}{}:
		defer func() { <-g.renewing }()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	if h := a.cached(t); h != "" && h != refused {
		return h, nil
	}
	if refused != "" {
		a.credentials.forget(t.name)
	}
	header, expires, err := a.obtain(ctx, t, ch, refusal)
	if err != nil {
		return "", err
	}
	if header == refused {
		return "", t.fail(Denied, refusal)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	g.header, g.expires = header, expires
	return header, nil
}

// grant returns the grant of a key, after making room for it.
func (a *authorizer) grant(key grantKey) *grant {
	a.mu.Lock()
	defer a.mu.Unlock()
	if g := a.grants[key]; g != nil {
		return g
	}
	if len(a.grants) >= maxGrants {
		for k, g := range a.grants {
			if !a.now().Before(g.expires) {
				delete(a.grants, k)
			}
		}
		if len(a.grants) >= maxGrants {
			clear(a.grants)
		}
	}
	g := &grant{renewing: make(chan struct{}, 1)}
	a.grants[key] = g
	return g
}

// obtain answers the challenge with the credentials for the target.
func (a *authorizer) obtain(ctx context.Context, t target, ch transport.Challenge, refusal error) (header string, expires time.Time, err error) {
	cred, err := a.credentials.get(ctx, t)
	if err != nil {
		return "", time.Time{}, err
	}
	if token := cred.RegistryToken; token != "" {
		return "Bearer " + token, cred.expires, nil
	}
	if isBearer(ch) {
		return a.token(ctx, t, ch, cred)
	}
	switch {
	case cred.Username != "" || cred.Password != "":
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(cred.Username+":"+cred.Password)), cred.expires, nil
	case cred.Auth != "":
		return "Basic " + cred.Auth, cred.expires, nil
	default:
		return "", time.Time{}, t.fail(Denied, fmt.Errorf("%w, and no credentials are known", refusal))
	}
}

// token exchanges credentials, or none, for a token of the repository.
func (a *authorizer) token(ctx context.Context, t target, ch transport.Challenge, cred credential) (string, time.Time, error) {
	options := []name.Option{}
	if ch.Insecure = t.base.Scheme == "http"; ch.Insecure {
		options = append(options, name.Insecure)
	}
	reg, err := name.NewRegistry(t.base.Host, options...)
	if err != nil {
		return "", time.Time{}, t.fail(Malformed, err)
	}
	auth := authn.Anonymous
	if cred.AuthConfig != (authn.AuthConfig{}) {
		auth = authn.FromConfig(cred.AuthConfig)
	}
	scope := cmp.Or(ch.Parameters["scope"], "repository:"+t.repository+":pull")
	ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
	defer cancel()
	requested := a.now()
	tok, err := transport.Exchange(ctx, reg, auth, a.transport, []string{scope}, &ch)
	if err != nil {
		return "", time.Time{}, t.tokenError(err, cred)
	}
	life := defaultTokenLife
	if tok.ExpiresIn > 0 {
		life = time.Duration(tok.ExpiresIn) * time.Second
	}
	// A tenth is left for the way to the registry and for clocks.
	return "Bearer " + cmp.Or(tok.AccessToken, tok.Token), requested.Add(life - life/10), nil
}

// tokenError classifies what the token server, or the way to it, did wrong.
// The text of unknown errors is dropped: it may quote the server's answer,
// and that may hold a token.
func (t target) tokenError(err error, cred credential) error {
	var te *transport.Error
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &te):
		kind := statusKind(te.StatusCode)
		if kind == NotFound || kind == Unsupported {
			kind = Denied
		}
		who := "an anonymous client"
		if cred.AuthConfig != (authn.AuthConfig{}) {
			who = "the configured credentials"
		}
		return t.fail(kind, fmt.Errorf("the token server answered %s with HTTP %d", who, te.StatusCode))
	case isTransport(err):
		return t.unanswered(fmt.Errorf("token server: %w", networkError(err)))
	case errors.As(err, &syntax), strings.HasPrefix(err.Error(), "no token"):
		return t.fail(Malformed, errors.New("the token server's answer holds no token"))
	case strings.Contains(err.Error(), "realm"):
		return t.fail(Malformed, err)
	default:
		return t.fail(Malformed, errors.New("the token server's answer cannot be read"))
	}
}
