package estate

// A Container is one container as its workload asks for it, with the image
// that really runs.
type Container struct {
	Name string
	// Reference is what the workload asks for, verbatim.
	Reference string
	// Image is the repository and tag behind the reference.
	Image Image
	// Running is the content that runs: not the one that the tag names now if
	// the tag has moved since the container started.
	Running Content

	User                     string // numeric; empty leaves it to the image
	Privileged               bool
	ReadOnlyRootFilesystem   bool
	AllowPrivilegeEscalation *bool
	RunAsNonRoot             *bool
	AddedCapabilities        []string
	DroppedCapabilities      []string
	Port                     int
	// Env are environment variables with plain values, which an inventory must not keep.
	Env map[string]string
	// Secrets maps environment variables to the name of the secret with their value.
	Secrets map[string]string
	// HasProbe is whether the workload checks the container's health.
	HasProbe bool
	// Essential is false for an ECS sidecar that may end alone.
	Essential bool
	// LogRouter is whether the container is an ECS FireLens router.
	LogRouter bool
	// RestartAlways makes an init container a native sidecar.
	RestartAlways bool
}

// runningDigest returns the digest by which a runtime that pulled the tag
// knows the image: that of the index if there is one.
func (c Container) runningDigest(d Digests) string {
	index, manifests, _ := d.Digests(c.Running.Name)
	if index != "" {
		return index
	}
	return manifests["amd64"]
}

// ports are what the apps listen on; 8080 if not named.
var ports = map[string]int{"cart": 3000, "checkout": 3000, "auth": 3000, "gateway": 80, "legacy-admin": 22}

// portOf returns the port that an app listens on.
func portOf(app string) int {
	if p, ok := ports[app]; ok {
		return p
	}
	return 8080
}

// container returns the main container of a drawn workload.
func (b *builder) container(s slot, a app) Container {
	p := s.place.in("container")
	img := b.e.image(b.index, a, s.version(a))
	c := Container{
		Name: a.name, Image: img, Running: img.Content, Reference: img.Reference(), Port: portOf(a.name),
		ReadOnlyRootFilesystem: p.in("read-only").chance(35),
		Privileged:             p.in("privileged").chance(3),
		HasProbe:               p.in("probe").chance(60),
		Env:                    map[string]string{"LOG_LEVEL": "info"},
	}
	if p.in("user").chance(30) {
		c.User = "10001"
	}
	if p.in("capability").chance(6) {
		c.AddedCapabilities = []string{pick(p.in("which"), []string{"SYS_PTRACE", "NET_ADMIN", "SYS_ADMIN"})}
	}
	if p.in("drop").chance(25) {
		c.DroppedCapabilities = []string{"ALL"}
	}
	if p.in("password").chance(15) {
		c.Env["DB_PASSWORD"] = "not-for-the-inventory-" + p.hex(8)
	}
	if p.in("secret").chance(30) {
		c.Secrets = map[string]string{"DB_PASSWORD_REF": "db-password"}
	}
	if p.in("pinned").chance(15) {
		c.Reference += "@" + c.runningDigest(b.e.digests)
	}
	return c
}

// RunningDigest returns the digest that ECS and Lambda report of a container's
// image: that of the index if there is one.
func (e *Estate) RunningDigest(c Container) string { return c.runningDigest(e.digests) }
