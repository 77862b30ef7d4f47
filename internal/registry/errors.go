package registry

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// A Kind classifies a failure by what can be done about it.
type Kind string

// The kinds.
const (
	// NotFound means that the registry has no such repository, tag or
	// digest, or hides it from these credentials.
	NotFound Kind = "not found"
	// Denied means that the credentials, or their absence, do not allow the
	// pull.
	Denied Kind = "denied"
	// NoCredentials means that asking for credentials failed; the registry
	// itself was not asked.
	NoCredentials Kind = "no credentials"
	// Throttled means that the registry asks for fewer requests; see
	// [Error.RetryAfter].
	Throttled Kind = "throttled"
	// Unreachable means that there was no usable answer: name resolution,
	// connection, TLS, or a server failing with 5xx.
	Unreachable Kind = "unreachable"
	// Malformed means that the content breaks the specification.
	Malformed Kind = "malformed"
	// Unsupported means that the content is valid but not a container image
	// that can be read.
	Unsupported Kind = "unsupported"
	// NoPlatform means that not exactly one image of an index fits the
	// platform.
	NoPlatform Kind = "no single image for the platform"
	// TooLarge means that the content exceeds a limit or its declared size.
	TooLarge Kind = "too large"
	// DigestMismatch means that the content is not what its digest says.
	DigestMismatch Kind = "digest mismatch"
)

// An Error is a failure to read an image.
type Error struct {
	Kind Kind
	// Host is the registry as the reference has it, also when a mirror
	// answered; empty for images on disk.
	Host string
	// Repository is the path in the registry, or the path of the layout or
	// archive.
	Repository string
	// Object is the tag or digest that was read.
	Object string
	// RetryAfter is how long a throttling registry asked to wait; zero when
	// it did not say.
	RetryAfter time.Duration
	// Err is the cause. It holds no credentials and no signed URLs.
	Err error
}

// fault returns an [*Error] whose place is not known yet; see [locate].
func fault(kind Kind, format string, args ...any) error {
	return &Error{Kind: kind, Err: fmt.Errorf(format, args...)}
}

// locate completes an error that arose where the place of the content was not
// known.
func locate(err error, host, repository, object string) error {
	var e *Error
	if errors.As(err, &e) && e.Host == "" && e.Repository == "" {
		e.Host, e.Repository = host, repository
		if e.Object == "" {
			e.Object = object
		}
	}
	return err
}

// maxCause bounds what is said of the cause, in bytes: it may quote a document
// of megabytes, and lists show it.
const maxCause = 4 << 10

// Error names the object, the cause and the remedy.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Host != "" {
		b.WriteString(e.Host + "/")
	}
	b.WriteString(e.Repository)
	switch {
	case strings.Contains(e.Object, ":"):
		b.WriteString("@" + e.Object)
	case e.Object != "":
		b.WriteString(":" + e.Object)
	}
	cause := fmt.Sprint(e.Err)
	if len(cause) > maxCause {
		cause = strings.ToValidUTF8(cause[:maxCause], "") + "…"
	}
	fmt.Fprintf(&b, ": %s: %s", e.Kind, cause)
	if r := e.remedy(); r != "" {
		b.WriteString("; " + r)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Permanent reports whether asking again for the same thing with the same
// configuration gives the same answer.
func (e *Error) Permanent() bool {
	switch e.Kind {
	case Throttled, Unreachable, NoCredentials:
		return false
	default:
		return true
	}
}

// remedy says what the operator can do, or nothing when only the publisher of
// the image can.
func (e *Error) remedy() string {
	switch {
	case e.Host == "":
		return ""
	case e.Kind == NotFound:
		return "it was deleted, or the credentials for " + e.Host + " may not see it"
	case e.Kind == Denied:
		return "configure credentials for " + e.Host + " that may pull " + e.Repository
	case e.Kind == NoCredentials:
		return "check the credential source for " + e.Host
	case e.Kind == Throttled && e.RetryAfter > 0:
		return fmt.Sprintf("retry after %s, authenticate, or use a mirror", e.RetryAfter.Round(time.Second))
	case e.Kind == Throttled:
		return "retry later, authenticate, or use a mirror"
	case errors.Is(e.Err, errPlainHTTP):
		return "list " + e.Host + " as a plain HTTP registry if that is intended"
	case isCertificateError(e.Err):
		return "give the CA bundle that signed the certificate of " + e.Host
	case e.Kind == Unreachable && errors.As(e.Err, new(*statusError)):
		return "the server itself is failing"
	case e.Kind == Unreachable:
		return "check name resolution, routes, proxy and firewall from here to " + e.Host
	default:
		return ""
	}
}

// errPlainHTTP is the cause when a server that was asked for HTTPS speaks
// HTTP.
var errPlainHTTP = errors.New("the server speaks HTTP, not HTTPS")

func isCertificateError(err error) bool {
	var (
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
	)
	return errors.As(err, &unknown) || errors.As(err, &hostname) || errors.As(err, &invalid)
}

// errRefused is in the cause when the client will not go where the registry
// sends it.
var errRefused = errors.New("refused to go there")

// unanswered returns the failure of a request that has no usable answer.
func (t target) unanswered(err error) error {
	err = networkError(err)
	if errors.Is(err, errRefused) {
		return t.fail(Malformed, err)
	}
	return t.fail(Unreachable, err)
}

// networkError returns what matters of an error of the HTTP client. The URL
// that [url.Error] repeats is dropped: after a redirect it may be signed.
func networkError(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	if strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") {
		return errPlainHTTP
	}
	return err
}

// statusKind classifies an HTTP status that is not a success.
func statusKind(status int) Kind {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return Denied
	case status == http.StatusNotFound, status == http.StatusGone:
		return NotFound
	case status == http.StatusTooManyRequests:
		return Throttled
	case status == http.StatusRequestTimeout, status >= 500 && status != http.StatusNotImplemented:
		return Unreachable
	case status == http.StatusRequestedRangeNotSatisfiable:
		return Malformed
	default:
		return Unsupported
	}
}

// maxDetail is how much of a registry's own words goes into an error.
const maxDetail = 300

// A statusError is a registry's own explanation of a failed request.
type statusError struct {
	status int
	detail string
}

func (e *statusError) Error() string {
	s := strings.TrimSpace(fmt.Sprintf("HTTP %d %s", e.status, http.StatusText(e.status)))
	if e.detail != "" {
		s += fmt.Sprintf(": %q", e.detail)
	}
	return s
}

// newStatusError reads the diagnostics in the body of a response.
func newStatusError(resp *http.Response) *statusError {
	e := &statusError{status: resp.StatusCode}
	var te *transport.Error
	if !errors.As(transport.CheckError(resp), &te) {
		return e
	}
	words := make([]string, 0, len(te.Errors))
	for _, d := range te.Errors {
		words = append(words, strings.TrimSpace(string(d.Code)+" "+d.Message))
	}
	e.detail = strings.Join(words, ", ")
	if len(e.detail) > maxDetail {
		e.detail = e.detail[:maxDetail] + "…"
	}
	return e
}
