package content

import (
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// recipes are all contents.
var recipes = slices.Concat(shopRecipes, dataRecipes, platformRecipes, publicRecipes)

// run returns a build step.
func run(by string, parts ...part) *layer { return &layer{by: by, parts: parts} }

// base returns the layer of a distribution's own image.
func base(d distribution) *layer { return run("ADD rootfs.tar / # "+d.name, d) }

// The layers that images share.
var (
	debian12Base = base(debian12)
	debian11Base = base(debian11)
	debian10Base = base(debian10)
	debian9Base  = base(debian9)
	ubuntu22Base = base(ubuntu22)
	alpine15Base = base(alpine15)
	alpine16Base = base(alpine16)
	alpine17Base = base(alpine17)
	alpine18Base = base(alpine18)
	alpine19Base = base(alpine19)
	alpine20Base = base(alpine20)

	distrolessBase = run("LABEL distroless", distroless(parsePackages(
		"base-files 12.4+deb12u5\nnetbase 6.4\ntzdata 2024a-0+deb12u1\nmedia-types 10.0.0\n")))

	debian12Java = debian12.install("openjdk-17-jre-headless 17.0.7+7-1~deb12u1 openjdk-17 17.0.7+7-1~deb12u1 /usr/bin/java=755\n" +
		"libexpat1 2.5.0-1 expat\nlibpng16-16 1.6.39-2 libpng1.6\n")
	debian11Java = debian11.install("openjdk-11-jre-headless 11.0.16+8-1~deb11u1 openjdk-11 11.0.16+8-1~deb11u1 /usr/bin/java=755\n" +
		"libexpat1 2.2.10-2+deb11u3 expat\n")
	java17 = run("RUN apt-get install -y openjdk-17-jre-headless", debian12Java)
	java11 = run("RUN apt-get install -y openjdk-11-jre-headless", debian11Java)

	debian12Fixed = debian12.upgrade(fixed12...)
	upgrade12     = run("RUN apt-get upgrade -y", debian12Fixed)

	python311 = run("RUN make install # python 3.11",
		plain{exe("usr/local/bin/python3.11", 0o755)},
		pythonSite{sitePackages, []string{"pip@23.1.2", "setuptools@65.5.1", "wheel@0.40.0"}})
)

// fixed12 are the versions of a Debian 12 that was brought up to date.
var fixed12 = []string{
	"glibc=2.36-9+deb12u10", "openssl=3.0.17-1~deb12u2", "gnutls28=3.7.9-2+deb12u5",
	"util-linux=2.38.1-5+deb12u3", "perl=5.36.0-7+deb12u3", "tar=1.34+dfsg-1.2+deb12u1",
}

// sitePackages is where Python's own image keeps packages.
const sitePackages = "usr/local/lib/python3.11/site-packages"

// exe returns an executable with no content of interest.
func exe(name string, mode int64) file { return file{path: name, mode: mode, program: true} }

// ports returns exposed ports as the configuration has them.
func ports(list ...string) map[string]struct{} {
	m := make(map[string]struct{}, len(list))
	for _, p := range list {
		m[p+"/tcp"] = struct{}{}
	}
	return m
}

// health returns a health check that runs a command.
func health(command string) *v1.HealthConfig {
	return &v1.HealthConfig{Test: []string{"CMD-SHELL", command}, Interval: 30 * time.Second, Retries: 3}
}

// pathEnv is the PATH of every image.
const pathEnv = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
