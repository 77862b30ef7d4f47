package check

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
)

var portExposed = imageCheck{
	Check: finding.Check{
		ID:       "image/port-exposed",
		Title:    "The image exposes a port for administration or of a database",
		Severity: finding.Low,
		Why: "Such services are made for a trusted network: many have weak or no authentication, or none that is on by default. " +
			"A remote shell in a container is a way in that nothing of the platform controls.",
		Remediation: "Remove the service if it is not what the image is for. Otherwise let only its clients reach it.",
		References:  []string{"CIS Docker 5.7", "CIS Docker 5.8", "NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) {
		for _, exposed := range in.Manifest.Config.ExposedPorts {
			number, protocol, _ := strings.Cut(exposed, "/")
			first, last, isRange := strings.Cut(number, "-")
			low, err := strconv.Atoi(first)
			high := low
			if err == nil && isRange {
				high, err = strconv.Atoi(last)
			}
			if err != nil || protocol == "udp" {
				continue
			}
			for _, p := range sensitivePorts {
				if low <= p.number && p.number <= high {
					report.addFinding(finding.CheckFinding{
						Severity: p.severity, Layer: fromConfig,
						Detail: fmt.Sprintf("Port %d is that of %s.", p.number, p.service),
					})
				}
			}
		}
	},
}

// sensitivePorts are ports that rarely belong on a network of strangers.
var sensitivePorts = []struct {
	number   int
	service  string
	severity finding.Severity
}{
	{21, "FTP, which sends passwords in the clear", finding.Medium},
	{22, "SSH", finding.Medium},
	{23, "Telnet, which sends passwords in the clear", finding.High},
	{512, "rexec, which sends passwords in the clear", finding.High},
	{513, "rlogin, which sends passwords in the clear", finding.High},
	{514, "rsh, which sends passwords in the clear", finding.High},
	{873, "rsync", finding.Low},
	{1433, "Microsoft SQL Server", finding.Low},
	{1521, "Oracle Database", finding.Low},
	{2049, "NFS", finding.Medium},
	{2375, "the Docker API without authentication", finding.High},
	{2376, "the Docker API", finding.Medium},
	{2379, "etcd", finding.Medium},
	{3306, "MySQL", finding.Low},
	{3389, "Remote Desktop", finding.Medium},
	{5432, "PostgreSQL", finding.Low},
	{5900, "VNC", finding.Medium},
	{5984, "CouchDB", finding.Low},
	{6379, "Redis", finding.Low},
	{9042, "Cassandra", finding.Low},
	{9200, "Elasticsearch", finding.Low},
	{10250, "the kubelet", finding.Medium},
	{11211, "Memcached", finding.Low},
	{27017, "MongoDB", finding.Low},
}
