//go:build e2e

package debian

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// A truth is what the tools that built an image say of it.
type truth struct {
	Packages []Package
	Modules  []Module
	Planted  []string
}

// writeTruth writes a truth beside the layout of its image.
func writeTruth(dir string, t truth) error {
	b, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return os.WriteFile(dir+".json", b, 0o600)
}

func readTruth(dir string) (t truth, err error) {
	b, err := os.ReadFile(dir + ".json")
	if err != nil {
		return t, err
	}
	return t, json.Unmarshal(b, &t)
}

// queryFormat is what dpkg-query prints of a package.
const queryFormat = `${Package}\t${Version}\t${Architecture}\t${db:Status-Status}\n`

// readPackages returns the installed packages of dpkg-query's list, which also
// holds those of which only the configuration is left.
func readPackages(path string) ([]Package, error) {
	var all []Package
	err := eachRow(path, 4, func(fields []string) {
		if fields[3] == "installed" {
			all = append(all, Package{fields[0], fields[1], fields[2]})
		}
	})
	if err == nil && len(all) == 0 {
		err = errors.New(path + ": no packages")
	}
	return all, err
}

// pythonQuery is a program that prints the installed distributions of Python.
// See https://docs.python.org/3/library/importlib.metadata.html.
const pythonQuery = `import importlib.metadata as m
for d in m.distributions(): print(d.metadata["Name"], d.version, sep="\t")`

// readPython returns what pythonQuery printed, without what it printed twice:
// a distribution that is found on two paths.
func readPython(path string) ([]Module, error) {
	var all []Module
	seen := map[Module]bool{}
	err := eachRow(path, 2, func(fields []string) {
		if m := (Module{"PyPI", fields[0], fields[1]}); !seen[m] {
			seen[m] = true
			all = append(all, m)
		}
	})
	return all, err
}

// eachRow calls f with the fields of each row of a tab-separated file.
func eachRow(path string, columns int, f func(fields []string)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != columns {
			return fmt.Errorf("%s: line %q", path, lines.Text())
		}
		f(fields)
	}
	return lines.Err()
}
