package embedded

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldestMajor is the oldest PostgreSQL that the schema works with.
const oldestMajor = 15

// An install is a set of PostgreSQL server programs.
type install struct {
	bin     string // the folder of initdb and postgres
	version string // such as "15.18"
	major   int    // such as 15
}

func (i install) program(name string) string { return filepath.Join(i.bin, name) }

// A search says where servers may be installed, and where to get one if none
// is.
type search struct {
	bins    []string // folders, the preferred first
	globs   []string // patterns of more folders; among those the newest server is preferred
	release release
}

// installedServers returns the places where systems put PostgreSQL servers.
func installedServers() search {
	return search{
		bins: filepath.SplitList(os.Getenv("PATH")),
		globs: []string{
			"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
			"/usr/pgsql-*/bin",          // PGDG on Red Hat and others
			"/usr/libexec/postgresql*",  // Alpine
			"/opt/homebrew/opt/postgresql@*/bin",
			"/usr/local/opt/postgresql@*/bin",
			"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",
			"/Applications/Postgres.app/Contents/Versions/*/bin",
		},
		release: pinned,
	}
}

// choose returns the server to use: one of the data's major version, or any
// that is new enough when there is no data yet (major 0). It downloads the
// pinned build when no installed server fits.
func (s search) choose(ctx context.Context, f *folder, major int, o Options) (install, error) {
	var unfit []string
	fits := func(i install) bool {
		if major == 0 {
			return i.major >= oldestMajor
		}
		return i.major == major
	}
	for _, i := range s.installed(ctx, f.owner) {
		if fits(i) {
			return i, nil
		}
		unfit = append(unfit, fmt.Sprintf("%s in %s", i.version, i.bin))
	}
	if pinned := (install{major: s.release.major()}); !fits(pinned) {
		if len(unfit) == 0 {
			unfit = append(unfit, "none")
		}
		return install{}, fmt.Errorf("the data in %s is of PostgreSQL %d, which only a server of that version can read; "+
			"install PostgreSQL %[2]d, or move the folder away to start empty (servers found: %s)", f.dir, major, strings.Join(unfit, ", "))
	}
	return s.release.fetch(ctx, f.owner, o)
}

// installed returns the servers found, the preferred first.
func (s search) installed(ctx context.Context, user account) []install {
	var preferred, others []install
	seen := make(map[string]bool)
	look := func(bin string, list *[]install) {
		// Programs on the PATH are often links to the folder that has all of them.
		program, err := filepath.EvalSymlinks(filepath.Join(bin, "postgres"))
		if err != nil || seen[filepath.Dir(program)] {
			return
		}
		seen[filepath.Dir(program)] = true
		if i, err := inspect(ctx, filepath.Dir(program), user); err == nil {
			*list = append(*list, i)
		}
	}
	for _, bin := range s.bins {
		look(bin, &preferred)
	}
	for _, pattern := range s.globs {
		bins, _ := filepath.Glob(pattern)
		for _, bin := range bins {
			look(bin, &others)
		}
	}
	slices.SortStableFunc(others, func(a, b install) int { return cmp.Compare(b.major, a.major) })
	return append(preferred, others...)
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) ((\d+)\S*)`)

// inspect asks the server in a folder for its version. That also tells whether
// the server's user can run it.
func inspect(ctx context.Context, bin string, user account) (install, error) {
	i := install{bin: bin}
	if _, err := os.Stat(i.program("initdb")); err != nil {
		return i, err
	}
	cmd := exec.CommandContext(ctx, i.program("postgres"), "--version")
	cmd.Dir, cmd.Env, cmd.SysProcAttr = "/", environment(), user.attributes()
	output, err := cmd.CombinedOutput()
	if err != nil {
		return i, serverError(fmt.Errorf("%s --version: %w", cmd.Path, err), string(output))
	}
	match := versionPattern.FindSubmatch(output)
	if match == nil {
		return i, fmt.Errorf("%s --version printed %q", cmd.Path, output)
	}
	i.version = string(match[1])
	i.major, err = strconv.Atoi(string(match[2]))
	return i, err
}
