package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
)

// The weights that are told of.
const (
	// minCache is less than the package lists of any distribution.
	minCache = 1 << 20
	// minWaste is what is worth a step of a build: less than the smallest base
	// images weigh. minWastePlace is the share of one path that is told.
	minWaste      = 10 << 20
	minWastePlace = 1 << 20
	// maxLayers is well before overlay file systems and Docker end, at 127.
	maxLayers = 100
	// maxLayer is the compressed size of a layer from which pulls fail often:
	// one that breaks off begins again from the start.
	maxLayer = 1 << 30
)

var cacheLeft = imageCheck{
	Check: finding.Check{
		ID:          "image/cache-left",
		Title:       "Caches of package managers are left in the image",
		Severity:    finding.Low,
		Why:         "Nothing at run time needs them. They make every pull longer, and their lists are out of date the day after.",
		Remediation: "Delete them in the step that fills them, do not fill them (apk add --no-cache, pip install --no-cache-dir), or use a cache mount.",
		References: []string{
			"Dockle DKL-DI-0004", "Dockle DKL-DI-0005", "Hadolint DL3009", "Hadolint DL3019", "Hadolint DL3032", "Hadolint DL3036",
			"Hadolint DL3040",
		},
	},
	find: func(in *Input, report *reporter) {
		type cache struct {
			tool  string
			layer int
		}
		var order []cache
		weights := make(map[cache][]image.Weight)
		for _, w := range in.Inventory.Weights {
			if w.Cache == "" {
				continue
			}
			k := cache{w.Cache, w.Layer}
			if weights[k] == nil {
				order = append(order, k)
			}
			weights[k] = append(weights[k], w)
		}
		for _, k := range order {
			sum := int64(0)
			for _, w := range weights[k] {
				sum += w.Size
			}
			if sum >= minCache {
				largest := slices.MaxFunc(weights[k], func(a, b image.Weight) int { return cmp.Compare(a.Size, b.Size) })
				report.addFinding(finding.CheckFinding{
					Path: largest.Path, Layer: k.layer, Detail: fmt.Sprintf("The cache of %s weighs %s.", k.tool, megabytes(sum)),
				})
			}
		}
	},
}

var bytesWasted = imageCheck{
	Check: finding.Check{
		ID:       "image/bytes-wasted",
		Title:    "Layers carry what later layers hide",
		Severity: finding.Low,
		Why: "What a step deletes, or writes again with another owner or mode, stays in the layer below: every pull and every node pays for it, " +
			"and whoever unpacks the layer can still read it.",
		Remediation: "Delete in the step that creates, set owner and mode with COPY --chown and --chmod, or copy the result of a build stage.",
		References:  []string{"NIST SP 800-190 4.1.4"},
	},
	find: func(in *Input, report *reporter) {
		if in.Inventory.Wasted < minWaste {
			return
		}
		report.add(fmt.Sprintf("In all %s are hidden.", megabytes(in.Inventory.Wasted)))
		for _, w := range in.Inventory.Waste {
			if w.Size < minWastePlace {
				continue
			}
			what := "deletes"
			if w.Rewritten {
				what = "writes again"
			}
			report.addFinding(finding.CheckFinding{
				Path: w.Path, Layer: w.Layer, Detail: fmt.Sprintf("Layer %d %s %s of layer %d: /%s.", w.By, what, megabytes(w.Size), w.Layer, w.Path),
			})
		}
	},
}

var fileDuplicate = imageCheck{
	Check: finding.Check{
		ID:          "image/file-duplicate",
		Title:       "A large file is in the image twice",
		Severity:    finding.Informational,
		Why:         "It is pulled and stored twice. Files of the same size whose first 64 KiB are equal are taken for the same.",
		Remediation: "Keep one, and link to it.",
		References:  []string{"NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) {
		type content struct {
			head uint64
			size int64
		}
		var order []content
		copies := make(map[content][]image.Weight)
		for _, w := range in.Inventory.Weights {
			if w.Head == 0 {
				continue
			}
			c := content{w.Head, w.Size}
			if copies[c] == nil {
				order = append(order, c)
			}
			copies[c] = append(copies[c], w)
		}
		for _, c := range order {
			all := copies[c]
			if len(all) < 2 {
				continue
			}
			var paths []string
			for _, w := range all {
				paths = append(paths, "/"+w.Path)
			}
			report.addFinding(finding.CheckFinding{
				Path: all[0].Path, Layer: all[0].Layer,
				Detail: fmt.Sprintf("The image has %s %d times: %s.", megabytes(c.size), len(all), enumerate(paths)),
			})
		}
	},
}

var layerMany = imageCheck{
	Check: finding.Check{
		ID:          "image/layer-many",
		Title:       "The image has very many layers",
		Severity:    finding.Low,
		Why:         "Runtimes stop at 127 layers: the next image on this one may not start. Every layer also costs time at each start.",
		Remediation: "Join steps that belong together, or copy the result of a build stage into a fresh image.",
		References:  []string{"Hadolint DL3059"},
	},
	find: func(in *Input, report *reporter) {
		if n := len(in.Manifest.Layers); n > maxLayers {
			report.add(fmt.Sprintf("The image has %d layers.", n))
		}
	},
}

var layerLarge = imageCheck{
	Check: finding.Check{
		ID:          "image/layer-large",
		Title:       "A layer is very large",
		Severity:    finding.Low,
		Why:         "A pull that breaks off begins the layer again, nothing of it is shared with other images, and a new replica starts late.",
		Remediation: "Split it by how often its parts change, or keep data and models outside of the image.",
		References:  []string{"NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) {
		for i, l := range in.Manifest.Layers {
			if l.Size > maxLayer {
				report.addFinding(finding.CheckFinding{Layer: i, Detail: fmt.Sprintf("Layer %d has %s, compressed.", i, megabytes(l.Size))})
			}
		}
	},
}

var layerForeign = imageCheck{
	Check: finding.Check{
		ID:          "image/layer-foreign",
		Title:       "A layer is not in the registry, or of an unknown kind",
		Severity:    finding.Low,
		Why:         "What it holds was not looked at, and whoever serves it from elsewhere decides whether the image can be pulled.",
		Remediation: "Push the layer to the registry, as a tar with gzip or zstd.",
		References:  []string{"OCI image-spec layer", "NIST SP 800-190 4.1.5"},
	},
	find: func(in *Input, report *reporter) {
		for i, l := range in.Manifest.Layers {
			switch {
			case l.Foreign():
				report.addFinding(finding.CheckFinding{Layer: i, Detail: fmt.Sprintf("Layer %d may not be distributed by registries.", i)})
			case l.MediaType != "" && !strings.Contains(l.MediaType, ".tar") && !strings.Contains(l.MediaType, ".diff"):
				report.addFinding(finding.CheckFinding{Layer: i, Detail: fmt.Sprintf("Layer %d has the media type %q.", i, l.MediaType)})
			}
		}
	},
}

var platformMismatch = imageCheck{
	Check: finding.Check{
		ID:       "image/platform-mismatch",
		Title:    "The programs are for another processor than the image says",
		Severity: finding.Medium,
		Why: "The container does not start, or runs under slow emulation: mostly a binary was copied from the machine that built it. " +
			"It also means that the image was not tested on this platform.",
		Remediation: "Build for the platform (docker buildx build --platform), and take binaries from a stage of that platform.",
		References:  []string{"OCI image-spec config architecture"},
	},
	find: func(in *Input, report *reporter) {
		want := in.Manifest.Platform.Architecture
		if want == "" || in.Inventory.Partial != "" {
			return
		}
		for _, m := range in.Inventory.Machines {
			// Tool chains bring programs of other processors along.
			if m.Architecture == want || m.Architecture == "386" && want == "amd64" || m.Architecture == "arm" && want == "arm64" {
				return
			}
		}
		for _, m := range in.Inventory.Machines {
			report.addFinding(finding.CheckFinding{
				Path: m.Path, Layer: m.Layer, Detail: fmt.Sprintf("The image is for %s, but all its programs are for others: /%s for %s.", want, m.Path, m.Architecture),
			})
		}
	},
}

// megabytes returns a size as people read it.
func megabytes(n int64) string {
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
