package check

import (
	"fmt"

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
			e, ok := parsePorts(exposed)
			if !ok || e.protocol == "udp" {
				continue
			}
			for _, p := range sensitivePorts {
				if e.low <= p.number && p.number <= e.high {
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
	{2181, "ZooKeeper", finding.Low},
	{2375, "the Docker API without authentication", finding.High},
	{2376, "the Docker API", finding.Medium},
	{2379, "etcd", finding.Medium},
	{2380, "etcd's peers", finding.Medium},
	{3306, "MySQL", finding.Low},
	{3268, "Active Directory's global catalogue", finding.Low},
	{3389, "Remote Desktop", finding.Medium},
	{5432, "PostgreSQL", finding.Low},
	{5900, "VNC", finding.Medium},
	{5901, "VNC", finding.Medium},
	{5984, "CouchDB", finding.Low},
	{5985, "Windows Remote Management", finding.Medium},
	{5986, "Windows Remote Management", finding.Medium},
	{6000, "the X Window System", finding.Medium},
	{6379, "Redis", finding.Low},
	{6443, "the Kubernetes API", finding.Medium},
	{7001, "WebLogic's administration", finding.Medium},
	{8500, "Consul", finding.Low},
	{9042, "Cassandra", finding.Low},
	{9092, "Kafka", finding.Low},
	{9200, "Elasticsearch", finding.Low},
	{9990, "WildFly's administration", finding.Medium},
	{10000, "Webmin", finding.Medium},
	{10250, "the kubelet", finding.Medium},
	{10255, "the kubelet without authentication", finding.High},
	{11211, "Memcached", finding.Low},
	{15672, "RabbitMQ's administration", finding.Low},
	{27017, "MongoDB", finding.Low},
	{50000, "Jenkins' agents", finding.Low},
}
