package registry

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// TestDistribution pulls from CNCF Distribution, the registry that most
// others are built on, if it is installed (Debian: docker-registry).
func TestDistribution(t *testing.T) {
	t.Parallel()
	addr := startDistribution(t)
	img, idx := newTestImage(t, content(3<<20), []byte("small")), newTestIndex(t, "linux/amd64", "linux/arm64")
	auth := remote.WithAuth(&authn.Basic{Username: "app", Password: password})
	for s, push := range map[string]func(name.Reference) error{
		"one:1":   func(ref name.Reference) error { return remote.Write(ref, img, auth) },
		"multi:1": func(ref name.Reference) error { return remote.WriteIndex(ref, idx, auth) },
	} {
		ref, err := name.ParseReference(addr + "/" + s)
		if err != nil {
			t.Fatal(err)
		}
		if err := push(ref); err != nil {
			t.Fatal(err)
		}
	}
	c := newClient(t, Options{Credentials: []CredentialFunc{login("app", password)}})
	checkSource(t, c.Source(mustRef(t, addr+"/one:1")), img)

	d, err := c.Resolve(t.Context(), mustRef(t, addr+"/multi:1"))
	if err != nil {
		t.Fatal(err)
	}
	if want, err := idx.Digest(); err != nil || d.Digest != want.String() {
		t.Errorf("Resolve = %+v, want the index %s", d, want)
	}
	if _, _, err := c.Image(t.Context(), mustRef(t, addr+"/multi:1"), amd64); err != nil {
		t.Error(err)
	}

	checkDistributionReferrers(t, c, addr, img)

	// The second half, as after a broken connection.
	blob, err := c.Blob(t.Context(), mustRef(t, addr+"/one:1"), digestOf(content(3<<20)), 3<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	download := blob.(*verifiedReader).ReadCloser.(*download)
	first := make([]byte, 1<<20)
	if _, err := io.ReadFull(blob, first); err != nil {
		t.Fatal(err)
	}
	if err := download.broke(io.ErrUnexpectedEOF); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(blob)
	if err != nil || !bytes.Equal(append(first, rest...), content(3<<20)) {
		t.Errorf("resumed blob = %d bytes, %v", len(rest), err)
	}

	_, err = c.Resolve(t.Context(), mustRef(t, addr+"/one:2"))
	wantKind(t, err, NotFound)
	_, err = newClient(t, Options{}).Resolve(t.Context(), mustRef(t, addr+"/one:1"))
	wantKind(t, err, Denied)
}

// checkDistributionReferrers pushes signatures as cosign and Notation do. The
// registry has no referrers API, so that the client that pushes keeps a tag.
func checkDistributionReferrers(t *testing.T, c *Client, addr string, img v1.Image) {
	t.Helper()
	auth := remote.WithAuth(&authn.Basic{Username: "app", Password: password})
	subject := descriptorOf(t, img)
	notation := artifact(t, notationSignature, "application/jose+json", &subject, nil)
	for object, a := range map[string]v1.Image{
		"@" + descriptorOf(t, notation).Digest.String(): notation,
		":" + digestTag(subject.Digest.String()) + ".att": artifact(t, "application/vnd.oci.image.config.v1+json", dsseEnvelope, nil,
			map[string]string{annotationCosignPredicate: slsa}),
	} {
		ref, err := name.ParseReference(addr + "/one" + object)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(ref, a, auth); err != nil {
			t.Fatal(err)
		}
	}
	r, err := c.Referrers(t.Context(), mustRef(t, addr+"/one:1"), subject.Digest.String())
	want := []string{
		`signature "` + notationSignature + `" "" in fallback tag`,
		`provenance "` + dsseEnvelope + `" "` + slsa + `" in cosign tag`,
	}
	if diff := cmp.Diff(want, found(r)); diff != "" || err != nil || r.Problem != "" {
		t.Errorf("referrers: %v, problem %q, mismatch (-want +got):\n%s", err, r.Problem, diff)
	}
}

// startDistribution runs the registry on a free port and returns its address.
func startDistribution(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("docker-registry")
	if err != nil {
		t.Skip("docker-registry is not installed")
	}
	dir := t.TempDir()
	// bcrypt of password, at the least cost.
	const htpasswd = "app:$2a$04$5XqMZIpN.ujE0CZzAiisdurbM31RfrnDcIrdBzMs9lU7s903kWGUa\n"
	config := fmt.Sprintf(`
version: 0.1
storage: {filesystem: {rootdirectory: %s/data}}
http: {addr: "127.0.0.1:0"}
auth: {htpasswd: {realm: test, path: %s/htpasswd}}
`, dir, dir)
	for file, content := range map[string]string{"htpasswd": htpasswd, "config.yml": config} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	cmd := exec.CommandContext(ctx, path, "serve", filepath.Join(dir, "config.yml"))
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	addresses := make(chan string, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		listening := regexp.MustCompile(`listening on (127\.0\.0\.1:\d+)`)
		for s := bufio.NewScanner(stderr); s.Scan(); {
			if m := listening.FindStringSubmatch(s.Text()); m != nil {
				addresses <- m[1]
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		cmd.Wait()
	})
	select {
	case addr := <-addresses:
		return addr
	case <-done:
		t.Fatal("docker-registry ended before it listened")
	case <-ctx.Done():
		t.Fatal("docker-registry does not listen")
	}
	return ""
}
