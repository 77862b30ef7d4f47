package image

import (
	"strings"
	"time"
)

// A Layer is one layer of a manifest.
type Layer struct {
	Digest    string `json:"digest"`
	DiffID    string `json:"diff_id,omitempty"`
	MediaType string `json:"media_type,omitempty"`
	// Size is the compressed size in bytes.
	Size int64 `json:"size"`
	// CreatedBy is the build step from the history.
	CreatedBy string `json:"created_by,omitempty"`
}

// Foreign reports whether the layer may not be distributed, so that registries
// usually do not hold it: the base layers of old Windows images.
func (l Layer) Foreign() bool {
	return strings.Contains(l.MediaType, ".foreign.") || strings.Contains(l.MediaType, ".nondistributable.")
}

// A Manifest is what a registry says of one platform image.
type Manifest struct {
	Digest       string   `json:"digest"`
	MediaType    string   `json:"media_type"`
	ConfigDigest string   `json:"config_digest"`
	Platform     Platform `json:"platform"`
	Layers       []Layer  `json:"layers"`
	Config       Config   `json:"config"`
	// Annotations are those of the manifest that say what the image was built
	// from.
	Annotations map[string]string `json:"annotations,omitempty"`
}

// A Config is the part of an image's configuration that is kept. Values of
// environment variables never enter it.
type Config struct {
	Created time.Time `json:"created,omitzero"`
	Author  string    `json:"author,omitempty"`
	// User is as written in the image; empty means root.
	User         string            `json:"user,omitempty"`
	EnvNames     []string          `json:"env_names,omitempty"`
	ExposedPorts []string          `json:"exposed_ports,omitempty"`
	Entrypoint   []string          `json:"entrypoint,omitempty"`
	Cmd          []string          `json:"cmd,omitempty"`
	Volumes      []string          `json:"volumes,omitempty"`
	WorkingDir   string            `json:"working_dir,omitempty"`
	Labels       map[string]string `json:"labels,omitempty"`
	StopSignal   string            `json:"stop_signal,omitempty"`
	// Healthcheck is nil when absent; Docker format only.
	Healthcheck []string `json:"healthcheck,omitempty"`
	// DockerFormat is whether the format can carry a health check.
	DockerFormat bool `json:"docker_format,omitempty"`
	// History are the build steps, oldest first.
	History []History `json:"history,omitempty"`
}

// History is one build step.
type History struct {
	CreatedBy string    `json:"created_by,omitempty"`
	Created   time.Time `json:"created,omitzero"`
	Empty     bool      `json:"empty,omitempty"`
}

// A Distribution is the operating system of an image, from os-release.
type Distribution struct {
	// ID is os-release's ID: "debian", "alpine".
	ID string `json:"id"`
	// Version is os-release's VERSION_ID: "12".
	Version string `json:"version,omitempty"`
	// Codename is os-release's VERSION_CODENAME.
	Codename string `json:"codename,omitempty"`
	// Name is os-release's PRETTY_NAME.
	Name string `json:"name,omitempty"`
}

// An Inventory is everything that a scan learned of an image: the overlay of
// its layers.
type Inventory struct {
	Distribution *Distribution `json:"distribution,omitempty"`
	Packages     []Package     `json:"packages"`
	Files        []File        `json:"files,omitempty"`
	// Users are the accounts of /etc/passwd.
	Users []User `json:"users,omitempty"`
	// Groups are those of /etc/group.
	Groups []Group `json:"groups,omitempty"`
	// Hidden are credentials of lower layers that later ones delete or
	// replace: everyone who pulls the image still gets them.
	Hidden []File `json:"hidden,omitempty"`
	// Weights are the large files, and the caches of tools.
	Weights []Weight `json:"weights,omitempty"`
	// Waste are the largest hidden bytes, Wasted counts all.
	Waste    []Waste   `json:"waste,omitempty"`
	Wasted   int64     `json:"wasted,omitempty"`
	Machines []Machine `json:"machines,omitempty"`
	// Partial explains why the scan is not complete; empty when it is.
	Partial string `json:"partial,omitempty"`
	// Unmatched explains why the distribution's packages are compared with no
	// advisories; empty when they are. Then no vulnerabilities are no news.
	Unmatched string `json:"unmatched,omitempty"`
}

// A File is a file that a check looks at.
type File struct {
	Path  string `json:"path"`
	Mode  uint32 `json:"mode"`
	UID   int    `json:"uid"`
	GID   int    `json:"gid"`
	Size  int64  `json:"size"`
	Layer int    `json:"layer"`
	// OwnedBy is the distribution package that owns the file.
	OwnedBy string   `json:"owned_by,omitempty"`
	Kind    FileKind `json:"kind,omitempty"`
	// Capabilities are the bits of capabilities(7) that the file gives to
	// whoever runs it.
	Capabilities uint64 `json:"capabilities,omitempty"`
}

// A User is one line of /etc/passwd.
type User struct {
	Name string `json:"name"`
	UID  int    `json:"uid"`
	GID  int    `json:"gid"`
	// Password is what /etc/shadow and /etc/passwd say of it.
	Password Password `json:"password,omitempty"`
}
