package inventory

import "time"

// A RepositoryImage is what a registry's control plane says of one image that
// a running reference names.
type RepositoryImage struct {
	// Repository is host/path without tag or digest.
	Repository string   `json:"repository"`
	Digest     string   `json:"digest"`
	Tags       []string `json:"tags,omitempty"`
	MediaType  string   `json:"media_type,omitempty"`
	// PushedAt and PulledAt are the registry's own record; PulledAt has the
	// registry's granularity (a day on ECR).
	PushedAt time.Time `json:"pushed_at,omitzero"`
	PulledAt time.Time `json:"pulled_at,omitzero"`
	Size     int64     `json:"size,omitempty"`
	// Manifests are the platform manifests of an index.
	Manifests []PlatformManifest `json:"manifests,omitempty"`
}

// A PlatformManifest is one child of an image index.
type PlatformManifest struct {
	Digest       string `json:"digest"`
	OS           string `json:"os,omitempty"`
	Architecture string `json:"architecture,omitempty"`
	Variant      string `json:"variant,omitempty"`
}

// RecordUID implements [Record].
func (r RepositoryImage) RecordUID() string { return r.Repository + "@" + r.Digest }

// RecordType implements [Record].
func (RepositoryImage) RecordType() RecordType { return RepositoryRecord }
