package image

import "strings"

// A FileKind tells why a file is of interest beyond its mode.
type FileKind string

// The file kinds. A program counts in a directory for programs alone.
const (
	Shell          FileKind = "shell"
	PackageManager FileKind = "package_manager"
	Compiler       FileKind = "compiler"
	Debugger       FileKind = "debugger"
	// NetworkTool opens, forwards or records connections.
	NetworkTool FileKind = "network_tool"
	// RemoteServer lets others in: SSH, Telnet, FTP.
	RemoteServer FileKind = "remote_server"
	// PrivilegeTool makes root of others.
	PrivilegeTool FileKind = "privilege_tool"
	Miner         FileKind = "miner"
	// Credential is where a client keeps what it logs in with.
	Credential FileKind = "credential"
	// PrivateKey begins like a private key, or is one by its place.
	PrivateKey FileKind = "private_key"
	// Leftover is of the making of the image: a repository, an editor's settings.
	Leftover FileKind = "leftover"
	// RuntimeSocket is where a container runtime has its socket.
	RuntimeSocket FileKind = "runtime_socket"
)

// A Group is one line of /etc/group.
type Group struct {
	Name string `json:"name"`
	GID  int    `json:"gid"`
}

// A Password tells what an account needs to log in; the hash is never kept.
type Password string

// The states of a password.
const (
	// PasswordUnknown is that of an account that /etc/shadow would tell of.
	PasswordUnknown Password = ""
	PasswordEmpty   Password = "empty"
	PasswordLocked  Password = "locked"
	// PasswordSet is a hash in /etc/shadow, PasswordPublic one in /etc/passwd,
	// which every account may read.
	PasswordSet    Password = "set"
	PasswordPublic Password = "public"
)

// A Weight is what a file, or a directory with the small files in it, weighs.
type Weight struct {
	Path string `json:"path"`
	Size int64  `json:"size"`
	// Layer is the index of the layer that has the bytes.
	Layer int `json:"layer"`
	// Cache is the tool whose cache it is: "apt", "pip".
	Cache string `json:"cache,omitempty"`
	// Head is a hash of the first bytes of a large file; 0 for others.
	Head uint64 `json:"head,omitempty"`
}

// A Waste is what a layer weighs that a later one hides.
type Waste struct {
	// Path is what the later layer deletes or writes again.
	Path string `json:"path"`
	Size int64  `json:"size"`
	// Layer has the bytes, By hides them.
	Layer int `json:"layer"`
	By    int `json:"by"`
	// Rewritten is whether the later layer has the path again, if only for
	// another owner or mode.
	Rewritten bool `json:"rewritten,omitempty"`
}

// A Machine is a processor architecture that programs of an image are for.
type Machine struct {
	// Architecture is OCI's word: "amd64".
	Architecture string `json:"architecture"`
	// Path is one of the programs, Layer that which has it.
	Path  string `json:"path"`
	Layer int    `json:"layer"`
}

// ProgramName drops the version and the target from the name of a compiler:
// "x86_64-linux-gnu-gcc-12", "clang-15".
func ProgramName(base string) string {
	i := strings.LastIndexByte(base, '-')
	if i > 0 && i+1 < len(base) && base[i+1] >= '0' && base[i+1] <= '9' {
		base = base[:i]
		i = strings.LastIndexByte(base, '-')
	}
	if i > 0 && (strings.Contains(base[:i], "-linux-") || strings.HasSuffix(base[:i], "-alpine")) {
		return base[i+1:]
	}
	return base
}
