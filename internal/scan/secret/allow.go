package secret

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// An AllowList names secrets that are no findings, each with the reason. The
// nil list allows none.
type AllowList struct{ entries []allowance }

// A Place is a secret that may be allowed.
type Place struct {
	Rule string
	// Path is that of a file relative to the root, or one of the configuration:
	// "env:NAME", "label:NAME", "command", "history:3".
	Path string
	// Repositories have the image: "docker.io/library/nginx".
	Repositories []string
	Hash         string
}

// maxAllowList is more than anybody writes.
const maxAllowList = 4 << 20

// OpenAllowList reads the allow-list in a file; no name is no list.
func OpenAllowList(name string) (*AllowList, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("allow-list of secrets: %w", err)
	}
	defer f.Close()
	l, err := ParseAllowList(f)
	if err != nil {
		return nil, fmt.Errorf("allow-list of secrets %s: %w", name, err)
	}
	return l, nil
}

// ParseAllowList reads an allow-list: YAML with the key allow, whose items say
// what is allowed and why. All problems are returned at once.
func ParseAllowList(r io.Reader) (*AllowList, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxAllowList+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxAllowList {
		return nil, fmt.Errorf("it has more than %d bytes", maxAllowList)
	}
	var file struct {
		Allow []entry `yaml:"allow"`
	}
	d := yaml.NewDecoder(strings.NewReader(string(b)))
	d.KnownFields(true)
	if err := d.Decode(&file); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, errors.New("it has more than one YAML document")
	}
	l := &AllowList{}
	var problems []error
	for i, e := range file.Allow {
		a, err := e.allowance()
		if err != nil {
			problems = append(problems, fmt.Errorf("allow[%d]: %w", i, err))
			continue
		}
		l.entries = append(l.entries, a)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return l, nil
}

// An entry is an item of the file.
type entry struct {
	Rule       string `yaml:"rule"`
	Path       string `yaml:"path"`
	Repository string `yaml:"repository"`
	Hash       string `yaml:"hash"`
	Reason     string `yaml:"reason"`
	Expires    string `yaml:"expires"`
}

// An allowance is an entry that was checked.
type allowance struct {
	entry
	path, repository *regexp.Regexp
	// end is when the entry ends; zero for never.
	end time.Time
}

var (
	isSum       = regexp.MustCompile(`^[0-9a-f]{64}$`)
	errNoReason = errors.New("reason is missing: say why it is allowed")
	errNoMatch  = errors.New("it allows everything: give at least one of rule, path, repository and hash")
)

func (e entry) allowance() (allowance, error) {
	e.Path = strings.TrimPrefix(e.Path, "/")
	a := allowance{entry: e}
	if strings.TrimSpace(e.Reason) == "" {
		return a, errNoReason
	}
	if e.Rule == "" && e.Path == "" && e.Repository == "" && e.Hash == "" {
		return a, errNoMatch
	}
	if _, ok := ByID(e.Rule); e.Rule != "" && !ok {
		return a, fmt.Errorf("rule %q is none; docs/secret-rules.md lists them", e.Rule)
	}
	if e.Hash != "" && !isSum.MatchString(e.Hash) {
		return a, errors.New("hash is not 64 hexadecimal digits, as findings have it")
	}
	if e.Expires != "" {
		day, err := time.Parse(time.DateOnly, e.Expires)
		if err != nil {
			return a, fmt.Errorf("expires %q is not a date such as 2027-01-31", e.Expires)
		}
		a.end = day.AddDate(0, 0, 1) // It holds on that day.
	}
	var err error
	if a.path, err = compileGlob(e.Path); err != nil {
		return a, fmt.Errorf("path: %w", err)
	}
	if a.repository, err = compileGlob(e.Repository); err != nil {
		return a, fmt.Errorf("repository: %w", err)
	}
	return a, nil
}

// compileGlob compiles a pattern: * is any text without a slash, ** any text,
// ? one character that is no slash. An empty pattern is none.
func compileGlob(pattern string) (*regexp.Regexp, error) {
	if pattern == "" {
		return nil, nil
	}
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for i := 0; i < len(pattern); {
		switch rest := pattern[i:]; {
		case strings.HasPrefix(rest, "**/"):
			b.WriteString(`(?:.*/)?`)
			i += 3
		case strings.HasPrefix(rest, "**"):
			b.WriteString(`.*`)
			i += 2
		case rest[0] == '*':
			b.WriteString(`[^/]*`)
			i++
		case rest[0] == '?':
			b.WriteString(`[^/]`)
			i++
		default:
			n := strings.IndexAny(rest, "*?")
			if n < 0 {
				n = len(rest)
			}
			b.WriteString(regexp.QuoteMeta(rest[:n]))
			i += n
		}
	}
	b.WriteString(`\z`)
	return regexp.Compile(b.String())
}

// Allows returns whether a secret is allowed at a time, and why.
func (l *AllowList) Allows(p Place, now time.Time) (reason string, ok bool) {
	if l == nil {
		return "", false
	}
	for _, a := range l.entries {
		if a.active(now) && a.matches(p) {
			return a.Reason, true
		}
	}
	return "", false
}

func (a allowance) active(now time.Time) bool { return a.end.IsZero() || now.Before(a.end) }

func (a allowance) matches(p Place) bool {
	if a.Rule != "" && a.Rule != p.Rule || a.Hash != "" && a.Hash != p.Hash || a.path != nil && !a.path.MatchString(p.Path) {
		return false
	}
	if a.repository == nil {
		return true
	}
	for _, r := range p.Repositories {
		if a.repository.MatchString(r) {
			return true
		}
	}
	return false
}

// Fingerprint tells apart lists that allow something else at a time.
func (l *AllowList) Fingerprint(now time.Time) string {
	if l == nil {
		return ""
	}
	var active []entry
	for _, a := range l.entries {
		if a.active(now) {
			active = append(active, a.entry)
		}
	}
	b, err := json.Marshal(active)
	if err != nil {
		panic(err) // These are strings.
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}
