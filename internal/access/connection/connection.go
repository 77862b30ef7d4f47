package connection

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A Variable is an environment variable, or a key of a ConfigMap.
type Variable struct {
	Name, Value string
}

// A Connection is what a workload is told to connect to.
type Connection struct {
	// Variable is the name of the variable that says so; of a group of
	// variables, the one with the host.
	Variable string `json:"variable,omitempty"`
	// Engine is what speaks there, as "postgresql"; empty when it is not known.
	Engine string `json:"engine,omitempty"`
	// Host is a name or address, in lower case; empty when only an account or
	// instance is named.
	Host string `json:"host,omitempty"`
	// Port is 0 when the value does not name one.
	Port     int    `json:"port,omitempty"`
	Database string `json:"database,omitempty"`
	User     string `json:"user,omitempty"`
	// Account is the name of an Azure storage account.
	Account string `json:"account,omitempty"`
	// Instance is an instance connection name of Cloud SQL,
	// "project:region:instance".
	Instance string `json:"instance,omitempty"`
}

// The limits of what is read. A longer value is not a connection string.
const (
	maxValue = 8 << 10
	maxHosts = 32
)

// Parse returns what the value of a variable says to connect to; several
// connections when it names several hosts.
func Parse(name, value string) []Connection {
	value = strings.Trim(value, " \t\r\n\"'")
	if value == "" || len(value) > maxValue || isSecret(name) {
		return nil
	}
	found := parse(name, value)
	if len(found) > maxHosts {
		found = found[:maxHosts]
	}
	for i := range found {
		c := &found[i]
		c.Variable = name
		if c.Engine == "" {
			c.Engine = engineOf(name, c.Host, c.Port)
		}
		// The pieces must not keep the value alive.
		for _, s := range []*string{&c.Engine, &c.Host, &c.Database, &c.User, &c.Account, &c.Instance} {
			*s = strings.Clone(*s)
		}
	}
	return found
}

func parse(name, value string) []Connection {
	lower := strings.ToLower(value)
	switch {
	case strings.HasPrefix(lower, "jdbc:"), strings.HasPrefix(lower, "r2dbc:"):
		_, rest, _ := strings.Cut(value, ":")
		return parseJDBC(rest)
	case strings.Contains(value, "@tcp("):
		return parseGoMySQL(value)
	}
	if scheme, rest, ok := strings.Cut(value, "://"); ok && isScheme(scheme) {
		return parseURL(strings.ToLower(scheme), rest)
	}
	if i := instanceName(value); i != "" {
		return []Connection{{Engine: "cloudsql", Instance: i}}
	}
	if strings.Contains(value, "=") {
		if found := parseRedisList(value); found != nil {
			return found
		}
		if first, _, pairs := strings.Cut(value, ";"); pairs && strings.Count(first, "=") == 1 {
			return parsePairs(value)
		}
		return parseKeywords(value)
	}
	switch hostSuffix(name) {
	case "", "_URL", "_URI": // these want a scheme
		return nil
	}
	return parseHosts("", value)
}

// parseHosts reads a list of hosts, each with or without a port. If one is not
// a host, none is.
func parseHosts(engine, list string) []Connection {
	var found []Connection
	for part := range strings.SplitSeq(list, ",") {
		host, port, ok := hostPort(strings.TrimSpace(part))
		if !ok || len(found) == maxHosts {
			return nil
		}
		found = append(found, Connection{Engine: engine, Host: host, Port: port})
	}
	return found
}

// hostPort reads "host", "host:port", "[address]:port".
func hostPort(s string) (host string, port int, ok bool) {
	if rest, v6 := strings.CutPrefix(s, "["); v6 {
		address, after, closed := strings.Cut(rest, "]")
		if _, err := netip.ParseAddr(address); err != nil || !closed {
			return "", 0, false
		}
		if after == "" {
			return address, 0, true
		}
		p, colon := strings.CutPrefix(after, ":")
		port, ok = portNumber(p)
		return address, port, colon && ok
	}
	host, p, colon := strings.Cut(s, ":")
	if colon {
		if port, ok = portNumber(p); !ok {
			return "", 0, false
		}
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return host, port, isHost(host)
}

func portNumber(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 16)
	return int(n), err == nil && n > 0
}

// isHost reports whether a text can be the name or address of a host.
func isHost(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

// name returns a text if it can be the name of a database or user with the
// further characters, and nothing otherwise.
func name(s, further string) string {
	if s == "" || len(s) > 128 {
		return ""
	}
	for _, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && !strings.ContainsRune(further, r) {
			return ""
		}
	}
	return s
}

func databaseName(s string) string { return name(s, "_.-$") }

func userName(s string) string { return name(s, `_.-$@\+`) }

// instanceName returns a text if it is an instance connection name of Cloud
// SQL. Projects of a domain have a colon of their own.
func instanceName(s string) string {
	parts := strings.Split(s, ":")
	if n := len(parts); n < 3 || n > 4 || !strings.Contains(parts[n-2], "-") {
		return ""
	}
	for _, p := range parts {
		if p == "" || len(p) > 100 || strings.Trim(p, "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" {
			return ""
		}
	}
	region := parts[len(parts)-2]
	if last := region[len(region)-1]; last < '0' || last > '9' || region[0] < 'a' {
		return ""
	}
	return s
}

func isScheme(s string) bool {
	return s != "" && len(s) <= 32 && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}

// each sets the database and user of all connections.
func each(found []Connection, database, user string) []Connection {
	for i := range found {
		if database != "" {
			found[i].Database = database
		}
		if user != "" {
			found[i].User = user
		}
	}
	return slices.Clip(found)
}
