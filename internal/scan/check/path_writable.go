package check

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
)

var pathWritable = imageCheck{
	Check: finding.Check{
		ID:       "image/path-writable",
		Title:    "The image's user can write where programs are looked for",
		Severity: finding.Medium,
		Why: "Whoever gets to run code as this user replaces programs that are started by name from then on, " +
			"be it by an entry point, a health check or an administrator.",
		Remediation: "Let root own the directories of PATH, and keep what the program writes elsewhere.",
		References:  []string{"NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) {
		uid, gid, ok := userOf(in)
		if !ok || uid == 0 {
			return // Root can write everywhere, which has a check of its own.
		}
		directories := make(map[string]image.File)
		for _, f := range in.Inventory.Files {
			if f.Mode&modeDirectory != 0 {
				directories[f.Path] = f
			}
		}
		for dir := range strings.SplitSeq(in.Config.env("PATH"), ":") {
			f, ok := directories[strings.TrimPrefix(path.Clean(dir), "/")]
			if !ok || !path.IsAbs(dir) || !mayWrite(f, uid, gid) {
				continue
			}
			delete(directories, f.Path) // PATH may have it twice.
			report.file(f, fmt.Sprintf("User %d can write to %s, which is in PATH.", uid, path.Clean(dir)))
		}
	},
}

// userOf returns the numbers of the image's user and group, if they are known.
func userOf(in *Input) (uid, gid int, ok bool) {
	user, group, _ := strings.Cut(in.Manifest.Config.User, ":")
	uid, err := strconv.Atoi(user)
	ok = user == "" || err == nil
	for _, u := range in.Inventory.Users {
		if u.Name == user || err == nil && u.UID == uid {
			uid, gid, ok = u.UID, u.GID, true
			break
		}
	}
	if n, err := strconv.Atoi(group); err == nil {
		gid = n
	}
	for _, g := range in.Inventory.Groups {
		if group != "" && g.Name == group {
			gid = g.GID
		}
	}
	return uid, gid, ok
}

// mayWrite reports whether a user may change a file or directory.
func mayWrite(f image.File, uid, gid int) bool {
	const owner, group = 0o200, 0o020
	switch {
	case f.UID == uid:
		return f.Mode&owner != 0
	case f.GID == gid:
		return f.Mode&group != 0
	default:
		return f.Mode&modeOthers != 0
	}
}
