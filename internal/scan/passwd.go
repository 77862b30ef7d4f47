package scan

import (
	"bufio"
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/stowage-dev/stowage/internal/image"
)

const passwdPath = "etc/passwd"

var passwdFile = &reader{
	name:  "passwd",
	paths: []string{passwdPath},
	limit: maxMetadata,
	read: func(_ context.Context, f *file) error {
		users, err := parsePasswd(f.walker.lines, f)
		f.walker.result.Passwd = &Passwd{users}
		return err
	},
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
		users = append(users, image.User{Name: clean(fields[0]), UID: uid, GID: gid})
	})
	return users, err
}
