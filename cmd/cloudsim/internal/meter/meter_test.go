package meter

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMeter(t *testing.T) {
	t.Parallel()
	list := Request{Account: "1", Region: "eu-west-1", Action: "ecs:ListTasks", Bucket: "ecs/read", Burst: 100, Rate: 20}
	pods := Request{Account: "1", Region: "eu-west-1", Action: "kubernetes:list pods"}
	m := new(Meter)
	for range 3 {
		m.Add(list)
	}
	m.Add(pods)
	ask := func(method string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		m.ServeHTTP(w, httptest.NewRequest(method, "/_sim/requests", nil))
		return w
	}
	counts := func() (all []Count) {
		if err := json.Unmarshal(ask(http.MethodGet).Body.Bytes(), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	if diff := cmp.Diff([]Count{{list, 3}, {pods, 1}}, counts()); diff != "" {
		t.Errorf("counts mismatch (-want +got):\n%s", diff)
	}
	if w := ask(http.MethodDelete); w.Code != http.StatusNoContent {
		t.Errorf("DELETE answers %d", w.Code)
	}
	if got := counts(); len(got) != 0 {
		t.Errorf("after DELETE the counts are %v", got)
	}
	if w := ask(http.MethodPost); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST answers %d", w.Code)
	}
	var none *Meter
	none.Add(list)
}
