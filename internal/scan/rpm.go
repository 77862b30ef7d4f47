package scan

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/package-url/packageurl-go"

	"github.com/stowage-dev/stowage/internal/scan/rpmdb"
)

var rpmType = &packageType{
	purl:         "rpm",
	title:        "rpm",
	distribution: true,
	ecosystem:    "rpm", // That of no distribution.
	url: func(u *packageurl.PackageURL, p Package) {
		epoch, version := cutEpoch(p.Version)
		u.Version = version
		qualifiers := u.Qualifiers.Map()
		qualifiers["epoch"] = epoch
		if delete(qualifiers, "upstream"); p.Source != "" || p.SourceVersion != "" {
			_, version := cutEpoch(cmp.Or(p.SourceVersion, p.Version))
			qualifiers["upstream"] = cmp.Or(p.Source, p.Name) + "-" + version + ".src.rpm"
		}
		u.Qualifiers = packageurl.QualifiersFromMap(qualifiers)
	},
}

// rpmDatabase is the database in each of its places and formats. SQLite's
// write-ahead log is empty in images, as rpm empties it when it ends.
var rpmDatabase = &reader{
	name:     "rpm",
	packages: rpmType,
	from:     "`Packages` (Berkeley DB), `Packages.db` (ndb) or `rpmdb.sqlite` in `/var/lib/rpm`, `/usr/lib/sysimage/rpm` or `/usr/share/rpm`",
	names:    []string{"Packages", "Packages.db", "rpmdb.sqlite"},
	wants:    isRPMFolder,
	read:     readRPM,
}

// rpmLog is SQLite's write-ahead log.
var rpmLog = &reader{
	name:     "rpm-log",
	packages: rpmType,
	names:    []string{"rpmdb.sqlite-wal"},
	wants:    isRPMFolder,
	read: func(_ context.Context, f *file) error {
		if f.size == 0 {
			return nil
		}
		return &LimitError{"rpm was interrupted: the latest changes of its database are in a log, which is not read"}
	},
}

// rpmManifest is what Azure Linux leaves of the database in small images.
var rpmManifest = &reader{
	name:     "rpm-manifest",
	packages: rpmType,
	from:     "`/var/lib/rpmmanifest/container-manifest-2` (Azure Linux without a package manager)",
	paths:    []string{"var/lib/rpmmanifest/container-manifest-2"},
	limit:    maxDatabase,
	read: func(_ context.Context, f *file) error {
		var found rpmPackages
		err := eachLine(f.walker.lines, f, found.addLine)
		f.found(rpmType, found.packages())
		return err
	},
}

func isRPMFolder(p string) bool {
	folder := p[:strings.LastIndexByte(p, '/')+1]
	return folder == "var/lib/rpm/" || folder == "usr/lib/sysimage/rpm/" || folder == "usr/share/rpm/"
}

// maxPackages bounds the packages of one database.
const maxPackages = 100_000

func readRPM(ctx context.Context, f *file) error {
	var found rpmPackages
	err := rpmdb.Read(f, f.size, func(p *rpmdb.Package) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(found) == maxPackages {
			return &LimitError{fmt.Sprintf("it has more than %d packages", maxPackages)}
		}
		name := clean(p.Name)
		if !found.add(rpmPackage{
			Package: Package{
				Name: name, Version: clean(p.Version) + "-" + clean(p.Release), Architecture: clean(p.Architecture),
				Module: clean(p.Module), Vendor: clean(p.Vendor),
			},
			epoch:     epochText(p.Epoch),
			sourceRPM: clean(p.SourceRPM),
		}) {
			return nil
		}
		for owned := range p.Files() {
			if len(owned) <= maxPath {
				f.walker.owns(owned, name)
			}
			if err := f.walker.overLimit(); err != nil {
				return err
			}
		}
		return nil
	})
	f.found(rpmType, found.packages())
	if errors.Is(err, rpmdb.ErrMalformed) {
		return fmt.Errorf("%w: %w", errDatabase, err)
	}
	return err
}

// errDatabase is the cause when a package database cannot be read.
var errDatabase = errors.New("the packages are not known")

// rpmPackages are those of one database.
type rpmPackages []rpmPackage

// An rpmPackage is a package of which the version of the source is not known
// yet.
type rpmPackage struct {
	Package // Without its source, and with a version without the epoch.
	// epoch is empty for none, which is the same as 0.
	epoch, sourceRPM string
}

// add adds a package if it is one, and reports whether it did.
func (s *rpmPackages) add(p rpmPackage) bool {
	if !isName(p.Name) || !isName(p.Version) || strings.HasPrefix(p.Version, "-") {
		return false
	}
	*s = append(*s, p)
	return true
}

// addLine adds a package of a manifest: name, version, time of installation and
// of build, vendor, epoch, size, architecture, epoch as a number and source,
// with tabs between them.
func (s *rpmPackages) addLine(line []byte) {
	fields := bytes.Split(line, []byte("\t"))
	if len(fields) != 10 {
		return
	}
	text := func(i int) string { return clean(string(fields[i])) }
	epoch := text(8)
	if !isEpoch(epoch) || epoch == "0" {
		epoch = ""
	}
	s.add(rpmPackage{
		Package: Package{Name: text(0), Version: text(1), Architecture: text(7), Vendor: text(4)},
		epoch:   epoch, sourceRPM: text(9),
	})
}

// packages returns the packages with their sources. A package knows the file
// name of its source, which has no epoch: that is the epoch of a package that
// has the source's version, if there is one, else of the package itself.
func (s rpmPackages) packages() []Package {
	epochs := make(map[string]string)
	for _, p := range s {
		if _, version := parseSourceRPM(p.sourceRPM); version == p.Version {
			epochs[p.sourceRPM] = p.epoch
		}
	}
	var all []Package
	for _, p := range s {
		q := p.Package
		name, version := parseSourceRPM(p.sourceRPM)
		if name != p.Name {
			q.Source = name
		}
		epoch, ok := epochs[p.sourceRPM]
		if !ok {
			epoch = p.epoch
		}
		q.Version = withEpoch(p.epoch, p.Version)
		if source := withEpoch(epoch, version); version != "" && source != q.Version {
			q.SourceVersion = source
		}
		all = append(all, q)
	}
	return all
}

// parseSourceRPM splits "bash-5.2-1.el9.src.rpm" into name and version; both
// are empty if it is no such name.
func parseSourceRPM(s string) (name, version string) {
	s, ok := strings.CutSuffix(s, ".src.rpm")
	if !ok {
		if s, ok = strings.CutSuffix(s, ".nosrc.rpm"); !ok {
			return "", ""
		}
	}
	release := strings.LastIndexByte(s, '-')
	if release <= 0 {
		return "", ""
	}
	start := strings.LastIndexByte(s[:release], '-')
	if start <= 0 || !isName(s) {
		return "", ""
	}
	return s[:start], s[start+1:]
}

func epochText(epoch uint32) string {
	if epoch == 0 {
		return ""
	}
	return fmt.Sprint(epoch)
}

func withEpoch(epoch, version string) string {
	if epoch == "" {
		return version
	}
	return epoch + ":" + version
}

// cutEpoch splits "1:5.2-1" into epoch and version.
func cutEpoch(version string) (epoch, rest string) {
	if epoch, rest, ok := strings.Cut(version, ":"); ok && isEpoch(epoch) {
		return epoch, rest
	}
	return "", version
}

func isEpoch(s string) bool {
	return s != "" && len(s) <= 10 && strings.Trim(s, "0123456789") == ""
}
