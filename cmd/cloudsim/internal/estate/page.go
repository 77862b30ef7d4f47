package estate

import "iter"

// PodsFrom returns the pods without the first skip ones, in the order of
// [KubeCluster.Pods] and without making those that are left out.
func (k *KubeCluster) PodsFrom(skip int) iter.Seq[KubePod] {
	return func(yield func(KubePod) bool) {
		for _, w := range k.workloads {
			if skip >= w.Replicas {
				skip -= w.Replicas
				continue
			}
			for i := skip; i < w.Replicas; i++ {
				if !yield(k.pod(w, i)) {
					return
				}
			}
			skip = 0
		}
	}
}
