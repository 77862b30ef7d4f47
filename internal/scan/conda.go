package scan

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/package-url/packageurl-go"
)

var condaType = &packageType{
	purl:  "conda",
	title: "Conda", matched: "nothing: OSV has no advisories of conda; Python packages in it count as those of Python",
	url: func(u *packageurl.PackageURL, p Package) {
		u.Qualifiers = packageurl.QualifiersFromMap(map[string]string{"subdir": p.Architecture})
	},
}

var condaRecord = &reader{
	name:     "conda",
	packages: condaType,
	from:     "`conda-meta/*.json`",
	suffixes: []string{".json"},
	wants:    isCondaRecord,
	limit:    maxMetadata,
	read:     parsed(condaType, parseConda),
}

// isCondaRecord reports whether a path is that of the record which conda keeps
// of an installed package.
func isCondaRecord(p string) bool { return strings.HasSuffix(folderOf(p), "conda-meta") }

// parseConda reads a record of an installed package. The architecture is the
// platform of the channel, "linux-64" or "noarch".
func parseConda(r io.Reader) ([]Package, error) {
	var record struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		Subdir  string `json:"subdir"`
	}
	if err := json.NewDecoder(r).Decode(&record); err != nil {
		return nil, err
	}
	return packages(Package{Name: clean(record.Name), Version: clean(record.Version), Architecture: clean(record.Subdir)}), nil
}
