package awsiam_test

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
)

// TestSyntheticEstate compares a small organization with single requests.
func TestSyntheticEstate(t *testing.T) {
	t.Parallel()
	s := newSyntheticEstate(240)
	e := awsiam.NewEstate(storeTypes(t), syntheticBase())
	if err := s.fill(e); err != nil {
		t.Fatal(err)
	}
	estate := access.NewEstate(e)
	if _, err := estate.Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.equalsEvaluate(t, e, estate)
	s.changePolicy(e)
	if _, err := estate.Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.equalsEvaluate(t, e, estate)
}

func (s *syntheticEstate) equalsEvaluate(t *testing.T, e *awsiam.Estate, estate *access.Estate) {
	t.Helper()
	got, some := map[[2]string][]access.Grant{}, 0
	for g := range estate.Grants() {
		key := [2]string{g.Principal, g.Store}
		got[key] = append(got[key], g.Grant)
	}
	for _, p := range s.principals {
		for _, store := range s.stores {
			want := e.Explain(p.Principal.ID, store.ID, nil)
			if len(want) > 0 {
				some++
			}
			if grants := got[[2]string{p.Principal.ID, store.ID}]; !access.EqualGrants(want, grants) {
				t.Errorf("%s on %s: grants are\n%s\nwant\n%s", p.Principal.ID, store.ID, grantsText(grants), grantsText(want))
			}
		}
	}
	if some < len(s.principals) {
		t.Errorf("%d pairs have grants, which is too few for a test", some)
	}
}

func syntheticBase() access.Context {
	return access.NewContext(access.UnknownState).With("aws:SecureTransport", "true").With("aws:ViaAWSService", "false").
		WithAbsent("aws:MultiFactorAuthPresent")
}

// changePolicy changes the policy that many roles share.
func (s *syntheticEstate) changePolicy(e *awsiam.Estate) {
	changed := policyOf(statementOf("dynamodb:GetItem,dynamodb:PutItem,sqs:SendMessage,s3:GetObject",
		"arn:aws:dynamodb:*:*:table/shared-*,arn:aws:sqs:*:*:shared-*,arn:aws:s3:::app1-*/*"))
	for _, i := range s.sharers {
		p := *s.principals[i]
		p.Identity.Policies = append([]awsiam.Policy(nil), p.Identity.Policies...)
		for j := range p.Identity.Policies {
			if p.Identity.Policies[j].Document == s.shared {
				p.Identity.Policies[j].Document = changed
			}
		}
		s.principals[i] = &p
		e.SetPrincipal(&p)
	}
	s.shared = changed
}

// BenchmarkEstate measures a whole organization, and one policy that changes.
// STOWAGE_PRINCIPALS is how large it is.
func BenchmarkEstate(b *testing.B) {
	n := 2000
	if text := os.Getenv("STOWAGE_PRINCIPALS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	types := storeTypes(b)
	for b.Loop() {
		start := time.Now()
		s := newSyntheticEstate(n)
		b.Logf("%d principals and %d stores in %d accounts, made in %v; %s, %s", len(s.principals), len(s.stores), len(s.accounts), time.Since(start), live(), memory())

		start = time.Now()
		e := awsiam.NewEstate(types, syntheticBase())
		if err := s.fill(e); err != nil {
			b.Fatal(err)
		}
		filled := time.Since(start)
		estate := access.NewEstate(e)
		if _, err := estate.Update(b.Context()); err != nil {
			b.Fatal(err)
		}
		full := time.Since(start)
		b.Logf("full: %v, of which %v for documents; %s", full, filled, memory())
		b.Logf("%v of processors; %s", processors(), live())
		principals, stores, open, pairs := estate.Size()
		b.Logf("%d classes of principals, %d of stores (%d open), %d pairs of classes with grants", principals, stores, open, pairs)
		verdicts := map[access.Verdict]int{}
		for c := range estate.Classes() {
			for _, g := range c.Grants {
				verdicts[g.Verdict()] += c.Principals * c.Stores
			}
		}
		b.Logf("grants: %d allowed, %d conditional, %d unknown", verdicts[access.Allowed], verdicts[access.Conditional], verdicts[access.Unknown])

		start = time.Now()
		s.changePolicy(e)
		changes, err := estate.Update(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		changed := time.Since(start)
		moved, _ := changes.Len()
		start, count := time.Now(), 0
		for range changes.All() {
			count++
		}
		b.Logf("policy of %d roles changed: %v; %d principals in another class; %d changes of pairs, listed in %v; %s, %s",
			len(s.sharers), changed, moved, count, time.Since(start), live(), memory())
		b.ReportMetric(full.Seconds(), "s/full")
		b.ReportMetric(changed.Seconds(), "s/change")
	}
}

// processors returns how much of all processors the process has had.
func processors() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// live returns how much memory is in use.
func live() string {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return fmt.Sprintf("%d MB in use", m.HeapAlloc>>20)
}

// memory returns how much memory the process has had at most.
func memory() string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "memory is not known: " + err.Error()
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return fmt.Sprintf("at most %s of memory", strings.TrimSpace(rest))
		}
	}
	return "memory is not known"
}
