// Package fault makes the simulated clouds fail on demand: denied calls,
// unreachable clusters, slow, cut-off and failing answers.
package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Rule says what goes wrong with which requests. Account, Region, Cluster
// and Action select them: empty selects all, "*" stands for any characters but
// "/". The other fields may be combined.
type Rule struct {
	Account string `json:"account,omitempty"`
	Region  string `json:"region,omitempty"`
	// Cluster selects requests to the API server of one Kubernetes cluster.
	Cluster string `json:"cluster,omitempty"`
	// Action is as in a policy: "ecs:ListTasks", "ecs:*"; for Kubernetes
	// "kubernetes:<verb> <resource>", such as "kubernetes:list pods".
	Action string `json:"action,omitempty"`

	// Deny refuses the requests as a missing permission does.
	Deny bool `json:"deny,omitempty"`
	// SCP makes the refusal one by a service control policy.
	SCP bool `json:"scp,omitempty"`
	// Throttle refuses the requests as too many.
	Throttle bool `json:"throttle,omitempty"`
	// Unreachable closes the connection without an answer.
	Unreachable bool `json:"unreachable,omitempty"`
	// LatencyMS delays the answer by this many milliseconds.
	LatencyMS int `json:"latency_ms,omitempty"`
	// Truncate cuts the answer in half.
	Truncate bool `json:"truncate,omitempty"`
	// ErrorRate is the share of requests, from 0 to 1, that end with a server error.
	ErrorRate float64 `json:"error_rate,omitempty"`
}

// Validate reports a rule that selects nothing or does nothing.
func (r Rule) Validate() error {
	for _, pattern := range []string{r.Account, r.Region, r.Cluster, r.Action} {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("pattern %q: %w", pattern, err)
		}
	}
	if r.ErrorRate < 0 || r.ErrorRate > 1 {
		return fmt.Errorf("error_rate %v: must be from 0 to 1", r.ErrorRate)
	}
	if r.LatencyMS < 0 {
		return fmt.Errorf("latency_ms %d: must not be negative", r.LatencyMS)
	}
	if !r.Deny && !r.SCP && !r.Throttle && !r.Unreachable && !r.Truncate && r.LatencyMS == 0 && r.ErrorRate == 0 {
		return errors.New("rule has no effect: set deny, scp, throttle, unreachable, latency_ms, truncate or error_rate")
	}
	return nil
}

// matches reports whether the rule selects the request.
func (r Rule) matches(t Target) bool {
	return match(r.Account, t.Account) && match(r.Region, t.Region) && match(r.Cluster, t.Cluster) && match(r.Action, t.Action)
}

// match reports whether a pattern selects a value, regardless of case as in
// policies.
func match(pattern, value string) bool {
	if pattern == "" {
		return true
	}
	ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(value))
	return err == nil && ok
}

// A Target is what a request is about; see [Rule] for the fields.
type Target struct {
	Account, Region, Cluster, Action string
}

// An Effect is what goes wrong with one request.
type Effect struct {
	Deny, SCP, Throttle, Unreachable, Truncate, ServerError bool

	Latency time.Duration
}

// A Set holds the rules in force. The zero value has none. It is safe for
// concurrent use.
type Set struct {
	// Standing rules are in force besides the others, and nobody ends them.
	Standing []Rule

	mu    sync.RWMutex
	rules []Rule
	// draws counts the decisions about error rates, which are made in a fixed
	// order rather than by chance.
	draws atomic.Uint64
}

// Rules returns the rules in force.
func (s *Set) Rules() []Rule {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return append([]Rule{}, s.rules...)
}

// Replace puts other rules in force, or none of them if one is not valid.
func (s *Set) Replace(rules []Rule) error {
	for i, r := range rules {
		if err := r.Validate(); err != nil {
			return fmt.Errorf("rule %d: %w", i, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = rules
	return nil
}

// Match returns what goes wrong with a request.
func (s *Set) Match(t Target) Effect {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var e Effect
	for i := range len(s.Standing) + len(s.rules) {
		r := s.rule(i)
		if !r.matches(t) {
			continue
		}
		e.Deny = e.Deny || r.Deny || r.SCP
		e.SCP = e.SCP || r.SCP
		e.Throttle = e.Throttle || r.Throttle
		e.Unreachable = e.Unreachable || r.Unreachable
		e.Truncate = e.Truncate || r.Truncate
		e.Latency = max(e.Latency, time.Duration(r.LatencyMS)*time.Millisecond)
		e.ServerError = e.ServerError || s.draw(r.ErrorRate)
	}
	return e
}

// rule returns the i-th of the standing and then the other rules.
func (s *Set) rule(i int) Rule {
	if i < len(s.Standing) {
		return s.Standing[i]
	}
	return s.rules[i-len(s.Standing)]
}

// draw decides true for the given share of its calls, evenly spread: the
// multiples of the golden ratio modulo 1 are.
func (s *Set) draw(rate float64) bool {
	if rate == 0 {
		return false
	}
	const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio
	return float64(s.draws.Add(1)*golden)/(1<<64) < rate
}

// maxBody bounds the size of a posted list of rules.
const maxBody = 1 << 20

// ServeHTTP answers GET with the rules in force, POST with a JSON list of
// rules by putting them in force instead, and DELETE by ending all.
func (s *Set) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var rules []Rule
	switch r.Method {
	case http.MethodGet:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.Rules()) // the client is gone if it fails
		return
	case http.MethodPost:
		d := json.NewDecoder(io.LimitReader(r.Body, maxBody))
		d.DisallowUnknownFields()
		if err := d.Decode(&rules); err != nil {
			http.Error(w, fmt.Sprintf("body is not a list of rules: %v", err), http.StatusBadRequest)
			return
		}
	case http.MethodDelete:
	default:
		http.Error(w, "use GET, POST or DELETE", http.StatusMethodNotAllowed)
		return
	}
	if err := s.Replace(rules); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
