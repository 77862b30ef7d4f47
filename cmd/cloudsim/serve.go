package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/aws"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/content"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/content/feed"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/content/registry"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/fault"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/kube"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/meter"
)

// kubeToken is the bearer token in the kubeconfig file.
const kubeToken = "simulated-kubeconfig-token"

// A ready is what is printed when all servers listen.
type ready struct {
	AWSEndpointURL string `json:"aws_endpoint_url"`
	// RegistryURL is where the images of every registry host are pulled; the
	// query parameter ns tells which host is meant.
	RegistryURL string `json:"registry_url"`
	Kubeconfig  string `json:"kubeconfig"`
	// OSVURL is the root of the archives: <osv_url>/<ecosystem>/all.zip.
	OSVURL string `json:"osv_url"`
	// OSVEcosystems are those that have an archive.
	OSVEcosystems []string `json:"osv_ecosystems"`
	KEVURL        string   `json:"kev_url"`
	// ControlURL is the root of step, faults, requests and truth.
	ControlURL string `json:"control_url"`
	// RoleName is the role to assume in the organization's accounts.
	RoleName string            `json:"role_name"`
	Env      map[string]string `json:"env"`
}

// serve runs the simulated clouds until the context ends.
func serve(ctx context.Context, o options, stdout io.Writer) error {
	contents := content.Catalog()
	e, err := estate.New(o.estate, contents)
	if err != nil {
		return err
	}
	faults, requests := &fault.Set{Standing: e.Gaps()}, new(meter.Meter)
	if err := faults.Replace(o.faults); err != nil {
		return err
	}
	dir, cleanup, err := stateDir(o.stateDir)
	if err != nil {
		return err
	}
	defer cleanup()

	host, _, _ := net.SplitHostPort(o.listen) // parse saw it
	main, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("listen for AWS: %w", err)
	}
	defer main.Close()
	images, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return fmt.Errorf("listen for registries: %w", err)
	}
	defer images.Close()
	clusters, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return fmt.Errorf("listen for clusters: %w", err)
	}
	defer clusters.Close()

	url := func(scheme string, l net.Listener) string { return scheme + "://" + l.Addr().String() }
	cloud := aws.New(aws.Options{
		Estate: e, Contents: contents, Faults: faults, RegistryURL: url("http", images), Throttle: o.throttle,
		Meter: requests,
	})
	k, err := kube.New(kube.Options{
		Cluster: func(name string) (*estate.KubeCluster, bool) {
			i, ok := e.FindKubeCluster(name)
			if !ok {
				return nil, false
			}
			return e.KubeCluster(i), true
		},
		Step: e.CurrentStep, Token: kubeToken, Faults: faults, Meter: requests,
		Identify: func(key, token string) (kube.Identity, bool) {
			arn, ok := cloud.Identify(key, token)
			return kube.Identity{ARN: arn, Secret: aws.SecretAccessKey}, ok
		},
	})
	if err != nil {
		return err
	}
	cloud.Cluster = func(name string) (string, []byte) {
		c := k.Context(url("https", clusters), name)
		return c.URL, c.CA
	}
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := writeKubeconfig(kubeconfig, e, k, url("https", clusters)); err != nil {
		return err
	}

	control := http.NewServeMux()
	control.Handle("/", cloud)
	control.Handle("/_sim/", newControl(e, faults, requests))
	stuff := http.NewServeMux()
	stuff.Handle("/", feed.New(e.CurrentStep))
	pulls := registry.New(registry.Options{Repository: tags(e), Access: access, Fault: pullFault(faults)})
	stuff.Handle("/v2/", pulls)
	stuff.Handle("/token", pulls)
	stuff.Handle("/token/", pulls)

	r := ready{
		AWSEndpointURL: url("http", main), RegistryURL: url("http", images), Kubeconfig: kubeconfig,
		OSVURL: url("http", images) + "/osv", OSVEcosystems: feed.Ecosystems(), KEVURL: url("http", images) + "/kev.json",
		ControlURL: url("http", main) + "/_sim", RoleName: estate.AuditRole,
		Env: map[string]string{
			"AWS_ACCESS_KEY_ID": aws.AccessKeyID, "AWS_SECRET_ACCESS_KEY": aws.SecretAccessKey, "AWS_REGION": e.Regions()[0],
			"AWS_ENDPOINT_URL": url("http", main), "AWS_EC2_METADATA_DISABLED": "true", "KUBECONFIG": kubeconfig,
			// Nothing of the user's own settings may get in the way.
			"AWS_PROFILE": "", "AWS_SESSION_TOKEN": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		},
	}
	return listenAll(ctx, func() error { return r.print(stdout, o.printEnv) },
		server{main, control}, server{images, stuff}, server{newTLS(clusters, k), k})
}

// stateDir returns the directory for files and how to remove it, if it is
// temporary.
func stateDir(dir string) (string, func(), error) {
	if dir != "" {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return "", nil, fmt.Errorf("state directory: %w", err)
		}
		dir, err := filepath.Abs(dir)
		return dir, func() {}, err
	}
	dir, err := os.MkdirTemp("", "cloudsim-")
	if err != nil {
		return "", nil, fmt.Errorf("state directory: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil // left to the system's cleaning if it fails
}

// writeKubeconfig writes the contexts of the stand-alone clusters.
func writeKubeconfig(path string, e *estate.Estate, k *kube.Server, base string) error {
	var contexts []kube.Context
	for i := range e.KubeClusters() {
		if e.Standalone(i) {
			contexts = append(contexts, k.Context(base, e.KubeClusterName(i)))
		}
	}
	return kube.WriteKubeconfig(path, contexts)
}

// print writes the line that says where everything is.
func (r ready) print(w io.Writer, shell bool) error {
	if !shell {
		return json.NewEncoder(w).Encode(r)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Env)) {
		quoted := "'" + strings.ReplaceAll(r.Env[name], "'", `'\''`) + "'"
		if _, err := fmt.Fprintf(w, "export %s=%s\n", name, quoted); err != nil {
			return err
		}
	}
	return nil
}

// A server is a handler and where it listens.
type server struct {
	listener net.Listener
	handler  http.Handler
}

// listenAll serves until the context ends or a server fails, and calls started
// when all listen.
func listenAll(ctx context.Context, started func() error, servers ...server) error {
	failed := make(chan error, len(servers))
	for _, s := range servers {
		h := &http.Server{
			Handler: s.handler, ReadHeaderTimeout: 10 * time.Second,
			ErrorLog: log.New(io.Discard, "", 0), // aborted connections are simulated faults
		}
		go func() { failed <- h.Serve(s.listener) }()
		defer h.Close()
	}
	if err := started(); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}
