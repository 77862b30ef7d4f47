package connection

import (
	"net/url"
	"slices"
	"strings"
)

// engines are the schemes of URLs that name a data store.
var engines = map[string]string{
	"postgres": "postgresql", "postgresql": "postgresql", "postgis": "postgresql", "pgsql": "postgresql",
	"psql": "postgresql", "cockroachdb": "postgresql", "cockroach": "postgresql",
	"mysql": "mysql", "mysql2": "mysql", "mysqlx": "mysql", "mariadb": "mysql",
	"mongodb": "mongodb", "redis": "redis", "rediss": "redis", "valkey": "redis", "valkeys": "redis",
	"sqlserver": "sqlserver", "mssql": "sqlserver", "azuresql": "sqlserver", "oracle": "oracle",
	"amqp": "amqp", "amqps": "amqp", "sb": "servicebus", "kafka": "kafka", "clickhouse": "clickhouse",
	"cassandra": "cassandra", "redshift": "redshift", "snowflake": "snowflake", "db2": "db2", "vertica": "vertica",
	"elasticsearch": "elasticsearch", "opensearch": "opensearch", "neo4j": "neo4j", "bolt": "neo4j",
	"memcached": "memcached", "nats": "nats", "ldap": "ldap", "ldaps": "ldap",
	"http": "", "https": "", "tcp": "",
}

// parseURL reads what follows the scheme of a URL.
func parseURL(scheme, rest string) []Connection {
	base, driver, _ := strings.Cut(scheme, "+")
	engine, known := engines[base]
	if !known {
		return nil
	}
	authority, tail := cutAny(rest, "/?#")
	user, hosts, ok := cutUser(engine, authority, tail)
	if !ok {
		return nil
	}
	var found []Connection
	if hosts != "" { // libpq takes an empty host for a socket, or for one in the query
		if found = parseHosts(engine, hosts); found == nil {
			return nil
		}
	}
	if base == "http" || base == "https" {
		// Most addresses of the web are no data stores.
		if len(found) != 1 || suffixEngine(found[0].Host) == "" {
			return nil
		}
		return found
	}
	if base == "mongodb" && driver == "srv" {
		for i := range found {
			found[i].Port = 0 // SRV records say it
		}
	}
	path, query := cutAny(strings.TrimPrefix(tail, "/"), "?#")
	path, _ = cutAny(path, "/;")
	database := databaseName(unescape(path))
	return readQuery(found, engine, database, user, query)
}

// namedUsers are the engines of whose URLs a user without a password is a user.
// At others it can be a token. That of Redis is never kept: its old form has the
// password there, with or without a colon.
var namedUsers = []string{"postgresql", "mysql", "mongodb", "sqlserver"}

// cutUser splits an authority into its user and its hosts. It reports false
// when there may be a part of a password outside of the authority.
func cutUser(engine, authority, tail string) (user, hosts string, ok bool) {
	if strings.Contains(tail, "@") {
		return "", "", false
	}
	at := strings.LastIndexByte(authority, '@')
	if at < 0 {
		return "", authority, true
	}
	user, _, password := strings.Cut(authority[:at], ":")
	if engine == "redis" || !password && !slices.Contains(namedUsers, engine) {
		user = ""
	}
	return userName(unescape(user)), authority[at+1:], true
}

// readQuery completes connections from the query of a URL, of which only what
// comes before a secret is read.
func readQuery(found []Connection, engine, database, user, query string) []Connection {
	query, _, _ = strings.Cut(strings.TrimPrefix(query, "?"), "#")
	for pair := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		key, value, _ := strings.Cut(pair, "=")
		key = keyName(unescape(key))
		if !isHarmless(key) {
			break
		}
		value = unescape(value)
		switch fields[key] {
		case fieldHost:
			if len(found) == 0 {
				found = hostOrSocket(engine, value)
			}
		case fieldPort:
			if port, ok := portNumber(value); ok && len(found) == 1 && found[0].Port == 0 {
				found[0].Port = port
			}
		case fieldDatabase:
			if database == "" {
				database = databaseName(value)
			}
		case fieldUser:
			if user == "" {
				user = userName(value)
			}
		}
	}
	return each(found, database, user)
}

// hostOrSocket reads a host of libpq, which can be the folder of a socket; the
// one of the Cloud SQL connector is named after the instance.
func hostOrSocket(engine, value string) []Connection {
	if instance, ok := strings.CutPrefix(value, "/cloudsql/"); ok {
		if i := instanceName(instance); i != "" {
			return []Connection{{Engine: engine, Instance: i}}
		}
		return nil
	}
	return parseHosts(engine, value)
}

// parseJDBC reads what follows "jdbc:" or "r2dbc:".
func parseJDBC(rest string) []Connection {
	for _, wrapper := range []string{"aws-wrapper:", "pool:", "p6spy:", "otel:", "log4jdbc:"} {
		rest = strings.TrimPrefix(rest, wrapper)
	}
	scheme, after, ok := strings.Cut(rest, ":")
	if !ok {
		return nil
	}
	switch scheme = strings.ToLower(scheme); scheme {
	case "sqlserver":
		return parseSQLServer(after)
	case "oracle":
		return parseOracle(after)
	}
	before, after, ok := strings.Cut(after, "//")
	if !ok || strings.ContainsAny(before, "@/") {
		return nil
	}
	scheme, _, _ = strings.Cut(scheme, "+")
	return parseURL(scheme, after)
}

// parseSQLServer reads "//host\instance:port;key=value;…".
func parseSQLServer(s string) []Connection {
	s, ok := strings.CutPrefix(s, "//")
	server, properties, _ := strings.Cut(s, ";")
	if !ok || strings.Contains(server, "@") {
		return nil
	}
	host, instance, named := strings.Cut(server, `\`)
	if named {
		if _, port, ok := strings.Cut(instance, ":"); ok {
			host += ":" + port
		}
	}
	var found []Connection
	if host != "" {
		if found = parseHosts("sqlserver", host); found == nil {
			return nil
		}
	}
	return readPairs(found, "sqlserver", properties)
}

// parseOracle reads the forms of the thin driver: "thin:@//host:port/service",
// "thin:user/password@host:port:sid" and "thin:@(DESCRIPTION=…)".
func parseOracle(s string) []Connection {
	at := strings.LastIndexByte(s, '@')
	if at < 0 || strings.Contains(s[:at], "?") {
		return nil // without a host, or with an "@" that may be within a secret
	}
	user := ""
	if login, ok := strings.CutPrefix(s[:at], "thin:"); ok {
		name, _, password := strings.Cut(login, "/")
		if password {
			user = userName(name)
		}
	}
	s = s[at+1:]
	if strings.HasPrefix(s, "(") {
		host, port := descriptor(s, "(host="), descriptor(s, "(port=")
		if port != "" {
			host += ":" + port
		}
		return each(parseHosts("oracle", host), databaseName(descriptor(s, "(service_name=")), user)
	}
	for _, p := range []string{"tcps:", "tcp:", "//"} {
		s = strings.TrimPrefix(s, p)
	}
	s, _ = cutAny(s, "?#")
	hosts, service, slash := strings.Cut(s, "/")
	if parts := strings.Split(hosts, ":"); !slash && len(parts) == 3 {
		hosts, service = parts[0]+":"+parts[1], parts[2]
	}
	return each(parseHosts("oracle", hosts), databaseName(service), user)
}

// descriptor returns the first value of a key in a connect descriptor.
func descriptor(s, key string) string {
	s = strings.ToLower(strings.ReplaceAll(s, " ", ""))
	_, after, ok := strings.Cut(s, key)
	if !ok {
		return ""
	}
	value, _, _ := strings.Cut(after, ")")
	return value
}

// parseGoMySQL reads "user:password@tcp(host:port)/database?…".
func parseGoMySQL(s string) []Connection {
	at := strings.LastIndex(s, "@tcp(")
	login, rest := strings.TrimPrefix(s[:at], "mysql://"), s[at+len("@tcp("):]
	hosts, tail, ok := strings.Cut(rest, ")")
	if !ok || strings.Contains(tail, "@") || !strings.HasPrefix(tail, "/") {
		return nil
	}
	user, _, _ := strings.Cut(login, ":")
	if strings.Contains(login, "://") || strings.ContainsAny(login, "= \t\r\n\"'") || user != "" && userName(user) == "" {
		return nil // it may be within the secret of another form
	}
	database, _ := cutAny(tail[1:], "?/")
	return each(parseHosts("mysql", hosts), databaseName(database), userName(user))
}

// cutAny splits before the first of some characters.
func cutAny(s, characters string) (before, after string) {
	if i := strings.IndexAny(s, characters); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// unescape undoes percent encoding; what is not well encoded gives nothing.
func unescape(s string) string {
	u, err := url.PathUnescape(s)
	if err != nil {
		return ""
	}
	return u
}
