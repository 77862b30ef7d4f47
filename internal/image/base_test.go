package image

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	layerA = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	layerB = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

func layersOf(diffIDs ...string) Manifest {
	var m Manifest
	for _, d := range diffIDs {
		m.Layers = append(m.Layers, Layer{DiffID: d})
	}
	return m
}

// The second value is sha256("<a> <b>"), by sha256sum.
func TestChainIDs(t *testing.T) {
	t.Parallel()
	want := []string{layerA, "sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c"}
	got := ChainIDs([]string{layerA, layerB})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ChainIDs mismatch (-want +got):\n%s", diff)
	}
	if other := ChainIDs([]string{layerB, layerA}); other[1] == got[1] {
		t.Errorf("the order of layers does not count: %q", other)
	}
	if got := ChainIDs(nil); len(got) != 0 {
		t.Errorf("ChainIDs of nothing = %q", got)
	}
}

func TestStandsOn(t *testing.T) {
	t.Parallel()
	image := layersOf(layerA, layerB)
	for name, test := range map[string]struct {
		base Manifest
		want bool
	}{
		"lowest_layer":    {layersOf(layerA), true},
		"another_layer":   {layersOf(layerB), false},
		"the_image":       {image, false},
		"no_layer":        {Manifest{}, false},
		"layer_not_known": {layersOf(""), false},
		"more_layers":     {layersOf(layerA, layerB, layerA), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := image.StandsOn(test.base); got != test.want {
				t.Errorf("StandsOn = %t, want %t", got, test.want)
			}
		})
	}
}

func TestBaseLayersByHistory(t *testing.T) {
	t.Parallel()
	steps := func(created ...string) []History {
		var all []History
		for _, c := range created {
			all = append(all, History{CreatedBy: c, Empty: len(c) < 4 || c[:3] != "RUN"})
		}
		return all
	}
	for name, test := range map[string]struct {
		layers  int
		history []History
		want    int
	}{
		"command_in_the_middle": {2, steps("RUN base", `CMD ["bash"]`, "RUN app", `CMD ["app"]`), 1},
		"classic_builder":       {2, steps("RUN base", `/bin/sh -c #(nop)  CMD ["bash"]`, "RUN app"), 1},
		"two_bases":             {3, steps("RUN a", `CMD ["sh"]`, "RUN b", `CMD ["b"]`, "RUN c"), 2},
		"command_at_the_end":    {2, steps("RUN base", "RUN app", `CMD ["app"]`), 0},
		"command_before_all":    {1, steps(`CMD ["app"]`, "RUN app"), 0},
		"other_layers":          {3, steps("RUN base", `CMD ["bash"]`, "RUN app"), 0},
		"none":                  {1, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := Manifest{Layers: make([]Layer, test.layers), Config: Config{History: test.history}}
			if got := m.BaseLayersByHistory(); got != test.want {
				t.Errorf("BaseLayersByHistory = %d, want %d", got, test.want)
			}
		})
	}
}

func TestBaseClaim(t *testing.T) {
	t.Parallel()
	words := func(name, digest string) map[string]string {
		return map[string]string{AnnotationBaseName: name, AnnotationBaseDigest: digest}
	}
	for name, test := range map[string]struct {
		m    Manifest
		want string // empty for none
	}{
		"annotations":        {Manifest{Annotations: words("debian:12", layerA)}, "docker.io/library/debian:12@" + layerA},
		"labels":             {Manifest{Config: Config{Labels: words("ghcr.io/acme/base:1", "")}}, "ghcr.io/acme/base:1"},
		"annotations_win":    {Manifest{Annotations: words("debian:12", ""), Config: Config{Labels: words("debian:11", "")}}, "docker.io/library/debian:12"},
		"no_digest":          {Manifest{Annotations: words("debian:12", "12")}, "docker.io/library/debian:12"},
		"no_reference":       {Manifest{Annotations: words("http://debian", "")}, ""},
		"nothing":            {Manifest{}, ""},
		"digest_and_no_name": {Manifest{Annotations: words("", layerA)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ref, ok := test.m.BaseClaim()
			got := ""
			if ok {
				got = ref.String()
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("BaseClaim mismatch (-want +got):\n%s", diff)
			}
		})
	}
}
