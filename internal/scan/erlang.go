package scan

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"strings"
)

var hexType = &packageType{
	purl:  "hex",
	title: "Erlang, Elixir", matched: "OSV `Hex`; what comes with the languages (purl type `otp`) with nothing",
	ecosystem: "Hex",
}

// otpType is of the applications that come with Erlang or Elixir.
var otpType = &packageType{
	purl:  "otp",
	title: "Erlang/OTP and Elixir themselves", matched: "nothing: OSV has no advisories of them",
}

var erlangApplication = &reader{
	name:     "erlang-application",
	packages: hexType,
	from:     "`ebin/*.app`; the runtime system of `releases/*/*.rel`",
	suffixes: []string{".app"},
	wants:    func(p string) bool { return strings.HasSuffix(folderOf(p), "ebin") },
	limit:    maxMetadata,
	read: func(_ context.Context, f *file) error {
		t, found, err := parseErlangApplication(f)
		f.found(t, found)
		return err
	},
}

var erlangRelease = &reader{
	name:     "erlang-release",
	packages: otpType,
	suffixes: []string{".rel"},
	wants: func(p string) bool {
		// Those of Erlang itself are templates.
		return isErlangRelease(p) && !strings.HasPrefix(baseOf(p), "start_") && baseOf(p) != "no_dot_erlang.rel"
	},
	limit: maxMetadata,
	read:  parsed(otpType, parseErlangRelease),
}

// isErlangRelease reports whether a path is in the folder of a release:
// "releases/1.0.0/shop.rel".
func isErlangRelease(p string) bool {
	return strings.HasSuffix(folderOf(folderOf(p)), "releases")
}

// erlangComments are comments that have a line to themselves.
var erlangComments = regexp.MustCompile(`(?m)^\s*%.*$`)

var (
	erlangName    = regexp.MustCompile(`^\s*\{\s*application\s*,\s*'?([A-Za-z0-9_@]+)'?\s*,`)
	erlangVersion = regexp.MustCompile(`\{\s*vsn\s*,\s*"([^"]*)"\s*\}`)
	erlangRuntime = regexp.MustCompile(`^\s*\{\s*release\s*,\s*\{[^{}]*\}\s*,\s*\{\s*erts\s*,\s*"([^"]*)"\s*\}`)
)

// parseErlangApplication reads an application resource file.
// See https://www.erlang.org/doc/apps/kernel/app.
func parseErlangApplication(r io.Reader) (*packageType, []Package, error) {
	text, err := erlangTerm(r)
	if err != nil {
		return hexType, nil, err
	}
	name, version := erlangName.FindSubmatch(text), erlangVersion.FindSubmatch(text)
	if name == nil || version == nil {
		return hexType, nil, nil
	}
	p := Package{Name: string(name[1]), Version: clean(string(version[1]))}
	if otpApplications[p.Name] {
		return otpType, packages(p), nil
	}
	return hexType, packages(p), nil
}

// parseErlangRelease reads which runtime system a release has. Its
// applications have files of their own.
func parseErlangRelease(r io.Reader) ([]Package, error) {
	text, err := erlangTerm(r)
	if err != nil {
		return nil, err
	}
	m := erlangRuntime.FindSubmatch(text)
	if m == nil {
		return nil, nil
	}
	return packages(Package{Name: "erts", Version: clean(string(m[1]))}), nil
}

func erlangTerm(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(r)
	return bytes.TrimSpace(erlangComments.ReplaceAll(text, nil)), err
}

// otpApplications are the applications of Erlang/OTP and of Elixir, which are
// not in Hex: https://github.com/erlang/otp/tree/master/lib and
// https://github.com/elixir-lang/elixir/tree/main/lib.
var otpApplications = map[string]bool{
	"asn1": true, "common_test": true, "compiler": true, "crypto": true, "debugger": true, "dialyzer": true,
	"diameter": true, "edoc": true, "eldap": true, "erl_docgen": true, "erl_interface": true, "erts": true,
	"et": true, "eunit": true, "ftp": true, "inets": true, "jinterface": true, "kernel": true, "megaco": true,
	"mnesia": true, "observer": true, "odbc": true, "os_mon": true, "parsetools": true, "public_key": true,
	"reltool": true, "runtime_tools": true, "sasl": true, "snmp": true, "ssh": true, "ssl": true,
	"stdlib": true, "syntax_tools": true, "tftp": true, "tools": true, "wx": true, "xmerl": true,
	"eex": true, "elixir": true, "ex_unit": true, "iex": true, "logger": true, "mix": true,
}
