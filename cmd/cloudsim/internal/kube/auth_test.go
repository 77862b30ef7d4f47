package kube_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/kube"
)

func TestWrongToken(t *testing.T) {
	t.Parallel()
	r := start(t, kube.Options{})
	cfg := r.config(t, r.standalone().Name)
	cfg.BearerToken = "open-barley"
	_, err := client(t, cfg).CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsUnauthorized(err) {
		t.Errorf("wrong token: %v, want 401", err)
	}
	cfg.CAData = nil // the certificate is signed by the cluster's own authority
	if _, err := client(t, cfg).CoreV1().Nodes().List(t.Context(), metav1.ListOptions{}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("unknown authority: %v", err)
	}
}

// eksToken returns the token that a client of AWS makes for a cluster.
func eksToken(t *testing.T, cluster, secret string, at time.Time) string {
	t.Helper()
	const url = "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Expires=60"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if cluster != "" {
		r.Header.Set("x-k8s-aws-id", cluster)
	}
	emptyHash := hex.EncodeToString(sha256.New().Sum(nil))
	credentials := aws.Credentials{AccessKeyID: "ASIA0000210000000000", SecretAccessKey: secret, SessionToken: "session+/="}
	signed, _, err := v4.NewSigner().PresignHTTP(t.Context(), credentials, r, emptyHash, "sts", "eu-west-1", at)
	if err != nil {
		t.Fatal(err)
	}
	return "k8s-aws-v1." + base64.RawURLEncoding.EncodeToString([]byte(signed))
}

func TestEKSToken(t *testing.T) {
	t.Parallel()
	const secret = "the-secret"
	r := start(t, kube.Options{Identify: func(key, session string) (kube.Identity, bool) {
		return kube.Identity{ARN: "arn:aws:sts::210000000000:assumed-role/reader/s", Secret: secret},
			key == "ASIA0000210000000000" && session == "session+/="
	}})
	at := r.server.Now()
	for name, tt := range map[string]struct {
		token string
		ok    bool
	}{
		"valid":           {eksToken(t, "shop-eks", secret, at), true},
		"other_cluster":   {eksToken(t, "eks-1", secret, at), false},
		"no_cluster":      {eksToken(t, "", secret, at), false},
		"wrong_secret":    {eksToken(t, "shop-eks", "guess", at), false},
		"too_old":         {eksToken(t, "shop-eks", secret, at.Add(-16*time.Minute)), false},
		"not_a_url":       {"k8s-aws-v1.AAAA", false},
		"not_base64":      {"k8s-aws-v1.#", false},
		"kubeconfig_user": {"open-sesame", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := r.config(t, "shop-eks")
			cfg.BearerToken = tt.token
			_, err := client(t, protobuf(cfg)).CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
			if (err == nil) != tt.ok || err != nil && !apierrors.IsUnauthorized(err) {
				t.Errorf("list nodes = %v, want success %t", err, tt.ok)
			}
		})
	}
}
