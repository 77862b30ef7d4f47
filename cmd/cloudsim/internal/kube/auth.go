package kube

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

const (
	// eksPrefix begins the tokens of EKS clusters.
	eksPrefix = "k8s-aws-v1."
	// clusterHeader binds an EKS token to one cluster.
	clusterHeader = "x-k8s-aws-id"
	// eksTokenLife is how long EKS takes a token after it was signed.
	eksTokenLife = 15 * time.Minute
)

// authenticate returns the name of the request's user.
func (s *Server) authenticate(r *http.Request, k *estate.KubeCluster) (user string, ok bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return "", false
	}
	if encoded, isEKS := strings.CutPrefix(token, eksPrefix); isEKS && k.Account != "" {
		return s.authenticateEKS(encoded, k.Name)
	}
	if s.Token == "" || subtle.ConstantTimeCompare([]byte(token), []byte(s.Token)) != 1 {
		return "", false
	}
	return "kubeconfig-user", true
}

// authenticateEKS checks a token of EKS: the URL of a presigned request for
// sts:GetCallerIdentity whose signature covers the name of the cluster.
// See https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster.
func (s *Server) authenticateEKS(encoded, name string) (user string, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return "", false
	}
	u, err := url.Parse(string(raw))
	if err != nil {
		return "", false
	}
	q := u.Query()
	signed := strings.Split(q.Get("X-Amz-SignedHeaders"), ";")
	at, err := time.Parse("20060102T150405Z", q.Get("X-Amz-Date"))
	if err != nil || q.Get("Action") != "GetCallerIdentity" || !slices.Contains(signed, clusterHeader) {
		return "", false
	}
	life, err := strconv.Atoi(q.Get("X-Amz-Expires"))
	age := s.Now().Sub(at)
	if err != nil || life < 1 || life > int(eksTokenLife.Seconds()) || age > eksTokenLife || age < -5*time.Minute {
		return "", false
	}
	scope := strings.Split(q.Get("X-Amz-Credential"), "/")
	if len(scope) != 5 {
		return "", false
	}
	if s.Identify == nil {
		return "arn:aws:iam::000000000000:user/" + scope[0], true
	}
	id, ok := s.Identify(scope[0], q.Get("X-Amz-Security-Token"))
	return id.ARN, ok && hmac.Equal([]byte(presignature(u, id.Secret, name)), []byte(q.Get("X-Amz-Signature")))
}

// presignature computes the signature of a presigned GET for a cluster.
// See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
func presignature(u *url.URL, secret, cluster string) string {
	q := u.Query()
	q.Del("X-Amz-Signature")
	// Encode sorts by name; AWS writes a space as %20.
	query := strings.ReplaceAll(q.Encode(), "+", "%20")
	headers := ""
	for name := range strings.SplitSeq(q.Get("X-Amz-SignedHeaders"), ";") {
		switch name {
		case "host":
			headers += "host:" + u.Host + "\n"
		case clusterHeader:
			headers += clusterHeader + ":" + cluster + "\n"
		}
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	canonical := strings.Join([]string{http.MethodGet, path, query, headers, q.Get("X-Amz-SignedHeaders"), hexSHA256("")}, "\n")

	_, scope, _ := strings.Cut(q.Get("X-Amz-Credential"), "/")
	key := []byte("AWS4" + secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = hmacSHA256(key, part)
	}
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", q.Get("X-Amz-Date"), scope, hexSHA256(canonical)}, "\n")
	return hex.EncodeToString(hmacSHA256(key, toSign))
}

func hexSHA256(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func hmacSHA256(key []byte, s string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(s))
	return m.Sum(nil)
}
