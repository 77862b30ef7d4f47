package image

import "strings"

// A Platform is an OCI platform: "linux/arm64/v8".
type Platform struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant,omitempty"`
}

// String returns os/architecture[/variant].
func (p Platform) String() string {
	s := p.OS + "/" + p.Architecture
	if p.Variant != "" {
		s += "/" + p.Variant
	}
	return s
}

// ParsePlatform is the inverse of [Platform.String]; missing parts are empty.
func ParsePlatform(s string) Platform {
	os, rest, _ := strings.Cut(s, "/")
	arch, variant, _ := strings.Cut(rest, "/")
	return Platform{OS: os, Architecture: arch, Variant: variant}
}
