package scan

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// genericType is of programs that no package manager knows.
var genericType = &packageType{
	purl:  "generic",
	title: "Programs without a package", matched: "nothing; they are shown",
}

var programBinary = &reader{
	name:     "program",
	packages: genericType,
	from: "the version in well-known executables (" + "`bash`, `busybox`, `curl`, `haproxy`, `httpd`, `lighttpd`, `mariadbd`, " +
		"`memcached`, `mysqld`, `nginx`, `node`, `openssl`, `perl`, `php`, `postgres`, `python`, `redis-server`, `ruby`, `varnishd`) " +
		"and in `libcrypto` and `libpython`; `rbconfig.rb` of Ruby, `release` of Java, `VERSION` of Go, `OTP_VERSION` of Erlang, " +
		"the folders of .NET's runtimes; if no distribution's package owns the file",
	read: readProgram,
}

// programLibrary reads the libraries that hold what a program is, which need
// not be executable.
var programLibrary = &reader{
	name:     "program-library",
	packages: genericType,
	names:    programLibraries(),
	read:     readProgram,
}

func readProgram(_ context.Context, f *file) error {
	for _, p := range programsOf(f.path) {
		found, err := p.search(f, f.size, baseOf(f.path))
		if err != nil {
			return err
		}
		if len(found) > 0 {
			f.found(genericType, found)
			return nil
		}
	}
	return nil
}

// A program is one that says its version in its executable.
type program struct {
	name string
	// file is the pattern of base names.
	file *regexp.Regexp
	// anchor is what is searched for; "$1" in it stands for the first group of
	// file.
	anchor string
	// version matches at an anchor, or with a "$" at its end before one.
	version *regexp.Regexp
	before  bool
}

const (
	// anchorWindow is how many bytes from the start of an anchor a version
	// reaches at most.
	anchorWindow = 128
	// programChunk is how much of a file is searched at once.
	programChunk = 256 << 10
	// maxProgramName is longer than the name of every program.
	maxProgramName = 32
)

// programs are well-known programs, each with what its own version output or
// build leaves in the executable.
var programs = []*program{
	newProgram("bash", `bash`, "@(#)Bash version ", `@\(#\)Bash version (\d+\.\d+\.\d+)\(`),
	newProgram("busybox", `busybox`, "BusyBox v", `BusyBox v(\d+\.\d+\.\d+)`),
	newProgram("curl", `curl`, "\x00curl ", `\x00curl (\d+\.\d+\.\d+)(?:-DEV)? \(`),
	newProgram("haproxy", `haproxy`, " version ", ` version (\d+\.\d+(?:\.\d+|-dev\d+))\S*, released 20`),
	newProgram("httpd", `httpd|apache2`, "Apache/", `Apache/(\d+\.\d+\.\d+) \(`),
	newProgram("lighttpd", `lighttpd`, "lighttpd/", `lighttpd/(\d+\.\d+\.\d+)\x00`),
	newProgram("mariadb", `mariadbd|mysqld`, "-MariaDB", `\x00(\d+\.\d+\.\d+)$`),
	newProgram("memcached", `memcached`, "memcached ", `memcached (\d+\.\d+\.\d+)`),
	newProgram("mysql", `mysqld`, "/mysql-", `/mysql-(\d+\.\d+\.\d+)/`),
	newProgram("nginx", `nginx(?:-debug)?`, "nginx version: nginx/", `nginx version: nginx/(\d+\.\d+\.\d+)`),
	newProgram("node", `node`, "node.js/v", `node\.js/v(\d+\.\d+\.\d+)`),
	newProgram("openssl", `openssl|libcrypto\.so\..*`, "\x00OpenSSL ", `\x00OpenSSL (\d+\.\d+\.\d+[a-z]{0,2}) +\d{1,2} [A-Z][a-z]{2} \d{4}`),
	newProgram("perl", `perl(?:5[\d.]*)?`, "/perl", `/perl5?/(5\.\d+\.\d+)[/\x00]`),
	newProgram("php", `php(?:-fpm|-cgi)?[\d.]*`, "X-Powered-By: PHP/", `X-Powered-By: PHP/(\d+\.\d+\.\d+)`),
	newProgram("postgresql", `postgres`, "\x00PostgreSQL ", `\x00PostgreSQL (\d+(?:\.\d+|beta\d+|rc\d+)+) (?:on |\()`),
	newProgram("python", `(?:lib)?python(\d\.\d+)m?(?:\.so\.1\.0)?`, "\x00$1.", `\x00(\d\.\d+\.\d+(?:a\d+|b\d+|rc\d+)?)\+?\x00`),
	newProgram("redis", `redis-server`, "buildkitsandbox-", `(?:^|\D)(\d+\.\d+\.\d+)$`),
	newProgram("ruby", `ruby[\d.]*`, "\x00ruby ", `\x00ruby (\d+\.\d+\.\d+)(?:p\d+|preview\d+|rc\d+|dev)? \(\d{4}-`),
	newProgram("varnish", `varnishd`, "(varnish-", `\(varnish-(\d+\.\d+\.\d+) revision `),
}

func newProgram(name, file, anchor, version string) *program {
	before := strings.HasSuffix(version, "$")
	if !before {
		version = "^(?:" + version + ")"
	}
	return &program{name, regexp.MustCompile("^(?:" + file + ")$"), anchor, regexp.MustCompile(version), before}
}

// programLibraries are the names of libraries that programs are in.
func programLibraries() []string {
	names := []string{"libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so.1.0.2", "libcrypto.so.1.0.0", "libpython2.7.so.1.0"}
	for minor := 5; minor < 20; minor++ {
		suffix := ""
		if minor < 8 {
			suffix = "m"
		}
		names = append(names, fmt.Sprintf("libpython3.%d%s.so.1.0", minor, suffix))
	}
	return names
}

// programsOf returns the programs that a file may be by its name.
func programsOf(p string) []*program {
	base := baseOf(p)
	if len(base) > maxProgramName {
		return nil
	}
	var found []*program
	for _, known := range programs {
		if known.file.MatchString(base) {
			found = append(found, known)
		}
	}
	return found
}

// search returns the program with the version that its executable has. The
// file is read once, in pieces.
func (p *program) search(r io.ReaderAt, size int64, base string) ([]Package, error) {
	anchor := []byte(p.anchor)
	if m := p.file.FindStringSubmatch(base); len(m) > 1 {
		anchor = []byte(strings.ReplaceAll(p.anchor, "$1", m[1]))
	}
	buf := make([]byte, programChunk+2*anchorWindow)
	for start := int64(0); start < size; start += programChunk {
		// The anchors of this round are in [start, start+programChunk).
		from := max(start-anchorWindow, 0)
		n, err := r.ReadAt(buf[:min(int64(len(buf)), size-from)], from)
		if err != nil && err != io.EOF {
			return nil, err
		}
		piece := buf[:n]
		for i := int(start - from); i < n; i++ {
			next := bytes.Index(piece[i:], anchor)
			if next < 0 {
				break
			}
			i += next
			window := piece[i:min(i+anchorWindow, n)]
			if p.before {
				window = piece[max(i-anchorWindow, 0):i]
			}
			if m := p.version.FindSubmatch(window); m != nil {
				return packages(Package{Name: p.name, Version: clean(string(m[1]))}), nil
			}
		}
	}
	return nil, nil
}
