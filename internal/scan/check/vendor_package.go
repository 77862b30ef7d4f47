package check

import "regexp"

// vendorPackages are packages of distributions' formats that the makers of a
// product publish, by the names and the version suffixes that only they use.
// Nobody else maintains them.
var vendorPackages = []struct {
	product       string
	name, version *regexp.Regexp
}{
	{"nodejs", regexp.MustCompile(`^nodejs$`), regexp.MustCompile(`nodesource`)},
	{"postgresql", regexp.MustCompile(`^postgresql-\d+$`), regexp.MustCompile(`\.pgdg|PGDG`)},
	{"mongodb", regexp.MustCompile(`^mongodb-org-server$`), regexp.MustCompile(`.`)},
	{"mysql", regexp.MustCompile(`^mysql-community-server(-core)?$`), regexp.MustCompile(`.`)},
	{"mariadb", regexp.MustCompile(`(?i)^mariadb-server$`), regexp.MustCompile(`\+maria~`)},
	{"nginx", regexp.MustCompile(`^nginx$`), regexp.MustCompile(`-\d+~(bookworm|bullseye|trixie|buster|jammy|noble|focal)$|\.ngx$`)},
	{"redis", regexp.MustCompile(`^redis(-server)?$`), regexp.MustCompile(`rl\d+~`)},
	{"dotnet", regexp.MustCompile(`^(dotnet|aspnetcore)-runtime-\d`), regexp.MustCompile(`^\d+\.\d+\.\d+-1$`)},
	{"eclipse-temurin", regexp.MustCompile(`^temurin-\d+-j(re|dk)$`), regexp.MustCompile(`.`)},
	{"php", regexp.MustCompile(`^php\d\.\d(-cli|-fpm)$`), regexp.MustCompile(`\+(deb|ubuntu)\.sury\.org`)},
	{"elasticsearch", regexp.MustCompile(`^elasticsearch$`), regexp.MustCompile(`.`)},
	{"grafana", regexp.MustCompile(`^grafana(-enterprise)?$`), regexp.MustCompile(`^\d+\.\d+\.\d+(-\d+)?$`)},
	{"rabbitmq", regexp.MustCompile(`^rabbitmq-server$`), regexp.MustCompile(`^\d+\.\d+\.\d+-1$`)},
}
