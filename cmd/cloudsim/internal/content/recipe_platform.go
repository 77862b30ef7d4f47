package content

import v1 "github.com/google/go-containerregistry/pkg/v1"

// platformRecipes are the images of the platform team.
var platformRecipes = []recipe{
	{
		name: "gateway-2.8.0", app: "Gateway", repository: "platform/gateway", created: "2022-09-20",
		config: v1.Config{Env: []string{pathEnv}, Cmd: []string{"/usr/local/bin/gateway"}, ExposedPorts: ports("80", "443")},
		layers: []*layer{
			debian11Base,
			run("RUN apt-get install -y curl git", gatewayTools),
			run("COPY gateway /usr/local/bin/", plain{
				exe("usr/local/bin/gateway", 0o755),
				exe("usr/local/bin/bind-low-port", 0o4755),
				text("etc/gateway/conf.d/old.conf", "listen 80;\n"),
			}),
			run("RUN apt-get purge -y git", gatewayTools.purge("git")),
			run("COPY conf.d /etc/gateway/conf.d", replace("etc/gateway/conf.d"), plain{
				text("etc/gateway/conf.d/gateway.conf", "listen 443 ssl;\n"),
			}),
		},
	},
	{
		name: "auth-3.3.3", app: "Auth", repository: "platform/auth", created: "2022-12-05",
		config: nodeConfig("4000", "1000"),
		layers: []*layer{
			alpine17Base,
			run("RUN apk add --no-cache nodejs", alpine17.install(
				"nodejs 18.12.1-r0 nodejs 18.12.1-r0 /usr/bin/node=755\nlibstdc++ 12.2.1_git20220924-r4 gcc\n")),
			run("RUN npm ci --omit=dev", npmTree{"usr/src/app", []string{
				"jsonwebtoken@8.5.1", "passport@0.4.1", "minimist@1.2.5", "jsonwebtoken/node_modules/semver@5.7.1",
			}}),
		},
	},
	{
		name: "batch-runner-1.0.0", app: "Batch runner", repository: "platform/batch-runner", created: "2020-06-15", docker: true,
		config: v1.Config{Env: []string{pathEnv}, Entrypoint: []string{"/bin/bash", "/run.sh"}},
		layers: []*layer{
			debian10Base,
			run("RUN apt-get install -y sudo", debian10.install("sudo 1.8.27-1+deb10u2 sudo 1.8.27-1+deb10u2 /usr/bin/sudo=4755\n")),
			run("COPY run.sh /", plain{{path: "run.sh", mode: 0o755, data: []byte("#!/bin/bash\nexec \"$@\"\n")}}),
		},
	},
	{
		name: "node-agent-0.5.0", app: "Node agent", repository: "platform/node-agent", created: "2022-10-11",
		config: v1.Config{Env: []string{pathEnv}, Entrypoint: []string{"/usr/bin/node-agent"}, ExposedPorts: ports("9100")},
		layers: []*layer{alpine16Base, run("COPY node-agent /usr/bin/",
			goBinary{"usr/bin/node-agent", "go1.18.5", "example.com/platform/node-agent", []string{
				"golang.org/x/net@v0.0.0-20220722155237-a158d28d115b", "golang.org/x/crypto@v0.0.0-20210921155107-089bfa567519",
				"golang.org/x/text@v0.3.7", "github.com/gorilla/websocket@v1.4.0",
			}},
			plain{exe("usr/bin/node-agent-helper", 0o4755)})},
	},
	{
		name: "legacy-admin-1.0.0", app: "Legacy admin", repository: "platform/legacy-admin", created: "2020-02-10",
		docker: true, single: true,
		config: v1.Config{
			Env: []string{pathEnv, "ADMIN_PASSWORD=" + fakeHex("admin", 20)}, Cmd: []string{"/usr/sbin/sshd", "-D"},
			ExposedPorts: ports("22", "5432"), Volumes: map[string]struct{}{"/var/lib/postgresql": {}},
		},
		layers: []*layer{
			debian9Base,
			run("RUN apt-get install -y openssh-server sudo curl", debian9.install(
				"openssh-server 1:7.4p1-10+deb9u7 openssh 1:7.4p1-10+deb9u7 /usr/sbin/sshd=755\n"+
					"openssh-client 1:7.4p1-10+deb9u7 openssh 1:7.4p1-10+deb9u7 /usr/lib/openssh/ssh-keysign=4755\n"+
					"sudo 1.8.19p1-2.1+deb9u2 sudo 1.8.19p1-2.1+deb9u2 /usr/bin/sudo=4755\n"+
					"curl 7.52.1-5+deb9u9 curl 7.52.1-5+deb9u9 /usr/bin/curl=755\nlibcurl3 7.52.1-5+deb9u9 curl\n")),
			run("COPY home /home/admin", plain{
				{path: "home/admin/.ssh/id_ed25519", mode: 0o600, uid: 1000, data: []byte(fakePrivateKey("admin"))},
				{path: "home/admin/.aws/credentials", mode: 0o600, uid: 1000, data: []byte(credentials())},
				{path: "var/spool/admin", dir: true, mode: 0o777},
			}),
		},
	},
	{
		name: "webhooks-0.3.0", app: "Webhooks", repository: "platform/webhooks", created: "2021-12-06",
		config: nodeConfig("8080", ""),
		layers: []*layer{
			alpine15Base,
			run("RUN apk add --no-cache nodejs", alpine15.install("nodejs 16.13.1-r0 nodejs 16.13.1-r0 /usr/bin/node=755\n")),
			run("RUN npm ci", npmTree{"usr/src/app", []string{"ws@7.4.5", "node-fetch@2.6.1", "json5@2.2.0"}}),
			run("COPY node_modules /usr/src/app/node_modules", replace("usr/src/app/node_modules"),
				npmTree{"usr/src/app", []string{"ws@7.4.5", "node-fetch@2.6.1"}}),
		},
	},
}

// gatewayTools is the system of the gateway while it is built.
var gatewayTools = debian11.install(
	"curl 7.74.0-1.3+deb11u3 curl 7.74.0-1.3+deb11u3 /usr/bin/curl=755\nlibcurl4 7.74.0-1.3+deb11u3 curl\n" +
		"libkrb5-3 1.18.3-6+deb11u2 krb5\nlibexpat1 2.2.10-2+deb11u3 expat\n" +
		"git 1:2.30.2-1 git 1:2.30.2-1 /usr/bin/git=755\n")

// credentials returns an AWS credentials file.
func credentials() string {
	id, secret := fakeAccessKey("legacy-admin")
	return "[default]\naws_access_key_id = " + id + "\naws_secret_access_key = " + secret + "\n"
}
