package main

// systems are the distributions, by os-release's ID.
var systems = []struct{ id, product string }{
	{"debian", "debian"},
	{"ubuntu", "ubuntu"},
	{"alpine", "alpine-linux"},
	{"rhel", "rhel"},
	{"centos", "centos"},
	{"centos-stream", "centos-stream"},
	{"rocky", "rocky-linux"},
	{"almalinux", "almalinux"},
	{"ol", "oracle-linux"},
	{"amzn", "amazon-linux"},
	{"fedora", "fedora"},
	{"opensuse-leap", "opensuse"},
	{"sles", "sles"},
	{"photon", "vmware-photon"},
	{"devuan", "devuan"},
	{"mageia", "mageia"},
}

// runtimes run programs of a language. Eclipse Temurin stands for Java: its
// free builds are maintained longest of those without a vendor's product.
var runtimes = []string{
	"bun", "deno", "dotnet", "eclipse-temurin", "elixir", "erlang", "go", "jruby", "julia", "nodejs", "perl", "php", "python", "ruby",
}

// servers are what images are made to serve.
var servers = []string{
	"apache-activemq", "apache-airflow", "apache-cassandra", "apache-couchdb", "apache-http-server", "apache-kafka", "caddy", "clickhouse",
	"cockroachdb", "consul", "couchbase-server", "drupal", "eclipse-jetty", "elasticsearch", "envoy", "etcd", "grafana", "haproxy",
	"hashicorp-vault", "influxdb", "jenkins", "keycloak", "kibana", "logstash", "mariadb", "memcached", "mongodb", "mysql", "neo4j",
	"nextcloud", "nexus", "nginx", "opensearch", "postgresql", "prometheus", "rabbitmq", "redis", "solr", "sonarqube-server", "squid", "tomcat",
	"traefik", "valkey", "wordpress", "zookeeper",
}

// purlTypes are the types of package URLs that name a product wherever it is
// from. A distribution's package of it is maintained by the distribution.
var purlTypes = []string{"composer", "cargo", "gem", "generic", "golang", "hex", "maven", "npm", "nuget", "pypi"}

// aliases are package URLs that endoflife.date does not have.
var aliases = map[string][]string{
	"apache-cassandra":   {"generic/cassandra"},
	"apache-http-server": {"generic/apache", "generic/httpd"},
	"dotnet":             {"generic/dotnet"},
	"eclipse-temurin":    {"generic/java", "generic/jdk", "generic/jre", "generic/openjdk", "generic/temurin"},
	"elixir":             {"generic/elixir"},
	"erlang":             {"generic/erlang"},
	"go":                 {"golang/stdlib"},
	"mariadb":            {"generic/mariadb"},
	"mongodb":            {"generic/mongodb"},
	"postgresql":         {"generic/postgres"},
	"tomcat":             {"generic/tomcat", "maven/org.apache.tomcat.embed/tomcat-embed-core", "maven/org.apache.tomcat/tomcat-catalina"},
	"valkey":             {"generic/valkey"},
}
