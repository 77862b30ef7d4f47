package scan

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"path"
	"regexp"
	"strings"
)

// runtimeFile reads the files in which runtimes of languages say their
// version.
var runtimeFile = &reader{
	name:     "runtime",
	packages: genericType,
	names:    []string{"release", "rbconfig.rb", "VERSION", "OTP_VERSION"},
	wants: func(p string) bool {
		return !strings.HasSuffix(p, "VERSION") || strings.HasSuffix(p, "go/VERSION") || isErlangRelease(p)
	},
	limit: maxMetadata,
	read: func(_ context.Context, f *file) error {
		var (
			found []Package
			err   error
		)
		switch baseOf(f.path) {
		case "release":
			found, err = parseJavaRelease(f.walker.lines, f)
		case "rbconfig.rb":
			found, err = parseRubyConfig(f.walker.lines, f)
		case "VERSION":
			found, err = parseVersionFile(f.walker.lines, f, "go", "go")
		case "OTP_VERSION":
			found, err = parseVersionFile(f.walker.lines, f, "erlang", "")
		}
		f.found(genericType, found)
		return err
	},
}

// parseJavaRelease reads the release file of a Java runtime.
func parseJavaRelease(buf *bufio.Reader, r io.Reader) ([]Package, error) {
	p := Package{Name: "java"}
	err := eachLine(buf, r, func(line []byte) {
		if v, ok := bytes.CutPrefix(line, []byte("JAVA_VERSION=")); ok {
			p.Version = clean(string(bytes.Trim(v, `"`)))
		}
	})
	return packages(p), err
}

var rubyNumber = regexp.MustCompile(`^\s*CONFIG\["(MAJOR|MINOR|TEENY)"\]\s*=\s*"(\d+)"`)

// parseRubyConfig reads rbconfig.rb, which every Ruby needs to run.
func parseRubyConfig(buf *bufio.Reader, r io.Reader) ([]Package, error) {
	number := make(map[string]string)
	err := eachLine(buf, r, func(line []byte) {
		if m := rubyNumber.FindSubmatch(line); m != nil {
			number[string(m[1])] = string(m[2])
		}
	})
	if len(number) < 3 {
		return nil, err
	}
	return packages(Package{Name: "ruby", Version: number["MAJOR"] + "." + number["MINOR"] + "." + number["TEENY"]}), err
}

// runtimeVersion is a version that has a line to itself.
var runtimeVersion = regexp.MustCompile(`^\d+(?:\.\d+)+(?:-?(?:beta|rc)\.?\d+)?$`)

// parseVersionFile reads a file whose first line is a version.
func parseVersionFile(buf *bufio.Reader, r io.Reader, name, prefix string) ([]Package, error) {
	p := Package{Name: name}
	first := true
	err := eachLine(buf, r, func(line []byte) {
		if version, ok := strings.CutPrefix(string(line), prefix); ok && first && runtimeVersion.MatchString(version) {
			p.Version = version
		}
		first = false
	})
	return packages(p), err
}

// sharedRuntimes are the names of .NET's shared runtimes.
var sharedRuntimes = map[string]string{
	"Microsoft.NETCore.App":    "dotnet",
	"Microsoft.AspNetCore.App": "aspnetcore",
}

// sharedRuntime returns the runtime whose list of dependencies is at a path:
// "shared/Microsoft.NETCore.App/8.0.1/Microsoft.NETCore.App.deps.json".
func sharedRuntime(p string) []Package {
	folder := folderOf(p)
	name := sharedRuntimes[path.Base(folderOf(folder))]
	if name == "" || !strings.Contains(p, "shared/") {
		return nil
	}
	return packages(Package{Name: name, Version: baseOf(folder)})
}
