//go:build e2e

package kubernetes

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"

	authentication "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// An Authenticator returns the user and groups of a bearer token, or an error
// that says why it is none.
type Authenticator func(ctx context.Context, token string) (user string, groups []string, err error)

// webhook serves the token reviews of an API server and returns the path of the
// configuration by which it asks for them. See
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#webhook-token-authentication
func webhook(t testing.TB, dir string, authenticate Authenticator) string {
	t.Helper()
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review authentication.TokenReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		user, groups, err := authenticate(r.Context(), review.Spec.Token)
		review.Status = authentication.TokenReviewStatus{}
		if err != nil {
			review.Status.Error = err.Error()
		} else {
			review.Status.Authenticated = true
			review.Status.User = authentication.UserInfo{Username: user, Groups: groups}
		}
		review.TypeMeta = metav1.TypeMeta{APIVersion: "authentication.k8s.io/v1", Kind: "TokenReview"}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(review) // The API server is gone if it fails.
	}))
	config := clientcmdapi.NewConfig()
	config.Clusters["webhook"] = &clientcmdapi.Cluster{Server: url}
	config.AuthInfos["apiserver"] = &clientcmdapi.AuthInfo{}
	config.Contexts["webhook"] = &clientcmdapi.Context{Cluster: "webhook", AuthInfo: "apiserver"}
	config.CurrentContext = "webhook"
	path := filepath.Join(dir, "webhook.kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		t.Fatal(err)
	}
	return path
}
