package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

var (
	// vulnerabilityID is the identifier of a vulnerability or an advisory of
	// one of the databases that OSV gathers.
	vulnerabilityID = regexp.MustCompile(`(?i)^(?:cve-\d{4}-\d+|ghsa(?:-[0-9a-z]{4}){3}|(?:go|pysec|rustsec|mal)-\d{4}-\d+|(?:dsa|dla|usn)-\d+(?:-\d+)?|(?:alpine|debian|ubuntu)-cve-\d{4}-\d+|(?:rh|rl|al)[sbe]a-\d{4}[:-]\d+)$`)
	// imageDigest is a digest, or so much of one as people copy.
	imageDigest = regexp.MustCompile(`(?i)^(?:sha256:[0-9a-f]{4,64}|[0-9a-f]{12,64})$`)
)

// search leads to the page of what the query names, or else to the workloads
// with such a name.
func search(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, searchTarget(strings.TrimSpace(r.URL.Query().Get("q"))), http.StatusSeeOther)
}

func searchTarget(q string) string {
	switch {
	case q == "":
		return "/workloads"
	case vulnerabilityID.MatchString(q):
		return vulnerabilityURL(canonicalID(q))
	case imageDigest.MatchString(q):
		return imageURL(strings.ToLower(q))
	}
	return "/workloads?" + url.Values{"name": {q}}.Encode()
}

// canonicalID returns an identifier in the case in which databases write it:
// upper, but GitHub's have lower letters after the prefix.
func canonicalID(id string) string {
	id = strings.ToUpper(id)
	if rest, ok := strings.CutPrefix(id, "GHSA-"); ok {
		return "GHSA-" + strings.ToLower(rest)
	}
	return id
}
