// Package connection reads, from the configuration of a workload, to which data
// stores it connects: host, port, database and user. It is evidence of the kind
// "this container is told to talk to that store", not of a permission.
//
// # Secrets
//
// Connection strings hold passwords and keys. Nothing of them is kept: not in
// what is returned, not in an error (there are none: what cannot be read is not
// a connection), and not by a string that shares its memory with the value it
// was cut from. This holds for malformed values too, by these rules:
//
//   - Of a URL, everything before the last "@" of the authority is dropped, but
//     the user before the first colon. A URL with an "@" after the authority is
//     not read at all: its password may hold a "/", "?" or "#" that was not
//     escaped.
//   - Of a list of keys and values, reading ends at the first key that is not
//     known to be harmless. What comes after a password may be its rest.
//   - A variable whose name says that it is a password, token or key is not
//     read at all.
//   - Hosts, ports, databases and users are kept only when they look like such.
//   - A user without a password is kept only where it cannot be a token. The
//     user of a Redis URL never is: the old form has the password there.
//
// A value that has the form of a host with a port is taken for one: of a URL
// that was cut off within its password nothing tells.
//
// # Formats
//
// Read are URLs (PostgreSQL, MySQL, MariaDB, MongoDB with several hosts and
// with SRV records, Redis, SQL Server, Oracle, AMQP, Kafka, ClickHouse,
// Cassandra, and HTTP addresses of known stores), JDBC and R2DBC URLs with
// their own forms for SQL Server and Oracle, data source names of Go's MySQL
// driver, keyword strings of libpq, connection strings of ADO.NET, ODBC and
// Azure (storage accounts, Cosmos DB, Service Bus, Event Hubs), the form of
// StackExchange.Redis, lists of brokers, instance connection names of Cloud
// SQL, and groups of variables as PGHOST and PGPORT.
//
//   - https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
//   - https://www.mongodb.com/docs/manual/reference/connection-string/
//   - https://learn.microsoft.com/dotnet/framework/data/adonet/connection-string-syntax
//   - https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
//   - https://learn.microsoft.com/sql/connect/jdbc/building-the-connection-url
//   - https://stackexchange.github.io/StackExchange.Redis/Configuration
//   - https://github.com/go-sql-driver/mysql#dsn-data-source-name
//   - https://cloud.google.com/sql/docs/mysql/sql-proxy
package connection
