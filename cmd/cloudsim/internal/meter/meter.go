// Package meter counts the requests that the simulated clouds get, each in the
// rate limit bucket that the provider would count it in.
package meter

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
)

// A Request is what is counted together.
type Request struct {
	Account string `json:"account"`
	Region  string `json:"region"`
	// Action is as in a policy; for Kubernetes "kubernetes:<verb> <resource>".
	Action string `json:"action"`
	// Bucket names the rate limit of the account and region that the action
	// counts in, which others may share; empty for none.
	Bucket string `json:"bucket,omitempty"`
	// Burst and Rate, in requests a second, are the limit.
	Burst int     `json:"burst,omitempty"`
	Rate  float64 `json:"rate,omitempty"`
}

// A Count is how often a request was made.
type Count struct {
	Request
	Requests int `json:"requests"`
}

// A Meter counts requests. The zero value is ready, and nil counts nothing. It
// is safe for concurrent use.
type Meter struct {
	mu     sync.Mutex
	counts map[Request]int
}

// Add counts one request.
func (m *Meter) Add(r Request) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.counts == nil {
		m.counts = map[Request]int{}
	}
	m.counts[r]++
}

// Counts returns what was counted, in order.
func (m *Meter) Counts() []Count {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]Count, 0, len(m.counts))
	for r, n := range m.counts {
		all = append(all, Count{r, n})
	}
	slices.SortFunc(all, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Action, b.Action))
	})
	return all
}

// ServeHTTP answers GET with the counts as a JSON list, and DELETE by beginning
// anew.
func (m *Meter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(m.Counts()) // the client is gone if it fails
	case http.MethodDelete:
		m.mu.Lock()
		defer m.mu.Unlock()
		m.counts = nil
		w.WriteHeader(http.StatusNoContent)
	default:
		http.Error(w, "use GET or DELETE", http.StatusMethodNotAllowed)
	}
}
