package scan

import (
	"strings"

	"github.com/stowage-dev/stowage/internal/image"
)

// programKinds are programs by name, without version and target: "gcc" stands for
// "x86_64-linux-gnu-gcc-12" too. Those of every system are not here.
var programKinds = map[string]image.FileKind{}

func init() {
	for kind, names := range map[image.FileKind]string{
		image.Shell:          "sh ash bash dash zsh ksh mksh fish csh tcsh pwsh",
		image.PackageManager: "apt apt-get dpkg apk yum dnf dnf5 microdnf tdnf rpm zypper pacman opkg",
		image.Compiler:       "gcc g++ cc c++ clang clang++ tcc gfortran rustc javac go ghc ld make cmake",
		image.Debugger:       "gdb gdbserver lldb strace ltrace valgrind perf bpftrace",
		image.NetworkTool:    "nc ncat netcat nc.openbsd nc.traditional socat nmap masscan tcpdump tshark dumpcap hping3",
		image.RemoteServer:   "sshd dropbear telnetd in.telnetd ftpd in.ftpd vsftpd proftpd pure-ftpd in.rshd in.rlogind in.rexecd rshd rlogind tftpd in.tftpd vncserver Xvnc x11vnc xrdp",
		image.PrivilegeTool:  "sudo doas pkexec",
		image.Miner:          "xmrig xmr-stak minerd cpuminer cgminer bfgminer ethminer nbminer t-rex phoenixminer lolminer nanominer kdevtmpfsi kinsing",
	} {
		for name := range strings.FieldsSeq(names) {
			programKinds[name] = kind
		}
	}
}

// places are files by name, with the directories that they must be in: any, if
// there are none.
var places = map[string]struct {
	kind image.FileKind
	in   []string
}{
	"credentials":                          {image.Credential, []string{".aws"}},
	"accessTokens.json":                    {image.Credential, []string{".azure"}},
	"msal_token_cache.json":                {image.Credential, []string{".azure"}},
	"msal_token_cache.bin":                 {image.Credential, []string{".azure"}},
	"service_principal_entries.json":       {image.Credential, []string{".azure"}},
	"application_default_credentials.json": {image.Credential, []string{"gcloud"}},
	"credentials.db":                       {image.Credential, []string{"gcloud"}},
	"access_tokens.db":                     {image.Credential, []string{"gcloud"}},
	"kubeconfig":                           {image.Credential, nil},
	"config":                               {image.Credential, []string{".kube"}},
	"config.json":                          {image.Credential, []string{".docker"}},
	"auth.json":                            {image.Credential, []string{"containers", ".composer"}},
	".dockercfg":                           {image.Credential, nil},
	".netrc":                               {image.Credential, nil},
	"_netrc":                               {image.Credential, nil},
	".git-credentials":                     {image.Credential, nil},
	".npmrc":                               {image.Credential, []string{"root", "home"}},
	".pypirc":                              {image.Credential, nil},
	".pgpass":                              {image.Credential, nil},
	".my.cnf":                              {image.Credential, nil},
	".vault-token":                         {image.Credential, nil},
	".terraformrc":                         {image.Credential, nil},
	"credentials.tfrc.json":                {image.Credential, []string{".terraform.d"}},
	"terraform.tfstate":                    {image.Credential, nil},
	"terraform.tfstate.backup":             {image.Credential, nil},
	"settings.xml":                         {image.Credential, []string{".m2"}},
	"gradle.properties":                    {image.Credential, []string{".gradle"}},
	"hosts.yml":                            {image.Credential, []string{"gh"}},
	".htpasswd":                            {image.Credential, nil},
	".env":                                 {image.Credential, nil},
	".env.production":                      {image.Credential, nil},
	".env.local":                           {image.Credential, nil},
	"HEAD":                                 {image.Leftover, []string{".git"}},
	"entries":                              {image.Leftover, []string{".svn"}},
	"wc.db":                                {image.Leftover, []string{".svn"}},
	"hgrc":                                 {image.Leftover, []string{".hg"}},
	"settings.json":                        {image.Leftover, []string{".vscode"}},
	"launch.json":                          {image.Leftover, []string{".vscode"}},
	"workspace.xml":                        {image.Leftover, []string{".idea"}},
	"modules.xml":                          {image.Leftover, []string{".idea"}},
	"Dockerfile":                           {image.Leftover, nil},
	"Containerfile":                        {image.Leftover, nil},
	"docker-compose.yml":                   {image.Leftover, nil},
	"docker-compose.yaml":                  {image.Leftover, nil},
	"compose.yaml":                         {image.Leftover, nil},
	".bash_history":                        {image.Leftover, nil},
	".ash_history":                         {image.Leftover, nil},
	".python_history":                      {image.Leftover, nil},
	".mysql_history":                       {image.Leftover, nil},
	".psql_history":                        {image.Leftover, nil},
	"id_rsa":                               {image.PrivateKey, nil},
	"id_dsa":                               {image.PrivateKey, nil},
	"id_ecdsa":                             {image.PrivateKey, nil},
	"id_ed25519":                           {image.PrivateKey, nil},
	"ssh_host_rsa_key":                     {image.PrivateKey, nil},
	"ssh_host_dsa_key":                     {image.PrivateKey, nil},
	"ssh_host_ecdsa_key":                   {image.PrivateKey, nil},
	"ssh_host_ed25519_key":                 {image.PrivateKey, nil},
	"docker.sock":                          {image.RuntimeSocket, nil},
	"containerd.sock":                      {image.RuntimeSocket, nil},
	"crio.sock":                            {image.RuntimeSocket, nil},
	"podman.sock":                          {image.RuntimeSocket, nil},
}

// foreignTrees hold what others made: what is there was not left by whoever
// made the image, and is no credential of theirs.
var foreignTrees = []string{
	"node_modules/", "site-packages/", "dist-packages/", "/vendor/", "/gems/", "usr/share/", "usr/lib/", "go/pkg/mod/",
	"/testdata/", "/tests/", "/test/", "/examples/", "/.cargo/registry/", "cargo/registry/",
}

// kindOf returns why a file is of interest by its path, empty if it is not.
// link is the target of a symbolic link.
func kindOf(p, link string) image.FileKind {
	i := strings.LastIndexByte(p, '/')
	dir, base := p[:max(i, 0)], p[i+1:]
	parent := dir[strings.LastIndexByte(dir, '/')+1:]
	switch parent {
	case "bin", "sbin", "busybox":
		return programKind(base, link)
	}
	place, ok := places[base]
	if !ok || link != "" {
		return ""
	}
	if place.in != nil && !hasParent(dir, parent, place.in) || foreign(p) {
		return ""
	}
	if place.kind == image.Leftover && place.in == nil && strings.Count(p, "/") > 2 {
		return "" // Deeper ones are those of libraries.
	}
	return place.kind
}

// hasParent reports whether a file is right in one of the directories, or in a
// directory of the user if "home" is one.
func hasParent(dir, parent string, in []string) bool {
	for _, want := range in {
		if want == parent || want == "home" && strings.HasPrefix(dir, "home/") && strings.Count(dir, "/") == 1 {
			return true
		}
	}
	return false
}

func foreign(p string) bool {
	for _, tree := range foreignTrees {
		if strings.Contains(p, tree) {
			return true
		}
	}
	return false
}

// programKind returns the kind of a program.
func programKind(base, link string) image.FileKind {
	kind, ok := programKinds[base]
	if !ok {
		kind, ok = programKinds[image.ProgramName(base)]
	}
	if !ok {
		return ""
	}
	// BusyBox has a little of everything. It counts as a shell, and with
	// servers, which are in an extra package of it.
	if link != "" && strings.HasPrefix(link[strings.LastIndexByte(link, '/')+1:], "busybox") && kind != image.Shell && kind != image.RemoteServer {
		return ""
	}
	return kind
}

// maybeKey reports whether a file is looked at for whether it begins like a
// private key.
func maybeKey(p string) bool {
	return (strings.HasSuffix(p, ".key") || strings.HasSuffix(p, ".pem") || strings.HasSuffix(p, "_key")) && !foreign(p)
}

// A cache is where a tool keeps what it could fetch again. A path that begins
// with a slash may be in any directory.
type cache struct {
	tool, path string
	// flat caches have all files in one directory.
	flat bool
}

var caches = []cache{
	{"apt", "var/lib/apt/lists", true},
	{"apt", "var/cache/apt", true},
	{"apk", "var/cache/apk", true},
	{"apk", "etc/apk/cache", true},
	{"yum", "var/cache/yum", false},
	{"dnf", "var/cache/dnf", false},
	{"dnf", "var/cache/libdnf5", false},
	{"tdnf", "var/cache/tdnf", false},
	{"zypper", "var/cache/zypp", false},
	{"pacman", "var/cache/pacman/pkg", true},
	{"pip", "/.cache/pip", false},
	{"uv", "/.cache/uv", false},
	{"poetry", "/.cache/pypoetry", false},
	{"npm", "/.npm/_cacache", false},
	{"yarn", "/.cache/yarn", false},
	{"yarn", "/.yarn/berry/cache", true},
	{"pnpm", "/.local/share/pnpm/store", false},
	{"go", "/.cache/go-build", false},
	{"go", "/go/pkg/mod", false},
	{"maven", "/.m2/repository", false},
	{"gradle", "/.gradle/caches", false},
	{"cargo", "/cargo/registry", false},
	{"cargo", "/.cargo/registry", false},
	{"composer", "/.composer/cache", false},
	{"composer", "/.cache/composer", false},
	{"conda", "/conda/pkgs", false},
	{"bundler", "/bundle/cache", true},
	{"nuget", "/.nuget/packages", false},
}

// cachesByName are the caches by the last part of their path.
var cachesByName = func() map[string][]cache {
	byName := make(map[string][]cache)
	for _, c := range caches {
		name := c.path[strings.LastIndexByte(c.path, '/')+1:]
		byName[name] = append(byName[name], c)
	}
	return byName
}()

// cacheOf returns the tool whose cache a path is in, and the part of the path
// that is weighed as one: the directory right below the cache's, since tools
// delete those one by one. Flat caches have no such part.
func cacheOf(p string) (tool, part string) {
	for start := 0; start <= len(p); {
		end := len(p)
		if i := strings.IndexByte(p[start:], '/'); i >= 0 {
			end = start + i
		}
		for _, c := range cachesByName[p[start:end]] {
			if !c.is(p[:end]) {
				continue
			}
			if c.flat {
				return c.tool, ""
			}
			below, _, _ := strings.Cut(strings.TrimPrefix(p[end:], "/"), "/")
			return c.tool, strings.TrimSuffix(p[:end]+"/"+below, "/")
		}
		start = end + 1
	}
	return "", ""
}

// is reports whether a directory is the cache.
func (c cache) is(dir string) bool {
	rest, ok := strings.CutSuffix(dir, strings.TrimPrefix(c.path, "/"))
	if c.path[0] == '/' {
		return ok && (rest == "" || strings.HasSuffix(rest, "/"))
	}
	return ok && rest == ""
}
