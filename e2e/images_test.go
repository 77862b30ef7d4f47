//go:build e2e

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/stowage-dev/stowage/e2e/rig/registry"
)

// An imageSet is the images that run in tests about where images run: small
// ones, of every form that a runtime reports.
type imageSet struct {
	server *registry.Server
	host   string
	// web and logs are indexes for two architectures.
	web, logs multi
	// next, proxy and db are manifests.
	next, proxy, db string
	// agent was loaded into the nodes by hand: the runtime knows it by its
	// configuration.
	agent struct{ manifest, config string }
	// ids is what the runtime says, by reference.
	ids map[string]string
	// pushed is what was pushed, in order.
	pushed []pushed
}

// A pushed is what a tag in the registry stands for.
type pushed struct {
	repository, tag, digest string
	manifest                []byte
	mediaType               types.MediaType
}

// A multi is an index with the images of two architectures.
type multi struct{ index, amd64, arm64 string }

// newImageSet starts a registry that mirrors a host.
func newImageSet(t *testing.T, host string) *imageSet {
	t.Helper()
	return &imageSet{server: registry.Start(t), host: host, ids: map[string]string{}}
}

// pushImages pushes the images into a registry that mirrors a host.
func pushImages(t *testing.T, host string) *imageSet {
	t.Helper()
	s := newImageSet(t, host)
	s.web = s.pushIndex(t, "shop/web", "1.2")
	s.logs = s.pushIndex(t, "ops/logs", "2")
	s.next = s.push(t, "shop/web", "1.3", newImage(t, "amd64"))
	s.proxy = s.push(t, "mesh/proxy", "3", newImage(t, "amd64"))
	s.db = s.push(t, "shop/db", "16", newImage(t, "amd64"))
	s.ids[host+"/shop/db@"+s.db] = host + "/shop/db@" + s.db

	agent := newImage(t, "amd64")
	config, err := agent.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	s.agent.manifest, s.agent.config = s.push(t, "ops/agent", "latest", agent), config.String()
	s.ids[host+"/ops/agent:latest"] = s.agent.config
	return s
}

// id returns the imageID of a reference.
func (s *imageSet) id(reference string) string { return s.ids[reference] }

// digest returns the digest that ECS reports of a reference.
func (s *imageSet) digest(reference string) string {
	id := s.ids[reference]
	if len(id) < len("sha256:")+64 {
		return ""
	}
	return id[len(id)-len("sha256:")-64:]
}

// use makes an installation find the images.
func (s *imageSet) use(t *testing.T, i *installation) {
	t.Helper()
	i.set("STOWAGE_REGISTRY_MIRRORS=" + s.host + "=http://" + s.server.Address)
	login(t, i, s.host)
}

// login writes the credentials for a registry where "docker login" does.
func login(t *testing.T, i *installation, host string) {
	t.Helper()
	token := base64.StdEncoding.EncodeToString([]byte(registry.User + ":" + registry.Password))
	config, err := json.Marshal(map[string]any{"auths": map[string]any{host: map[string]string{"auth": token}}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o600); err != nil {
		t.Fatal(err)
	}
	i.set("DOCKER_CONFIG=" + dir)
}

// push pushes an image or an index and returns its digest.
func (s *imageSet) push(t *testing.T, repository, tag string, what remote.Taggable) string {
	t.Helper()
	digest := s.server.Push(t, repository, tag, what)
	s.ids[s.host+"/"+repository+":"+tag] = s.host + "/" + repository + "@" + digest
	manifest, err := what.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	p := pushed{repository, tag, digest, manifest, types.OCIManifestSchema1}
	if typed, ok := what.(interface {
		MediaType() (types.MediaType, error)
	}); ok {
		if p.mediaType, err = typed.MediaType(); err != nil {
			t.Fatal(err)
		}
	}
	s.pushed = append(s.pushed, p)
	return digest
}

// pushIndex pushes an index with two images.
func (s *imageSet) pushIndex(t *testing.T, repository, tag string) multi {
	t.Helper()
	var m multi
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for architecture, digest := range map[string]*string{"amd64": &m.amd64, "arm64": &m.arm64} {
		image := newImage(t, architecture)
		hash, err := image.Digest()
		if err != nil {
			t.Fatal(err)
		}
		*digest = hash.String()
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: architecture}},
		})
	}
	m.index = s.push(t, repository, tag, index)
	return m
}

// newImage returns a small image unlike any other.
func newImage(t *testing.T, architecture string) v1.Image {
	t.Helper()
	image, err := random.Image(512, 1)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", architecture
	if image, err = mutate.ConfigFile(image, config); err != nil {
		t.Fatal(err)
	}
	return image
}
