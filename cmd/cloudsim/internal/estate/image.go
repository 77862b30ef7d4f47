package estate

import (
	"slices"
	"strings"
)

// A Content is one real image that the simulated registries serve, under as
// many repositories and tags as the estate needs.
type Content struct {
	// Name identifies the content: "storefront-4.2.0".
	Name string
	// Platforms are what it is built for: "linux/amd64". With more than one,
	// the content is an image index; else a single manifest.
	Platforms []string
	// Brief tells whoever builds the content what makes it interesting: the
	// base, the language and the flaws that a scanner must find.
	Brief string
}

// MultiPlatform reports whether the content is an image index.
func (c Content) MultiPlatform() bool { return len(c.Platforms) > 1 }

// Digests tells the digests of the real contents. The package that builds the
// contents provides it.
type Digests interface {
	// Digests returns the digests of a content: of the index (empty for a
	// single manifest), of each manifest by architecture ("amd64"), and of the
	// image configuration of the amd64 manifest.
	Digests(content string) (index string, manifests map[string]string, config string)
}

// An Image is a tagged reference and the content that its tag names now.
type Image struct {
	// Host is the registry's host name: "docker.io",
	// "210000000000.dkr.ecr.eu-west-1.amazonaws.com".
	Host string
	// Repository is the path without the host: "shop/cart".
	Repository string
	Tag        string
	Content    Content
}

// Reference returns host/repository:tag.
func (i Image) Reference() string { return i.Host + "/" + i.Repository + ":" + i.Tag }

// An app is something that a team builds and runs in several versions, the
// oldest first. The same app exists in many repositories.
type app struct {
	// team and name make the repository "<team>/<name>".
	team, name string
	versions   []version
}

// A version is a tag of an app.
type version struct {
	tag, content string
}

var (
	anyPlatform = []string{"linux/amd64", "linux/arm64"}
	amd64Only   = []string{"linux/amd64"}
)

// contents are all real images. The registries build them.
var contents = []Content{
	{"storefront-4.2.0", anyPlatform, "Debian 12, Java: log4j-core 2.14.1 (CVE-2021-44228, KEV) and spring-core; runs as root; EXPOSE 8080"},
	{"storefront-4.3.0", anyPlatform, "Debian 12, Java: log4j-core 2.24.3; USER 10001; EXPOSE 8080; health check"},
	{"cart-2.3.1", anyPlatform, "Alpine 3.18, Node: lodash 4.17.15, minimist 1.2.0, express 4.17.1; EXPOSE 3000"},
	{"cart-2.4.0", anyPlatform, "Alpine 3.20, Node: lodash 4.17.21, express 4.21.2; USER node; EXPOSE 3000"},
	{"checkout-1.9.0", anyPlatform, "Alpine 3.19, Node: axios 0.21.0, jsonwebtoken 8.5.1; environment variable STRIPE_SECRET_KEY in the configuration"},
	{"payments-1.8.3", anyPlatform, "Debian 11, Java: jackson-databind 2.9.10, spring-beans 5.3.17 (CVE-2022-22965, KEV)"},
	{"payments-1.8.4", anyPlatform, "Debian 12, Java: jackson-databind 2.17.2, spring-beans 6.1.14"},
	{"search-3.0.2", anyPlatform, "Debian 11, Python: django 3.2.0, pillow 9.0.0, pyyaml 5.3.1"},
	{"search-3.1.0", anyPlatform, "Debian 12, Python: django 4.2.16, pillow 10.4.0, pyyaml 6.0.2; USER app"},
	{"catalog-5.1.0", anyPlatform, "static image without distribution, Go binary: golang.org/x/net v0.7.0; USER nonroot"},
	{"inventory-0.9.7", anyPlatform, "static image without distribution, Go binary: golang.org/x/crypto v0.14.0"},
	{"recommender-1.2.0", anyPlatform, "Debian 12, Python: numpy, requests 2.19.1, urllib3 1.24.1, jinja2 2.10"},
	{"receipts-2.0.0", amd64Only, "Lambda image, Debian 12, Python: requests 2.31.0, certifi 2022.9.24"},
	{"image-resizer-1.4.2", amd64Only, "Lambda image, Alpine 3.18, Node: sharp 0.29.3, node-fetch 2.6.0"},
	{"etl-7.0.1", anyPlatform, "Debian 11, Python: pandas, sqlalchemy 1.3.0, cryptography 3.2; large layer"},
	{"gateway-2.8.0", anyPlatform, "Debian 11, openssl 1.1.1n and curl as packages; EXPOSE 80 443; setuid file"},
	{"auth-3.3.3", anyPlatform, "Alpine 3.17, Node: jsonwebtoken 8.5.1, passport 0.4.1, minimist 1.2.5"},
	{"batch-runner-1.0.0", anyPlatform, "Debian 10 (end of life) with bash, openssl 1.1.1d; runs as root"},
	{"node-agent-0.5.0", anyPlatform, "Alpine 3.16, Go binary and setuid helper; runs as root"},
	{"legacy-admin-1.0.0", amd64Only, "Docker schema 2, Debian 9 (end of life): openssh EXPOSE 22 5432, private key and AWS key files, ADMIN_PASSWORD in the configuration"},
	{"nginx-1.25.3", anyPlatform, "Debian 12 with nginx, libwebp6-like library flaws; EXPOSE 80"},
	{"redis-7.2.3", anyPlatform, "Debian 12 with redis-server; EXPOSE 6379"},
	{"fluent-bit-2.32.0", anyPlatform, "Alpine 3.18 with openssl 3.1.0; log router"},
	{"pause-3.9", anyPlatform, "one static file, nothing else; USER 65535"},
	{"coredns-1.10.1", anyPlatform, "static image without distribution, Go binary: golang.org/x/net v0.4.0"},
}

// apps are the applications of the organization's own teams; the generated
// workloads run them.
var apps = []app{
	{"shop", "storefront", []version{{"4.2.0", "storefront-4.2.0"}, {"4.3.0", "storefront-4.3.0"}}},
	{"shop", "cart", []version{{"2.3.1", "cart-2.3.1"}, {"2.4.0", "cart-2.4.0"}}},
	{"shop", "checkout", []version{{"1.9.0", "checkout-1.9.0"}, {"latest", "checkout-1.9.0"}}},
	{"shop", "payments", []version{{"1.8", "payments-1.8.4"}, {"1.8.3", "payments-1.8.3"}}},
	{"shop", "search", []version{{"3.0.2", "search-3.0.2"}, {"3.1.0", "search-3.1.0"}}},
	{"shop", "catalog", []version{{"5.1.0", "catalog-5.1.0"}}},
	{"shop", "inventory", []version{{"0.9.7", "inventory-0.9.7"}}},
	{"data", "recommender", []version{{"1.2.0", "recommender-1.2.0"}}},
	{"data", "etl", []version{{"7.0.1", "etl-7.0.1"}}},
	{"platform", "gateway", []version{{"2.8.0", "gateway-2.8.0"}}},
	{"platform", "auth", []version{{"3.3.3", "auth-3.3.3"}}},
	{"platform", "batch-runner", []version{{"1.0.0", "batch-runner-1.0.0"}}},
	{"platform", "node-agent", []version{{"0.5.0", "node-agent-0.5.0"}}},
	{"platform", "legacy-admin", []version{{"1.0.0", "legacy-admin-1.0.0"}}},
}

// lambdaApps are the apps that run as Lambda functions: single manifests,
// because Lambda refuses an image index.
var lambdaApps = []app{
	{"shop", "receipts", []version{{"2.0.0", "receipts-2.0.0"}}},
	{"shop", "image-resizer", []version{{"1.4.2", "image-resizer-1.4.2"}}},
}

// The images of others, on public registries.
var (
	nginx     = public("docker.io", "library/nginx", "1.25.3", "nginx-1.25.3")
	redis     = public("docker.io", "library/redis", "7.2.3", "redis-7.2.3")
	fluentBit = public("public.ecr.aws", "aws-observability/aws-for-fluent-bit", "2.32.0", "fluent-bit-2.32.0")
	pause     = public("registry.k8s.io", "pause", "3.9", "pause-3.9")
	coreDNS   = public("registry.k8s.io", "coredns/coredns", "v1.10.1", "coredns-1.10.1")
	kubeAPI   = public("registry.k8s.io", "kube-apiserver", "v1.31.4", "pause-3.9")
)

// publicImages are the images of registries outside the organization.
var publicImages = []Image{nginx, redis, fluentBit, pause, coreDNS, kubeAPI}

// byContent finds a content by its name.
var byContent = func() map[string]Content {
	m := make(map[string]Content, len(contents))
	for _, c := range contents {
		m[c.Name] = c
	}
	return m
}()

// Contents returns every content that the registries must serve.
func Contents() []Content { return contents }

// A Tag is a name of a content in a repository.
type Tag struct {
	Name    string
	Content Content
}

// Repository returns the tags of the repository with the given path, such as
// "shop/cart", "t42/cart" or "library/nginx", on whichever host; nil when
// there is no such repository.
func Repository(path string) []Tag {
	for _, i := range publicImages {
		if i.Repository == path {
			return []Tag{{i.Tag, i.Content}}
		}
	}
	team, name, ok := strings.Cut(path, "/")
	if !ok || team == "" {
		return nil
	}
	for _, list := range [][]app{apps, lambdaApps} {
		for _, a := range list {
			if a.name == name && (a.team == team || isTeam(team)) {
				return a.tags()
			}
		}
	}
	return nil
}

// FindRepository returns the tags of a repository on one host: an ECR registry
// of the estate or a public one; nil when the host has no such repository.
// Of any other host, such as a loopback address, every repository is there.
func (e *Estate) FindRepository(host, path string) []Tag {
	if account, rest, ok := strings.Cut(host, ".dkr.ecr."); ok {
		region, _, _ := strings.Cut(rest, ".")
		if !slices.Contains(e.Repositories(account, region), path) {
			return nil
		}
	}
	public := false
	for _, i := range publicImages {
		if i.Host != host {
			continue
		}
		if public = true; i.Repository == path {
			return []Tag{{i.Tag, i.Content}}
		}
	}
	if public {
		return nil
	}
	return Repository(path)
}

// tags returns the tags of every repository of the app.
func (a app) tags() []Tag {
	var tags []Tag
	for _, v := range a.versions {
		tags = append(tags, Tag{v.tag, byContent[v.content]})
	}
	return tags
}

// isTeam reports whether s is the name of a generated team: "t" and digits.
func isTeam(s string) bool {
	return len(s) > 1 && s[0] == 't' && strings.Trim(s[1:], "0123456789") == ""
}

// public returns an image of a registry outside the organization.
func public(host, repository, tag, content string) Image {
	return Image{Host: host, Repository: repository, Tag: tag, Content: byContent[content]}
}
