package advisory

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const epssSample = `#model_version:v2025.03.14,score_date:2025-08-25T12:55:00Z
cve,epss,percentile
CVE-1999-0001,0.01297,0.78649
CVE-2021-44228,0.94358,1.0
`

func gzipped(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, s); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestParseEPSS(t *testing.T) {
	t.Parallel()
	want := &EPSS{
		Model: "v2025.03.14", Date: time.Date(2025, 8, 25, 0, 0, 0, 0, time.UTC),
		Scores: map[string]EPSSScore{
			"CVE-1999-0001":  {0.01297, 0.78649},
			"CVE-2021-44228": {0.94358, 1},
		},
	}
	for name, in := range map[string]string{"plain": epssSample, "gzip": gzipped(t, epssSample)} {
		got, err := ParseEPSS(strings.NewReader(in))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: mismatch (-want +got):\n%s", name, diff)
		}
	}
	_, rows, _ := strings.Cut(epssSample, "\n")
	if got, err := ParseEPSS(strings.NewReader(rows)); err != nil || len(got.Scores) != 2 {
		t.Errorf("without the comment: %v, %v", got, err)
	}
}

func TestParseEPSSRefuses(t *testing.T) {
	t.Parallel()
	packed := gzipped(t, epssSample)
	tests := map[string]string{
		"":                                   "header",
		"#only a comment":                    "EOF",
		"cve,epss,percentile\n":              "none",
		"a,b,c\n":                            "header",
		packed[:len(packed)-9]:               "unexpected EOF",
		epssSample + "CVE-2024-0001,0.5\n":   "wrong number of fields",
		epssSample + "CVE-2024-0001,2,0\n":   "not between",
		epssSample + "CVE-2024-0001,0,NaN\n": "not between",
		epssSample + "CVE-2024-0001,x,0\n":   "invalid syntax",
		epssSample + "GHSA-1,0,0\n":          "not a CVE",
	}
	for in, want := range tests {
		if _, err := ParseEPSS(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseEPSS(%q) = %v, want an error with %q", in, err, want)
		}
	}
}

func FuzzParseEPSS(f *testing.F) {
	f.Add(epssSample)
	f.Add(gzipped(f, epssSample))
	f.Add("cve,epss,percentile\nCVE-2024-0001,1e-3,0x1p-2\n")
	f.Fuzz(func(t *testing.T, in string) {
		e, err := ParseEPSS(strings.NewReader(in))
		if err != nil {
			return
		}
		for cve, s := range e.Scores {
			if cveOf(cve) != cve || !(s.Probability >= 0 && s.Probability <= 1 && s.Percentile >= 0 && s.Percentile <= 1) {
				t.Fatalf("%s: %+v", cve, s)
			}
		}
	})
}
