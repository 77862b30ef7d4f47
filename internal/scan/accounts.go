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
		for _, u := range users {
			f.walker.remembered += int64(len(u.Name)) + 48
		}
		return err
	},
}

// shadowFile reads what /etc/shadow tells of passwords. See shadow(5).
var shadowFile = &reader{
	name:  "shadow",
	paths: []string{shadowPath},
	limit: maxMetadata,
	read: func(_ context.Context, f *file) error {
		passwords := make(map[string]image.Password)
		err := eachLine(f.walker.lines, f, func(line []byte) {
			name, rest, ok := strings.Cut(string(line), ":")
			password, _, _ := strings.Cut(rest, ":")
			if ok && isName(name) {
				passwords[clean(name)] = passwordOf(password)
				f.walker.remembered += int64(len(name)) + 32
			}
		})
		f.walker.facts.found.Shadow = passwords
		return err
	},
}

// groupFile reads /etc/group. See group(5).
var groupFile = &reader{
	name:  "group",
	paths: []string{groupPath},
	limit: maxMetadata,
	read: func(_ context.Context, f *file) error {
		groups := []image.Group{}
		err := eachLine(f.walker.lines, f, func(line []byte) {
			fields := strings.SplitN(string(line), ":", 4)
			if len(fields) < 3 || !isName(fields[0]) {
				return
			}
			gid, err := strconv.Atoi(fields[2])
			if err != nil {
				return
			}
			groups = append(groups, image.Group{Name: clean(fields[0]), GID: gid})
			f.walker.remembered += int64(len(fields[0])) + 32
		})
		f.walker.facts.found.Groups = groups
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
		users = append(users, image.User{Name: clean(fields[0]), UID: uid, GID: gid, Password: publicPassword(fields[1])})
	})
	return users, err
}

// passwordOf returns the state that the field of a password tells.
func passwordOf(field string) image.Password {
	const desLength = 13
	switch {
	case field == "":
		return image.PasswordEmpty
	case field[0] == '$' || field[0] == '_' || len(field) == desLength && !strings.ContainsAny(field, "!*"):
		return image.PasswordSet
	default: // No password has such a hash: "*", "!!", "!$6$…", "locked".
		return image.PasswordLocked
	}
}

// publicPassword returns what the field of a password in /etc/passwd tells.
func publicPassword(field string) image.Password {
	switch state := passwordOf(field); {
	case field == "x":
		return image.PasswordUnknown
	case state == image.PasswordSet:
		return image.PasswordPublic
	default:
		return state
	}
}
