package secret

import (
	"path"
	"strings"
)

// MaxFile is the size of the largest file that is searched. Larger text is
// data, not settings.
const MaxFile = 1 << 20

// Wanted reports whether a file is searched, by its path relative to the root
// and its size. What package managers install is not, but for the files there
// whose names tell of secrets.
func Wanted(p string, size int64) bool {
	if size < minFile || size > MaxFile {
		return false
	}
	if isTelling(p) {
		return !strings.HasPrefix(p, "usr/share/doc/")
	}
	return !isInstalled(p) && !isGenerated(p)
}

// minFile is less than the shortest secret that is found, with its name.
const minFile = 12

// sniffed is how many bytes tell text from what is not.
const sniffed = 1 << 10

// IsText reports whether content may be text, by its first bytes.
func IsText(content []byte) bool {
	for _, c := range content[:min(len(content), sniffed)] {
		if c == 0 {
			return false
		}
	}
	return true
}

// installedPlaces are the directories that only package managers fill.
var installedPlaces = []string{
	"bin/", "sbin/", "lib/", "lib32/", "lib64/", "libx32/", "boot/", "dev/", "proc/", "sys/", "nix/store/",
	"usr/bin/", "usr/sbin/", "usr/lib", "usr/share/", "usr/include/", "usr/libexec/", "usr/games/",
	"usr/local/include/", "usr/local/share/man/", "usr/local/share/doc/", "usr/local/share/locale/", "usr/local/go/", "usr/local/lib/python", "usr/local/lib/ruby/", "usr/local/lib/perl",
	"usr/local/lib/php/", "usr/local/rustup/", "usr/local/cargo/registry/", "go/pkg/mod/", "root/go/pkg/mod/", "root/.cache/",
	"var/lib/dpkg/", "var/lib/apt/", "var/lib/apk/", "var/lib/rpm/", "var/lib/pacman/", "var/cache/", "opt/java/", "opt/conda/pkgs/",
	"etc/ssl/certs/", "etc/ca-certificates/", "etc/pki/ca-trust/", "etc/alternatives/",
}

// installedNames are directories of the same kind that are anywhere.
var installedNames = []string{
	"/node_modules/", "/site-packages/", "/dist-packages/", "/gems/", "/vendor/", "/__pycache__/", "/.git/objects/", "/.m2/repository/",
	"/.npm/_cacache/", "/.yarn/cache/", "/bower_components/", "/.terraform/providers/", "/.bundle/cache/", "/share/locale/",
}

// isInstalled reports whether a path is in a directory of package managers.
func isInstalled(p string) bool {
	for _, d := range installedPlaces {
		if strings.HasPrefix(p, d) {
			return true
		}
	}
	for _, d := range installedNames {
		if i := strings.Index(p, d[1:]); i >= 0 && (i == 0 || strings.Contains(p, d)) {
			return true
		}
	}
	return false
}

// generatedEnds are the ends of names of files that tools write and nobody
// reads: bundles, maps, locks, data.
var generatedEnds = []string{
	".min.js", ".min.css", ".map", ".lock", ".sum", "-lock.json", "-lock.yaml", "npm-shrinkwrap.json", ".svg", ".css", ".scss", ".less",
	".po", ".mo", ".pot", ".pyc", ".class", ".jar", ".war", ".whl", ".zip", ".gz", ".xz", ".bz2", ".zst", ".tar", ".tgz", ".so", ".a", ".o",
	".png", ".jpg", ".jpeg", ".gif", ".ico", ".webp", ".woff", ".woff2", ".ttf", ".otf", ".eot", ".pdf", ".mp3", ".mp4", ".wasm", ".d.ts",
	".csv", ".tsv", ".xsd", ".dtd", ".cer", ".crt", ".afm", ".pfb", ".ipynb", ".parquet", ".bundle.js", ".chunk.js",
}

func isGenerated(p string) bool {
	for _, end := range generatedEnds {
		if strings.HasSuffix(p, end) {
			return true
		}
	}
	return false
}

// tellingNames are files that are made to hold a secret.
var tellingNames = setOf(
	".npmrc", ".yarnrc", ".yarnrc.yml", ".pypirc", ".netrc", "_netrc", ".pgpass", "pgpass.conf", ".my.cnf", ".mylogin.cnf", ".git-credentials",
	".gitconfig", ".dockercfg", ".dockerconfigjson", ".s3cfg", ".boto", ".htpasswd", "kubeconfig", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519",
	"ssh_host_rsa_key", "ssh_host_ecdsa_key", "ssh_host_ed25519_key", "ssh_host_dsa_key", ".vault-token", "credentials.tfrc.json",
	".terraformrc", "application_default_credentials.json", "accessTokens.json", "azureProfile.json", "secrets.yml", "secrets.yaml",
	"secrets.json", "master.key", "wp-config.php", ".bash_history", ".zsh_history", ".python_history", ".psql_history", "auth.json",
	"nuget.config", "NuGet.Config", "settings-security.xml",
)

// isTelling reports whether a name promises secrets, wherever the file is.
func isTelling(p string) bool {
	base := path.Base(p)
	if tellingNames[base] {
		return true
	}
	switch path.Ext(base) {
	case ".pem", ".key", ".ppk", ".tfstate", ".tfvars", ".env", ".kubeconfig":
		return true
	}
	if strings.HasPrefix(base, ".env") && !isSample(strings.ToLower(base)) {
		return true
	}
	return strings.HasSuffix(p, ".aws/credentials") || strings.HasSuffix(p, ".kube/config") || strings.HasSuffix(p, ".docker/config.json") ||
		strings.HasSuffix(p, ".m2/settings.xml") || strings.HasSuffix(p, ".config/gh/hosts.yml") || strings.HasSuffix(p, ".tfstate.backup")
}
