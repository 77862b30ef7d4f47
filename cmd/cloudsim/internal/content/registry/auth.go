package registry

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// tokenLife is how long a token lasts; Docker Hub's last 300 seconds.
const tokenLife = 5 * time.Minute

// claims are what a bearer token entitles to.
type claims struct {
	Host         string    `json:"host"`
	Repositories []string  `json:"repositories"`
	Expires      time.Time `json:"expires"`
}

func newKey() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return key
}

// allowed reports whether a request may read a repository, or for an empty
// name whether it is signed in.
func (g *registry) allowed(r *http.Request, host, name string) bool {
	if isECR(host) {
		user, password, ok := r.BasicAuth()
		return ok && g.Access(host).accepts(user, password)
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return false
	}
	c, ok := g.verify(token)
	return ok && c.Host == host && g.Now().Before(c.Expires) && (name == "" || slices.Contains(c.Repositories, name))
}

// accepts compares in constant time, as a real registry must.
func (a Access) accepts(user, password string) bool {
	return subtle.ConstantTimeCompare([]byte(user), []byte(a.User))&
		subtle.ConstantTimeCompare([]byte(password), []byte(a.Password)) == 1
}

// challenge tells a client how to sign in.
// See https://distribution.github.io/distribution/spec/auth/token/.
func (g *registry) challenge(w http.ResponseWriter, r *http.Request, host, name string) {
	if isECR(host) {
		w.Header().Set("Www-Authenticate", fmt.Sprintf("Basic realm=%q,service=%q", "https://"+host+"/", "ecr.amazonaws.com"))
		http.Error(w, "Not Authorized", http.StatusUnauthorized)
		return
	}
	c := fmt.Sprintf("Bearer realm=%q,service=%q", scheme(r)+"://"+r.Host+"/token", host)
	if name != "" {
		c += fmt.Sprintf(",scope=%q", "repository:"+name+":pull")
	}
	if r.Header.Get("Authorization") != "" {
		c += `,error="invalid_token"`
	}
	w.Header().Set("Www-Authenticate", c)
	fail(w, http.StatusUnauthorized, "UNAUTHORIZED", "authentication required")
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// token answers the realm of the bearer challenge.
func (g *registry) token(w http.ResponseWriter, r *http.Request) {
	if g.Fault(r).ends(r.Context(), w) {
		return
	}
	q := r.URL.Query()
	host := q.Get("service")
	user, password, given := r.BasicAuth()
	access := g.Access(host)
	if given && access != (Access{}) && !access.accepts(user, password) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		writeJSON(w, map[string]string{"details": "incorrect username or password"})
		return
	}
	c := claims{Host: host, Expires: g.Now().Add(tokenLife)}
	for _, scope := range q["scope"] {
		// Who is not signed in gets a token all the same, for nothing.
		if access == (Access{}) || given {
			if name, ok := pullScope(scope); ok {
				c.Repositories = append(c.Repositories, name)
			}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	signed := g.sign(c)
	writeJSON(w, map[string]any{
		"token": signed, "access_token": signed,
		"expires_in": int(tokenLife.Seconds()), "issued_at": g.Now().UTC().Format(time.RFC3339),
	})
}

// pullScope returns the repository of a scope "repository:<name>:pull".
func pullScope(scope string) (string, bool) {
	rest, ok := strings.CutPrefix(scope, "repository:")
	i := strings.LastIndexByte(rest, ':')
	if !ok || i < 0 || !slices.Contains(strings.Split(rest[i+1:], ","), "pull") {
		return "", false
	}
	return rest[:i], true
}

func (g *registry) sign(c claims) string {
	payload, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings and a time
	}
	return base64.RawURLEncoding.EncodeToString(payload) + "." + base64.RawURLEncoding.EncodeToString(g.mac(payload))
}

func (g *registry) verify(token string) (claims, bool) {
	var c claims
	body, signature, _ := strings.Cut(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return c, false
	}
	mac, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || !hmac.Equal(mac, g.mac(payload)) {
		return c, false
	}
	return c, json.Unmarshal(payload, &c) == nil
}

func (g *registry) mac(payload []byte) []byte {
	m := hmac.New(sha256.New, g.key)
	m.Write(payload)
	return m.Sum(nil)
}
