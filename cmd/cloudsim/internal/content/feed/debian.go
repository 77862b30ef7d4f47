package feed

// Debian's advisories speak of source packages.
var debianAdvisories = []advisory{
	{
		id: "DEBIAN-CVE-2023-4911", upstream: "CVE-2023-4911", date: "2023-10-03", severity: "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H",
		summary: "Buffer overflow in the GNU C Library's dynamic loader while processing the GLIBC_TUNABLES environment variable",
		affected: []affected{
			{"Debian:11", "glibc", "2.31-11 2.31-13+deb11u7"},
			{"Debian:12", "glibc", "0 2.36-9+deb12u3"},
		},
	},
	{
		id: "DEBIAN-CVE-2023-4863", upstream: "CVE-2023-4863", date: "2023-09-12", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H",
		summary:  "Heap buffer overflow in libwebp",
		affected: []affected{{"Debian:12", "libwebp", "0 1.2.4-0.2+deb12u1"}},
	},
	{
		id: "DEBIAN-CVE-2023-44487", upstream: "CVE-2023-44487", date: "2023-10-10", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
		summary:  "The HTTP/2 protocol allows a denial of service because request cancellation can reset many streams quickly",
		affected: []affected{{"Debian:12", "nghttp2", "0 1.52.0-1+deb12u1"}},
	},
	{
		id: "DEBIAN-CVE-2023-38545", upstream: "CVE-2023-38545", date: "2023-10-18", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		summary:  "Heap based buffer overflow in the SOCKS5 proxy handshake of curl",
		affected: []affected{{"Debian:12", "curl", "0 7.88.1-10+deb12u4"}},
	},
	{
		id: "DEBIAN-CVE-2023-5363", upstream: "CVE-2023-5363", date: "2023-10-25", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
		summary:  "Incorrect cipher key and IV length processing in OpenSSL",
		affected: []affected{{"Debian:12", "openssl", "0 3.0.11-1~deb12u2"}},
	},
	{
		// The binary packages of util-linux have versions of their own.
		id: "DEBIAN-CVE-2024-28085", upstream: "CVE-2024-28085", date: "2024-03-27", severity: "CVSS:3.1/AV:L/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N",
		summary: "wall in util-linux allows escape sequences to be sent to other users' terminals",
		affected: []affected{
			{"Debian:11", "util-linux", "0 2.36.1-8+deb11u2"},
			{"Debian:12", "util-linux", "0 2.38.1-5+deb12u1"},
		},
	},
	{
		id: "DEBIAN-CVE-2005-2541", upstream: "CVE-2005-2541", date: "2005-08-10",
		summary: "Tar does not properly warn the user when extracting setuid or setgid files",
		affected: []affected{ // never fixed
			{"Debian:11", "tar", "0"},
			{"Debian:12", "tar", "0"},
		},
	},
	{
		id: "DEBIAN-CVE-2023-36054", upstream: "CVE-2023-36054", date: "2023-08-07", severity: "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H", step: 2,
		summary: "lib/kadm5/kadm_rpc_xdr.c in MIT Kerberos 5 frees an uninitialized pointer",
		affected: []affected{
			{"Debian:11", "krb5", "0 1.18.3-6+deb11u4"},
			{"Debian:12", "krb5", "0 1.20.1-2+deb12u1"},
		},
	},
	{
		id: "DSA-5343-1", upstream: "CVE-2022-2097 CVE-2022-4304 CVE-2022-4450 CVE-2023-0215 CVE-2023-0286", date: "2023-02-07",
		summary: "openssl - security update", affected: []affected{{"Debian:11", "openssl", "0 1.1.1n-0+deb11u4"}},
	},
	{
		id: "DSA-5218-1", upstream: "CVE-2022-37434", date: "2022-08-25",
		summary: "zlib - security update", affected: []affected{{"Debian:11", "zlib", "0 1:1.2.11.dfsg-2+deb11u2"}},
	},
	{
		id: "DSA-5122-1", upstream: "CVE-2022-1271", date: "2022-04-18",
		summary: "gzip - security update", affected: []affected{{"Debian:11", "gzip", "0 1.10-4+deb11u1"}},
	},
	{
		id: "DSA-5330-1", upstream: "CVE-2022-32221 CVE-2022-43552", date: "2023-01-27",
		summary: "curl - security update", affected: []affected{{"Debian:11", "curl", "0 7.74.0-1.3+deb11u5"}},
	},
	{
		id: "DSA-5349-1", upstream: "CVE-2023-0361", date: "2023-02-14",
		summary: "gnutls28 - security update", affected: []affected{{"Debian:11", "gnutls28", "0 3.7.1-5+deb11u3"}},
	},
	{
		id: "DSA-5142-1", upstream: "CVE-2022-29824", date: "2022-05-22",
		summary: "libxml2 - security update", affected: []affected{{"Debian:11", "libxml2", "0 2.9.10+dfsg-6.7+deb11u2"}},
	},
	{
		// The gateway's image had git once: its last layer removes it.
		id: "DSA-5332-1", upstream: "CVE-2022-23521 CVE-2022-24765 CVE-2022-29187 CVE-2022-39253 CVE-2022-39260 CVE-2022-41903", date: "2023-01-29",
		summary: "git - security update", affected: []affected{{"Debian:11", "git", "0 1:2.30.2-1+deb11u1"}},
	},
	{
		id: "DSA-4839-1", upstream: "CVE-2021-3156", date: "2021-01-26",
		summary: "sudo - security update", affected: []affected{{"Debian:10", "sudo", "0 1.8.27-1+deb10u3"}},
	},
	{
		id: "DSA-4807-1", upstream: "CVE-2020-1971", date: "2020-12-08",
		summary: "openssl - security update", affected: []affected{{"Debian:10", "openssl", "0 1.1.1d-0+deb10u4"}},
	},
	{
		id: "DLA-2534-1", upstream: "CVE-2021-3156", date: "2021-01-26",
		summary: "sudo - security update", affected: []affected{{"Debian:9", "sudo", "0 1.8.19p1-2.1+deb9u3"}},
	},
	{
		id: "DLA-2492-1", upstream: "CVE-2020-1971", date: "2020-12-14",
		summary: "openssl - security update", affected: []affected{{"Debian:9", "openssl", "0 1.1.0l-1~deb9u2"}},
	},
}
