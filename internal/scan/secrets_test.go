package scan

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/scan/secret"
	"github.com/stowage-dev/stowage/internal/scan/secret/secrettest"
)

// secretFindings returns the findings about secrets of an image of the layers.
func secretFindings(t *testing.T, config string, o Options, layers ...[]byte) []finding.CheckFinding {
	t.Helper()
	m, s := build(layers...)
	r, err := Image(t.Context(), s, m, []byte(config), nil, o)
	if err != nil {
		t.Fatal(err)
	}
	var found []finding.CheckFinding
	for _, f := range r.Checks {
		if f.Secret != nil {
			found = append(found, f)
		}
	}
	return found
}

func tell(found []finding.CheckFinding) []string {
	out := []string{}
	for _, f := range found {
		out = append(out, fmt.Sprintf("%s %s %s:%d@%d %s", f.Severity, f.Secret.Rule, f.Path, f.Secret.Line, f.Layer, f.Secret.Confidence))
	}
	return out
}

// Secrets are found wherever an image has them, and no byte of them leaves.
func TestPlantedSecrets(t *testing.T) {
	t.Parallel()
	stripe, github, aws := secrettest.Value("stripe-key"), secrettest.Value("github-token"), secrettest.Of("aws-access-key", 1)
	pem, deleted, argument := secrettest.PEM(1), secrettest.Value("gitlab-token"), secrettest.Value("npm-token")
	kept := secrettest.Value("slack-token")
	env := "PORT=80\nSTRIPE_KEY=" + stripe + "\nDB_PASSWORD=hunter2abc\n"
	base := makeTar(
		t,
		member{name: "etc/os-release", body: bookworm},
		member{name: "var/lib/dpkg/status", body: status("vendor 5")},
		member{name: "var/lib/dpkg/info/vendor.list", body: "/opt/acme/config.ini\n/etc/vendor.key\n"},
		member{name: "opt/acme/config.ini", body: "token = " + github + "\n"},
		member{name: "etc/vendor.key", body: secrettest.PEM(9)},
		member{name: "app/conf/old.yml", body: "a: 1\ntoken: " + deleted + "\n"},
		member{name: "app/conf/kept.yml", body: "token: " + kept + "\n"},
		member{name: "app/node_modules/x/readme.js", body: "token: " + github + "\n"},
		member{name: "app/data.bin", body: "\x7fELF\x00" + github},
	)
	top := makeTar(
		t,
		member{name: "app/.env", body: env, mode: 0o600},
		member{name: "root/.ssh/id_rsa", body: pem, mode: 0o644},
		member{name: aws.Path, body: aws.Content, mode: 0o600},
		member{name: "app/conf/.wh.old.yml"},
		member{name: "app/conf/kept.yml", body: "# again\ntoken: " + kept + "\n"},
	)
	config, err := json.Marshal(map[string]any{
		"config": map[string]any{
			"Env":    []string{"GITHUB=" + github, "PATH=/bin"},
			"Labels": map[string]string{"repo": "https://bot:hunter2abc@git.acme.com/a"},
		},
		"history": []map[string]string{{"created_by": "RUN |1 NPM=" + argument + " /bin/sh -c npm ci # buildkit"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	found := secretFindings(t, string(config), Options{}, base, top)
	want := []string{
		"high github-token :0@-1 high",
		"high npm-token :0@-1 high",
		"high url-password :0@-1 medium",
		"high stripe-key app/.env:2@1 high",
		"high gitlab-token app/conf/old.yml:2@0 high",
		"high slack-token app/conf/kept.yml:1@0 high",
		"high private-key etc/vendor.key:1@0 high",
		"high aws-access-key root/.aws/credentials:2@1 high",
		"high private-key root/.ssh/id_rsa:1@1 high",
		"low named-secret app/.env:3@1 low",
	}
	if diff := cmp.Diff(sortedStrings(want), sortedStrings(tell(found))); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	b, err := json.Marshal(found)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{stripe, github, aws.Value, deleted, argument, kept, "hunter2abc", pem[40:60]} {
		if strings.Contains(string(b), value) || strings.Contains(string(b), value[len(value)/2:]) {
			t.Errorf("the findings have a secret: %s", b)
		}
	}
	details := string(b)
	for _, sentence := range []string{
		"Line 2 of /app/conf/old.yml has what looks like a GitLab token. Every user may read the file. It was deleted or replaced in layer 1, and is still in layer 0.",
		"Line 1 of /root/.ssh/id_rsa has what looks like a private key. Every user may read the file.\"",
		"Line 2 of /app/.env has what looks like a Stripe key.\"",
		"Line 1 of /app/conf/kept.yml has what looks like a Slack token. Every user may read the file.\"",
	} {
		if !strings.Contains(details, sentence) {
			t.Errorf("no finding says %q:\n%s", sentence, details)
		}
	}
}

func sortedStrings(s []string) map[string]int {
	set := make(map[string]int)
	for _, x := range s {
		set[x]++
	}
	return set
}

// A layer hides what is below in each of the ways that there are.
func TestSecretsBelow(t *testing.T) {
	t.Parallel()
	token := "token: " + secrettest.Value("github-token") + "\n"
	base := makeTar(t, member{name: "app/conf/a.yml", body: token})
	for name, test := range map[string]struct {
		above []member
		gone  bool
	}{
		"nothing":             {[]member{{name: "app/conf/b.yml", body: "x"}}, false},
		"directory_alone":     {[]member{{name: "app/conf/"}}, false},
		"deleted":             {[]member{{name: "app/conf/.wh.a.yml"}}, true},
		"parent_deleted":      {[]member{{name: ".wh.app"}}, true},
		"opaque":              {[]member{{name: "app/.wh..wh..opq"}}, true},
		"opaque_root":         {[]member{{name: ".wh..wh..opq"}}, true},
		"replaced":            {[]member{{name: "app/conf/a.yml", body: "token: none"}}, true},
		"replaced_by_a_link":  {[]member{{name: "app/conf", body: "/x", kind: '2'}}, true},
		"replaced_by_a_dir":   {[]member{{name: "app/conf/a.yml/"}}, true},
		"with_the_same_again": {[]member{{name: "app/conf/a.yml", body: "\n" + token}}, false},
		"sibling_deleted":     {[]member{{name: "app/conf/.wh.a.yaml"}}, false},
	} {
		found := secretFindings(t, "{}", Options{}, base, makeTar(t, test.above...))
		if len(found) != 1 || found[0].Layer != 0 {
			t.Fatalf("%s: found %q, want one in layer 0", name, tell(found))
		}
		if got := strings.Contains(found[0].Detail, "still in layer 0"); got != test.gone {
			t.Errorf("%s: %q, want gone %t", name, found[0].Detail, test.gone)
		}
	}
}

// What a package owns is its own until a later layer changes it, and after
// the package was removed.
func TestSecretsOfPackages(t *testing.T) {
	t.Parallel()
	conf := member{name: "opt/acme/a.conf", body: "token: " + secrettest.Value("github-token") + "\n"}
	list := member{name: "var/lib/dpkg/info/vendor.list", body: "/opt/acme/a.conf\n"}
	install := makeTar(t, conf, list, member{name: "var/lib/dpkg/status", body: status("vendor 5")})
	remove := makeTar(t, member{name: "opt/acme/.wh.a.conf"}, member{name: "var/lib/dpkg/info/.wh.vendor.list"},
		member{name: "var/lib/dpkg/status", body: status("bash 5")})
	for name, test := range map[string]struct {
		layers [][]byte
		want   int
	}{
		"owned":              {[][]byte{install}, 0},
		"not_owned":          {[][]byte{makeTar(t, conf)}, 1},
		"owned_and_removed":  {[][]byte{install, remove}, 0},
		"changed_afterwards": {[][]byte{install, makeTar(t, conf)}, 1},
		"removed_and_back":   {[][]byte{install, remove, makeTar(t, conf)}, 1},
	} {
		if found := secretFindings(t, "{}", Options{}, test.layers...); len(found) != test.want {
			t.Errorf("%s: found %q, want %d", name, tell(found), test.want)
		}
	}
}

func TestSecretOptions(t *testing.T) {
	t.Parallel()
	config := `{"config":{"Env":["DB_PASSWORD=hunter2abc"]}}`
	layer := makeTar(t, member{name: "app/a.yml", body: "token: " + secrettest.Value("github-token") + "\n"})
	key := secret.NewKey()
	on := secretFindings(t, config, Options{Secrets: SecretOptions{Key: key}}, layer)
	if len(on) != 2 {
		t.Fatalf("found %q, want two", tell(on))
	}
	if again := secretFindings(t, config, Options{Secrets: SecretOptions{Key: key}}, layer); !cmp.Equal(on, again) {
		t.Errorf("the same key gives %+v and %+v", on, again)
	}
	if other := secretFindings(t, config, Options{Secrets: SecretOptions{Key: secret.NewKey()}}, layer); other[0].Secret.Hash == on[0].Secret.Hash ||
		other[1].Secret.Hash == on[1].Secret.Hash {
		t.Error("another key gives the same hash")
	}
	if off := secretFindings(t, config, Options{Secrets: SecretOptions{Off: true}}, layer); len(off) != 1 || off[0].Path != "" {
		t.Errorf("off: found %q, want only the variable", tell(off))
	}

	allow, err := secret.ParseAllowList(strings.NewReader(`allow:
- {path: "app/**", repository: "docker.io/acme/*", reason: "a", expires: 2026-01-31}
- {path: "env:DB_PASSWORD", reason: "b"}
`))
	if err != nil {
		t.Fatal(err)
	}
	ref, err := image.ParseReference("acme/shop:1")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Secrets: SecretOptions{Allow: allow}, References: []image.Reference{ref}, Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	m, s := build(layer)
	r, err := Image(t.Context(), s, m, []byte(config), nil, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.SecretsAllowed != 2 || len(secretFindings(t, config, o, layer)) != 0 {
		t.Errorf("%d secrets allowed, %+v left, want both allowed", r.SecretsAllowed, r.Checks)
	}
	o.Now = o.Now.AddDate(0, 2, 0)
	if found := secretFindings(t, config, o, layer); len(found) != 1 || found[0].Path != "app/a.yml" {
		t.Errorf("after it expired: found %q, want the file", tell(found))
	}
}

// A layer that was searched under another key, or not at all, is read again.
func TestSecretsOfKnownLayers(t *testing.T) {
	t.Parallel()
	m, s := build(makeTar(t, member{name: "app/a.yml", body: "token: " + secrettest.Value("github-token") + "\n"}))
	cache := &memory{}
	key := secret.NewKey()
	for i, o := range []SecretOptions{{Off: true}, {Off: true}, {Key: key}, {Key: key}, {Key: secret.NewKey()}, {Off: true}} {
		r, err := Image(t.Context(), s, m, emptyConfig, cache, Options{Secrets: o})
		if err != nil {
			t.Fatal(err)
		}
		if want := []int{1, 0, 1, 0, 1, 1}[i]; r.LayersRead != want {
			t.Errorf("scan %d reads %d layers, want %d", i, r.LayersRead, want)
		}
	}
}

// What searching reads of a file is there for those who come after it.
func TestSearchedFilesAreRead(t *testing.T) {
	t.Parallel()
	layer := makeTar(
		t,
		member{name: "app/package.json", body: `{"name":"a","version":"1.0.0","config":{"token":"` + secrettest.Value("github-token") + `"}}`},
		member{name: "app/empty.conf"},
		member{name: "app/binary", body: "\x7fELF\x00" + strings.Repeat("x", 2*sniffed), mode: 0o755},
		member{name: "app/later.yml", body: "token: " + secrettest.Value("npm-token") + "\n"},
	)
	m, s := build(layer)
	r, err := Image(t.Context(), s, m, emptyConfig, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"npm a 1.0.0 @0"}, names(r.Inventory)); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
	if found := secretFindings(t, "{}", Options{}, layer); len(found) != 2 {
		t.Errorf("found %q, want two", tell(found))
	}
}
