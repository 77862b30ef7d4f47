package kube

import (
	"fmt"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// A Context is one entry of a kubeconfig file.
type Context struct {
	Name string
	// URL is the API server's.
	URL string
	// CA is the certificate of its authority in PEM form.
	CA    []byte
	Token string
}

// Context returns the entry for a cluster of a server that listens on base,
// such as "https://127.0.0.1:6443".
func (s *Server) Context(base, name string) Context {
	return Context{Name: name, URL: strings.TrimSuffix(base, "/") + prefix + name, CA: s.CA(), Token: s.Token}
}

// WriteKubeconfig writes a kubeconfig file with the contexts; the first one is
// current.
func WriteKubeconfig(path string, contexts []Context) error {
	c := clientcmdapi.NewConfig()
	for i, ctx := range contexts {
		c.Clusters[ctx.Name] = &clientcmdapi.Cluster{Server: ctx.URL, CertificateAuthorityData: ctx.CA}
		c.AuthInfos[ctx.Name] = &clientcmdapi.AuthInfo{Token: ctx.Token}
		c.Contexts[ctx.Name] = &clientcmdapi.Context{Cluster: ctx.Name, AuthInfo: ctx.Name}
		if i == 0 {
			c.CurrentContext = ctx.Name
		}
	}
	if err := clientcmd.WriteToFile(*c, path); err != nil {
		return fmt.Errorf("write kubeconfig %s: %w", path, err)
	}
	return nil
}
