package connection

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

const password = "hunter2"

func TestParse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, variable, value string
		want                  []Connection
	}{
		{
			"postgres_url", "DATABASE_URL", "postgres://app:hunter2@orders.abc.eu-west-1.rds.amazonaws.com:5432/orders?sslmode=require",
			[]Connection{{Engine: "postgresql", Host: "orders.abc.eu-west-1.rds.amazonaws.com", Port: 5432, Database: "orders", User: "app"}},
		},
		{"no_user", "DATABASE_URL", "postgresql://db/app", []Connection{{Engine: "postgresql", Host: "db", Database: "app"}}},
		{"user_without_password", "URL", "postgres://app@db/app", []Connection{{Engine: "postgresql", Host: "db", Database: "app", User: "app"}}},
		{"sqlalchemy_driver", "URL", "postgresql+psycopg2://app:hunter2@db/app", []Connection{{Engine: "postgresql", Host: "db", Database: "app", User: "app"}}},
		{"azure_user", "URL", "mysql://app%40srv:hunter2@srv.mysql.database.azure.com/app", []Connection{{Engine: "mysql", Host: "srv.mysql.database.azure.com", Database: "app", User: "app@srv"}}},
		{"at_in_password", "URL", "postgres://app:hun@ter2@db:5432/app", []Connection{{Engine: "postgresql", Host: "db", Port: 5432, Database: "app", User: "app"}}},
		{"slash_in_password", "URL", "postgres://app:12/hunter2@db:5432/app", nil},
		{"question_mark_in_password", "URL", "postgres://app:12?hunter2@db:5432/app", nil},
		{"port_is_no_number", "URL", "postgres://app:hunter2", nil},
		{"address_6", "URL", "postgres://app:hunter2@[fd00::1]:5432/app", []Connection{{Engine: "postgresql", Host: "fd00::1", Port: 5432, Database: "app", User: "app"}}},
		{"host_in_query", "URL", "postgresql:///app?host=db&user=app&password=hunter2", []Connection{{Engine: "postgresql", Host: "db", Database: "app", User: "app"}}},
		{"socket_of_cloud_sql", "URL", "postgresql:///app?host=/cloudsql/proj:europe-west1:orders", []Connection{{Engine: "postgresql", Instance: "proj:europe-west1:orders", Database: "app"}}},
		{"nothing_after_a_secret", "URL", "postgresql://db/?password=hunter2&user=hunter2x", []Connection{{Engine: "postgresql", Host: "db"}}},

		{"mongodb_hosts", "MONGODB_URI", "mongodb://app:hunter2@a.example.com:27017,b.example.com:27018/shop?replicaSet=rs0", []Connection{
			{Engine: "mongodb", Host: "a.example.com", Port: 27017, Database: "shop", User: "app"},
			{Engine: "mongodb", Host: "b.example.com", Port: 27018, Database: "shop", User: "app"},
		}},
		{"mongodb_srv", "MONGODB_URI", "mongodb+srv://app:hunter2@cluster0.ab1cd.mongodb.net/shop?retryWrites=true&w=majority", []Connection{
			{Engine: "mongodb", Host: "cluster0.ab1cd.mongodb.net", Database: "shop", User: "app"},
		}},
		{"redis_url", "REDIS_URL", "rediss://:hunter2@cache.abc.cache.amazonaws.com:6379/0", []Connection{{Engine: "redis", Host: "cache.abc.cache.amazonaws.com", Port: 6379, Database: "0"}}},
		{"redis_password_without_colon", "REDIS_URL", "redis://hunter2@cache:6379", []Connection{{Engine: "redis", Host: "cache", Port: 6379}}},
		{"redis_list", "REDIS", "x.redis.cache.windows.net:6380,password=hunter2,ssl=True,abortConnect=False", []Connection{{Engine: "redis", Host: "x.redis.cache.windows.net", Port: 6380}}},
		{"token_as_user", "URL", "nats://hunter2@nats:4222", []Connection{{Engine: "nats", Host: "nats", Port: 4222}}},
		{"amqp", "BROKER", "amqps://app:hunter2@mq.example.com:5671/prod", []Connection{{Engine: "amqp", Host: "mq.example.com", Port: 5671, Database: "prod", User: "app"}}},

		{"jdbc_postgresql", "SPRING_DATASOURCE_URL", "jdbc:postgresql://a:5432,b:5433/app?user=app&password=hunter2", []Connection{
			{Engine: "postgresql", Host: "a", Port: 5432, Database: "app", User: "app"},
			{Engine: "postgresql", Host: "b", Port: 5433, Database: "app", User: "app"},
		}},
		{"jdbc_wrapper", "URL", "jdbc:aws-wrapper:mysql://db/app", []Connection{{Engine: "mysql", Host: "db", Database: "app"}}},
		{"jdbc_sqlserver", "URL", `jdbc:sqlserver://srv.database.windows.net:1433;databaseName=app;user=u;password=hunter2;encrypt=true`, []Connection{{Engine: "sqlserver", Host: "srv.database.windows.net", Port: 1433, Database: "app", User: "u"}}},
		{"jdbc_sqlserver_instance", "URL", `jdbc:sqlserver://srv\one:1433;databaseName=app`, []Connection{{Engine: "sqlserver", Host: "srv", Port: 1433, Database: "app"}}},
		{"jdbc_oracle_service", "URL", "jdbc:oracle:thin:app/hunter2@//ora:1521/ORCL", []Connection{{Engine: "oracle", Host: "ora", Port: 1521, Database: "ORCL", User: "app"}}},
		{"jdbc_oracle_sid", "URL", "jdbc:oracle:thin:@ora:1521:ORCL", []Connection{{Engine: "oracle", Host: "ora", Port: 1521, Database: "ORCL"}}},
		{"jdbc_oracle_descriptor", "URL", "jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=ora)(PORT=1521))(CONNECT_DATA=(SERVICE_NAME=app)))", []Connection{{Engine: "oracle", Host: "ora", Port: 1521, Database: "app"}}},
		{"go_mysql", "DSN", "app:hun@ter/2@tcp(db:3306)/app?parseTime=true", []Connection{{Engine: "mysql", Host: "db", Port: 3306, Database: "app", User: "app"}}},

		{"ado", "CONNECTIONSTRINGS__DEFAULT", "Server=tcp:srv.database.windows.net,1433;Initial Catalog=app;Persist Security Info=False;User ID=u;Password=hunter2;Encrypt=True", []Connection{{Engine: "sqlserver", Host: "srv.database.windows.net", Port: 1433, Database: "app", User: "u"}}},
		{"ado_semicolon_in_password", "CS", "Server=srv;Database=app;Password=hun;Database=hunter2", []Connection{{Host: "srv", Database: "app"}}},
		{"ado_npgsql", "CS", "Host=db;Port=5432;Database=app;Username=u;Password=hunter2", []Connection{{Engine: "postgresql", Host: "db", Port: 5432, Database: "app", User: "u"}}},
		{"odbc", "CS", "Driver={ODBC Driver 18 for SQL Server};Server=srv,1433;Database=app;Uid=u;Pwd={hunter2;x};", []Connection{{Engine: "sqlserver", Host: "srv", Port: 1433, Database: "app", User: "u"}}},
		{"storage", "AZURE_STORAGE_CONNECTION_STRING", "DefaultEndpointsProtocol=https;AccountName=orders;AccountKey=hunter2==;EndpointSuffix=core.windows.net", []Connection{{Engine: "azure-storage", Account: "orders"}}},
		{"cosmos", "COSMOS", "AccountEndpoint=https://orders.documents.azure.com:443/;AccountKey=hunter2==;", []Connection{{Engine: "cosmosdb", Host: "orders.documents.azure.com", Port: 443}}},
		{"service_bus", "SB", "Endpoint=sb://orders.servicebus.windows.net/;SharedAccessKeyName=root;SharedAccessKey=hunter2", []Connection{{Engine: "servicebus", Host: "orders.servicebus.windows.net"}}},
		{"signed_url", "BLOB_URL", "https://orders.blob.core.windows.net/c?sv=2024&sig=hunter2", []Connection{{Engine: "azure-storage", Host: "orders.blob.core.windows.net"}}},
		{"web_address", "API_URL", "https://api.example.com", nil},
		{"libpq", "DSN", "host=db port=5432 dbname=app user=u password=hunter2 sslmode=require", []Connection{{Engine: "postgresql", Host: "db", Port: 5432, Database: "app", User: "u"}}},
		{"libpq_quotes", "DSN", "host = 'db' password='hun ter2' user=hunter2x", []Connection{{Engine: "postgresql", Host: "db"}}},

		{"host", "ORDERS_DB_HOST", "Orders.Example.COM.", []Connection{{Host: "orders.example.com"}}},
		{"brokers", "KAFKA_BOOTSTRAP_SERVERS", "b1:9092,b2:9092", []Connection{{Engine: "kafka", Host: "b1", Port: 9092}, {Engine: "kafka", Host: "b2", Port: 9092}}},
		{"instance", "INSTANCE_CONNECTION_NAME", "proj:europe-west1:orders", []Connection{{Engine: "cloudsql", Instance: "proj:europe-west1:orders"}}},
		{"instance_of_a_domain", "X", "example.com:proj:europe-west1:orders", []Connection{{Engine: "cloudsql", Instance: "example.com:proj:europe-west1:orders"}}},
		{"service_of_kubernetes", "ORDERS_SERVICE_HOST", "10.0.0.1", nil},
		{"any_word", "COLOUR", "blue", nil},
		{"url_without_scheme", "API_URL", "hunter2", nil},
		{"password_variable", "DB_PASSWORD", "hunter2", nil},
		{"pass_that_looks_like_a_keyword", "DB_PASS", "host=hunter2", nil},
		{"key_that_looks_like_an_instance", "SIGNING_KEY", "hunter2:ab-c1:hunter2", nil},
		{"property_with_a_password", "spring.rabbitmq.pass", "host=hunter2", nil},
		{"compass", "COMPASS", "host=db", []Connection{{Engine: "postgresql", Host: "db"}}},
		{"password_that_looks_like_an_address", "DB_PASSWORD", "x@tcp(hunter2:1)/hunter2", nil},
		{"secret_that_is_an_address", "DB_SECRET_URL", "postgres://db/app", []Connection{{Engine: "postgresql", Host: "db", Database: "app"}}},
		{"placeholder", "DB_HOST", "$(HOST)", nil},
		{"empty", "DB_HOST", "", nil},
		{"too_long", "DB_HOST", strings.Repeat("a", maxValue+1), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := Parse(test.variable, test.value)
			for i := range test.want {
				test.want[i].Variable = test.variable
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("Parse(%q) mismatch (-want +got):\n%s", test.value, diff)
			}
			text, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), password) {
				t.Errorf("the password is in %s", text)
			}
		})
	}
}

// What is returned must not keep the memory of the password alive.
func TestNothingSharesMemoryWithTheValue(t *testing.T) {
	t.Parallel()
	value := strings.Clone("postgres://app:hunter2@db.example.com:5432/orders")
	first := uintptr(unsafe.Pointer(unsafe.StringData(value)))
	for _, c := range append(Parse("DATABASE_URL", value), FromEnvironment([]Variable{{"X_HOST", "db"}, {"X_USER", value[11:14]}})...) {
		for _, s := range []string{c.Engine, c.Host, c.Database, c.User} {
			at := uintptr(unsafe.Pointer(unsafe.StringData(s)))
			if s != "" && at >= first && at < first+uintptr(len(value)) {
				t.Errorf("%q is a part of the value", s)
			}
		}
	}
}

func TestFromEnvironment(t *testing.T) {
	t.Parallel()
	got := FromEnvironment([]Variable{
		{"PGHOST", "db.example.com"},
		{"PGPORT", "5433"},
		{"PGUSER", "reader"},
		{"PGDATABASE", "sales"},
		{"PGPASSWORD", password},
		{"SPRING_DATASOURCE_URL", "jdbc:mysql://shop/shop"},
		{"SPRING_DATASOURCE_USERNAME", "shop"},
		{"SPRING_DATASOURCE_PASSWORD", password},
		{"CACHE_REDIS_HOST", "cache"},
		{"CACHE_REDIS_PORT", "not a port"},
		{"ORDERS_SERVICE_HOST", "10.0.0.1"},
	})
	want := []Connection{
		{Variable: "PGHOST", Engine: "postgresql", Host: "db.example.com", Port: 5433, Database: "sales", User: "reader"},
		{Variable: "SPRING_DATASOURCE_URL", Engine: "mysql", Host: "shop", Database: "shop", User: "shop"},
		{Variable: "CACHE_REDIS_HOST", Engine: "redis", Host: "cache"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("FromEnvironment mismatch (-want +got):\n%s", diff)
	}
}

func TestFromArguments(t *testing.T) {
	t.Parallel()
	got := FromArguments([]string{
		"/cloud_sql_proxy", "--port=5432", "--private-ip", "proj:europe-west1:a?port=5433",
		"-instances=proj:europe-west1:b=tcp:5432,proj:us-central1:c=tcp:0.0.0.0:3306", "--credentials-file=/secrets/key.json",
	})
	var instances []string
	for _, c := range got {
		instances = append(instances, c.Instance)
	}
	if diff := cmp.Diff([]string{"proj:europe-west1:a", "proj:europe-west1:b", "proj:us-central1:c"}, instances); diff != "" {
		t.Errorf("FromArguments mismatch (-want +got):\n%s", diff)
	}
}

// forms are values with a password at the place of the "%s", well formed and
// not. Everything else in them is fixed.
var forms = []string{
	"postgres://usr:%s@db.example.com:5432/app?sslmode=require",
	"postgres://:%s@db.example.com/app",
	"postgres//usr:%s@db.example.com/app",
	"postgres:/usr:%s@db.example.com/app",
	"usr:%s@db.example.com/app",
	"postgres://usr:%s@",
	"postgres://usr:%s@db.example.com:port/app",
	"postgres://db.example.com/app?user=usr&password=%s&host=other",
	"postgres://db.example.com/app?password=%s",
	"mongodb+srv://usr:%s@cluster0.example.net/app",
	"mongodb://usr:%s@a.example.net:27017,b.example.net:27017/app?authSource=admin",
	"redis://%s@cache.example.com:6379/0",
	"redis://:%s@cache.example.com:6379/0",
	"cache.example.com:6380,password=%s,ssl=True",
	"amqp://usr:%s@mq.example.com/prod",
	"https://usr:%s@orders.blob.core.windows.net/c",
	"https://orders.blob.core.windows.net/c?sig=%s",
	"jdbc:mysql://usr:%s@db.example.com/app",
	"jdbc:postgresql://db.example.com/app?user=usr&password=%s&ssl=true",
	"jdbc:sqlserver://db.example.com;databaseName=app;user=usr;password=%s;encrypt=true",
	"jdbc:oracle:thin:usr/%s@//db.example.com:1521/app",
	"jdbc:oracle:thin:usr/%s@db.example.com:1521:app",
	"usr:%s@tcp(db.example.com:3306)/app",
	"Server=tcp:db.example.com,1433;Initial Catalog=app;User ID=usr;Password=%s;Encrypt=True",
	"Server=db.example.com;Pwd=%s",
	"Server=db.example.com;Passwrd=%s",
	"Server=db.example.com;Password=\"%s\";Database=app",
	"Password=%s;Server=db.example.com",
	"DefaultEndpointsProtocol=https;AccountName=orders;AccountKey=%s;EndpointSuffix=core.windows.net",
	"Endpoint=sb://orders.servicebus.windows.net/;SharedAccessKeyName=root;SharedAccessKey=%s",
	"AccountEndpoint=https://orders.documents.azure.com:443/;AccountKey=%s",
	"host=db.example.com user=usr password=%s dbname=app",
	"password='%s' host=db.example.com",
	"jdbc:oracle:thin:usr/%s@(DESCRIPTION=(ADDRESS=(HOST=ora.example.com)(PORT=1521)))",
	"jdbc:oracle:thin:@//ora.example.com:1521/app?password=%s",
	"r2dbc:postgresql://usr:%s@db.example.com:5432/app",
	"Data Source=db.example.com;User ID=usr;Password='%s';Initial Catalog=app",
	"org.apache.kafka.common.security.plain.PlainLoginModule required username=\"usr\" password=\"%s\";",
	"{\"host\": \"db.example.com\", \"password\": \"%s\"}",
	"DB_HOST=db.example.com\nDB_PASSWORD=%s\n",
	"spring.datasource.url=jdbc:postgresql://db.example.com/app\nspring.datasource.password=%s",
	"export DATABASE_URL=postgres://usr:%s@db.example.com/app",
	"usr/%s@db.example.com:1521/app",
	"Authorization: Bearer %s",
	"sasl.username=usr;sasl.password=%s;bootstrap.servers=b1.example.com:9092",
}

// FuzzPassword checks that no part of a password that is long enough to tell
// it from chance ever comes out.
func FuzzPassword(f *testing.F) {
	for i := range forms {
		f.Add(i, "hunter2", false)
		f.Add(i, "h;Server=leaked;x", false)
		f.Add(i, "h@leaked.example.org/leaked?user=leaked&host=leaked#", false)
		f.Add(i, "1234/leaked", false)
		f.Add(i, "x@tcp(leaked:1)/leaked", true)
		f.Add(i, "a,leaked:6379,b=", false)
		f.Add(i, "a://leaked", true)
	}
	f.Fuzz(func(t *testing.T, form int, secret string, escape bool) {
		if form < 0 || form >= len(forms) || len(secret) > 1000 {
			return
		}
		inserted := secret
		if escape {
			inserted = url.PathEscape(secret)
		}
		value := strings.Replace(forms[form], "%s", inserted, 1)
		var out []string
		for _, c := range append(Parse("DATABASE_URL", value), FromEnvironment([]Variable{{"APP_DB_URI", value}, {"APP_DB_USER", "usr"}, {"APP_DB_PASSWORD", secret}})...) {
			out = append(out, strings.ToLower(c.Engine), c.Host, strings.ToLower(c.Database), strings.ToLower(c.User), c.Account, c.Instance)
		}
		fixed := strings.ToLower(forms[form] + " postgresql sqlserver azure-storage")
		lower := strings.ToLower(secret)
		const part = 4
		for i := 0; i+part <= len(lower); i++ {
			piece := lower[i : i+part]
			if strings.Contains(fixed, piece) {
				continue
			}
			for _, o := range out {
				if strings.Contains(o, piece) {
					t.Fatalf("%q of the password is in %q, parsed from %q", piece, o, value)
				}
			}
		}
	})
}

// FuzzParse checks that any value at all gives only what its type allows.
func FuzzParse(f *testing.F) {
	for _, form := range forms {
		f.Add("DATABASE_URL", form)
	}
	f.Add("KAFKA_BROKERS", "a,b,c:1")
	f.Add("X", "proj:europe-west1:orders")
	f.Fuzz(func(t *testing.T, name, value string) {
		for _, c := range Parse(name, value) {
			if c.Host == "" && c.Account == "" && c.Instance == "" {
				t.Errorf("Parse(%q) = %+v: connects to nothing", value, c)
			}
			if c.Host != "" && !isHost(c.Host) && !strings.Contains(c.Host, ":") {
				t.Errorf("Parse(%q): host %q", value, c.Host)
			}
			if c.Port < 0 || c.Port > 65535 {
				t.Errorf("Parse(%q): port %d", value, c.Port)
			}
		}
		FromArguments([]string{value})
	})
}
