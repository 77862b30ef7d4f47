package check

import (
	"bufio"
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
)

var distributionEndOfLife = imageCheck{
	Check: finding.Check{
		ID:       "image/distribution-end-of-life",
		Title:    "The distribution gets no more security fixes",
		Severity: finding.High,
		Why: "New vulnerabilities in its packages stay open, and its advisories fall silent, so that a scan finds less the older it is. " +
			"Debian's long-term support by volunteers is low: it covers fewer packages.",
		Remediation: "Move to a release that is supported.",
		References:  []string{"NIST SP 800-190 4.1.1", "NIST SP 800-53 SA-22", "PCI DSS 12.3.4"},
	},
	find: func(in *Input, report *reporter) {
		d := in.Inventory.Distribution
		if d == nil {
			return
		}
		end, ok := endOf(*d)
		if !ok || !in.Now.After(end.regular) {
			return
		}
		name := d.Name
		if name == "" {
			name = strings.TrimSpace(d.ID + " " + d.Version)
		}
		if in.Now.After(end.last) {
			report.add(fmt.Sprintf("The support of %s ended on %s.", name, end.last.Format(time.DateOnly)))
			return
		}
		report.addFinding(finding.CheckFinding{
			Severity: finding.Low, Layer: fromConfig,
			Detail: fmt.Sprintf("The regular support of %s ended on %s, its long-term support ends on %s.",
				name, end.regular.Format(time.DateOnly), end.last.Format(time.DateOnly)),
		})
	},
}

// endOfLifeData has the ends of support by os-release's ID and release.
//
//go:embed endoflife.tsv
var endOfLifeData string

// An end is when support ends: that of the distribution, and that by others
// that is open to all. Support that has a price does not count.
type end struct{ regular, last time.Time }

// endsOfLife are the ends by ID and release, joined by a space.
var endsOfLife = sync.OnceValue(func() map[string]end {
	ends := make(map[string]end)
	lines := bufio.NewScanner(strings.NewReader(endOfLifeData))
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		fields := strings.Split(lines.Text(), "\t")
		e := end{regular: day(fields[2])}
		e.last = e.regular
		if len(fields) > 3 {
			e.last = day(fields[3])
		}
		ends[fields[0]+" "+fields[1]] = e
	}
	return ends
})

// day returns the end of a day of the embedded table.
func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err) // The table is part of the program.
	}
	return t.Add(24*time.Hour - time.Second)
}

// endOf returns when the support of a distribution's release ends, if known.
// Releases are found by what is written of their version, from the left.
func endOf(d image.Distribution) (end, bool) {
	id := d.ID
	if id == "centos" && strings.Contains(d.Name, "Stream") {
		id = "centos-stream"
	}
	for version := d.Version; version != ""; {
		if e, ok := endsOfLife()[id+" "+version]; ok {
			return e, true
		}
		i := strings.LastIndexByte(version, '.')
		version = version[:max(i, 0)]
	}
	return end{}, false
}
