package scan

import (
	"fmt"
	"os"
	"sort"
	"testing"
	"encoding/json"
	"time"

	"github.com/stowage-dev/stowage/internal/scan/check"
	"github.com/stowage-dev/stowage/internal/image"
)

func TestHand(t *testing.T) {
	var ls []*LayerResult
	for _, p := range []string{"/tmp/scanimg/base.tar.gz", "/tmp/scanimg/upper.tar.gz"} {
		f, err := os.Open(p)
		if err != nil {
			t.Skip()
		}
		st := time.Now()
		r, err := ReadLayer(t.Context(), f, LayerOptions{})
		if err != nil {
			t.Fatal(err)
		}
		j, _ := json.Marshal(r)
		os.WriteFile(p+".json", j, 0o644)
		fmt.Println(p, time.Since(st), r.Entries, len(j), r.DiffID)
		ls = append(ls, r)
	}
	st := time.Now()
	inv := Overlay(ls)
	fmt.Println("overlay", time.Since(st), "partial:", inv.Partial, inv.Distribution)
	var out []string
	n := map[string]int{}
	for _, p := range inv.Packages {
		n[p.Ecosystem]++
		if p.Ecosystem == "Debian:12" {
			src, sv := p.Source, p.SourceVersion
			if src == "" { src = p.Name }
			if sv == "" { sv = p.Version }
			out = append(out, fmt.Sprintf("%s\t%s\t%s\t%s\t%s\n", p.Name, p.Version, p.Architecture, src, sv))
		} else {
			fmt.Println(p.Ecosystem, p.Name, p.Version, p.Path, p.OwnedBy, p.Layer)
		}
	}
	for _, p := range inv.Packages { if p.Layer != 0 { fmt.Println("layer", p.Layer, p.Name, p.Version) } }
	sort.Strings(out)
	f, _ := os.Create("/tmp/scanimg/got1.txt")
	for _, s := range out { f.WriteString(s) }
	f.Close()
	fmt.Println(n)
	for _, c := range check.Image(check.Input{Manifest: image.Manifest{}, Inventory: inv, Now: time.Now()}) {
		fmt.Println(c.Check, c.Severity, c.Detail, c.Layer)
	}
}
