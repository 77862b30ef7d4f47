package advisory

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// A KEV is a release of CISA's catalogue of known exploited vulnerabilities.
// See https://www.cisa.gov/known-exploited-vulnerabilities-catalog.
type KEV struct {
	// Version is the catalogue's own: "2025.08.25".
	Version string
	// Exploited are the vulnerabilities by CVE.
	Exploited map[string]Exploited
}

// Exploited is one entry of the catalogue.
type Exploited struct {
	// Name is CISA's short title.
	Name string
	// Added is the day on which it was listed, Due that by which CISA wants it
	// remediated; zero when the catalogue does not tell.
	Added time.Time
	Due   time.Time
	// Ransomware is whether it is known to be used in ransomware campaigns.
	Ransomware bool
}

// Has reports whether a CVE is listed. A nil catalogue lists none.
func (k *KEV) Has(cve string) bool {
	if k == nil {
		return false
	}
	_, ok := k.Exploited[cve]
	return ok
}

// maxKEV limits the catalogue, in bytes; it has about one megabyte.
const maxKEV = 64 << 20

// ParseKEV reads the catalogue in CISA's JSON form. A catalogue that holds
// fewer entries than it says is refused.
func ParseKEV(r io.Reader) (*KEV, error) {
	var catalog struct {
		Version         string `json:"catalogVersion"`
		Count           int    `json:"count"`
		Vulnerabilities []struct {
			CVE        string `json:"cveID"`
			Name       string `json:"vulnerabilityName"`
			Added      string `json:"dateAdded"`
			Due        string `json:"dueDate"`
			Ransomware string `json:"knownRansomwareCampaignUse"`
		} `json:"vulnerabilities"`
	}
	b, err := io.ReadAll(&limitedReader{r, maxKEV})
	if err == nil {
		err = json.Unmarshal(b, &catalog)
	}
	if err != nil {
		return nil, fmt.Errorf("parse KEV catalogue: %w", err)
	}
	if len(catalog.Vulnerabilities) == 0 {
		return nil, errors.New("parse KEV catalogue: it lists no vulnerability; is this the catalogue's JSON file?")
	}
	if n := len(catalog.Vulnerabilities); n < catalog.Count {
		return nil, fmt.Errorf("parse KEV catalogue: it has %d of the %d vulnerabilities it speaks of", n, catalog.Count)
	}
	k := &KEV{Version: catalog.Version, Exploited: make(map[string]Exploited, len(catalog.Vulnerabilities))}
	for i, v := range catalog.Vulnerabilities {
		if cveOf(v.CVE) != v.CVE || v.CVE == "" {
			return nil, fmt.Errorf("parse KEV catalogue: entry %d: %q is not a CVE", i, v.CVE)
		}
		k.Exploited[v.CVE] = Exploited{
			Name:       v.Name,
			Added:      parseDay(v.Added),
			Due:        parseDay(v.Due),
			Ransomware: v.Ransomware == "Known",
		}
	}
	return k, nil
}

func parseDay(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}
	}
	return t
}
