package advisory

import (
	"encoding/json"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"testing"
	"time"
)

// BenchmarkParse compares reading records with decoding them into any.
func BenchmarkParse(b *testing.B) {
	for _, ecosystem := range []string{"Go", "PyPI", "Debian"} {
		records := recordsOf(b, ecosystem)
		var size int64
		for _, r := range records {
			size += int64(len(r))
		}
		b.Run(ecosystem, func(b *testing.B) {
			b.SetBytes(size)
			var plain, parse time.Duration
			for b.Loop() {
				start := time.Now()
				for _, r := range records {
					var v any
					if err := json.Unmarshal(r, &v); err != nil {
						b.Fatal(err)
					}
				}
				plain += time.Since(start)
				start = time.Now()
				for _, r := range records {
					if a, err := Parse(r); err != nil {
						b.Fatal(err)
					} else {
						_ = a.Hash()
					}
				}
				parse += time.Since(start)
			}
			b.ReportMetric(float64(size)*float64(b.N)/parse.Seconds()/1e6, "parse-MB/s")
			b.ReportMetric(plain.Seconds()/parse.Seconds(), "x-decode-into-any")
		})
	}
}

// BenchmarkMatch compares matching with a loop that only looks the package up
// and compares the bounds as strings.
func BenchmarkMatch(b *testing.B) {
	for _, ecosystem := range []string{"Go", "PyPI", "Debian"} {
		x := NewIndex()
		var packages []Package
		for a := range advisoriesOf(b, ecosystem) {
			x.Put(a)
			for p := range bounds(a) {
				packages = append(packages, p)
			}
		}
		packages = packages[:min(len(packages), 4000)]
		pairs := 0
		for _, p := range packages {
			for _, e := range lookups(p.Ecosystem, p.Version) {
				pairs += len(x.packages[e][p.Name])
			}
		}
		b.Run(ecosystem, func(b *testing.B) {
			b.ReportAllocs()
			var bare, match time.Duration
			found, hits := 0, 0
			for b.Loop() {
				start := time.Now()
				for _, p := range packages {
					for _, e := range x.packages[p.Ecosystem][p.Name] {
						for _, r := range e.ranges {
							if p.Version >= r.Introduced && p.Version < r.Fixed {
								found++
							}
						}
					}
				}
				bare += time.Since(start)
				start = time.Now()
				for _, p := range packages {
					h, _ := x.Match(p)
					hits += len(h)
				}
				match += time.Since(start)
			}
			if found == 0 || hits == 0 {
				b.Fatalf("%d found, %d hits", found, hits)
			}
			b.ReportMetric(float64(pairs)*float64(b.N)/match.Seconds(), "pairs/s")
			b.ReportMetric(match.Seconds()/bare.Seconds(), "x-bare-loop")
		})
	}
}

// BenchmarkIndex loads as many advisories as there are in all public feeds.
func BenchmarkIndex(b *testing.B) {
	const count = 300_000
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		start := time.Now()
		x := NewIndex()
		for i := range count {
			x.Put(&Advisory{
				Row: int64(i), Source: "osv/Debian", ID: fmt.Sprintf("DEBIAN-CVE-2026-%d", i),
				Vulnerabilities: []string{fmt.Sprintf("CVE-2026-%d", i)},
				Affected: []Affected{{
					Ecosystem: "Debian:12", Name: fmt.Sprintf("package-%d", i%150_000),
					Ranges: []Range{{Fixed: fmt.Sprintf("%d.2.3-1+deb12u1", i%7)}},
				}},
			})
		}
		b.ReportMetric(count/time.Since(start).Seconds(), "advisories/s")
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/count, "B/advisory")
		runtime.KeepAlive(x)
	}
}

// bounds yields the packages of an advisory at each version that it names.
func bounds(a *Advisory) iter.Seq[Package] {
	return func(yield func(Package) bool) {
		for _, f := range a.Affected {
			versions := strings.Fields(strings.Join(f.Versions, " "))
			for _, r := range f.Ranges {
				versions = append(versions, r.Introduced, r.Fixed, r.LastAffected, r.Limit)
			}
			for _, v := range versions {
				if v != "" && !yield(Package{f.Ecosystem, f.Name, v}) {
					return
				}
			}
		}
	}
}
