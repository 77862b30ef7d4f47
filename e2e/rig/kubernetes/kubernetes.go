//go:build e2e

// Package kubernetes runs the control plane of a real Kubernetes cluster on
// loopback: etcd, kube-apiserver and kube-controller-manager. It has no
// machines: a [Kubelet] reports the pods as running.
package kubernetes

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/stowage-dev/stowage/e2e/rig/cache"
	"github.com/stowage-dev/stowage/e2e/rig/process"
)

// module is the Go module that the servers are built from.
const module = "e2e/rig/kubernetes/servers"

// startTimeout is how long a server may take to be ready.
const startTimeout = 2 * time.Minute

// A Cluster is a running control plane.
type Cluster struct {
	// URL is the address of the API server, CA the certificates in PEM that
	// sign its own.
	URL string
	CA  []byte
	// Client speaks to it as an administrator.
	Client kubernetes.Interface
}

// Options configure a cluster.
type Options struct {
	// Authenticate tells whose a bearer token is; nil knows none.
	Authenticate Authenticator
}

// adminToken is the bearer token of an administrator.
const adminToken = "the-administrator"

// Start starts a control plane that ends with the test.
func Start(t testing.TB, o Options) *Cluster {
	t.Helper()
	programs := programs(t)
	dir := t.TempDir()
	key := serviceAccountKey(t, dir)
	tokens := filepath.Join(dir, "tokens.csv")
	write(t, tokens, adminToken+",admin,admin,system:masters\n")

	etcd := "http://" + process.FreeAddress(t)
	peers := "http://" + process.FreeAddress(t)
	process.Start(t, exec.Command(programs["etcd"],
		"--data-dir="+filepath.Join(dir, "etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls="+etcd, "--advertise-client-urls="+etcd,
		"--listen-peer-urls="+peers, "--initial-advertise-peer-urls="+peers, "--initial-cluster=default="+peers))

	address := process.FreeAddress(t)
	_, port, _ := net.SplitHostPort(address)
	args := []string{
		"--etcd-servers=" + etcd, "--bind-address=127.0.0.1", "--secure-port=" + port,
		"--cert-dir=" + filepath.Join(dir, "certificates"), "--endpoint-reconciler-type=none",
		"--authorization-mode=RBAC", "--token-auth-file=" + tokens,
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + key, "--service-account-signing-key-file=" + key,
		"--service-cluster-ip-range=10.96.0.0/16", "--allow-privileged=true",
	}
	if o.Authenticate != nil {
		args = append(args, "--authentication-token-webhook-config-file="+webhook(t, dir, o.Authenticate),
			"--authentication-token-webhook-version=v1", "--authentication-token-webhook-cache-ttl=0s")
	}
	process.Start(t, exec.Command(programs["kube-apiserver"], args...))
	c := &Cluster{URL: "https://" + address}
	c.wait(t, filepath.Join(dir, "certificates", "apiserver.crt"))

	kubeconfig := filepath.Join(dir, "kubeconfig")
	c.WriteKubeconfig(t, kubeconfig, "admin", adminToken)
	process.Start(t, exec.Command(programs["kube-controller-manager"],
		"--kubeconfig="+kubeconfig, "--secure-port=0", "--leader-elect=false",
		// No machine reports its health, and the certificate is not from an authority.
		"--controllers=*,-node-lifecycle-controller,-taint-eviction-controller,-kube-apiserver-serving-clustertrustbundle-publisher-controller",
		"--use-service-account-credentials=true", "--service-account-private-key-file="+key))
	return c
}

// programs returns the paths of the servers: those in KUBEBUILDER_ASSETS, the
// folder of other tools of this kind, or else they are built and kept.
func programs(t testing.TB) map[string]string {
	t.Helper()
	paths := map[string]string{}
	for name, pkg := range map[string]string{
		"etcd":                    "go.etcd.io/etcd/server/v3",
		"kube-apiserver":          "k8s.io/kubernetes/cmd/kube-apiserver",
		"kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
	} {
		ready := filepath.Join(os.Getenv("KUBEBUILDER_ASSETS"), name)
		if _, err := os.Stat(ready); err == nil && filepath.IsAbs(ready) {
			paths[name] = ready
			continue
		}
		paths[name] = cache.Program(t, module, name, pkg, "-ldflags="+linkerFlags(t))
	}
	return paths
}

// linkerFlags set what the servers say of their own version, which decides what
// they do: without, they take themselves for v0.0.0.
func linkerFlags(t testing.TB) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes")
	cmd.Dir = filepath.Join(cache.Repository(t), filepath.FromSlash(module))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", cmd, err)
	}
	version := strings.TrimSpace(string(out))
	major, rest, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	flags := "-s -w"
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags += fmt.Sprintf(" -X %s.gitVersion=%s -X %[1]s.gitMajor=%[3]s -X %[1]s.gitMinor=%[4]s", pkg, version, major, minor)
	}
	return flags
}

// wait waits until the API server is ready and fills in how to speak to it.
func (c *Cluster) wait(t testing.TB, certificate string) {
	t.Helper()
	process.Until(t, startTimeout, "kube-apiserver is ready", func(ctx context.Context) error {
		ca, err := os.ReadFile(certificate)
		if err != nil {
			return err
		}
		client, err := kubernetes.NewForConfig(&rest.Config{
			Host: c.URL, BearerToken: adminToken, TLSClientConfig: rest.TLSClientConfig{CAData: ca}, QPS: -1,
		})
		if err != nil {
			return err
		}
		c.CA, c.Client = ca, client
		return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// WriteKubeconfig writes a file with one context, by which its user reaches the
// cluster with a bearer token.
func (c *Cluster) WriteKubeconfig(t testing.TB, path, name, token string) {
	t.Helper()
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: c.URL, CertificateAuthorityData: c.CA}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	config.CurrentContext = name
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
}

// serviceAccountKey writes the key that signs the tokens of service accounts.
func serviceAccountKey(t testing.TB, dir string) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "service-account.key")
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	write(t, path, string(pem.EncodeToMemory(block)))
	return path
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// serve starts an HTTP server that ends with the test and returns its URL.
func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l) // It ends by Close.
	}()
	t.Cleanup(func() {
		s.Close()
		<-done
	})
	return "http://" + l.Addr().String()
}
