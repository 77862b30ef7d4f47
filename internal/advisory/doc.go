// Package advisory knows which package versions are vulnerable.
//
// Feeds of advisories in the OSV format (https://ossf.github.io/osv-schema/)
// are read from a directory, a zip archive or over HTTPS ([Open]) and brought
// into a [Store] with as few writes as possible ([Importer]). An [Index] holds
// the affected ranges in memory and matches package versions against them.
// [Merge] turns advisories that speak of the same thing into vulnerabilities.
// The CISA catalogue of known exploited vulnerabilities ([ParseKEV]) and the
// EPSS scores ([ParseEPSS]) are joined by CVE.
//
// Versions are ordered by the rules of their ecosystem. A version that cannot
// be read never matches: it is counted, so that "not vulnerable" and "could not
// tell" stay apart.
package advisory
