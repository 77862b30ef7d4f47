package feed

import "encoding/json"

// exploited are vulnerabilities that are known to be exploited.
// See https://www.cisa.gov/known-exploited-vulnerabilities-catalog.
var exploited = []kevEntry{
	{
		CVE: "CVE-2021-44228", Vendor: "Apache", Product: "Log4j2", Name: "Apache Log4j2 Remote Code Execution Vulnerability",
		Added: "2021-12-10", Due: "2021-12-24", Ransomware: "Known", CWEs: []string{"CWE-20", "CWE-400", "CWE-502"},
		Description: "Apache Log4j2 contains a vulnerability where JNDI features do not protect against attacker-controlled JNDI-related endpoints, allowing for remote code execution.",
		Action:      "Apply updates per vendor instructions.",
	},
	{
		CVE: "CVE-2021-45046", Vendor: "Apache", Product: "Log4j2", Name: "Apache Log4j2 Deserialization of Untrusted Data Vulnerability",
		Added: "2023-05-01", Due: "2023-05-22", Ransomware: "Known", CWEs: []string{"CWE-917"},
		Description: "Apache Log4j2 contains a deserialization of untrusted data vulnerability due to the incomplete fix of CVE-2021-44228, where the Thread Context Lookup Pattern is vulnerable to remote code execution in certain non-default configurations.",
		Action:      "Apply updates per vendor instructions.",
	},
	{
		CVE: "CVE-2022-22965", Vendor: "VMware", Product: "Spring Framework", Name: "Spring Framework JDK 9+ Remote Code Execution Vulnerability",
		Added: "2022-04-04", Due: "2022-04-25", Ransomware: "Unknown", CWEs: []string{"CWE-94"},
		Description: "Spring MVC or Spring WebFlux application running on JDK 9+ may be vulnerable to remote code execution (RCE) via data binding.",
		Action:      "Apply updates per vendor instructions.",
	},
	{
		CVE: "CVE-2023-4911", Vendor: "GNU", Product: "GNU C Library", Name: "GNU C Library Buffer Overflow Vulnerability",
		Added: "2023-11-21", Due: "2023-12-12", Ransomware: "Unknown", CWEs: []string{"CWE-122"},
		Description: "GNU C Library's dynamic loader ld.so contains a buffer overflow vulnerability when processing the GLIBC_TUNABLES environment variable, allowing a local attacker to execute code with elevated privileges.",
		Action:      "Apply mitigations per vendor instructions or discontinue use of the product if mitigations are unavailable.",
	},
	{
		CVE: "CVE-2023-4863", Vendor: "Google", Product: "Chromium WebP", Name: "Google Chromium WebP Heap-Based Buffer Overflow Vulnerability",
		Added: "2023-09-13", Due: "2023-10-04", Ransomware: "Unknown", CWEs: []string{"CWE-787"},
		Description: "Google Chromium WebP contains a heap-based buffer overflow vulnerability that allows a remote attacker to perform an out-of-bounds memory write via a crafted HTML page. This vulnerability can affect applications that use the WebP Codec.",
		Action:      "Apply mitigations per vendor instructions or discontinue use of the product if mitigations are unavailable.",
	},
	{
		CVE: "CVE-2023-44487", Vendor: "IETF", Product: "HTTP/2", Name: "HTTP/2 Rapid Reset Attack Vulnerability",
		Added: "2023-10-10", Due: "2023-10-31", Ransomware: "Unknown", CWEs: []string{"CWE-400"},
		Description: "HTTP/2 contains a rapid reset vulnerability that allows for a distributed denial-of-service attack (DDoS).",
		Action:      "Apply mitigations per vendor instructions, follow applicable BOD 22-01 guidance for cloud services, or discontinue use of the product if mitigations are unavailable.",
	},
	{
		CVE: "CVE-2021-3156", Vendor: "Sudo", Product: "Sudo", Name: "Sudo Heap-Based Buffer Overflow Vulnerability",
		Added: "2022-04-06", Due: "2022-04-27", Ransomware: "Unknown", CWEs: []string{"CWE-122", "CWE-193"},
		Description: "Sudo contains an off-by-one error that can result in a heap-based buffer overflow, which allows for privilege escalation.",
		Action:      "Apply updates per vendor instructions.",
	},
	// It concerns none of the images.
	{
		CVE: "CVE-2017-5638", Vendor: "Apache", Product: "Struts", Name: "Apache Struts Remote Code Execution Vulnerability",
		Added: "2021-11-03", Due: "2022-05-03", Ransomware: "Known", CWEs: []string{"CWE-20"},
		Description: "Apache Struts Jakarta Multipart parser allows for malicious file upload using the Content-Type value, leading to remote code execution.",
		Action:      "Apply updates per vendor instructions.",
	},
}

// A kevEntry is one entry of the catalog, in CISA's words.
type kevEntry struct {
	CVE         string   `json:"cveID"`
	Vendor      string   `json:"vendorProject"`
	Product     string   `json:"product"`
	Name        string   `json:"vulnerabilityName"`
	Added       string   `json:"dateAdded"`
	Description string   `json:"shortDescription"`
	Action      string   `json:"requiredAction"`
	Due         string   `json:"dueDate"`
	Ransomware  string   `json:"knownRansomwareCampaignUse"`
	Notes       string   `json:"notes"`
	CWEs        []string `json:"cwes"`
}

// kevCatalog returns the catalog in CISA's format.
func kevCatalog() []byte {
	entries := make([]kevEntry, len(exploited))
	for i, e := range exploited {
		e.Notes = "https://nvd.nist.gov/vuln/detail/" + e.CVE
		entries[i] = e
	}
	data, err := json.MarshalIndent(map[string]any{
		"title":           "CISA Catalog of Known Exploited Vulnerabilities",
		"catalogVersion":  published.Format("2006.01.02"),
		"dateReleased":    published,
		"count":           len(entries),
		"vulnerabilities": entries,
	}, "", "    ")
	if err != nil {
		panic(err) // strings only
	}
	return data
}
