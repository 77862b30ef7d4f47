//go:build e2e

// Package registry runs a real registry, that of the CNCF's distribution
// project, on loopback. It asks for the credentials that moto's ECR gives out.
package registry

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/stowage-dev/stowage/e2e/rig/cache"
	"github.com/stowage-dev/stowage/e2e/rig/process"
)

// The credentials that the registry asks for.
const (
	User     = "AWS"
	Password = "123456789012-auth-token"
	// htpasswd is their line of a password file; the registry wants bcrypt.
	htpasswd = "AWS:$2a$04$2B3yyOR1zLp8n/n93IWoneHed4k4jImHi4JBEpWmOTf.wfjmN.tz2"
)

// A Server is a running registry.
type Server struct {
	// Address is its host and port; it speaks HTTP without TLS.
	Address string
	process *process.Process
}

// Start starts a registry that ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	program := cache.Program(t, "e2e/rig/registry/server", "registry", ".")
	dir := t.TempDir()
	passwords := filepath.Join(dir, "htpasswd")
	s := &Server{Address: process.FreeAddress(t)}
	config := fmt.Sprintf(`version: 0.1
log: {level: warn, accesslog: {disabled: true}}
http: {addr: %q}
storage: {filesystem: {rootdirectory: %q}}
auth: {htpasswd: {realm: e2e, path: %q}}
`, s.Address, filepath.Join(dir, "data"), passwords)
	path := filepath.Join(dir, "config.yml")
	for file, content := range map[string]string{path: config, passwords: htpasswd + "\n"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, "serve", path)
	cmd.Env = append(os.Environ(), "OTEL_TRACES_EXPORTER=none")
	s.process = process.Start(t, cmd)
	return s
}

// Push pushes an image or an index with a tag and returns its digest.
func (s *Server) Push(t testing.TB, repository, tag string, what remote.Taggable) string {
	t.Helper()
	ref, err := name.NewTag(s.Address+"/"+repository+":"+tag, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	auth := remote.WithAuth(&authn.Basic{Username: User, Password: Password})
	push := func() error {
		switch v := what.(type) {
		case v1.Image:
			return remote.Write(ref, v, auth, remote.WithContext(t.Context()))
		case v1.ImageIndex:
			return remote.WriteIndex(ref, v, auth, remote.WithContext(t.Context()))
		}
		return fmt.Errorf("%T is neither image nor index", what)
	}
	process.Until(t, 30*time.Second, "push to "+ref.String(), func(context.Context) error { return push() })
	pushed, err := remote.Head(ref, auth, remote.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	return pushed.Digest.String()
}
