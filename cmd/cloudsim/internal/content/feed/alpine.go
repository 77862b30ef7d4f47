package feed

// Alpine's advisories speak of the package that the others are built from.
var alpineAdvisories = []advisory{
	{
		id: "ALPINE-CVE-2022-37434", upstream: "CVE-2022-37434", date: "2022-08-05", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		summary: "zlib has a heap-based buffer over-read or buffer overflow in inflate",
		affected: []affected{
			{"Alpine:v3.15", "zlib", "0 1.2.12-r2"},
			{"Alpine:v3.16", "zlib", "0 1.2.12-r2"},
		},
	},
	{
		id: "ALPINE-CVE-2018-25032", upstream: "CVE-2018-25032", date: "2022-03-25", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
		summary:  "zlib allows memory corruption when deflating",
		affected: []affected{{"Alpine:v3.15", "zlib", "0 1.2.12-r0"}},
	},
	{
		id: "ALPINE-CVE-2022-0778", upstream: "CVE-2022-0778", date: "2022-03-15", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
		summary:  "Infinite loop in BN_mod_sqrt() of OpenSSL",
		affected: []affected{{"Alpine:v3.15", "openssl", "0 1.1.1n-r0"}},
	},
	{
		id: "ALPINE-CVE-2022-28391", upstream: "CVE-2022-28391", date: "2022-04-03", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H",
		summary:  "BusyBox allows remote attackers to execute arbitrary code if netstat is used to print a DNS PTR record's value",
		affected: []affected{{"Alpine:v3.15", "busybox", "0 1.34.1-r5"}},
	},
	{
		id: "ALPINE-CVE-2023-0286", upstream: "CVE-2023-0286", date: "2023-02-08", severity: "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:N/A:H",
		summary: "X.400 address type confusion in OpenSSL",
		affected: []affected{
			{"Alpine:v3.15", "openssl", "0 1.1.1t-r0"},
			{"Alpine:v3.16", "openssl", "0 1.1.1t-r0"},
			{"Alpine:v3.17", "openssl", "0 3.0.8-r0"},
		},
	},
	{
		id: "ALPINE-CVE-2023-5363", upstream: "CVE-2023-5363", date: "2023-10-25", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
		summary: "Incorrect cipher key and IV length processing in OpenSSL",
		affected: []affected{
			{"Alpine:v3.17", "openssl", "0 3.0.12-r0"},
			{"Alpine:v3.18", "openssl", "0 3.1.4-r0"},
		},
	},
	{
		id: "ALPINE-CVE-2023-6129", upstream: "CVE-2023-6129", date: "2024-01-09", severity: "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:L/A:H",
		summary: "POLY1305 MAC implementation of OpenSSL corrupts vector registers on PowerPC",
		affected: []affected{
			{"Alpine:v3.18", "openssl", "0 3.1.4-r3"},
			{"Alpine:v3.19", "openssl", "0 3.1.4-r3"},
		},
	},
	{
		id: "ALPINE-CVE-2023-42366", upstream: "CVE-2023-42366", date: "2023-11-27", severity: "CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:N/I:N/A:H",
		summary: "Heap buffer overflow in the next_token function of BusyBox awk",
		affected: []affected{
			{"Alpine:v3.18", "busybox", "0 1.36.1-r6"},
			{"Alpine:v3.19", "busybox", "0 1.36.1-r16"},
		},
	},
	{
		id: "ALPINE-CVE-2024-6119", upstream: "CVE-2024-6119", date: "2024-09-03", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
		summary:  "Possible denial of service in X.509 name checks of OpenSSL",
		affected: []affected{{"Alpine:v3.20", "openssl", "0 3.3.2-r0"}},
	},
}
