package finding

import "testing"

func TestSeverity(t *testing.T) {
	t.Parallel()
	for s := Informational; s <= Critical; s++ {
		got, err := ParseSeverity(s.String())
		if err != nil || got != s {
			t.Errorf("ParseSeverity(%q) = %v, %v, want %v", s.String(), got, err, s)
		}
	}
	if Informational >= Unknown || Unknown != 0 || Unknown >= Low {
		t.Error("informational is not below unknown, and unknown not zero and below low")
	}
	if got := Severity(99).String(); got != "severity(99)" {
		t.Errorf("an unknown number is %q", got)
	}
	if _, err := ParseSeverity("severity(99)"); err == nil {
		t.Error("a number is a severity")
	}
}

func TestFailed(t *testing.T) {
	t.Parallel()
	if n := Failed([]CheckFinding{{Severity: Informational}, {Severity: Low}, {Severity: Critical}}); n != 2 {
		t.Errorf("%d failures, want the 2 that do not only inform", n)
	}
}
