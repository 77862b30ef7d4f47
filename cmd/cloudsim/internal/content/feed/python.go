package feed

// The PyPI archive has the advisories of two databases; those of one
// vulnerability name each other as aliases.
var pythonAdvisories = []advisory{
	{
		id: "PYSEC-2023-62", aliases: "CVE-2023-30861 GHSA-m2qf-hxjv-5gpq", date: "2023-05-02",
		summary:  "Flask may send a client's response to other clients through a caching proxy",
		affected: []affected{{"PyPI", "flask", "0 2.2.5 2.3.0 2.3.2"}},
	},
	{
		id: "GHSA-m2qf-hxjv-5gpq", aliases: "CVE-2023-30861 PYSEC-2023-62", date: "2023-05-01", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
		summary:  "Flask vulnerable to possible disclosure of permanent session cookie due to missing Vary: Cookie header",
		affected: []affected{{"PyPI", "flask", "0 2.2.5 2.3.0 2.3.2"}},
	},
	{
		id: "PYSEC-2023-221", aliases: "CVE-2023-46136 GHSA-hrfv-mqp8-q5rw", date: "2023-10-25", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
		summary:  "Werkzeug DoS: high resource usage when parsing multipart data",
		affected: []affected{{"PyPI", "werkzeug", "0 2.3.8 3.0.0 3.0.1"}},
	},
	{
		id: "PYSEC-2023-58", aliases: "CVE-2023-25577 GHSA-xg9f-g7g7-2323", date: "2023-02-14",
		summary:  "Werkzeug's multipart form data parser parses an unlimited number of parts",
		affected: []affected{{"PyPI", "werkzeug", "0 2.2.3"}},
	},
	{
		id: "GHSA-xg9f-g7g7-2323", aliases: "CVE-2023-25577 PYSEC-2023-58", date: "2023-02-15", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
		summary:  "High resource usage when parsing multipart form data with many fields",
		affected: []affected{{"PyPI", "werkzeug", "0 2.2.3"}},
	},
	{
		id: "PYSEC-2021-66", aliases: "CVE-2020-28493 GHSA-g3rq-g295-4j3m", date: "2021-02-01", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L",
		summary:  "Regular expression denial of service in Jinja2",
		affected: []affected{{"PyPI", "jinja2", "0 2.11.3"}},
	},
	{
		id: "GHSA-h5c8-rqwp-cp95", aliases: "CVE-2024-22195", date: "2024-01-11", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N",
		summary:  "Jinja vulnerable to HTML attribute injection when passing user input as keys to xmlattr filter",
		affected: []affected{{"PyPI", "jinja2", "0 3.1.3"}},
	},
	{
		id: "PYSEC-2018-28", aliases: "CVE-2018-18074 GHSA-x84v-xcm2-53pg", date: "2018-10-09", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
		summary:  "Requests sends an Authorization header to an http URI upon a redirect from https",
		affected: []affected{{"PyPI", "requests", "0 2.20.0"}},
	},
	{
		id: "PYSEC-2023-74", aliases: "CVE-2023-32681 GHSA-j8r2-6x86-q33q", date: "2023-05-26", severity: "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:C/C:H/I:N/A:N",
		summary:  "Requests leaks Proxy-Authorization headers to destination servers",
		affected: []affected{{"PyPI", "requests", "2.3.0 2.31.0"}},
	},
	{
		id: "PYSEC-2023-192", aliases: "CVE-2023-43804 GHSA-v845-jxx5-vc9f", date: "2023-10-04", severity: "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:N",
		summary:  "urllib3 does not strip the Cookie header during cross-origin redirects",
		affected: []affected{{"PyPI", "urllib3", "2.0.0 2.0.6 0 1.26.17"}},
	},
	{
		id: "PYSEC-2019-133", aliases: "CVE-2019-11324 GHSA-mh33-7rrq-662w", date: "2019-04-18", severity: "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N",
		summary:  "urllib3 mishandles certain cases where the desired set of CA certificates differs from the OS store",
		affected: []affected{{"PyPI", "urllib3", "0 1.24.2"}},
	},
	{
		id: "PYSEC-2023-135", aliases: "CVE-2023-37920 GHSA-xqr8-7jwr-rhp7", date: "2023-07-25", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N",
		summary:  "Removal of e-Tugra root certificate",
		affected: []affected{{"PyPI", "certifi", "2015.4.28 2023.7.22"}},
	},
	{
		id: "GHSA-j7hp-h8jx-5ppr", aliases: "CVE-2023-4863", date: "2023-09-12", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H",
		summary:  "libwebp: OOB write in BuildHuffmanTable",
		affected: []affected{{"PyPI", "pillow", "0 10.0.1"}},
	},
	{
		id: "PYSEC-2021-142", aliases: "CVE-2020-14343 GHSA-8q59-q68h-6hv4", date: "2021-02-09", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		summary:  "Arbitrary code execution in PyYAML",
		affected: []affected{{"PyPI", "pyyaml", "0 5.4"}},
	},
	{
		id: "GHSA-2gwj-7jmv-h26r", aliases: "CVE-2022-28346 PYSEC-2022-190", date: "2022-04-13", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		summary:  "SQL Injection in Django",
		affected: []affected{{"PyPI", "django", "4.0 4.0.4 3.2 3.2.13 2.2 2.2.28"}},
	},
	{
		id: "PYSEC-2022-213", aliases: "CVE-2022-34265 GHSA-p64x-8rxx-wf6q", date: "2022-07-04", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		summary:  "Trunc() and Extract() database functions in Django are subject to SQL injection",
		affected: []affected{{"PyPI", "django", "3.2 3.2.14 4.0 4.0.6"}},
	},
	{
		id: "GHSA-w3h3-4rj7-4ph4", aliases: "CVE-2024-1135", date: "2024-04-16", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N",
		summary:  "Request smuggling leading to endpoint restriction bypass in Gunicorn",
		affected: []affected{{"PyPI", "gunicorn", "0 22.0.0"}},
	},
	{
		id: "PYSEC-2021-62", aliases: "CVE-2020-25659 GHSA-hggm-jpg3-v476", date: "2021-01-11", severity: "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:N/A:N",
		summary:  "python-cryptography is vulnerable to Bleichenbacher timing attacks in the RSA decryption API",
		affected: []affected{{"PyPI", "cryptography", "0 3.2.1"}},
	},
}
