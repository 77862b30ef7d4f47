package advisory

import (
	"regexp"
	"slices"
	"strings"
)

// inModule returns the name under which a package is compared: that of a
// package of a module, which rpm labels "nodejs:22:9080020260101:rhel9", is
// "nodejs:22/nodejs". So a fix in one stream of a module is compared neither
// with another stream, nor with the same package outside of modules.
func inModule(ecosystem, name, version, label string) string {
	if !hasModules(ecosystem) {
		return name
	}
	if parts := strings.SplitN(label, ":", 3); len(parts) >= 2 {
		return parts[0] + ":" + parts[1] + "/" + name
	}
	if isModular(version) {
		return "?/" + name // Of a stream that is not known: nothing is compared.
	}
	return name
}

func hasModules(ecosystem string) bool {
	d := distributionOf(ecosystem)
	return d != nil && d.hasModules
}

// isModular reports whether a version is that of a package of a module:
// "1:22.23.2-2.module+el9.8.0+24958+80b2ac6e", or AlmaLinux's
// "7.4.19-4.module_el8.6.0+3238+624bf8b8".
func isModular(version string) bool {
	return strings.Contains(version, ".module+el") || strings.Contains(version, ".module_el")
}

// streams finds the streams of modules in a summary: "Important: nodejs:22
// security update", "virt:rhel and virt-devel:rhel security update".
var streams = regexp.MustCompile(`[A-Za-z0-9][\w.+-]*:[\w.+-]*\w`)

// intoModules returns what an advisory says of a package, with the names of
// packages of modules: once for each stream that its summary names, as the
// records have it nowhere else. Of a stream that is not known nothing is said.
func intoModules(p Affected, summary string) []Affected {
	if !hasModules(p.Ecosystem) || !slices.ContainsFunc(p.Ranges, Range.isModular) {
		return []Affected{p}
	}
	var all []Affected
	for _, stream := range tidy(streams.FindAllString(summary, -1)) {
		q := p
		q.Name = stream + "/" + p.Name
		all = append(all, q)
	}
	return all
}

func (r Range) isModular() bool {
	return isModular(r.Introduced) || isModular(r.Fixed) || isModular(r.LastAffected)
}
