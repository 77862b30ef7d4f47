package embedded

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// An account is the user the server runs as.
type account struct {
	name     string
	uid, gid uint32
	// switched is set when that is not the user of this process.
	switched bool
}

// serverAccount returns the account for a server. PostgreSQL refuses to run as
// root, so root's servers run as "postgres", else as "nobody".
func serverAccount() account {
	if uid := os.Geteuid(); uid != 0 {
		return account{name: strconv.Itoa(uid), uid: uint32(uid), gid: uint32(os.Getegid())}
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			if a, ok := accountOf(u); ok && a.uid != 0 {
				return a
			}
		}
	}
	return account{name: "nobody", uid: 65534, gid: 65534, switched: true}
}

func accountOf(u *user.User) (account, bool) {
	uid, err1 := strconv.ParseInt(u.Uid, 10, 64)
	gid, err2 := strconv.ParseInt(u.Gid, 10, 64)
	// Some systems give nobody a negative number.
	return account{name: u.Username, uid: uint32(uid), gid: uint32(gid), switched: true}, err1 == nil && err2 == nil
}

// accountOwning returns the account that owns a file, so that data is always
// served by the user that created it.
func accountOwning(info os.FileInfo) account {
	st := info.Sys().(*syscall.Stat_t)
	a := account{name: strconv.Itoa(int(st.Uid)), uid: st.Uid, gid: st.Gid, switched: int(st.Uid) != os.Geteuid()}
	if u, err := user.LookupId(a.name); err == nil {
		a.name = u.Username
	}
	return a
}

// attributes returns how a child process of the account is started: in a
// session of its own, so that an interrupt typed at the terminal reaches only
// Stowage, which then stops the server in good order.
func (a account) attributes() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if a.switched {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attr
}

// chown gives a path to the account.
func (a account) chown(path string) error {
	if !a.switched {
		return nil
	}
	return os.Chown(path, int(a.uid), int(a.gid))
}

// blockedAt returns the first folder above path that the account may not
// enter, or "". What is no folder counts as open.
func (a account) blockedAt(path string) string {
	if !a.switched {
		return ""
	}
	parent := filepath.Dir(path)
	if parent != path {
		if at := a.blockedAt(parent); at != "" {
			return at
		}
	}
	info, err := os.Stat(parent)
	if err != nil || !info.IsDir() {
		return ""
	}
	st, search := info.Sys().(*syscall.Stat_t), os.FileMode(0o001)
	switch {
	case st.Uid == a.uid:
		search = 0o100
	case st.Gid == a.gid:
		search = 0o010
	}
	if info.Mode()&search == 0 {
		return parent
	}
	return ""
}

// mkdirOpen creates a folder and what is missing above it, so that other users
// can enter them whatever the umask is.
func mkdirOpen(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := mkdirOpen(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !os.IsExist(err) {
		return err
	}
	return os.Chmod(dir, 0o755)
}
