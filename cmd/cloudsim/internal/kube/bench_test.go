package kube_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/content"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/kube"
)

// A list of any length is written while it is made.
func BenchmarkListPods(b *testing.B) {
	e, err := estate.New(estate.Config{Seed: 1, Workloads: 2000, PodsPerWorkload: 50, Accounts: 1, Regions: 1}, content.Catalog())
	if err != nil {
		b.Fatal(err)
	}
	k := e.KubeCluster(e.KubeClusters() - 1)
	s, err := kube.New(kube.Options{Token: "t", Cluster: func(string) (*estate.KubeCluster, bool) { return k, true }})
	if err != nil {
		b.Fatal(err)
	}
	for _, accept := range []string{"application/vnd.kubernetes.protobuf", "application/json"} {
		b.Run(accept[strings.LastIndexAny(accept, "./")+1:], func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/clusters/x/api/v1/pods", nil)
			r.Header.Set("Accept", accept)
			r.Header.Set("Authorization", "Bearer t")
			b.ReportAllocs()
			for b.Loop() {
				w := &discard{header: http.Header{}}
				s.ServeHTTP(w, r)
				b.ReportMetric(float64(w.n)/float64(k.PodCount()), "bytes/pod")
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*k.PodCount()), "ns/pod")
		})
	}
}

// discard counts what is written.
type discard struct {
	header http.Header
	n      int
}

func (d *discard) Header() http.Header { return d.header }
func (d *discard) WriteHeader(int)     {}
func (d *discard) Write(p []byte) (int, error) {
	d.n += len(p)
	return len(p), nil
}
