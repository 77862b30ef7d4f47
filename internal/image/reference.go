package image

import (
	"fmt"
	"regexp"
	"strings"
)

// A Reference is what a workload asks for: host/repository[:tag][@digest].
// It is an observation, never an identity.
type Reference struct {
	// Host is the registry's host[:port]; "docker.io" when none was written.
	Host string
	// Repository is the path: "library/nginx".
	Repository string
	// Tag is empty when only a digest was written; "latest" when neither was.
	Tag string
	// Digest is "sha256:…" or empty.
	Digest string
}

// ValidDigest reports whether s is a digest of a registered algorithm, in the
// form of the OCI image specification: sha256 or sha512 and lower-case hex.
func ValidDigest(s string) bool {
	algorithm, hex, _ := strings.Cut(s, ":")
	if !(algorithm == "sha256" && len(hex) == 64 || algorithm == "sha512" && len(hex) == 128) {
		return false
	}
	for i := range len(hex) {
		if c := hex[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

var (
	repositoryPattern = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)
	tagPattern        = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
	hostPattern       = regexp.MustCompile(`^(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9]|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$`)
)

// ParseReference reads s as container runtimes do (distribution reference
// grammar): the first component is a host if it has a dot, a colon or is
// "localhost"; docker.io's short names get "library/".
func ParseReference(s string) (Reference, error) {
	r := Reference{}
	rest, digest, hasDigest := strings.Cut(s, "@")
	if hasDigest {
		if !ValidDigest(digest) {
			return r, fmt.Errorf("image reference %q: %q is not a digest", s, digest)
		}
		r.Digest = digest
	}
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, '/') {
		r.Tag = rest[i+1:]
		rest = rest[:i]
		if !tagPattern.MatchString(r.Tag) {
			return Reference{}, fmt.Errorf("image reference %q: %q is not a tag", s, r.Tag)
		}
	}
	first, path, ok := strings.Cut(rest, "/")
	if ok && (strings.ContainsAny(first, ".:") || first == "localhost") {
		r.Host, r.Repository = strings.ToLower(first), path
	} else {
		r.Host, r.Repository = "docker.io", rest
	}
	if r.Host == "index.docker.io" || r.Host == "registry-1.docker.io" {
		r.Host = "docker.io"
	}
	if r.Host == "docker.io" && !strings.Contains(r.Repository, "/") {
		r.Repository = "library/" + r.Repository
	}
	if !hostPattern.MatchString(r.Host) {
		return Reference{}, fmt.Errorf("image reference %q: %q is not a registry host", s, r.Host)
	}
	if len(r.Repository) > 255 || !repositoryPattern.MatchString(r.Repository) {
		return Reference{}, fmt.Errorf("image reference %q: %q is not a repository name", s, r.Repository)
	}
	if r.Tag == "" && r.Digest == "" {
		r.Tag = "latest"
	}
	return r, nil
}

// Name returns host/repository.
func (r Reference) Name() string { return r.Host + "/" + r.Repository }

// String returns the full form.
func (r Reference) String() string {
	s := r.Name()
	if r.Tag != "" {
		s += ":" + r.Tag
	}
	if r.Digest != "" {
		s += "@" + r.Digest
	}
	return s
}

// Named returns r with its tag and without its digest.
func (r Reference) Named() string {
	r.Digest = ""
	return r.String()
}

// At returns r with only the given digest.
func (r Reference) At(digest string) Reference {
	return Reference{Host: r.Host, Repository: r.Repository, Digest: digest}
}
