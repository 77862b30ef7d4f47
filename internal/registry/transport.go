package registry

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// newTransport returns the transport of a client that was given none.
func newTransport(caBundle string, perHost int) (*http.Transport, error) {
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: (&net.Dialer{
			Timeout:   10 * time.Second,
			KeepAlive: 30 * time.Second,
			Control:   refuseLinkLocal,
		}).DialContext,
		ForceAttemptHTTP2:     true,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConns:          100,
		MaxIdleConnsPerHost:   perHost,
		// Digests are of the content as published, so it must arrive so.
		DisableCompression: true,
	}
	if caBundle == "" {
		return t, nil
	}
	pem, err := os.ReadFile(caBundle)
	if err != nil {
		return nil, fmt.Errorf("registry CA bundle: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("registry CA bundle %s: no PEM certificate in it", caBundle)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t, nil
}

// ec2MetadataV6 is the instance metadata service on IPv6, which is not a
// link-local address.
var ec2MetadataV6 = netip.MustParseAddr("fd00:ec2::254")

// refuseLinkLocal keeps a hostile registry from sending the client to the
// metadata service of the machine by a redirect, a token realm or a DNS name.
func refuseLinkLocal(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if a := ap.Addr().Unmap().WithZone(""); a.IsLinkLocalUnicast() || a == ec2MetadataV6 {
		return fmt.Errorf("%w: %s is a link-local or metadata address", errRefused, a)
	}
	return nil
}

// checkRedirect keeps credentials from the hosts that a registry redirects
// to, and TLS from being left. The rule of net/http is not enough: it hands
// the Authorization header to subdomains and to other ports.
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case len(via) >= 10:
		return fmt.Errorf("%w: redirected 10 times", errRefused)
	case first.Scheme == "https" && req.URL.Scheme != "https":
		return fmt.Errorf("%w: redirected from HTTPS to %s on %s", errRefused, req.URL.Scheme, req.URL.Host)
	}
	if req.URL.Host != first.Host || req.URL.Scheme != first.Scheme {
		req.Header.Del("Authorization")
	}
	return nil
}

// userAgent names the program to registries.
type userAgent struct {
	name string
	next http.RoundTripper
}

func (u userAgent) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("User-Agent", u.name)
	return u.next.RoundTrip(req)
}
