package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// relative returns how long before now t is, for people.
func relative(now, t time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return "never"
	case d < -time.Minute:
		return t.UTC().Format("2 Jan 2006 15:04")
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	case d < 60*24*time.Hour:
		return fmt.Sprintf("%d days ago", int(d.Hours()/24))
	}
	return t.UTC().Format("2 Jan 2006")
}

// number returns n with its digits in groups of three.
func number(n int) string {
	s := strconv.Itoa(n)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural returns "1 workload" or "2,000 workloads".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok {
		return number(n) + " " + stem + "ies"
	}
	return number(n) + " " + noun + "s"
}

// bytesOf returns a size in decimal units, as registries show it.
func bytesOf(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	f, unit := float64(n), 0
	for f >= 999.95 {
		f /= 1000
		unit++
	}
	return fmt.Sprintf("%.1f %cB", f, " kMGTPE"[unit])
}

// shortDigest returns the beginning of a digest that people tell images apart
// by.
func shortDigest(digest string) string {
	algorithm, hex, ok := strings.Cut(digest, ":")
	if !ok || len(hex) <= 12 {
		return digest
	}
	return algorithm + ":" + hex[:12]
}

// hostLength is how many characters of a registry's name show in a list.
const hostLength = 22

// shortReference returns an image reference for a list: the registry's name is
// cut, for those of clouds are long and alike, and so is a digest.
func shortReference(reference string) string {
	name, digest, pinned := strings.Cut(reference, "@")
	if host, path, ok := strings.Cut(name, "/"); ok {
		name = truncate(host, hostLength) + "/" + truncate(path, 2*hostLength)
	}
	if pinned {
		name += "@" + shortDigest(digest)
	}
	return name
}

// truncate cuts s in its middle to at most n characters: names of resources
// differ at their ends.
func truncate(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	head := (n - 1) * 2 / 5
	tail := n - 1 - head
	return string(r[:head]) + "…" + string(r[len(r)-tail:])
}

// quietServices are parts of kinds that add nothing for a person.
var quietServices = []string{"apps", "batch", "core", "elbv2", "gateway", "networking"}

// compounds separates the words of resources that clouds write as one.
var compounds = strings.NewReplacer("_", " ", "cronjob", "cron job", "daemonset", "daemon set", "function_url", "function URL",
	"public_ip", "public IP", "replicaset", "replica set", "replicationcontroller", "replication controller",
	"serviceaccount", "service account", "statefulset", "stateful set")

// kindName returns a kind in words: "ECS service", "Deployment".
func kindName(k inventory.Kind) string {
	parts := strings.Split(string(k), ".")
	if len(parts) != 3 {
		return string(k)
	}
	service, resource := parts[1], compounds.Replace(parts[2])
	switch {
	case slices.Contains(quietServices, service):
		return capital(resource)
	case len(service) <= 3:
		return strings.ToUpper(service) + " " + resource
	}
	return capital(service) + " " + resource
}

// capital returns s with a capital first letter.
func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(first)) + s[size:]
}

// replicas returns how many replicas run, in words; empty for functions, which
// have none that could be counted.
func replicas(k inventory.Kind, n int) string {
	if k == "aws.lambda.function" {
		return ""
	}
	return plural(n, "replica")
}

// lastPart returns the name at the end of an ARN or path.
func lastPart(uid string) string {
	if i := strings.LastIndexAny(uid, "/:"); i >= 0 && i < len(uid)-1 {
		return uid[i+1:]
	}
	return uid
}

// indented returns a JSON document as people read it.
func indented(document json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Indent(&b, document, "", "  "); err != nil {
		return string(document)
	}
	return b.String()
}

// workloadURL, imageURL and vulnerabilityURL return the paths of pages. What
// they hold comes from clouds and registries: no part of it can break a path.
func workloadURL(key string) string     { return "/workloads/" + url.PathEscape(key) }
func imageURL(digest string) string     { return "/images/" + url.PathEscape(digest) }
func vulnerabilityURL(id string) string { return "/vulnerabilities/" + url.PathEscape(id) }

// workloadThen returns the path of a workload's page as of a time; now if it is
// empty.
func workloadThen(key, then string) string {
	if then == "" {
		return workloadURL(key)
	}
	return workloadURL(key) + "?" + url.Values{"as_of": {then}}.Encode()
}

// listURL returns a path with a query of names and values in turns; empty
// values are left out.
func listURL(path string, query ...any) (string, error) {
	if len(query)%2 != 0 {
		return "", fmt.Errorf("listURL(%s): %d arguments are no pairs", path, len(query))
	}
	v := url.Values{}
	for i := 0; i < len(query); i += 2 {
		if value := fmt.Sprint(query[i+1]); value != "" {
			v.Set(fmt.Sprint(query[i]), value)
		}
	}
	if len(v) == 0 {
		return path, nil
	}
	return path + "?" + v.Encode(), nil
}
