package estate

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nameDigests makes digests from the names of contents.
type nameDigests struct{}

func (nameDigests) Digests(content string) (string, map[string]string, string) {
	d := func(what string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(content+what))) }
	if !byContent[content].MultiPlatform() {
		return "", map[string]string{"amd64": d("amd64")}, d("config")
	}
	return d("index"), map[string]string{"amd64": d("amd64"), "arm64": d("arm64")}, d("config")
}

func newEstate(t testing.TB, cfg Config) *Estate {
	t.Helper()
	e, err := New(cfg, nameDigests{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTruthHasTheAskedNumberOfWorkloads(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{
		{},
		{Workloads: 40},
		{Workloads: 60, Accounts: 1, Regions: 1},
		{Workloads: 2000},
		{Workloads: 777, Accounts: 5, Regions: 3, Seed: 9},
	} {
		e := newEstate(t, cfg)
		for range 3 {
			got, uids := 0, map[string]bool{}
			for w := range e.Truth() {
				got++
				if uids[w.UID] {
					t.Errorf("%+v: two workloads have UID %s", cfg, w.UID)
				}
				uids[w.UID] = true
			}
			if want := e.Workloads(); got != want {
				t.Errorf("%+v: got %d workloads, want %d", cfg, got, want)
			}
			e.Step()
		}
	}
}

func TestNewRefusesImpossibleEstates(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{
		{Workloads: 5},
		{Regions: 99},
		{Accounts: -1},
		{PodsPerWorkload: -1},
		{Workloads: 60, Accounts: 500},
	} {
		if _, err := New(cfg, nameDigests{}); err == nil {
			t.Errorf("New(%+v) succeeded, want an error", cfg)
		}
	}
}

func TestSameSeedSameEstate(t *testing.T) {
	t.Parallel()
	truth := func(seed uint64, steps int) []TrueWorkload {
		e := newEstate(t, Config{Seed: seed, Workloads: 200})
		for range steps {
			e.Step()
		}
		return slices.Collect(e.Truth())
	}
	if diff := cmp.Diff(truth(1, 2), truth(1, 2)); diff != "" {
		t.Errorf("seed 1 twice: mismatch (-first +second):\n%s", diff)
	}
	if cmp.Equal(truth(1, 0), truth(2, 0)) {
		t.Error("seeds 1 and 2 give the same estate")
	}
}

func TestStepChangesAFewWorkloads(t *testing.T) {
	t.Parallel()
	e := newEstate(t, Config{Workloads: 2000})
	byUID := func() map[string]TrueWorkload {
		m := map[string]TrueWorkload{}
		for w := range e.Truth() {
			m[w.UID] = w
		}
		return m
	}
	before := byUID()
	e.Step()
	after := byUID()
	var added, changed int
	for uid, w := range after {
		switch old, ok := before[uid]; {
		case !ok:
			added++
		case !cmp.Equal(old, w):
			changed++
		}
	}
	if added == 0 || added > len(after)/10 {
		t.Errorf("the step added %d of %d workloads, want a few", added, len(after))
	}
	if changed == 0 || changed > len(after)/5 {
		t.Errorf("the step changed %d of %d workloads, want some", changed, len(after))
	}
}

func TestStory(t *testing.T) {
	t.Parallel()
	e := newEstate(t, Config{})
	byName := map[string]TrueWorkload{}
	for w := range e.Truth() {
		byName[w.Name] = w
	}
	s := byName["storefront"]
	if !s.Exposed || s.Replicas != 3 || !strings.HasSuffix(s.Role, "role/storefront-task") || s.Containers[0].Content != "storefront-4.2.0" {
		t.Errorf("storefront = %+v, want it exposed, three times, with its role and version 4.2.0", s)
	}
	p := byName["payments"].Containers[0]
	if !strings.HasSuffix(p.Image, "/shop/payments:1.8") || p.Content != "payments-1.8.3" {
		t.Errorf("payments = %+v, want tag 1.8 with the content of 1.8.3", p)
	}
	for _, tag := range Repository("shop/payments") {
		if tag.Name == "1.8" && tag.Content.Name == p.Content {
			t.Error("the tag of payments has not moved")
		}
	}
	if got := byName["checkout"].Containers[0].Image; !strings.HasSuffix(got, ":latest") {
		t.Errorf("checkout runs %s, want :latest", got)
	}
	e.Step()
	for w := range e.Truth() {
		if w.Name == "storefront" && w.Containers[0].Content != "storefront-4.3.0" {
			t.Errorf("storefront after a step = %+v, want version 4.3.0", w)
		}
	}
}

func TestEveryImageIsInItsRepository(t *testing.T) {
	t.Parallel()
	e := newEstate(t, Config{Workloads: 3000, Accounts: 5})
	for w := range e.Truth() {
		for _, c := range w.Containers {
			ref, _, _ := strings.Cut(c.Image, "@")
			if !strings.Contains(ref, "/") { // a Docker Hub short name
				ref = "docker.io/library/" + ref
			}
			host, path, _ := strings.Cut(ref, "/")
			path, tag, _ := strings.Cut(path, ":")
			tags := Repository(path)
			if !slices.ContainsFunc(tags, func(t Tag) bool { return t.Name == tag }) {
				t.Errorf("%s: no tag %q in repository %q", w.Name, tag, path)
			}
			if !slices.ContainsFunc(tags, func(t Tag) bool { return t.Content.Name == c.Content }) {
				t.Errorf("%s: running content %s is not in repository %q", w.Name, c.Content, path)
			}
			if id, rest, ok := strings.Cut(host, ".dkr.ecr."); ok {
				region, _, _ := strings.Cut(rest, ".")
				if !slices.Contains(e.Repositories(id, region), path) {
					t.Errorf("%s: registry %s does not list %q", w.Name, host, path)
				}
			}
		}
	}
}

func TestContentsAreAllUsed(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, list := range [][]app{apps, lambdaApps} {
		for _, a := range list {
			for _, v := range a.versions {
				if byContent[v.content].Name == "" {
					t.Errorf("%s:%s has unknown content %q", a.name, v.tag, v.content)
				}
				used[v.content] = true
			}
		}
	}
	for _, i := range publicImages {
		used[i.Content.Name] = true
	}
	for _, c := range Contents() {
		if !used[c.Name] {
			t.Errorf("content %s has no repository", c.Name)
		}
	}
}

func TestPodsFitTheirNodes(t *testing.T) {
	t.Parallel()
	e := newEstate(t, Config{Workloads: 500})
	for i := range e.KubeClusters() {
		k := e.KubeCluster(i)
		if got, want := k.Name, e.KubeClusterName(i); got != want {
			t.Errorf("cluster %d is called %s, want %s", i, got, want)
		}
		names, n := map[string]bool{}, 0
		for p := range k.Pods() {
			n++
			if key := p.Namespace + "/" + p.Name; names[key] {
				t.Errorf("%s: two pods are called %s", k.Name, key)
			} else {
				names[key] = true
			}
			for _, s := range p.Containers {
				if p.Ready != (digestOf(s.ImageID) != "") {
					t.Errorf("%s/%s: ready %v but imageID %q", k.Name, p.Name, p.Ready, s.ImageID)
				}
			}
		}
		if n != k.PodCount() {
			t.Errorf("%s lists %d pods and counts %d", k.Name, n, k.PodCount())
		}
	}
}

func TestIdentifiersAreUniqueInACell(t *testing.T) {
	t.Parallel()
	e := newEstate(t, Config{Workloads: 5000})
	for i := range e.awsCells() {
		c := e.cell(i)
		seen := map[string]bool{}
		add := func(id string) {
			if seen[id] {
				t.Errorf("cell %d: %s appears twice", i, id)
			}
			seen[id] = true
		}
		for _, n := range c.Network.Interfaces {
			add(n.ID)
			add(n.PrivateIP)
		}
		for _, g := range c.Network.Groups {
			add(g.ID)
			add("group " + g.Name)
		}
		for _, lb := range c.Network.Balancers {
			add("balancer " + lb.Name)
			if len(lb.Name) > 32 {
				t.Errorf("load balancer name %s is longer than ELBv2 allows", lb.Name)
			}
		}
		for _, r := range c.Roles {
			add("role " + r.Name)
			if len(r.Name) > 64 {
				t.Errorf("role name %s is longer than IAM allows", r.Name)
			}
		}
	}
}

func BenchmarkCell(b *testing.B) {
	e := newEstate(b, Config{Workloads: 1_000_000})
	i := 0
	for b.Loop() {
		e.build(i%e.awsCells(), 3)
		i++
	}
}
