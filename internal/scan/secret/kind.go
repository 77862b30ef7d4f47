package secret

import "strings"

// A kind of text decides what counts as a secret in it.
type kind int

const (
	// plain is text without a syntax that is known.
	plain kind = iota
	// settings hold names and values: .env, YAML, INI, JSON.
	settings
	// code has values in quotes.
	code
	// prose speaks of secrets more often than it has any.
	prose
	// sample is test data, whatever its syntax.
	sample
)

// extensions are the kinds of files by the end of their name.
var extensions = map[string]kind{
	"env": settings, "yaml": settings, "yml": settings, "json": settings, "toml": settings, "ini": settings, "cfg": settings,
	"conf": settings, "cnf": settings, "config": settings, "properties": settings, "tfvars": settings, "tfstate": settings, "xml": settings,
	"envrc": settings, "plist": settings, "secrets": settings, "credentials": settings,
	"sh": settings, "bash": settings, "zsh": settings,
	"go": code, "py": code, "js": code, "mjs": code, "cjs": code, "ts": code, "tsx": code, "jsx": code, "rb": code, "php": code,
	"java": code, "kt": code, "scala": code, "groovy": code, "cs": code, "rs": code, "c": code, "h": code, "cc": code, "cpp": code,
	"hpp": code, "swift": code, "pl": code, "pm": code, "lua": code, "ex": code, "exs": code, "clj": code, "vue": code, "svelte": code,
	"sql": code, "tf": code, "hcl": code, "ps1": code, "r": code, "dart": code, "gradle": code,
	"md": prose, "rst": prose, "txt": prose, "html": prose, "htm": prose, "adoc": prose, "tex": prose, "po": prose, "log": prose,
}

// kindOf returns the kind of a file by its path.
func kindOf(path string) kind {
	base := path[strings.LastIndexByte(path, '/')+1:]
	folded := strings.ToLower(path)
	if isSample(folded) {
		return sample
	}
	name := strings.ToLower(base)
	if strings.HasPrefix(name, ".env") || isTelling(path) {
		return settings
	}
	k := extensions[name[strings.LastIndexByte(name, '.')+1:]]
	if k == plain && (strings.HasPrefix(path, "etc/") || strings.HasPrefix(name, "dockerfile") || strings.HasPrefix(name, ".")) {
		return settings
	}
	return k
}

// samplePlaces are parts of paths in lower case that say that what is there
// shows or tests something.
var samplePlaces = []string{
	"/test/", "/tests/", "/testdata/", "/testing/", "/__tests__/", "/spec/", "/fixtures/", "/example/", "/examples/", "/examples-", "/sample/", "/samples/",
	"/doc/", "/docs/", "/mock/", "/mocks/", "/demo/", "/demos/", "_test.", ".test.", "-test.", ".spec.", "/test_", "/tests_",
	".example", ".sample", ".dist", ".template", "-example", "-sample", "example.", "sample.", ".tmpl", ".tpl",
	"/changelog", "/readme", "/locale/", "/locales/", "/i18n/",
}

func isSample(folded string) bool {
	folded = "/" + folded
	for _, s := range samplePlaces {
		if strings.Contains(folded, s) {
			return true
		}
	}
	return false
}
