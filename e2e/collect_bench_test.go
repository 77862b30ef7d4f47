//go:build e2e

package e2e

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/e2e/rig/process"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/job"
	"github.com/stowage-dev/stowage/internal/postgres"
)

// BenchmarkCollect collects an estate of STOWAGE_E2E_WORKLOADS workloads twice
// in one process, with nothing else in the queue, and tells what each
// collection cost. The simulated clouds enforce the providers' rate limits. It
// needs Linux, whose /proc tells what a process uses.
func BenchmarkCollect(b *testing.B) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		b.Skip("needs /proc")
	}
	for b.Loop() {
		r := newCollectRig(b)
		first := r.collect(b, func() {})
		second := r.collect(b, func() {
			if err := r.jobs.Plan(b.Context()); err != nil {
				b.Fatal(err)
			}
		})
		r.worker.Stop(b)
		fmt.Print(report(first, second)) // A benchmark logs ten lines only.
		b.ReportMetric(first.time.Seconds(), "first-s")
		b.ReportMetric(second.time.Seconds(), "second-s")
		b.ReportMetric(second.time.Seconds()/first.time.Seconds(), "second/first")
		b.ReportMetric(float64(second.peak)/(1<<20), "peak-MB")
	}
}

// A collectRig is a worker beside simulated clouds and a private server, and how
// to see what each of them uses.
type collectRig struct {
	cloud  *simulation
	worker *process.Process
	conn   *pgx.Conn
	jobs   *job.Client
	log    *effortLog
	// postmaster is the process of the database server.
	postmaster int
	// started is when the worker was.
	started time.Time
}

func newCollectRig(b *testing.B) *collectRig {
	r := &collectRig{cloud: simulate(b, everythingReadable, "--throttle", "--workloads", strconv.Itoa(workloadsWanted(b))), log: new(effortLog)}
	dsn := privateServer(b)
	i := r.cloud.install(b, dsn)
	i.set("STOWAGE_LOG_FORMAT=json")
	if n := os.Getenv("STOWAGE_E2E_CONCURRENCY"); n != "" {
		i.set("STOWAGE_COLLECT_CONCURRENCY=" + n)
	}
	if _, code := i.run(b, "migrate"); code != 0 {
		b.FailNow()
	}
	ctx := b.Context()
	var err error
	if r.conn, err = pgx.Connect(ctx, dsn); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.conn.Close(context.WithoutCancel(ctx)) })
	if err := r.conn.QueryRow(ctx, `SELECT pg_read_file('postmaster.pid', 0, 20)`).Scan(&pidLine{&r.postmaster}); err != nil {
		b.Fatal(err)
	}
	if _, err := r.conn.Exec(ctx, `
		INSERT INTO queue.river_queue (name, updated_at, paused_at)
		SELECT name, now(), now() FROM unnest('{resolve,scan,match,advisory}'::text[]) AS name`); err != nil {
		b.Fatal(err)
	}
	db, err := postgres.Open(ctx, dsn, 2)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(db.Close)
	if r.jobs, err = job.New(job.Options{DB: db, Tenant: postgres.DefaultTenant}); err != nil {
		b.Fatal(err)
	}
	cmd := i.command("work")
	cmd.Stderr = r.log
	r.started = time.Now()
	r.worker = process.Start(b, cmd)
	return r
}

// pidLine scans the first line of a file as a number.
type pidLine struct{ pid *int }

// Scan implements [database/sql.Scanner].
func (l *pidLine) Scan(v any) (err error) {
	text, _ := v.(string)
	line, _, _ := strings.Cut(text, "\n")
	*l.pid, err = strconv.Atoi(line)
	return err
}

// An expense is what one collection cost.
type expense struct {
	time time.Duration
	// limit is the shortest time in which the providers answer these requests,
	// if all accounts are asked at once.
	limit time.Duration
	// worker, database and clouds are processor time.
	worker, database, clouds time.Duration
	wal                      int64
	effort
	// requests counts by action.
	requests map[string]int
	// peak is the worker's largest resident set until the end, in bytes.
	peak int64
}

// collect measures a collection of everything, which begin enqueues if the
// start of the worker did not.
func (r *collectRig) collect(b *testing.B, begin func()) expense {
	b.Helper()
	ctx := b.Context()
	before, began := expense{}, r.started // The worker's start is a part of the first collection.
	if r.log.count() > 0 {
		// What is there is settled first: another process's log is none of the
		// collection's.
		for _, statement := range []string{`VACUUM ANALYZE`, `CHECKPOINT`} {
			if _, err := r.conn.Exec(ctx, statement); err != nil {
				b.Fatal(err)
			}
		}
		before, began = r.used(b), time.Now()
		r.cloud.forgetRequests(b)
	}
	begin()
	process.Until(b, sizeTimeout, "everything is collected", func(ctx context.Context) error {
		if r.worker.Ended() {
			b.Fatal("the worker ended")
		}
		var jobs, left int
		err := r.conn.QueryRow(ctx, `
			SELECT count(*), count(*) FILTER (WHERE finalized_at IS NULL) FROM queue.river_job
			WHERE queue = 'collect' AND kind IN ('plan', 'collect') AND created_at >= $1`, began).Scan(&jobs, &left)
		if err == nil && (jobs == 0 || left > 0) {
			err = fmt.Errorf("%d of %d jobs are left", left, jobs)
		}
		return err
	})
	after := r.used(b)
	e := expense{
		time: time.Since(began), worker: after.worker - before.worker, database: after.database - before.database,
		clouds: after.clouds - before.clouds, wal: after.wal - before.wal, peak: after.peak, requests: map[string]int{},
		effort: effort{after.scopes - before.scopes, after.incomplete - before.incomplete, after.reading - before.reading, after.applying - before.applying},
	}
	type bucket struct{ account, region, name string }
	together := map[bucket]int{}
	for _, c := range r.cloud.requests(b) {
		e.requests[c.Action] += c.Requests
		if c.Rate == 0 {
			continue
		}
		key := bucket{c.Account, c.Region, c.Bucket}
		together[key] += c.Requests
		e.limit = max(e.limit, time.Duration(float64(together[key]-c.Burst)/c.Rate*float64(time.Second)))
	}
	return e
}

// used returns what was used so far.
func (r *collectRig) used(b *testing.B) expense {
	b.Helper()
	e := expense{wal: usageOf(b, r.conn).wal, effort: r.log.total()}
	var err error
	for pid, used := range map[int]*time.Duration{r.worker.PID(): &e.worker, r.postmaster: &e.database, r.cloud.pid: &e.clouds} {
		if *used, err = process.CPUTime(pid); err != nil {
			b.Fatal(err)
		}
	}
	if e.peak, err = process.ResidentPeak(r.worker.PID()); err != nil {
		b.Fatal(err)
	}
	return e
}

// requestCount is a line of what the simulated clouds counted.
type requestCount struct {
	Account, Region, Action, Bucket string
	Burst, Requests                 int
	Rate                            float64
}

// requests returns the requests since they were last forgotten.
func (s *simulation) requests(t testing.TB) []requestCount {
	t.Helper()
	r, err := http.Get(s.ControlURL + "/requests")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var all []requestCount
	if err := json.NewDecoder(r.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	return all
}

// forgetRequests begins to count anew.
func (s *simulation) forgetRequests(t testing.TB) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, s.ControlURL+"/requests", nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusNoContent {
		t.Fatalf("forget requests: %s", r.Status)
	}
}

// effort is what the scopes of collections took together.
type effort struct {
	scopes int
	// incomplete counts the collections of scopes that did not end complete.
	incomplete        int
	reading, applying time.Duration
}

// An effortLog adds up what a worker logs of the accounts that it collected,
// and prints which scopes were not complete and why.
type effortLog struct {
	mu       sync.Mutex
	rest     []byte
	accounts int
	sum      effort
}

// Write implements [io.Writer].
func (l *effortLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		n, line, err := bufio.ScanLines(l.rest, false)
		if n == 0 || err != nil {
			return len(p), nil
		}
		var entry struct {
			Msg, Scope        string
			Outcome, Reason   string
			Scopes            int
			Reading, Applying time.Duration
		}
		switch err := json.Unmarshal(line, &entry); {
		case err != nil: // Another kind of line.
		case entry.Msg == "collect account done":
			l.accounts++
			l.sum.scopes += entry.Scopes
			l.sum.reading += entry.Reading
			l.sum.applying += entry.Applying
		case entry.Msg == "collect done" && entry.Outcome != string(inventory.Complete):
			l.sum.incomplete++
			fmt.Printf("%s is %s: %s\n", entry.Scope, entry.Outcome, entry.Reason)
		}
		l.rest = append(l.rest[:0], l.rest[n:]...)
	}
}

func (l *effortLog) total() effort {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sum
}

func (l *effortLog) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.accounts
}

// report returns both collections as a table, and the requests by action.
func report(first, second expense) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(name string, value func(expense) float64, format string) {
		x, y := value(first), value(second)
		fmt.Fprintf(w, "%s\t"+format+"\t"+format+"\t%.3f\t\n", name, x, y, y/x)
	}
	seconds := func(name string, value func(expense) time.Duration) {
		line(name, func(e expense) float64 { return value(e).Seconds() }, "%.1f s")
	}
	fmt.Fprintln(w, "\tfirst\tsecond\tsecond ÷ first\t")
	seconds("time", func(e expense) time.Duration { return e.time })
	seconds("limit by the providers' rates", func(e expense) time.Duration { return e.limit })
	line("time ÷ limit", func(e expense) float64 { return e.time.Seconds() / e.limit.Seconds() }, "%.2f")
	seconds("reading, all scopes together", func(e expense) time.Duration { return e.reading })
	seconds("applying, all scopes together", func(e expense) time.Duration { return e.applying })
	seconds("CPU of work", func(e expense) time.Duration { return e.worker })
	seconds("CPU of PostgreSQL", func(e expense) time.Duration { return e.database })
	seconds("CPU of cloudsim", func(e expense) time.Duration { return e.clouds })
	line("log of PostgreSQL", func(e expense) float64 { return float64(e.wal) / 1e6 }, "%.2f MB")
	line("peak memory of work until then", func(e expense) float64 { return float64(e.peak) / (1 << 20) }, "%.0f MiB")
	line("scopes", func(e expense) float64 { return float64(e.scopes) }, "%.0f")
	line("of these not complete", func(e expense) float64 { return float64(e.incomplete) }, "%.0f")
	total := func(e expense) float64 {
		n := 0
		for _, requests := range e.requests {
			n += requests
		}
		return float64(n)
	}
	line("requests", total, "%.0f")
	for _, action := range slices.SortedFunc(maps.Keys(first.requests), func(x, y string) int {
		return cmp.Or(first.requests[y]-first.requests[x], cmp.Compare(x, y))
	}) {
		line(action, func(e expense) float64 { return float64(e.requests[action]) }, "%.0f")
	}
	if err := w.Flush(); err != nil {
		return err.Error()
	}
	return "\n" + b.String()
}
