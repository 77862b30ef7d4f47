package registry

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/image"
)

// choose returns the child that a machine of the platform runs: the best of
// those that it can run, as container runtimes choose. An unknown platform
// fits only an index of one image. Two that fit equally well are an error:
// what runs is then not known.
func choose(images []Child, want image.Platform) (Child, error) {
	images = slices.Clone(images)
	slices.SortStableFunc(images, func(a, b Child) int { return strings.Compare(a.Digest, b.Digest) })
	images = slices.CompactFunc(images, func(a, b Child) bool {
		return a.Digest == b.Digest && a.Platform == b.Platform
	})
	if len(images) == 0 {
		return Child{}, fault(NoPlatform, "the index holds no image")
	}
	if len(images) == 1 && (want.Architecture == "" || images[0].Platform == image.Platform{}) {
		return images[0], nil
	}
	available := list(images)
	for _, p := range runnable(want) {
		fits := slices.DeleteFunc(slices.Clone(images), func(c Child) bool { return normalize(c.Platform) != p })
		switch len(fits) {
		case 0:
			continue
		case 1:
			return fits[0], nil
		}
		return Child{}, fault(NoPlatform, "%d images fit %s: %s", len(fits), want, list(fits))
	}
	if want.Architecture == "" {
		return Child{}, fault(NoPlatform, "the platform that runs is not known; available: %s", available)
	}
	if want.Variant == "" {
		// Few machines tell their variant: one image must be what runs.
		rest := slices.DeleteFunc(images, func(c Child) bool {
			p := normalize(c.Platform)
			return p.OS != normalize(want).OS || p.Architecture != normalize(want).Architecture
		})
		if len(rest) == 1 {
			return rest[0], nil
		}
	}
	return Child{}, fault(NoPlatform, "none for %s; available: %s", want, available)
}

// Runs reports whether a machine of the platform runs images of the other. A
// machine that does not tell its variant is one that does; an image that does
// not tell its platform runs anywhere.
func Runs(machine, img image.Platform) bool {
	if img == (image.Platform{}) || machine.Architecture == "" {
		return true
	}
	img = normalize(img)
	m := normalize(machine)
	return slices.Contains(runnable(machine), img) || machine.Variant == "" && m.OS == img.OS && m.Architecture == img.Architecture
}

// runnable returns the platforms whose images a machine of platform p runs,
// best first, as containerd's platforms.Only does.
func runnable(p image.Platform) []image.Platform {
	if p.Architecture == "" {
		return nil
	}
	p = normalize(p)
	out := []image.Platform{p}
	older := func(arch, variants string) {
		for _, v := range strings.Fields(variants) {
			q := normalize(image.Platform{OS: p.OS, Architecture: arch, Variant: v})
			if arch != p.Architecture || v < p.Variant {
				out = append(out, q)
			}
		}
	}
	switch p.Architecture {
	case "amd64":
		older("amd64", "v3 v2")
		if p.Variant != "" {
			out = append(out, image.Platform{OS: p.OS, Architecture: "amd64"})
		}
		out = append(out, image.Platform{OS: p.OS, Architecture: "386"})
	case "arm64":
		if p.Variant != "" {
			out = append(out, image.Platform{OS: p.OS, Architecture: "arm64"})
		}
		older("arm", "v8 v7 v6 v5")
	case "arm":
		older("arm", "v7 v6 v5")
	}
	return out
}

// normalize returns the one name of platforms that have several: other names
// of architectures, and the variants that are the default.
func normalize(p image.Platform) image.Platform {
	p.OS, p.Architecture, p.Variant = strings.ToLower(p.OS), strings.ToLower(p.Architecture), strings.ToLower(p.Variant)
	if p.OS == "" {
		p.OS = "linux"
	}
	switch p.Architecture {
	case "x86_64", "x86-64":
		p.Architecture = "amd64"
	case "i386", "i686":
		p.Architecture = "386"
	case "aarch64":
		p.Architecture = "arm64"
	case "armhf":
		p.Architecture, p.Variant = "arm", "v7"
	case "armel":
		p.Architecture, p.Variant = "arm", "v6"
	}
	if p.Variant != "" && p.Variant[0] >= '0' && p.Variant[0] <= '9' {
		p.Variant = "v" + p.Variant
	}
	switch {
	case p.Architecture == "arm" && p.Variant == "":
		p.Variant = "v7"
	case p.Architecture == "arm64" && p.Variant == "v8", p.Architecture == "amd64" && p.Variant == "v1":
		p.Variant = ""
	}
	return p
}

// list names the platforms of children for an error message.
func list(children []Child) string {
	names := make([]string, 0, len(children))
	for _, c := range children {
		s := "unknown"
		if c.Platform != (image.Platform{}) {
			s = c.Platform.String()
		}
		if c.OSVersion != "" {
			s += " (" + c.OSVersion + ")"
		}
		if name := cmp.Or(c.Reference, c.Name); name != "" {
			s += " " + name
		}
		names = append(names, s)
	}
	slices.Sort(names)
	const most = 20
	if more := len(names) - most; more > 0 {
		names = append(names[:most], fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}
