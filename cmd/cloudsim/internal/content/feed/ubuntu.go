package feed

var ubuntuAdvisories = []advisory{
	{
		id: "UBUNTU-CVE-2023-4911", upstream: "CVE-2023-4911", date: "2023-10-03", severity: "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H",
		summary:  "Buffer overflow in the GNU C Library's dynamic loader while processing the GLIBC_TUNABLES environment variable",
		affected: []affected{{"Ubuntu:22.04:LTS", "glibc", "0 2.35-0ubuntu3.4"}},
	},
	{
		id: "UBUNTU-CVE-2022-3602", upstream: "CVE-2022-3602", date: "2022-11-01", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
		summary:  "X.509 email address 4-byte buffer overflow in OpenSSL",
		affected: []affected{{"Ubuntu:22.04:LTS", "openssl", "0 3.0.2-0ubuntu1.7"}},
	},
	{
		id: "UBUNTU-CVE-2023-38545", upstream: "CVE-2023-38545", date: "2023-10-11", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		summary:  "Heap based buffer overflow in the SOCKS5 proxy handshake of curl",
		affected: []affected{{"Ubuntu:22.04:LTS", "curl", "0 7.81.0-1ubuntu1.14"}},
	},
}
