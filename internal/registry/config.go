package registry

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/stowage-dev/stowage/internal/image"
)

// configFile is the part of an image configuration that is kept
// (https://github.com/opencontainers/image-spec/blob/main/config.md). It is
// decoded leniently where builders are sloppy and nothing depends on it.
type configFile struct {
	Created      looseTime `json:"created"`
	Author       string    `json:"author"`
	OS           string    `json:"os"`
	Architecture string    `json:"architecture"`
	Variant      string    `json:"variant"`
	Config       struct {
		User         string              `json:"User"`
		Env          envNames            `json:"Env"`
		ExposedPorts map[string]struct{} `json:"ExposedPorts"`
		Entrypoint   stringOrList        `json:"Entrypoint"`
		Cmd          stringOrList        `json:"Cmd"`
		Volumes      map[string]struct{} `json:"Volumes"`
		WorkingDir   string              `json:"WorkingDir"`
		Labels       map[string]string   `json:"Labels"`
		StopSignal   string              `json:"StopSignal"`
		Healthcheck  *struct {
			Test stringOrList `json:"Test"`
		} `json:"Healthcheck"`
	} `json:"config"`
	RootFS struct {
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
	History []struct {
		Created    looseTime `json:"created"`
		CreatedBy  string    `json:"created_by"`
		EmptyLayer bool      `json:"empty_layer"`
	} `json:"history"`
}

// parseConfig decodes an image configuration.
func parseConfig(raw []byte) (*configFile, error) {
	var c configFile
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, fault(Malformed, "configuration: %w", err)
	}
	for i, d := range c.RootFS.DiffIDs {
		if !image.ValidDigest(d) {
			return nil, fault(Malformed, "configuration: diff_id %d, %q, is not a digest", i, d)
		}
	}
	return &c, nil
}

// platform returns the platform that the image was built for.
func (c *configFile) platform() image.Platform {
	return image.Platform{OS: c.OS, Architecture: c.Architecture, Variant: c.Variant}
}

// image returns c in the terms of the domain. manifestType is the media type
// of the manifest that the configuration belongs to.
func (c *configFile) image(manifestType string) image.Config {
	out := image.Config{
		Created:      c.Created.Time,
		Author:       c.Author,
		User:         c.Config.User,
		EnvNames:     c.Config.Env,
		ExposedPorts: slices.Sorted(maps.Keys(c.Config.ExposedPorts)),
		Entrypoint:   c.Config.Entrypoint,
		Cmd:          c.Config.Cmd,
		Volumes:      slices.Sorted(maps.Keys(c.Config.Volumes)),
		WorkingDir:   c.Config.WorkingDir,
		Labels:       c.Config.Labels,
		StopSignal:   c.Config.StopSignal,
		DockerFormat: types.MediaType(manifestType) == types.DockerManifestSchema2,
	}
	if h := c.Config.Healthcheck; h != nil {
		out.Healthcheck = h.Test
	}
	for _, h := range c.History {
		out.History = append(out.History, image.History{CreatedBy: h.CreatedBy, Created: h.Created.Time, Empty: h.EmptyLayer})
	}
	return out
}

// layers joins the layers of the manifest with what the configuration says of
// them. The history is joined only when it tells of exactly these layers:
// some builders leave it out or merge layers without telling.
func (c *configFile) layers(descriptors []Descriptor) ([]image.Layer, error) {
	if len(descriptors) != len(c.RootFS.DiffIDs) {
		return nil, fault(Malformed, "the manifest has %d layers but the configuration has %d diff_ids", len(descriptors), len(c.RootFS.DiffIDs))
	}
	var steps []string
	for _, h := range c.History {
		if !h.EmptyLayer {
			steps = append(steps, h.CreatedBy)
		}
	}
	out := make([]image.Layer, 0, len(descriptors))
	for i, d := range descriptors {
		l := image.Layer{Digest: d.Digest, DiffID: c.RootFS.DiffIDs[i], MediaType: d.MediaType, Size: d.Size}
		if len(steps) == len(descriptors) {
			l.CreatedBy = steps[i]
		}
		out = append(out, l)
	}
	return out, nil
}

// errEnv quotes nothing of what it is about.
var errEnv = errors.New("the environment is not a list of strings")

// envNames are the names of a list of NAME=value; the values are dropped
// while decoding.
type envNames []string

func (e *envNames) UnmarshalJSON(b []byte) error {
	var env []string
	if err := json.Unmarshal(b, &env); err != nil {
		return errEnv
	}
	names := make([]string, 0, len(env))
	for _, s := range env {
		name, _, _ := strings.Cut(s, "=")
		names = append(names, name)
	}
	*e = names
	return nil
}

// looseTime is a time that is zero when it is not one.
type looseTime struct{ time.Time }

func (t *looseTime) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &t.Time); err != nil {
		t.Time = time.Time{}
	}
	return nil
}

// stringOrList is a list that may be written as one string.
type stringOrList []string

func (l *stringOrList) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*l = stringOrList{s}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}
