package image

import "testing"

func TestLayerForeign(t *testing.T) {
	t.Parallel()
	for mediaType, want := range map[string]bool{
		"application/vnd.docker.image.rootfs.diff.tar.gzip":            false,
		"application/vnd.oci.image.layer.v1.tar+zstd":                  false,
		"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip":    true,
		"application/vnd.oci.image.layer.nondistributable.v1.tar":      true,
		"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip": true,
		"": false,
	} {
		if got := (Layer{MediaType: mediaType}).Foreign(); got != want {
			t.Errorf("Foreign of %q = %t, want %t", mediaType, got, want)
		}
	}
}
