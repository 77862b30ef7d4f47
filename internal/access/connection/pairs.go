package connection

import (
	"slices"
	"strings"
)

// A field is what a key of a connection string means.
type field int8

const (
	fieldHost field = iota + 1
	fieldPort
	fieldDatabase
	fieldUser
	fieldAccount
)

// fields are the keys that are read, in lower case and without spaces.
var fields = map[string]field{
	"server": fieldHost, "datasource": fieldHost, "address": fieldHost, "addr": fieldHost,
	"networkaddress": fieldHost, "host": fieldHost, "hostaddr": fieldHost, "hostname": fieldHost,
	"servername": fieldHost, "endpoint": fieldHost, "accountendpoint": fieldHost, "blobendpoint": fieldHost,
	"port": fieldPort, "portnumber": fieldPort,
	"initialcatalog": fieldDatabase, "database": fieldDatabase, "databasename": fieldDatabase,
	"dbname": fieldDatabase, "db": fieldDatabase,
	"userid": fieldUser, "uid": fieldUser, "user": fieldUser, "username": fieldUser,
	"accountname": fieldAccount,
}

// harmless are the keys besides those of fields that have no secret as a value
// and do not end the reading.
var harmless = map[string]bool{
	"driver": true, "provider": true, "encrypt": true, "trustservercertificate": true, "connecttimeout": true,
	"connectiontimeout": true, "timeout": true, "multipleactiveresultsets": true, "persistsecurityinfo": true,
	"integratedsecurity": true, "trustedconnection": true, "pooling": true, "minpoolsize": true, "maxpoolsize": true,
	"applicationname": true, "applicationintent": true, "multisubnetfailover": true, "authentication": true,
	"defaultendpointsprotocol": true, "sslmode": true, "ssl": true, "tls": true, "usessl": true, "charset": true,
	"parsetime": true, "loc": true, "schema": true, "currentschema": true, "targetsessionattrs": true,
	"retrywrites": true, "w": true, "replicaset": true, "authsource": true, "authmechanism": true,
	"readpreference": true, "servertimezone": true, "usetimezone": true, "useunicode": true,
	"characterencoding": true, "allowpublickeyretrieval": true, "autoreconnect": true, "instancename": true,
	"hostnameincertificate": true, "warehouse": true, "role": true,
	"timezone": true, "channelbinding": true, "gssencmode": true, "protocol": true,
}

// isHarmless reports whether reading may go on after a key.
func isHarmless(key string) bool { return harmless[key] || fields[key] != 0 }

// keyName brings a key into the form of the tables.
func keyName(s string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "_", "").Replace(s))
}

// parsePairs reads a connection string of ADO.NET, ODBC or Azure.
func parsePairs(s string) []Connection { return readPairs(nil, "", s) }

// readPairs completes connections from keys and values.
func readPairs(found []Connection, engine, s string) []Connection {
	var database, user, account string
	port := 0
	for s != "" {
		var key, value string
		var ok bool
		if key, value, s, ok = nextPair(s); !ok {
			break
		}
		if key == "" {
			continue
		}
		key = keyName(key)
		if !isHarmless(key) {
			break
		}
		if key == "driver" && strings.Contains(strings.ToLower(value), "sql server") {
			engine = "sqlserver"
		}
		switch fields[key] {
		case fieldHost:
			if len(found) == 0 {
				// A string that is not what it seems may have a secret anywhere.
				if found, engine = server(value, engine); found == nil {
					return nil
				}
			}
		case fieldPort:
			port, _ = portNumber(value)
		case fieldDatabase:
			database = databaseName(value)
			if key == "initialcatalog" && engine == "" {
				engine = "sqlserver"
			}
		case fieldUser:
			user = userName(value)
		case fieldAccount:
			account = name(value, "")
		}
	}
	if account != "" && len(found) == 0 {
		return []Connection{{Engine: "azure-storage", Account: account}}
	}
	for i := range found {
		if found[i].Port == 0 {
			found[i].Port = port
		}
		if found[i].Engine == "" {
			found[i].Engine = engine
		}
	}
	return each(found, database, user)
}

// nextPair cuts the first "key=value" off a string, with the quotes of ADO.NET
// and the braces of ODBC.
func nextPair(s string) (key, value, rest string, ok bool) {
	s = strings.TrimLeft(s, "; \t")
	if s == "" {
		return "", "", "", true
	}
	key, after, ok := strings.Cut(s, "=")
	if !ok || strings.ContainsAny(key, `;"'{`) {
		return "", "", "", false
	}
	after = strings.TrimLeft(after, " \t")
	for open, end := range map[string]string{`"`: `"`, "'": "'", "{": "}"} {
		quoted, is := strings.CutPrefix(after, open)
		if !is {
			continue
		}
		value, rest, ok = strings.Cut(quoted, end)
		// A doubled quote stands for itself; no host or name has one.
		if !ok || strings.HasPrefix(rest, end) {
			return "", "", "", false
		}
		if rest = strings.TrimLeft(rest, " \t"); rest != "" && rest[0] != ';' {
			return "", "", "", false
		}
		return key, value, rest, true
	}
	value, rest, _ = strings.Cut(after, ";")
	return key, strings.TrimSpace(value), rest, true
}

// server reads the value of a server: "tcp:host,port", "host\instance",
// "host:port", or a URL of an Azure service.
func server(value, engine string) ([]Connection, string) {
	if scheme, rest, ok := strings.Cut(value, "://"); ok {
		named, known := engines[strings.ToLower(scheme)]
		if authority, _ := cutAny(rest, "/?#"); known && !strings.Contains(rest, "@") {
			return parseHosts(named, authority), engine
		}
		return nil, engine
	}
	if rest, ok := strings.CutPrefix(strings.ToLower(value), "tcp:"); ok {
		value, engine = rest, "sqlserver"
	}
	if host, _, ok := strings.Cut(value, `\`); ok {
		value, engine = host, "sqlserver"
	}
	if host, port, ok := strings.Cut(value, ","); ok {
		if _, digits := portNumber(strings.TrimSpace(port)); digits {
			value, engine = host+":"+strings.TrimSpace(port), "sqlserver"
		}
	}
	return parseHosts(engine, value), engine
}

// parseKeywords reads a keyword string of libpq, "host=… port=… dbname=…".
func parseKeywords(s string) []Connection {
	var found []Connection
	var database, user string
	port := 0
	for s != "" {
		var key, value string
		var ok bool
		if key, value, s, ok = nextKeyword(s); !ok {
			break
		}
		if key = keyName(key); !isHarmless(key) {
			break
		}
		switch fields[key] {
		case fieldHost:
			if len(found) == 0 {
				if found = hostOrSocket("postgresql", value); found == nil {
					return nil
				}
			}
		case fieldPort:
			port, _ = portNumber(value)
		case fieldDatabase:
			database = databaseName(value)
		case fieldUser:
			user = userName(value)
		}
	}
	for i := range found {
		if found[i].Port == 0 && found[i].Host != "" {
			found[i].Port = port
		}
	}
	return each(found, database, user)
}

// nextKeyword cuts the first "key=value" off a keyword string of libpq. A
// value with an escaped character is not read: no host or name needs one.
func nextKeyword(s string) (key, value, rest string, ok bool) {
	key, after, ok := strings.Cut(strings.TrimLeft(s, " \t\r\n"), "=")
	if !ok {
		return "", "", "", false
	}
	after = strings.TrimLeft(after, " ")
	if quoted, is := strings.CutPrefix(after, "'"); is {
		value, rest, ok = strings.Cut(quoted, "'")
		if !ok || rest != "" && rest[0] != ' ' {
			return "", "", "", false
		}
	} else {
		value, rest = cutAny(after, " \t\r\n")
	}
	return strings.TrimRight(key, " "), value, rest, !strings.Contains(value, `\`)
}

// parseRedisList reads "host:port,host:port,password=…" of
// StackExchange.Redis; nothing when it is something else.
func parseRedisList(s string) []Connection {
	hosts, _, ok := strings.Cut(s, "=")
	cut := strings.LastIndexByte(hosts, ',')
	if !ok || cut < 0 || strings.ContainsAny(s, ";@") {
		return nil
	}
	found := parseHosts("redis", hosts[:cut])
	if slices.ContainsFunc(found, func(c Connection) bool { return c.Port == 0 }) {
		return nil
	}
	return found
}
