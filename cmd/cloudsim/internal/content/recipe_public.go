package content

import v1 "github.com/google/go-containerregistry/pkg/v1"

// publicRecipes stand for images of others, on public registries.
var publicRecipes = []recipe{
	{
		name: "nginx-1.25.3", app: "nginx", repository: "library/nginx", created: "2023-10-24", docker: true,
		config: v1.Config{
			Env: []string{pathEnv, "NGINX_VERSION=1.25.3"}, StopSignal: "SIGQUIT", ExposedPorts: ports("80"),
			Entrypoint: []string{"/docker-entrypoint.sh"}, Cmd: []string{"nginx", "-g", "daemon off;"},
			Labels: map[string]string{"maintainer": "NGINX Docker Maintainers <docker-maint@nginx.com>"},
		},
		layers: []*layer{debian12Base, run("RUN apt-get install -y nginx", debian12.install(
			"nginx 1.25.3-1~bookworm nginx 1.25.3-1~bookworm /usr/sbin/nginx=755\n"+
				"curl 7.88.1-10 curl 7.88.1-10 /usr/bin/curl=755\nlibcurl4 7.88.1-10 curl\n"+
				"libwebp7 1.2.4-0.2 libwebp\nlibnghttp2-14 1.52.0-1 nghttp2\nlibkrb5-3 1.20.1-2 krb5\nlibexpat1 2.5.0-1 expat\n"))},
	},
	{
		name: "redis-7.2.3", app: "Redis", repository: "library/redis", created: "2023-11-21", docker: true,
		config: v1.Config{
			Env: []string{pathEnv, "REDIS_VERSION=7.2.3"}, ExposedPorts: ports("6379"), WorkingDir: "/data",
			Cmd: []string{"redis-server"}, Healthcheck: health("redis-cli ping"), Volumes: map[string]struct{}{"/data": {}},
		},
		layers: []*layer{
			debian12Base, run("RUN apt-get install -y redis-server", debian12.install(
				"redis-server 5:7.0.11-1 redis 5:7.0.11-1 /usr/bin/redis-server=755\nredis-tools 5:7.0.11-1 redis\n")),
			run("COPY gosu /usr/local/bin/", goBinary{"usr/local/bin/gosu", "go1.18.2", "github.com/tianon/gosu", []string{
				"golang.org/x/sys@v0.1.0", "github.com/moby/sys/user@v0.1.0",
			}}),
		},
	},
	{
		name: "fluent-bit-2.32.0", app: "Fluent Bit", repository: "aws-observability/aws-for-fluent-bit", created: "2023-09-28",
		config: v1.Config{Env: []string{pathEnv, "AWS_FLB_CHUNK_SIZE=8M"}, Cmd: []string{"/fluent-bit/bin/fluent-bit"}},
		layers: []*layer{alpine18Base, run("COPY fluent-bit /fluent-bit", plain{exe("fluent-bit/bin/fluent-bit", 0o755)})},
	},
	{
		name: "pause-3.9", app: "Pause", repository: "pause", created: "2022-10-14",
		config: v1.Config{Env: []string{pathEnv}, User: "65535:65535", Entrypoint: []string{"/pause"}},
		layers: []*layer{run("COPY pause /pause", plain{exe("pause", 0o755)})},
	},
	{
		name: "coredns-1.10.1", app: "CoreDNS", repository: "coredns/coredns", created: "2023-02-06",
		config: v1.Config{Env: []string{pathEnv}, Entrypoint: []string{"/coredns"}, ExposedPorts: map[string]struct{}{"53/udp": {}, "53/tcp": {}}},
		layers: []*layer{run("COPY coredns /coredns", goBinary{"coredns", "go1.20", "github.com/coredns/coredns", []string{
			"golang.org/x/net@v0.4.0", "golang.org/x/crypto@v0.3.0", "golang.org/x/text@v0.5.0", "google.golang.org/grpc@v1.52.0",
		}})},
	},
}
