package content

import v1 "github.com/google/go-containerregistry/pkg/v1"

// shopRecipes are the images of the team that sells.
var shopRecipes = []recipe{
	{
		name: "storefront-4.2.0", app: "Storefront", repository: "shop/storefront", created: "2023-07-04",
		config: v1.Config{
			Env: []string{pathEnv, "JAVA_HOME=/usr/lib/jvm/java-17"}, WorkingDir: "/app",
			Entrypoint: []string{"java", "-jar", "/app/app.jar"}, ExposedPorts: ports("8080"),
		},
		layers: []*layer{debian12Base, java17, run("COPY target/app.jar /app/app.jar", jar{
			"app/app.jar", "com.example.shop:storefront@4.2.0",
			[]string{
				"org.apache.logging.log4j:log4j-core@2.14.1", "org.apache.logging.log4j:log4j-api@2.14.1",
				"org.springframework:spring-core@5.3.13", "org.springframework:spring-web@5.3.13",
				"org.yaml:snakeyaml@1.29", "org.apache.commons:commons-text@1.9",
			},
		})},
	},
	{
		name: "storefront-4.3.0", app: "Storefront", repository: "shop/storefront", created: "2026-09-14",
		docker: true, sbom: true, notation: true,
		config: v1.Config{
			Env: []string{pathEnv, "JAVA_HOME=/usr/lib/jvm/java-17"}, WorkingDir: "/app", User: "10001",
			Entrypoint: []string{"java", "-jar", "/app/app.jar"}, ExposedPorts: ports("8080"),
			Healthcheck: health("wget -qO- http://127.0.0.1:8080/health"),
		},
		layers: []*layer{
			debian12Base, java17, run("RUN apt-get upgrade -y", debian12Java.upgrade(fixed12...)),
			run("COPY target/app.jar /app/app.jar", jar{
				"app/app.jar", "com.example.shop:storefront@4.3.0",
				[]string{
					"org.apache.logging.log4j:log4j-core@2.24.3", "org.apache.logging.log4j:log4j-api@2.24.3",
					"org.springframework:spring-core@6.1.14", "org.springframework:spring-web@6.1.14",
					"org.yaml:snakeyaml@2.3",
				},
			}),
		},
	},
	{
		name: "cart-2.3.1", app: "Cart", repository: "shop/cart", created: "2023-06-08",
		config: nodeConfig("3000", ""),
		layers: []*layer{alpine18Base, node18, run("RUN npm ci --omit=dev", npmTree{"usr/src/app", []string{
			"lodash@4.17.15", "minimist@1.2.0", "express@4.17.1", "qs@6.7.0", "body-parser@1.19.0", "semver@5.7.1",
		}}), run("COPY . /usr/src/app", plain{
			text("usr/src/app/package.json", "{\"name\": \"cart\", \"private\": true}\n"),
			text("usr/src/app/server.js", "require('express')().listen(3000)\n"),
		})},
	},
	{
		name: "cart-2.4.0", app: "Cart", repository: "shop/cart", created: "2026-10-02", attested: true, cosign: true,
		config: nodeConfig("3000", "node"),
		layers: []*layer{alpine20Base, node20, user("node", 1000), run("RUN npm ci", npmTree{"usr/src/app", []string{
			"lodash@4.17.21", "minimist@1.2.8", "express@4.21.2", "qs@6.13.0", "body-parser@1.20.3", "cross-spawn@7.0.3",
		}}), run("RUN npm prune --omit=dev", remove("usr/src/app/node_modules/cross-spawn"))},
	},
	{
		name: "checkout-1.9.0", app: "Checkout", repository: "shop/checkout", created: "2023-12-12",
		config: withEnv(nodeConfig("3000", "1000"), "STRIPE_SECRET_KEY=sk_"+"live_"+fakeHex("stripe", 32)),
		layers: []*layer{alpine19Base, node19, run("RUN npm ci --omit=dev", npmTree{"usr/src/app", []string{
			"axios@0.21.0", "jsonwebtoken@8.5.1", "express@4.18.2", "@fastify/busboy@2.0.0", "follow-redirects@1.14.0",
		}})},
	},
	{
		name: "payments-1.8.3", app: "Payments", repository: "shop/payments", created: "2022-10-03",
		config: v1.Config{Env: []string{pathEnv}, WorkingDir: "/app", Cmd: []string{"java", "-cp", "/app/lib/*", "Main"}, ExposedPorts: ports("8080")},
		layers: []*layer{debian11Base, java11, run("COPY lib /app/lib",
			jar{path: "app/lib/jackson-databind-2.9.10.jar", id: "com.fasterxml.jackson.core:jackson-databind@2.9.10"},
			jar{path: "app/lib/spring-beans-5.3.17.jar", id: "org.springframework:spring-beans@5.3.17"},
			jar{path: "app/lib/commons-fileupload-1.4.jar", id: "commons-fileupload:commons-fileupload@1.4"})},
	},
	{
		name: "payments-1.8.4", app: "Payments", repository: "shop/payments", created: "2026-08-19",
		config: v1.Config{Env: []string{pathEnv}, WorkingDir: "/app", User: "10001:10001", Cmd: []string{"java", "-cp", "/app/lib/*", "Main"}, ExposedPorts: ports("8080")},
		layers: []*layer{debian12Base, java17, run("COPY lib /app/lib",
			jar{path: "app/lib/jackson-databind-2.17.2.jar", id: "com.fasterxml.jackson.core:jackson-databind@2.17.2"},
			jar{path: "app/lib/spring-beans-6.1.14.jar", id: "org.springframework:spring-beans@6.1.14"})},
	},
	{
		name: "search-3.0.2", app: "Search", repository: "shop/search", created: "2022-10-18",
		config: v1.Config{Env: []string{pathEnv, "DJANGO_SETTINGS_MODULE=search.settings"}, Cmd: []string{"gunicorn", "search.wsgi"}, ExposedPorts: ports("8000")},
		layers: []*layer{debian11Base, python311, run("RUN pip install -r requirements.txt", pythonSite{sitePackages, []string{
			"Django@3.2.0", "pillow@9.0.0", "PyYAML@5.3.1", "gunicorn@20.1.0", "sqlparse@0.4.2",
		}}), run("COPY . /app", plain{
			text("app/manage.py", "#!/usr/bin/env python3\n"),
			text("app/.env", dotEnv()),
		})},
	},
	{
		name: "search-3.1.0", app: "Search", repository: "shop/search", created: "2026-07-07",
		config: v1.Config{Env: []string{pathEnv, "DJANGO_SETTINGS_MODULE=search.settings"}, User: "app", Cmd: []string{"gunicorn", "search.wsgi"}, ExposedPorts: ports("8000")},
		layers: []*layer{debian12Base, upgrade12, python311, user("app", 1001), {
			by: "RUN pip install -r requirements.txt", zstd: true,
			parts: []part{pythonSite{sitePackages, []string{
				"Django@4.2.16", "pillow@10.4.0", "PyYAML@6.0.2", "gunicorn@22.0.0", "sqlparse@0.5.1",
			}}},
		}},
	},
	{
		name: "catalog-5.1.0", app: "Catalog", repository: "shop/catalog", created: "2023-05-16",
		config: v1.Config{Env: []string{pathEnv}, User: "nonroot", Entrypoint: []string{"/catalog"}, ExposedPorts: ports("8080")},
		layers: []*layer{
			run("COPY passwd /etc/passwd", plain{text("etc/passwd", "nonroot:x:65532:65532::/:/sbin/nologin\n")}),
			run("COPY catalog /catalog", goBinary{"catalog", "go1.20.4", "example.com/shop/catalog", []string{
				"golang.org/x/net@v0.7.0", "golang.org/x/text@v0.7.0", "github.com/gin-gonic/gin@v1.8.1", "google.golang.org/grpc@v1.53.0",
			}}),
		},
	},
	{
		name: "inventory-0.9.7", app: "Inventory", repository: "shop/inventory", created: "2024-02-27",
		config: v1.Config{Env: []string{pathEnv}, User: "65532", Entrypoint: []string{"/inventory"}, ExposedPorts: ports("9090")},
		layers: []*layer{distrolessBase, run("COPY inventory /inventory", goBinary{"inventory", "go1.21.1", "example.com/shop/inventory", []string{
			"golang.org/x/crypto@v0.14.0", "golang.org/x/net@v0.17.0", "github.com/golang-jwt/jwt/v4@v4.5.0",
		}})},
	},
	{
		name: "receipts-2.0.0", app: "Receipts", repository: "shop/receipts", created: "2023-06-20", single: true,
		config: v1.Config{
			Env: []string{pathEnv, "LAMBDA_TASK_ROOT=/var/task"}, WorkingDir: "/var/task",
			Entrypoint: []string{"python3.11", "-m", "awslambdaric"}, Cmd: []string{"app.handler"},
		},
		layers: []*layer{debian12Base, python311, run("RUN pip install -t /var/task -r requirements.txt", pythonSite{"var/task", []string{
			"requests@2.31.0", "certifi@2022.9.24", "urllib3@1.26.16", "awslambdaric@2.0.4",
		}})},
	},
	{
		name: "image-resizer-1.4.2", app: "Image resizer", repository: "shop/image-resizer", created: "2023-06-13", single: true,
		config: v1.Config{Env: []string{pathEnv, "LAMBDA_TASK_ROOT=/var/task"}, WorkingDir: "/var/task", Cmd: []string{"index.handler"}},
		layers: []*layer{alpine18Base, node18, run("RUN npm ci --omit=dev", npmTree{"var/task", []string{
			"sharp@0.29.3", "node-fetch@2.6.0", "simple-get@4.0.0", "semver@7.3.5",
		}})},
	},
}

// The layers with Node, which the images of cart, checkout and others share.
var (
	alpine18Node = alpine18.install("nodejs 18.16.0-r1 nodejs 18.16.0-r1 /usr/bin/node=755\nlibstdc++ 12.2.1_git20220924-r10 gcc\nc-ares 1.19.1-r0\n")
	alpine19Node = alpine19.install("nodejs 20.10.0-r1 nodejs 20.10.0-r1 /usr/bin/node=755\nlibstdc++ 13.2.1_git20231014-r0 gcc\nc-ares 1.22.1-r0\n")
	alpine20Node = alpine20.install("nodejs 20.15.1-r0 nodejs 20.15.1-r0 /usr/bin/node=755\nlibstdc++ 13.2.1_git20240309-r0 gcc\nc-ares 1.33.1-r0\n")
	node18       = run("RUN apk add --no-cache nodejs", alpine18Node)
	node19       = run("RUN apk add --no-cache nodejs", alpine19Node)
	node20       = run("RUN apk add --no-cache nodejs", alpine20Node)
)

func nodeConfig(port, user string) v1.Config {
	return v1.Config{
		Env: []string{pathEnv, "NODE_ENV=production"}, WorkingDir: "/usr/src/app", User: user,
		Cmd: []string{"node", "server.js"}, ExposedPorts: ports(port),
	}
}

func withEnv(c v1.Config, env ...string) v1.Config {
	c.Env = append(c.Env, env...)
	return c
}

// dotEnv returns an environment file with secrets that someone forgot.
func dotEnv() string {
	id, secret := fakeAccessKey("search")
	return "DEBUG=true\nAWS_ACCESS_KEY_ID=" + id + "\nAWS_SECRET_ACCESS_KEY=" + secret + "\n"
}
