package advisory

import (
	"strings"

	cvss20 "github.com/pandatix/go-cvss/20"
	cvss30 "github.com/pandatix/go-cvss/30"
	cvss31 "github.com/pandatix/go-cvss/31"
	cvss40 "github.com/pandatix/go-cvss/40"

	"github.com/stowage-dev/stowage/internal/finding"
)

// ScoreCVSS returns the base score of a CVSS vector of version 2, 3.0, 3.1 or
// 4.0; ok is false when the vector is none.
func ScoreCVSS(vector string) (score float64, ok bool) {
	switch {
	case strings.HasPrefix(vector, "CVSS:4.0/"):
		v, err := cvss40.ParseVector(vector)
		if err != nil {
			return 0, false
		}
		return v.Score(), true
	case strings.HasPrefix(vector, "CVSS:3.1/"):
		v, err := cvss31.ParseVector(vector)
		if err != nil {
			return 0, false
		}
		return v.BaseScore(), true
	case strings.HasPrefix(vector, "CVSS:3.0/"):
		v, err := cvss30.ParseVector(vector)
		if err != nil {
			return 0, false
		}
		return v.BaseScore(), true
	default:
		v, err := cvss20.ParseVector(strings.Trim(vector, "()"))
		if err != nil {
			return 0, false
		}
		return v.BaseScore(), true
	}
}

// SeverityOf rates a CVSS base score by the scale that CVSS has had since
// version 3 (https://www.first.org/cvss/v3.1/specification-document section 5).
// A score of 0, "none" there, is Low: the advisory exists.
func SeverityOf(score float64) finding.Severity {
	switch {
	case score >= 9:
		return finding.Critical
	case score >= 7:
		return finding.High
	case score >= 4:
		return finding.Medium
	}
	return finding.Low
}

// wordSeverity reads the words in which publishers without a CVSS vector
// rate: GitHub, Debian, Ubuntu, Red Hat.
func wordSeverity(word string) finding.Severity {
	switch strings.ToLower(word) {
	case "critical":
		return finding.Critical
	case "high", "important":
		return finding.High
	case "medium", "moderate":
		return finding.Medium
	case "low", "negligible", "unimportant", "minor":
		return finding.Low
	}
	return finding.Unknown
}
