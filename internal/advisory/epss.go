package advisory

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// EPSS is one day's scores of the Exploit Prediction Scoring System.
// See https://www.first.org/epss/data_stats.
type EPSS struct {
	// Model is the version of the model: "v2025.03.14".
	Model string
	// Date is the day of the scores.
	Date time.Time
	// Scores are the scores by CVE.
	Scores map[string]EPSSScore
}

// An EPSSScore tells how likely a vulnerability is to be exploited.
type EPSSScore struct {
	// Probability is that of being exploited within 30 days, 0 to 1.
	Probability float32
	// Percentile is the share of vulnerabilities that score no higher, 0 to 1.
	Percentile float32
}

// maxEPSS limits the unpacked scores, in bytes; they have about ten megabytes.
const maxEPSS = 512 << 20

// ParseEPSS reads the scores in FIRST's CSV form, gzip-compressed or not.
func ParseEPSS(r io.Reader) (*EPSS, error) {
	e, err := parseEPSS(r)
	if err != nil {
		return nil, fmt.Errorf("parse EPSS scores: %w", err)
	}
	return e, nil
}

func parseEPSS(r io.Reader) (*EPSS, error) {
	in := bufio.NewReader(r)
	if magic, _ := in.Peek(2); string(magic) == "\x1f\x8b" {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		defer unzipped.Close()
		in = bufio.NewReader(&limitedReader{unzipped, maxEPSS})
	} else {
		in = bufio.NewReader(&limitedReader{in, maxEPSS})
	}
	e := &EPSS{Scores: map[string]EPSSScore{}}
	if first, _ := in.Peek(1); string(first) == "#" {
		comment, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		e.comment(strings.TrimSpace(comment[1:]))
	}
	rows := csv.NewReader(in)
	rows.FieldsPerRecord = 3
	rows.ReuseRecord = true
	header, err := rows.Read()
	if errors.Is(err, io.EOF) || err == nil && strings.Join(header, ",") != "cve,epss,percentile" {
		return nil, errors.New("the header is not cve,epss,percentile")
	}
	for err == nil {
		var row []string
		if row, err = rows.Read(); err == nil {
			err = e.add(row)
		}
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(e.Scores) == 0 {
		return nil, errors.New("there are none")
	}
	return e, nil
}

// comment reads "model_version:v2025.03.14,score_date:2025-08-25T12:55:00Z".
func (e *EPSS) comment(line string) {
	for field := range strings.SplitSeq(line, ",") {
		name, value, _ := strings.Cut(field, ":")
		switch name {
		case "model_version":
			e.Model = value
		case "score_date":
			if len(value) >= len(time.DateOnly) {
				e.Date = parseDay(value[:len(time.DateOnly)])
			}
		}
	}
}

func (e *EPSS) add(row []string) error {
	cve := strings.Clone(row[0])
	if cveOf(cve) != cve || cve == "" {
		return fmt.Errorf("%q is not a CVE", cve)
	}
	probability, err := parseShare(row[1])
	if err != nil {
		return fmt.Errorf("score of %s: %w", cve, err)
	}
	percentile, err := parseShare(row[2])
	if err != nil {
		return fmt.Errorf("percentile of %s: %w", cve, err)
	}
	e.Scores[cve] = EPSSScore{probability, percentile}
	return nil
}

func parseShare(s string) (float32, error) {
	f, err := strconv.ParseFloat(s, 32)
	if err != nil {
		return 0, err
	}
	if !(f >= 0 && f <= 1) {
		return 0, fmt.Errorf("%s is not between 0 and 1", s)
	}
	return float32(f), nil
}
