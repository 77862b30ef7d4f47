package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

// start runs the program until the end of the test.
func start(t *testing.T, args ...string) ready {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	var stderr bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		status := run(ctx, args, strings.NewReader(""), in, &stderr)
		in.Close()
		ended <- status
	}()
	t.Cleanup(func() {
		cancel()
		if status := <-ended; status != 0 {
			t.Errorf("exit status %d: %s", status, &stderr)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		cancel()
		t.Fatalf("no line that says it is ready: %v: %s", err, &stderr)
	}
	var r ready
	if err := json.Unmarshal(line, &r); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return r
}

// config returns what an AWS client makes of the environment.
func (r ready) config() aws.Config {
	return aws.Config{
		Region: r.Env["AWS_REGION"], BaseEndpoint: &r.AWSEndpointURL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(r.Env["AWS_ACCESS_KEY_ID"], r.Env["AWS_SECRET_ACCESS_KEY"], ""),
	}
}

// truth returns the workloads by UID.
func (r ready) truth(t *testing.T) map[string]estate.TrueWorkload {
	t.Helper()
	resp, err := http.Get(r.ControlURL + "/truth")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	all := map[string]estate.TrueWorkload{}
	for d := json.NewDecoder(resp.Body); ; {
		var w estate.TrueWorkload
		if err := d.Decode(&w); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[w.UID] = w
	}
}

// post calls the control API and returns the status and the body.
func (r ready) post(t *testing.T, path, body string) (int, string) {
	t.Helper()
	resp, err := http.Post(r.ControlURL+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestRealClientsFindTheWholeEstate(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := start(t)

	services, err := ecs.NewFromConfig(r.config()).ListServices(ctx, &ecs.ListServicesInput{Cluster: aws.String("shop")})
	if err != nil || len(services.ServiceArns) != 6 {
		t.Errorf("services = %+v, %v, want the six of the story", services, err)
	}
	truth := r.truth(t)
	for _, arn := range services.ServiceArns {
		if truth[arn].Kind != "ecs.service" {
			t.Errorf("the truth has no service %s", arn)
		}
	}
	if len(truth) != 60 {
		t.Errorf("the truth has %d workloads, want 60", len(truth))
	}

	cluster, err := eks.NewFromConfig(r.config()).DescribeCluster(ctx, &eks.DescribeClusterInput{Name: aws.String("shop-eks")})
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.Get(*cluster.Cluster.Endpoint); err == nil {
		resp.Body.Close()
		t.Error("the API server's certificate is trusted without its authority")
	}

	kubeconfig, err := clientcmd.BuildConfigFromFlags("", r.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	deployments, err := client.AppsV1().Deployments("").List(ctx, metav1.ListOptions{})
	if err != nil || len(deployments.Items) == 0 {
		t.Fatalf("deployments = %+v, %v, want some", deployments, err)
	}
	for _, d := range deployments.Items {
		if truth[string(d.UID)].Name != d.Name {
			t.Errorf("the truth has no deployment %s %s", d.UID, d.Name)
		}
	}

	for path, want := range map[string]string{r.KEVURL: "CVE-2021-44228", r.OSVURL + "/ecosystems.txt": "Maven"} {
		resp, err := http.Get(path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s has no %s: %v", path, want, err)
		}
	}
}

func TestImagesArePulledWithTheTokenOfECR(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := start(t)
	token, err := ecr.NewFromConfig(r.config()).GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	if got := *token.AuthorizationData[0].ProxyEndpoint; got != r.RegistryURL {
		t.Errorf("proxy endpoint = %s, want %s", got, r.RegistryURL)
	}
	truth := r.truth(t)
	var arn string
	for _, w := range truth {
		if w.Name == "storefront" {
			arn = w.UID
		}
	}
	want := truth[arn].Containers[0]
	host, path, _ := strings.Cut(want.Image, "/")
	path, _, _ = strings.Cut(path, ":")
	ref, err := name.NewDigest(strings.TrimPrefix(r.RegistryURL, "http://")+"/"+path+"@"+want.Digest, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	options := []remote.Option{
		remote.WithContext(ctx), remote.WithTransport(mirror{host}),
		remote.WithAuth(authn.FromConfig(authn.AuthConfig{Auth: *token.AuthorizationData[0].AuthorizationToken})),
	}
	index, err := remote.Index(ref, options...)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := index.Digest(); err != nil || d.String() != want.Digest {
		t.Errorf("pulled %s, %v, want %s", d, err, want.Digest)
	}
	code, _ := r.post(t, "/faults", `[{"action":"registry:pull","throttle":true}]`)
	if _, err := remote.Index(ref, append(options, remote.WithRetryPredicate(func(error) bool { return false }))...); code != http.StatusNoContent || err == nil || !strings.Contains(err.Error(), "TOOMANYREQUESTS") {
		t.Errorf("a throttled pull gives %d and %v, want TOOMANYREQUESTS", code, err)
	}
}

// A mirror tells the registry which host is meant.
type mirror struct{ host string }

// RoundTrip implements [http.RoundTripper].
func (m mirror) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	q := r.URL.Query()
	q.Set("ns", m.host)
	r.URL.RawQuery = q.Encode()
	return http.DefaultTransport.RoundTrip(r)
}

func TestControl(t *testing.T) {
	t.Parallel()
	r := start(t, "-fault", `{"action":"ecs:ListClusters","deny":true}`)
	client := ecs.NewFromConfig(r.config())
	if _, err := client.ListClusters(t.Context(), &ecs.ListClustersInput{}); err == nil || !strings.Contains(err.Error(), "AccessDeniedException") {
		t.Errorf("with the rule of the command line: %v, want AccessDeniedException", err)
	}
	if code, _ := r.post(t, "/faults", `[]`); code != http.StatusNoContent {
		t.Errorf("ending the rules answers %d", code)
	}
	if _, err := client.ListClusters(t.Context(), &ecs.ListClustersInput{}); err != nil {
		t.Errorf("without rules: %v", err)
	}
	before := r.truth(t)
	if code, body := r.post(t, "/step", ""); code != http.StatusOK || body != "{\"step\":1}\n" {
		t.Errorf("step answers %d %s, want 1", code, body)
	}
	after := r.truth(t)
	storefront := func(all map[string]estate.TrueWorkload) string {
		for _, w := range all {
			if w.Name == "storefront" {
				return w.Containers[0].Content
			}
		}
		return ""
	}
	if b, a := storefront(before), storefront(after); b != "storefront-4.2.0" || a != "storefront-4.3.0" {
		t.Errorf("storefront ran %s and then %s, want 4.2.0 and then 4.3.0", b, a)
	}
	if _, err := client.ListClusters(t.Context(), &ecs.ListClustersInput{MaxResults: aws.Int32(1)}); err != nil {
		t.Errorf("after a step: %v", err)
	}
}

// TestGapsOfTheEstate meets the places of the estate that cannot be read, which
// no rule ends.
func TestGapsOfTheEstate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		flag       string
		standsOpen bool
	}{{"-gaps", false}, {"-gaps=false", true}} {
		r := start(t, test.flag)
		r.post(t, "/faults", `[]`)
		kubeconfig, err := clientcmd.BuildConfigFromFlags("", r.Kubeconfig)
		if err != nil {
			t.Fatal(err)
		}
		get := func(cluster string) error {
			c := rest.CopyConfig(kubeconfig)
			c.Host = strings.Replace(c.Host, "warehouse", cluster, 1)
			client, err := kubernetes.NewForConfig(c)
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Discovery().ServerVersion()
			return err
		}
		if err := get("eks-1"); (err == nil) != test.standsOpen {
			t.Errorf("%s: eks-1 answers %v", test.flag, err)
		}
		if err := get("warehouse"); err != nil {
			t.Errorf("%s: warehouse answers %v", test.flag, err)
		}
		hidden := 0
		for _, w := range r.truth(t) {
			if w.Hidden || w.ExposedHidden {
				hidden++
			}
		}
		if (hidden == 0) != test.standsOpen {
			t.Errorf("%s: the truth hides %d workloads", test.flag, hidden)
		}
	}
}

func TestStdinLifeline(t *testing.T) {
	t.Parallel()
	stdin, parent := io.Pipe()
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(t.Context(), []string{"-stdin-lifeline", "-print-env"}, stdin, in, io.Discard)
	}()
	s := bufio.NewScanner(out)
	var lines []string
	for s.Scan() {
		if lines = append(lines, s.Text()); strings.HasPrefix(s.Text(), "export KUBECONFIG=") {
			break
		}
	}
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "export AWS_ENDPOINT_URL='http://127.0.0.1:") }) {
		t.Errorf("printed %q, want the endpoint", lines)
	}
	parent.Close()
	if status := <-ended; status != 0 {
		t.Errorf("exit status %d, want 0", status)
	}
}

func TestStateDirectoryKeepsTheKubeconfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := start(t, "-state-dir", dir+"/new")
	if r.Kubeconfig != dir+"/new/kubeconfig" {
		t.Errorf("kubeconfig = %s, want it in %s/new", r.Kubeconfig, dir)
	}
	if _, err := os.Stat(r.Kubeconfig); err != nil {
		t.Error(err)
	}
}

func TestBadCommandLines(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"help":           {[]string{"-help"}, 0, "-workloads"},
		"unknown":        {[]string{"-clouds"}, 2, "flag provided but not defined"},
		"argument":       {[]string{"start"}, 2, `unexpected argument "start"`},
		"address":        {[]string{"-listen", "8080"}, 2, "missing port"},
		"everyone":       {[]string{"-listen", "0.0.0.0:0"}, 2, "only loopback addresses"},
		"too_small":      {[]string{"-workloads", "3"}, 1, "the smallest has 40"},
		"fault_syntax":   {[]string{"-fault", "{"}, 2, "unexpected end of JSON"},
		"fault_nothing":  {[]string{"-fault", "{}"}, 2, "rule has no effect"},
		"state_no_dir":   {[]string{"-state-dir", "/dev/null/x"}, 1, "state directory"},
		"address_in_use": {[]string{"-listen", "127.0.0.1:99999"}, 1, "listen for AWS"},
	} {
		var stderr bytes.Buffer
		if status := run(t.Context(), tc.args, strings.NewReader(""), io.Discard, &stderr); status != tc.status || !strings.Contains(stderr.String(), tc.want) {
			t.Errorf("%s: status %d and %q, want %d and %q", name, status, stderr.String(), tc.status, tc.want)
		}
	}
}
