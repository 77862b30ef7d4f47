package feed

var mavenAdvisories = []advisory{
	{
		id: "GHSA-jfh8-c2jp-5v3q", aliases: "CVE-2021-44228", date: "2021-12-10", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H",
		summary:  "Remote code injection in Log4j",
		affected: []affected{{"Maven", "org.apache.logging.log4j:log4j-core", "2.13.0 2.15.0 2.4 2.12.2 2.0-beta9 2.3.1"}},
	},
	{
		id: "GHSA-7rjr-3q55-vv33", aliases: "CVE-2021-45046", date: "2021-12-14", severity: "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:H/A:H",
		summary:  "Incomplete fix for Apache Log4j vulnerability",
		affected: []affected{{"Maven", "org.apache.logging.log4j:log4j-core", "2.13.0 2.16.0 2.0-beta9 2.12.2"}},
	},
	{
		id: "GHSA-p6xc-xr62-6r2g", aliases: "CVE-2021-45105", date: "2021-12-18", severity: "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:H",
		summary:  "Apache Log4j2 vulnerable to Improper Input Validation and Uncontrolled Recursion",
		affected: []affected{{"Maven", "org.apache.logging.log4j:log4j-core", "2.4.0 2.12.3 2.13.0 2.17.0"}},
	},
	{
		id: "GHSA-36p3-wjmg-h94x", aliases: "CVE-2022-22965", date: "2022-03-31", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		summary:  "Remote Code Execution in Spring Framework",
		affected: []affected{{"Maven", "org.springframework:spring-beans", "0 5.2.20.RELEASE 5.3.0 5.3.18"}},
	},
	{
		id: "GHSA-599f-7c49-w659", aliases: "CVE-2022-42889", date: "2022-10-13", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		summary:  "Arbitrary code execution in Apache Commons Text",
		affected: []affected{{"Maven", "org.apache.commons:commons-text", "1.5 1.10.0"}},
	},
	{
		id: "GHSA-mjmj-j48q-9wg2", aliases: "CVE-2022-1471", date: "2022-12-12", severity: "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:L",
		summary:  "SnakeYaml Constructor Deserialization Remote Code Execution",
		affected: []affected{{"Maven", "org.yaml:snakeyaml", "0 2.0"}},
	},
	{
		id: "GHSA-mx7p-6679-8g3q", aliases: "CVE-2019-16942", date: "2020-05-15", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
		summary:  "Polymorphic Typing in FasterXML jackson-databind",
		affected: []affected{{"Maven", "com.fasterxml.jackson.core:jackson-databind", "2.9.0 2.9.10.1"}},
	},
	{
		id: "GHSA-57j2-w4cx-62h2", aliases: "CVE-2020-36518", date: "2022-03-12", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
		summary:  "Deeply nested json in jackson-databind",
		affected: []affected{{"Maven", "com.fasterxml.jackson.core:jackson-databind", "0 2.12.6.1 2.13.0 2.13.2.1"}},
	},
	{
		id: "GHSA-hfrx-6qgj-fp6c", aliases: "CVE-2023-24998", date: "2023-02-20", severity: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
		summary:  "Apache Commons FileUpload denial of service vulnerability",
		affected: []affected{{"Maven", "commons-fileupload:commons-fileupload", "0 1.5"}},
	},
}
