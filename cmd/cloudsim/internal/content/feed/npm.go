package feed

var npmAdvisories = []advisory{
	{
		id: "GHSA-35jh-r3h4-6jhm", aliases: "CVE-2021-23337", date: "2021-05-06", severity: "CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H",
		summary: "Command Injection in lodash", affected: []affected{{"npm", "lodash", "0 4.17.21"}},
	},
	{
		id: "GHSA-p6mc-m468-83gw", aliases: "CVE-2020-8203", date: "2020-07-15", severity: "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:H/A:H",
		summary: "Prototype Pollution in lodash", affected: []affected{{"npm", "lodash", "3.7.0 4.17.19"}},
	},
	{
		id: "GHSA-29mw-wpgm-hmr9", aliases: "CVE-2020-28500", date: "2022-01-06", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L",
		summary: "Regular Expression Denial of Service (ReDoS) in lodash", affected: []affected{{"npm", "lodash", "4.0.0 4.17.21"}},
	},
	{
		id: "GHSA-xvch-5gv4-984h", aliases: "CVE-2021-44906", date: "2022-03-18", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		summary: "Prototype Pollution in minimist", affected: []affected{{"npm", "minimist", "1.0.0 1.2.6 0 0.2.4"}},
	},
	{
		id: "GHSA-hrpp-h998-j3pp", aliases: "CVE-2022-24999", date: "2022-11-27", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
		summary: "qs vulnerable to Prototype Pollution", affected: []affected{{"npm", "qs", "6.7.0 6.7.3"}},
	},
	{
		id: "GHSA-rv95-896h-c2vc", aliases: "CVE-2024-29041", date: "2024-03-25", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N",
		summary: "Express.js Open Redirect in malformed URLs", affected: []affected{{"npm", "express", "0 4.19.2"}},
	},
	{
		id: "GHSA-c2qf-rxjj-qqgw", aliases: "CVE-2022-25883", date: "2023-06-21", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
		summary: "semver vulnerable to Regular Expression Denial of Service", affected: []affected{{"npm", "semver", "7.0.0 7.5.2 6.0.0 6.3.1 0 5.7.2"}},
	},
	{
		id: "GHSA-cph5-m8f7-6c5x", aliases: "CVE-2021-3749", date: "2021-09-01", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
		summary: "axios Inefficient Regular Expression Complexity vulnerability", affected: []affected{{"npm", "axios", "0 0.21.2"}},
	},
	{
		id: "GHSA-4w2v-q235-vp99", aliases: "CVE-2020-28168", date: "2021-01-04", severity: "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:N/A:N",
		summary: "Axios vulnerable to Server-Side Request Forgery", affected: []affected{{"npm", "axios", "0 0.21.1"}},
	},
	{
		id: "GHSA-8cf7-32gw-wr33", aliases: "CVE-2022-23539", date: "2022-12-22", severity: "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:N",
		summary: "jsonwebtoken unrestricted key type could lead to legacy keys usage", affected: []affected{{"npm", "jsonwebtoken", "0 9.0.0"}},
	},
	{
		// Withdrawn: it must not be reported.
		id: "GHSA-27h2-hvpr-p74q", aliases: "CVE-2022-23529", date: "2022-12-22", withdrawn: "2023-01-27",
		severity: "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:L/I:H/A:H",
		summary:  "Withdrawn: jsonwebtoken has insecure input validation in jwt.verify function", affected: []affected{{"npm", "jsonwebtoken", "0 9.0.0"}},
	},
	{
		id: "GHSA-v923-w3x8-wh69", aliases: "CVE-2022-25896", date: "2022-07-02", severity: "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:L/A:L",
		summary: "Passport vulnerable to session regeneration when a users logs in or out", affected: []affected{{"npm", "passport", "0 0.6.0"}},
	},
	{
		id: "GHSA-74fj-2j2h-c42q", aliases: "CVE-2022-0155", date: "2022-01-12", severity: "CVSS:3.1/AV:N/AC:L/PR:L/UI:R/S:U/C:H/I:H/A:H",
		summary: "Exposure of sensitive information in follow-redirects", affected: []affected{{"npm", "follow-redirects", "0 1.14.7"}},
	},
	{
		id: "GHSA-r683-j2x4-v87g", aliases: "CVE-2022-0235", date: "2022-01-21", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H",
		summary: "node-fetch forwards secure headers to untrusted sites", affected: []affected{{"npm", "node-fetch", "3.0.0 3.1.1 0 2.6.7"}},
	},
	{
		id: "GHSA-wpg7-2c88-r8xv", aliases: "CVE-2022-0355", date: "2022-01-28", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H",
		summary: "Exposure of Sensitive Information in simple-get", affected: []affected{{"npm", "simple-get", "4.0.0 4.0.1 3.0.0 3.1.1 0 2.8.2"}},
	},
	{
		id: "GHSA-gp95-ppv5-3jc5", aliases: "CVE-2022-29256", date: "2022-06-02", severity: "CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H",
		summary: "sharp vulnerable to Command Injection in post-installation over build environment", affected: []affected{{"npm", "sharp", "0 0.30.5"}},
	},
	{
		id: "GHSA-6fc8-4gx4-v693", aliases: "CVE-2021-32640", date: "2021-05-28", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L",
		summary: "ReDoS in Sec-Websocket-Protocol header", affected: []affected{{"npm", "ws", "7.0.0 7.4.6 6.0.0 6.2.2 5.0.0 5.2.3"}},
	},
}
