package connection

import (
	"slices"
	"strings"
)

// hostSuffixes are the ends of names of variables that hold a host, a list of
// them, or a URL.
var hostSuffixes = []string{
	"_HOST", "_HOSTNAME", "_HOSTS", "_SERVER", "_SERVERS", "_ENDPOINT", "_ADDR", "_ADDRESS", "_BROKERS", "_NODES",
	"_CONTACT_POINTS", "_URL", "_URI",
}

// hostNames are the variables whose whole name says that they hold a host.
var hostNames = []string{"PGHOST", "PGHOSTADDR", "MYSQL_TCP_HOST", "BROKERS"}

// hostSuffix returns the end of a variable's name that says that it holds a
// host or URL; empty when it does not. Kubernetes itself puts addresses of services
// into every container, which say nothing.
func hostSuffix(variable string) string {
	upper := strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(variable))
	if strings.HasSuffix(upper, "_SERVICE_HOST") || strings.HasPrefix(upper, "KUBERNETES_") {
		return ""
	}
	if slices.Contains(hostNames, upper) {
		return upper
	}
	for _, s := range hostSuffixes {
		if strings.HasSuffix(upper, s) && len(upper) > len(s) {
			return s
		}
	}
	return ""
}

// isSecret reports whether a variable's name says that its whole value is a
// secret, which can look like anything.
func isSecret(variable string) bool {
	upper := strings.ToUpper(variable)
	for _, end := range []string{"URL", "URI", "DSN", "CONNECTION_STRING", "CONNECTIONSTRING", "HOST"} {
		if strings.HasSuffix(upper, end) {
			return false
		}
	}
	for _, word := range []string{"PASSWORD", "PASSWD", "PASSPHRASE", "PWD", "SECRET", "TOKEN", "APIKEY", "API_KEY", "ACCESS_KEY", "PRIVATE_KEY", "ACCOUNT_KEY", "CREDENTIAL"} {
		if strings.Contains(upper, word) {
			return true
		}
	}
	last := upper[strings.LastIndexAny(upper, "_.-")+1:]
	return slices.Contains([]string{"PASS", "PW", "KEY", "AUTH", "SALT", "PIN"}, last)
}

// FromEnvironment returns what a set of variables says to connect to. Of a
// group as DB_HOST, DB_PORT, DB_NAME and DB_USER it makes one connection.
func FromEnvironment(variables []Variable) []Connection {
	byName := make(map[string]string, len(variables))
	for _, v := range variables {
		byName[strings.ToUpper(v.Name)] = v.Value
	}
	var found []Connection
	for _, v := range variables {
		for _, c := range Parse(v.Name, v.Value) {
			complete(&c, v.Name, byName)
			found = append(found, c)
		}
	}
	return found
}

// complete fills what the value itself does not say from its neighbours.
func complete(c *Connection, variable string, byName map[string]string) {
	upper := strings.ToUpper(variable)
	prefix, separator := "", "_"
	switch suffix := hostSuffix(variable); {
	case suffix == "":
		return
	case strings.HasPrefix(upper, "PGHOST"):
		prefix, separator = "PG", ""
	case strings.HasSuffix(upper, suffix):
		prefix = strings.TrimSuffix(upper, suffix)
	default:
		return
	}
	get := func(names ...string) string {
		for _, n := range names {
			if v := strings.TrimSpace(byName[prefix+separator+n]); v != "" {
				return v
			}
		}
		return ""
	}
	if c.Port == 0 && c.Host != "" {
		c.Port, _ = portNumber(get("PORT"))
	}
	if c.Database == "" {
		c.Database = strings.Clone(databaseName(get("DATABASE", "DBNAME", "DB", "NAME", "DB_NAME")))
	}
	if c.User == "" {
		c.User = strings.Clone(userName(get("USER", "USERNAME")))
	}
	if c.Engine == "" {
		c.Engine = engineOf(variable, c.Host, c.Port)
	}
}

// FromArguments returns the instances that the arguments of the Cloud SQL Auth
// Proxy name: "project:region:instance?port=5432", or with version 1
// "-instances=project:region:instance=tcp:5432".
func FromArguments(arguments []string) []Connection {
	var found []Connection
	for _, a := range arguments {
		if len(a) > maxValue {
			continue
		}
		if flag, value, ok := strings.Cut(a, "="); ok && strings.HasPrefix(flag, "-") {
			if strings.TrimLeft(flag, "-") != "instances" {
				continue
			}
			a = value
		}
		for part := range strings.SplitSeq(a, ",") {
			part, _ = cutAny(part, "?=")
			if i := instanceName(part); i != "" && len(found) < maxHosts {
				found = append(found, Connection{Engine: "cloudsql", Instance: strings.Clone(i)})
			}
		}
	}
	return found
}

// suffixes are the ends of the names of hosts that belong to a kind of store.
var suffixes = []struct{ suffix, engine string }{
	{".rds.amazonaws.com", "rds"},
	{".redshift.amazonaws.com", "redshift"},
	{".redshift-serverless.amazonaws.com", "redshift"},
	{".cache.amazonaws.com", "redis"},
	{".es.amazonaws.com", "opensearch"},
	{".aoss.amazonaws.com", "opensearch"},
	{".docdb.amazonaws.com", "mongodb"},
	{".kafka.amazonaws.com", "kafka"},
	{".database.windows.net", "sqlserver"},
	{".postgres.database.azure.com", "postgresql"},
	{".mysql.database.azure.com", "mysql"},
	{".documents.azure.com", "cosmosdb"},
	{".mongo.cosmos.azure.com", "mongodb"},
	{".blob.core.windows.net", "azure-storage"},
	{".dfs.core.windows.net", "azure-storage"},
	{".file.core.windows.net", "azure-storage"},
	{".queue.core.windows.net", "azure-storage"},
	{".table.core.windows.net", "azure-storage"},
	{".redis.cache.windows.net", "redis"},
	{".servicebus.windows.net", "servicebus"},
	{".vault.azure.net", "key-vault"},
	{".search.windows.net", "azure-search"},
	{".azconfig.io", "app-configuration"},
	{".mongodb.net", "mongodb"},
	{".snowflakecomputing.com", "snowflake"},
}

func suffixEngine(host string) string {
	for _, s := range suffixes {
		if strings.HasSuffix(host, s.suffix) {
			return s.engine
		}
	}
	return ""
}

// words are parts of the names of variables that name an engine.
var words = []struct{ word, engine string }{
	{"POSTGRES", "postgresql"},
	{"PG", "postgresql"},
	{"MYSQL", "mysql"},
	{"MARIADB", "mysql"},
	{"MONGO", "mongodb"},
	{"MONGODB", "mongodb"},
	{"REDIS", "redis"},
	{"VALKEY", "redis"},
	{"KAFKA", "kafka"},
	{"RABBITMQ", "amqp"},
	{"AMQP", "amqp"},
	{"ELASTICSEARCH", "elasticsearch"},
	{"OPENSEARCH", "opensearch"},
	{"MSSQL", "sqlserver"},
	{"SQLSERVER", "sqlserver"},
	{"ORACLE", "oracle"},
	{"CASSANDRA", "cassandra"},
	{"CLICKHOUSE", "clickhouse"},
	{"SNOWFLAKE", "snowflake"},
	{"REDSHIFT", "redshift"},
	{"MEMCACHED", "memcached"},
}

// engineOf guesses the engine from the host, the name of the variable and the
// port.
func engineOf(variable, host string, port int) string {
	if e := suffixEngine(host); e != "" && e != "rds" {
		return e
	}
	upper := strings.ToUpper(variable)
	for part := range strings.FieldsFuncSeq(upper, func(r rune) bool { return r == '_' || r == '.' || r == '-' }) {
		for _, w := range words {
			if part == w.word || w.word != "PG" && strings.HasPrefix(part, w.word) {
				return w.engine
			}
		}
	}
	if strings.HasPrefix(upper, "PGHOST") {
		return "postgresql"
	}
	switch port {
	case 5432:
		return "postgresql"
	case 3306:
		return "mysql"
	case 1433:
		return "sqlserver"
	case 1521:
		return "oracle"
	case 27017:
		return "mongodb"
	case 6379:
		return "redis"
	case 9092:
		return "kafka"
	}
	return ""
}
