package access

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestContext(t *testing.T) {
	t.Parallel()
	c := NewContext(UnknownState).WithPrefix("aws:PrincipalTag/", Absent).
		With("aws:PrincipalTag/Team", "blue").With("aws:SourceVpc", "vpc-1").WithAbsent("aws:MultiFactorAuthPresent")
	for key, want := range map[string]Value{
		"AWS:principaltag/team":      {State: Known, Values: []string{"blue"}},
		"aws:PrincipalTag/other":     {State: Absent},
		"aws:multifactorauthpresent": {State: Absent},
		"aws:SourceIp":               {State: UnknownState},
	} {
		if diff := cmp.Diff(want, c.Lookup(key)); diff != "" {
			t.Errorf("Lookup(%q) mismatch (-want +got):\n%s", key, diff)
		}
	}
	if !c.Names("AWS:sourcevpc") || c.Names("aws:PrincipalTag/other") || !c.WithUnknown("aws:SourceIp").Names("aws:SourceIp") {
		t.Error("Names does not tell the keys that are named from those that are not")
	}
	merged := c.Merge(NewContext(Absent).WithUnknown("aws:SourceVpc"))
	if got := merged.Lookup("aws:SourceVpc").State; got != UnknownState {
		t.Errorf("merged aws:SourceVpc is %v, want it unknown", got)
	}
	if got := merged.Lookup("aws:SourceIp").State; got != UnknownState {
		t.Errorf("merged aws:SourceIp is %v, want the rest of the first context", got)
	}
	if got := c.Lookup("aws:SourceVpc").State; got != Known {
		t.Errorf("a context was changed by one made of it: %v", got)
	}
}
