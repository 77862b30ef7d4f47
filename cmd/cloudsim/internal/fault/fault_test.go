package fault

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	var s Set
	err := s.Replace([]Rule{
		{Account: "111122223333", Action: "ecs:List*", Deny: true},
		{Region: "eu-west-1", LatencyMS: 50},
		{Region: "eu-*", LatencyMS: 20, Truncate: true},
		{Cluster: "edge-1", Unreachable: true},
		{Action: "organizations:*", SCP: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		target Target
		want   Effect
	}{
		"nothing":       {Target{"1", "us-east-1", "", "ecs:ListTasks"}, Effect{}},
		"denied":        {Target{"111122223333", "us-east-1", "", "ecs:listtasks"}, Effect{Deny: true}},
		"other_action":  {Target{"111122223333", "us-east-1", "", "ecs:DescribeTasks"}, Effect{}},
		"both_combined": {Target{"1", "eu-west-1", "", "x:Y"}, Effect{Latency: 50 * time.Millisecond, Truncate: true}},
		"cluster":       {Target{Cluster: "edge-1", Action: "kubernetes:list pods"}, Effect{Unreachable: true}},
		"scp":           {Target{Action: "organizations:ListAccounts"}, Effect{Deny: true, SCP: true}},
	} {
		if diff := cmp.Diff(tc.want, s.Match(tc.target)); diff != "" {
			t.Errorf("%s: mismatch (-want +got):\n%s", name, diff)
		}
	}
}

func TestErrorRateIsKept(t *testing.T) {
	t.Parallel()
	var s Set
	if err := s.Replace([]Rule{{ErrorRate: 0.25}}); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for range 1000 {
		if s.Match(Target{}).ServerError {
			failed++
		}
	}
	if failed < 245 || failed > 255 {
		t.Errorf("%d of 1000 requests failed, want 250", failed)
	}
}

func TestServeHTTP(t *testing.T) {
	t.Parallel()
	var s Set
	do := func(method, body string) (int, string) {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(method, "/_sim/faults", strings.NewReader(body)))
		return w.Code, strings.TrimSpace(w.Body.String())
	}
	for _, tc := range []struct {
		method, body string
		code         int
		reply        string
	}{
		{"GET", "", 200, "[]"},
		{"POST", `[{"action":"ecs:ListTasks","deny":true}]`, 204, ""},
		{"GET", "", 200, `[{"action":"ecs:ListTasks","deny":true}]`},
		{"POST", `[{"denied":true}]`, 400, `body is not a list of rules: json: unknown field "denied"`},
		{"POST", `{`, 400, "body is not a list of rules: unexpected EOF"},
		{"POST", `[{"region":"eu-west-1"}]`, 400, "rule 0: rule has no effect: set deny, scp, throttle, unreachable, latency_ms, truncate or error_rate"},
		{"POST", `[{"error_rate":2}]`, 400, "rule 0: error_rate 2: must be from 0 to 1"},
		{"POST", `[{"region":"[","deny":true}]`, 400, `rule 0: pattern "[": syntax error in pattern`},
		{"PUT", "", http.StatusMethodNotAllowed, "use GET, POST or DELETE"},
		{"GET", "", 200, `[{"action":"ecs:ListTasks","deny":true}]`},
		{"DELETE", "", 204, ""},
		{"GET", "", 200, "[]"},
	} {
		code, reply := do(tc.method, tc.body)
		if code == 400 && strings.HasPrefix(tc.reply, "body is not a list of rules: ") && code == tc.code && strings.HasPrefix(reply, "body is not a list of rules: ") {
			continue // the rest is encoding/json's
		}
		if code != tc.code || reply != tc.reply {
			t.Errorf("%s %s = %d %q, want %d %q", tc.method, tc.body, code, reply, tc.code, tc.reply)
		}
	}
}

// TestStandingRulesStay ends and replaces all others.
func TestStandingRulesStay(t *testing.T) {
	t.Parallel()
	s := Set{Standing: []Rule{{Cluster: "edge-1", Unreachable: true}}}
	standing, other := Target{Cluster: "edge-1"}, Target{Account: "1"}
	if err := s.Replace([]Rule{{Account: "1", Deny: true}, {Cluster: "edge-1", Deny: true}}); err != nil {
		t.Fatal(err)
	}
	if e := s.Match(standing); !e.Unreachable || !e.Deny {
		t.Errorf("with other rules = %+v, want both effects", e)
	}
	if e := s.Match(other); !e.Deny || e.Unreachable {
		t.Errorf("of another target = %+v, want denied", e)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodDelete, "/_sim/faults", nil))
	if e := s.Match(standing); !e.Unreachable || e.Deny {
		t.Errorf("when the others ended = %+v, want unreachable", e)
	}
	if e := s.Match(other); e != (Effect{}) {
		t.Errorf("of another target then = %+v, want nothing", e)
	}
	if rules := s.Rules(); len(rules) != 0 {
		t.Errorf("rules = %+v, want those alone that can be ended", rules)
	}
}
