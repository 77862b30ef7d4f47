package gcpiam

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"
)

//go:embed blocked.tsv
var blockedTSV string

// A blockedRow says what one version of the enforcement added for a service.
type blockedRow struct {
	version          int
	blocks, excludes []string // as "storage.googleapis.com/objects.*"
}

type blockedTable struct {
	defaultVersion, newest int
	services               map[string][]blockedRow // by host
}

var blocked = sync.OnceValue(func() blockedTable {
	t := blockedTable{services: make(map[string][]blockedRow)}
	for line := range strings.Lines(blockedTSV) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if strings.HasPrefix(line, "#") || len(fields) < 2 {
			continue
		}
		if fields[0] == "default" {
			t.defaultVersion, _ = strconv.Atoi(fields[1])
			continue
		}
		host := fields[1] + ".googleapis.com"
		row := blockedRow{}
		row.version, _ = strconv.Atoi(fields[0])
		t.newest = max(t.newest, row.version)
		list := &row.blocks
		for _, name := range strings.Fields(fields[2]) {
			if name == "-" {
				list = &row.excludes
				continue
			}
			*list = append(*list, host+"/"+name)
		}
		t.services[host] = append(t.services[host], row)
	}
	return t
})

// canBlock reports whether a version of the enforcement can block a permission
// in the notation of API v2, and whether that is known.
// https://cloud.google.com/iam/docs/pab-blocked-permissions
func (t blockedTable) canBlock(version, permission string) (blocks, known bool) {
	v := t.defaultVersion
	if version != "" && version != "latest" {
		var err error
		if v, err = strconv.Atoi(version); err != nil || v < 1 {
			return false, false
		}
	}
	host, _, _ := strings.Cut(permission, "/")
	rows, ok := t.services[host]
	if !ok {
		return false, false
	}
	for _, r := range rows {
		if r.version <= v && matchesAny(r.blocks, permission) && !matchesAny(r.excludes, permission) {
			return true, true
		}
	}
	// The newest version was not in use when the table was made, and may have
	// grown. A newer one may have added the permission.
	return false, v < t.newest
}
