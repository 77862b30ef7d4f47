package scan

import (
	"context"
	"encoding/json"
	"io"
	"strings"
)

var nugetType = &packageType{
	purl:  "nuget",
	title: ".NET", matched: "OSV `NuGet`",
	ecosystem: "NuGet",
}

var nugetDependencies = &reader{
	name:     "nuget",
	packages: nugetType,
	from:     "`*.deps.json` of programs and shared runtimes; the version resource of assemblies (`.dll`) where no `*.deps.json` lies beside or above",
	suffixes: []string{dependenciesSuffix},
	limit:    maxMetadata,
	read: func(_ context.Context, f *file) error {
		found, projects, err := parseDependencies(f)
		f.found(nugetType, found)
		f.found(genericType, append(projects, sharedRuntime(f.path)...))
		return err
	},
}

const (
	// dependenciesSuffix ends the name of the file that lists what a .NET
	// program or runtime is made of.
	dependenciesSuffix = ".deps.json"
	// runtimePack starts the name of the runtime in a program that brings its
	// own. The rest is the name of the package that it comes from.
	runtimePack = "runtimepack."
)

// parseDependencies reads a .deps.json: the packages that were built into the
// program or runtime, and the projects, which are the program itself.
// References are part of the runtime.
// See https://github.com/dotnet/sdk/blob/main/documentation/specs/runtime-configuration-file.md.
func parseDependencies(r io.Reader) (found, projects []Package, _ error) {
	var list struct {
		Libraries map[string]struct {
			Type string `json:"type"`
		} `json:"libraries"`
	}
	if err := json.NewDecoder(r).Decode(&list); err != nil {
		return nil, nil, err
	}
	for key, l := range list.Libraries {
		name, version, _ := strings.Cut(clean(key), "/")
		switch strings.ToLower(l.Type) {
		case "package":
			found = append(found, packages(Package{Name: name, Version: version})...)
		case "runtimepack":
			found = append(found, packages(Package{Name: strings.TrimPrefix(name, runtimePack), Version: version})...)
		case "project":
			projects = append(projects, packages(Package{Name: name, Version: version})...)
		}
	}
	return sortPackages(found), sortPackages(projects), nil
}
