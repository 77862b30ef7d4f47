//go:build e2e

// Package moto runs moto, a server that imitates AWS and that was not written
// here, behind a proxy that fills in what it leaves out.
package moto

import (
	_ "embed"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/stowage-dev/stowage/e2e/rig/cache"
	"github.com/stowage-dev/stowage/e2e/rig/process"
)

// requirements are the Python packages, all with their versions.
//
//go:embed requirements.txt
var requirements string

// Account is the AWS account of the credentials that [Server.Environment] sets.
const Account = "123456789012"

// Region is the region that [Server.Environment] sets.
const Region = "eu-west-1"

// The credentials; moto takes any.
const (
	accessKey = "AKIAIOSFODNN7EXAMPLE"
	secretKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

// A Server is a running moto with its proxy.
type Server struct {
	// URL is the address of the proxy: the endpoint of all AWS services.
	URL string

	// Digest returns the digest of the image that ECS and Lambda pulled for a
	// reference.
	Digest func(reference string) string
	// Clusters are the API servers of EKS clusters, by name.
	Clusters map[string]Endpoint

	upstream *url.URL
}

// An Endpoint is how an API server is reached.
type Endpoint struct {
	URL string
	// CA are the certificates, in PEM, that sign its own.
	CA []byte
}

// Start starts a server that ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	python := filepath.Join(environment(t), "bin", "python")
	cmd := exec.Command(python, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0")
	// The port is printed by Flask; Python would keep the line in its buffer.
	cmd.Env = append(os.Environ(), "PYTHONUNBUFFERED=1", "MOTO_EC2_LOAD_DEFAULT_AMIS=false")
	running := process.Start(t, cmd)
	line := running.Find(t, time.Minute, `Running on (http://127\.0\.0\.1:\d+)`)
	upstream, err := url.Parse(line[1])
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{upstream: upstream, Clusters: map[string]Endpoint{}, Digest: func(string) string { return "" }}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(upstream)
			r.Out.Host = r.In.Host
			r.Out.Header.Del("Accept-Encoding") // What is filled in must be readable.
		},
		ModifyResponse: s.fill,
	}
	front := httptest.NewServer(s.missing(proxy))
	t.Cleanup(front.Close)
	s.URL = front.URL
	return s
}

// environment returns the folder of a Python environment with moto.
func environment(t testing.TB) string {
	t.Helper()
	return cache.Dir(t, "moto-"+cache.Hash(requirements), func(dir string) error {
		list := filepath.Join(dir, "requirements.txt")
		if err := os.WriteFile(list, []byte(requirements), 0o600); err != nil {
			return err
		}
		if err := cache.Run(exec.CommandContext(t.Context(), "python3", "-m", "venv", dir)); err != nil {
			return err
		}
		return cache.Run(exec.CommandContext(t.Context(), filepath.Join(dir, "bin", "python"), "-m", "pip", "install",
			"--quiet", "--disable-pip-version-check", "--requirement", list))
	})
}

// Config returns the configuration of AWS clients that act in the account.
func (s *Server) Config() aws.Config {
	return aws.Config{
		Region: Region, BaseEndpoint: &s.URL, HTTPClient: http.DefaultClient,
		Credentials: credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
	}
}

// Environment returns the variables by which the AWS SDKs find the server.
func (s *Server) Environment() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + s.URL, "AWS_REGION=" + Region,
		"AWS_ACCESS_KEY_ID=" + accessKey, "AWS_SECRET_ACCESS_KEY=" + secretKey,
	}
}
