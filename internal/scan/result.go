package scan

import "github.com/stowage-dev/stowage/internal/image"

// A LayerResult is what [ReadLayer] remembers of a layer: all that an overlay
// with any other layers may need. It is stored as JSON. Paths are relative to the root, without "..".
type LayerResult struct {
	// DiffID is the digest of the unpacked layer.
	DiffID string `json:"diff_id"`
	// Size is the number of unpacked bytes, Entries that of tar entries.
	Size    int64 `json:"size"`
	Entries int   `json:"entries"`
	// Packages are by the file that tells of them.
	Packages []PackageFile `json:"packages,omitempty"`
	Files    []File        `json:"files,omitempty"`
	Releases []Release     `json:"releases,omitempty"`
	// Passwd is nil if the layer has no /etc/passwd.
	Passwd *Passwd    `json:"passwd,omitempty"`
	Facts  LayerFacts `json:"facts,omitzero"`
	// Owned are the paths that distribution packages own, with the packages'
	// names, as far as a language package or one of Files may be there.
	Owned map[string]string `json:"owned,omitempty"`
	// Whiteouts are the paths that the layer deletes from those below; of
	// Opaque directories it deletes what is in them.
	Whiteouts []string `json:"whiteouts,omitempty"`
	Opaque    []string `json:"opaque,omitempty"`
	// Links are hard links to files that the layer tells nothing of.
	Links []Link `json:"links,omitempty"`
	// Secrets are files with secrets, hashed under the key of that ID; it is
	// empty if the layer was not searched.
	Secrets   []SecretFile `json:"secrets,omitempty"`
	SecretKey string       `json:"secret_key,omitempty"`
	// Skipped are files that may tell of packages but were not read.
	Skipped []Skip `json:"skipped,omitempty"`
	// NonDirectories and Directories are all paths of the layer.
	NonDirectories PathSet `json:"non_directories"`
	Directories    PathSet `json:"directories"`
}

// A PackageFile is a file that tells of installed packages.
type PackageFile struct {
	Path     string    `json:"path"`
	Packages []Package `json:"packages"`
}

// A Package is a package in the terms of [image.Package], without what only
// the whole image tells.
type Package struct {
	// Type is the type of the package URL: "deb", "npm".
	Type          string `json:"t"`
	Name          string `json:"n"`
	Version       string `json:"v"`
	Source        string `json:"s,omitempty"`
	SourceVersion string `json:"sv,omitempty"`
	Architecture  string `json:"a,omitempty"`
	Module        string `json:"m,omitempty"`
	Vendor        string `json:"vd,omitempty"`
	// SHA1 is that of a Java archive that does not say which artifact it is.
	// Name and Version are then a guess, or empty.
	SHA1 string `json:"h,omitempty"`
	// Inner is the path in an archive: "BOOT-INF/lib/a.jar".
	Inner string `json:"i,omitempty"`
}

// A File is a setuid, setgid or world-writable file or directory, or one of
// interest for what it is.
type File struct {
	Path string `json:"path"`
	// Mode has the type and permission bits of Unix's st_mode.
	Mode uint32 `json:"mode"`
	UID  int    `json:"uid"`
	GID  int    `json:"gid"`
	Size int64  `json:"size,omitempty"`
	// Kind and Capabilities are as in [image.File].
	Kind         image.FileKind `json:"kind,omitempty"`
	Capabilities uint64         `json:"capabilities,omitempty"`
}

// A Release is an os-release file.
type Release struct {
	Path         string             `json:"path"`
	Distribution image.Distribution `json:"distribution"`
}

// A Passwd is an /etc/passwd.
type Passwd struct {
	Users []image.User `json:"users"`
}

// A Link is a hard link.
type Link struct {
	Path   string `json:"path"`
	Target string `json:"target"`
}

// A Skip is a file that was not read, and why.
type Skip struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}
