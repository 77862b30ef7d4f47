package scan

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
	"strings"

	"github.com/stowage-dev/stowage/internal/image"
)

// releasePaths are the places of os-release, the one that wins first.
var releasePaths = []string{"etc/os-release", "usr/lib/os-release"}

const passwdPath = "etc/passwd"

// parseRelease reads an os-release file.
// See https://www.freedesktop.org/software/systemd/man/latest/os-release.html.
func parseRelease(buf *bufio.Reader, r io.Reader) (image.Distribution, error) {
	var d image.Distribution
	err := eachLine(buf, r, func(line []byte) {
		key, value, _ := strings.Cut(clean(string(bytes.TrimSpace(line))), "=")
		switch key {
		case "ID":
			d.ID = strings.ToLower(unquote(value))
		case "VERSION_ID":
			d.Version = unquote(value)
		case "VERSION_CODENAME":
			d.Codename = unquote(value)
		case "PRETTY_NAME":
			d.Name = unquote(value)
		}
	})
	return d, err
}

// unquote drops a shell's quotes, and bounds what a value may be.
func unquote(s string) string {
	if len(s) >= 2 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		quote := s[:1]
		s = s[1 : len(s)-1]
		if quote == `"` {
			s = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\$`, `$`, "\\`", "`").Replace(s)
		}
	}
	if !isName(s) {
		return ""
	}
	return s
}

// parsePasswd reads the accounts of an /etc/passwd. See passwd(5).
func parsePasswd(buf *bufio.Reader, r io.Reader) ([]image.User, error) {
	users := []image.User{}
	err := eachLine(buf, r, func(line []byte) {
		fields := strings.SplitN(string(line), ":", 5)
		if len(fields) < 4 || !isName(fields[0]) {
			return
		}
		uid, err := strconv.Atoi(fields[2])
		if err != nil {
			return
		}
		gid, err := strconv.Atoi(fields[3])
		if err != nil {
			return
		}
		users = append(users, image.User{Name: clean(fields[0]), UID: uid, GID: gid, Password: publicPassword(fields[1])})
	})
	return users, err
}
