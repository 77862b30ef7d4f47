package scan

import (
	"strings"
	"testing"
)

// programStrings are what executables hold, by the names of their files. The
// strings are those of Debian's and the vendors' builds.
var programStrings = map[string][2]string{
	"bash":                 {"@(#)Bash version 5.2.15(1) release GNU\x00", "bash 5.2.15"},
	"busybox":              {"\x00BusyBox v1.35.0 (Debian 1:1.35.0-4)\x00", "busybox 1.35.0"},
	"curl":                 {"\x00curl/7.88.1\x00curl 7.88.1 (x86_64-pc-linux-gnu) %s\x00", "curl 7.88.1"},
	"haproxy":              {"\x00 version 2.6.12-1+deb12u4, released 2026/10/17\x00", "haproxy 2.6.12"},
	"httpd":                {"\x00Apache/2\x00Apache/2.4\x00Apache/2.4.57 (Unix)\x00", "httpd 2.4.57"},
	"lighttpd":             {"\x00lighttpd/1.4.69\x00", "lighttpd 1.4.69"},
	"mariadbd":             {"\x0010.11.19-MariaDB\x00", "mariadb 10.11.19"},
	"memcached":            {"\x00memcached 1.6.18\x00", "memcached 1.6.18"},
	"nginx":                {"\x00<hr><center>nginx/1.22.1</center>\x00nginx version: nginx/1.22.1\x00", "nginx 1.22.1"},
	"node":                 {"\x00node.js/v20.11.0\x00v20.11.0\x00", "node 20.11.0"},
	"openssl":              {"\x00OpenSSL 1.1.1w  11 Sep 2023\x00", "openssl 1.1.1w"},
	"libcrypto.so.3":       {"\x00OpenSSL 3.0.22 25 Aug 2026\x00", "openssl 3.0.22"},
	"perl":                 {"\x00/usr/local/lib/perl5/5.36.0/x86_64-linux-gnu\x00", "perl 5.36.0"},
	"perl5.36.0":           {"\x00/usr/share/perl/5.36\x00/usr/local/share/perl/5.36.0\x00", "perl 5.36.0"},
	"php-fpm":              {"\x00X-Powered-By: PHP/8.2.36\x00", "php 8.2.36"},
	"postgres":             {"\x00postgres (PostgreSQL) 15.20\x00PostgreSQL 15.20 (Debian 15.20-0) on x86_64\x00", "postgresql 15.20"},
	"python3.11":           {"\x003.2.0\x003.11.2\x00", "python 3.11.2"},
	"libpython3.7m.so.1.0": {"\x001.2.13\x003.7.17\x00", "python 3.7.17"},
	"redis-server":         {"\x001.0.0\x007.0.14buildkitsandbox-1702957741000000000\x00", "redis 7.0.14"},
	"ruby":                 {"\x00ruby 2.7.8p225 (2023-03-30 revision 1f4d455848) [x86_64-linux]\x00", "ruby 2.7.8"},
	"varnishd":             {"\x00(varnish-7.1.1 revision 7cee1c58)\x00", "varnish 7.1.1"},
}

func TestPrograms(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"mysql": true} // It has a test of its own.
	for base, test := range programStrings {
		found := search(t, base, test[0])
		if found != test[1] {
			t.Errorf("%s with %q is %q, want %q", base, test[0], found, test[1])
		}
		name, _, _ := strings.Cut(found, " ")
		known[name] = true
		if found := search(t, base, "\x00"+strings.ReplaceAll(test[0], ".", "_")); found != "" {
			t.Errorf("%s without a version is %q", base, found)
		}
	}
	for _, p := range programs {
		if !known[p.name] {
			t.Errorf("program %s has no test", p.name)
		}
	}
	for _, base := range []string{"python3", "nginx.conf", "node_modules", "phpunit", "rubygems", "bash.exe"} {
		if p := programsOf("usr/bin/" + base); p != nil {
			t.Errorf("%s may be %s", base, p[0].name)
		}
	}
	if found := search(t, "mysqld", "\x00/build/mysql-8.0.37/mysys/x.cc\x00"); found != "mysql 8.0.37" {
		t.Errorf("mysqld of MySQL is %q", found)
	}
	if found := search(t, "mysqld", "\x0010.5.23-MariaDB\x00"); found != "mariadb 10.5.23" {
		t.Errorf("mysqld of MariaDB is %q", found)
	}
}

// A version is found wherever the pieces in which a file is read meet.
func TestProgramsPieces(t *testing.T) {
	t.Parallel()
	text := "\x00nginx version: nginx/1.22.1\x00"
	for _, offset := range []int{0, 1, programChunk - 40, programChunk - 20, programChunk - 1, programChunk, programChunk + 1, 3*programChunk - 10} {
		body := strings.Repeat("x", offset) + text
		if found := search(t, "nginx", body); found != "nginx 1.22.1" {
			t.Errorf("at %d: %q", offset, found)
		}
	}
	for offset := programChunk - anchorWindow - 2; offset < programChunk+anchorWindow; offset++ {
		body := strings.Repeat("\x00", offset) + "\x0010.11.19-MariaDB\x00"
		if found := search(t, "mariadbd", body); found != "mariadb 10.11.19" {
			t.Fatalf("at %d: %q", offset, found)
		}
	}
}

// search returns "name version" of what a file is found to be.
func search(t *testing.T, base, body string) string {
	t.Helper()
	for _, p := range programsOf("usr/sbin/" + base) {
		found, err := p.search(strings.NewReader(body), int64(len(body)), base)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 1 {
			return found[0].Name + " " + found[0].Version
		}
	}
	return ""
}

func BenchmarkProgram(b *testing.B) {
	body := strings.Repeat("0123456789abcdef", 1<<20)
	b.SetBytes(int64(len(body)))
	p := programsOf("node")[0]
	for b.Loop() {
		if _, err := p.search(strings.NewReader(body), int64(len(body)), "node"); err != nil {
			b.Fatal(err)
		}
	}
}
