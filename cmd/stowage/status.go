package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/stowage-dev/stowage/internal/client"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// newStatus returns the command that tells how far a server is.
func newStatus() *cobra.Command {
	var wait bool
	cmd := &cobra.Command{
		Use: "status", Short: "Tell how far the server is", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			ask := func(ctx context.Context) (view.Status, error) {
				return client.Get[view.Status](ctx, c, "/status", nil)
			}
			var status view.Status
			if wait {
				status, err = follow(cmd.Context(), cmd.ErrOrStderr(), ask, func(s view.Status) bool { return s.FirstPass })
			} else {
				status, err = ask(cmd.Context())
			}
			if err != nil {
				return err
			}
			if asJSON, err := cmd.Flags().GetBool("json"); err != nil || asJSON {
				return printJSON(cmd.OutOrStdout(), status)
			}
			return printStatus(cmd.OutOrStdout(), status)
		},
	}
	clientFlags(cmd.Flags())
	cmd.Flags().BoolVar(&wait, "wait", false, "return when the first full pass is done")
	return cmd
}

func printStatus(w io.Writer, s view.Status) error {
	t := newTable(w)
	t.row("Accounts", strconv.Itoa(s.Accounts))
	t.row("Scopes", counts(s.Scopes))
	exposed := fmt.Sprintf("%d reached from the internet", s.Exposed)
	if s.ExposureUnknown > 0 {
		exposed += fmt.Sprintf(", not known of %d", s.ExposureUnknown)
	}
	t.row("Workloads", fmt.Sprintf("%d, %d replicas, %s", s.Workloads, s.Replicas, exposed))
	t.row("Images", counts(s.Images))
	if s.Unresolved > 0 {
		t.row("Unresolved", plural(s.Unresolved, "container")+" whose image could not be determined; see `stowage unresolved`")
	}
	if s.Unmatched > 0 {
		t.row("Not matched", plural(s.Unmatched, "image")+" of distributions without advisories")
	}
	vulnerabilities := severities(s.Vulnerabilities) + fmt.Sprintf(", %d known to be exploited", s.KEV)
	if s.Advisories == 0 {
		vulnerabilities = "not looked for: no advisories were imported"
	}
	t.row("Vulnerabilities", vulnerabilities)
	t.row("Advisories", strconv.Itoa(s.Advisories))
	for _, f := range s.Feeds {
		if f.Error != "" {
			t.row("Feed "+f.Source, f.Error)
		}
	}
	for _, q := range s.Queue {
		if q.Waiting+q.Running+q.Retrying+q.Failed > 0 {
			t.row("Queue "+q.Kind, strings.TrimSpace(fmt.Sprintf("%d waiting, %d running, %d retrying, %d failed %s",
				q.Waiting, q.Running, q.Retrying, q.Failed, q.LastError)))
		}
	}
	pass := "not done"
	if s.FirstPass {
		pass = "done"
	}
	t.row("First pass", pass)
	return t.flush()
}

// matched reports whether all advisories that the configuration names could be
// read: no vulnerabilities mean something only then.
func matched(s view.Status) bool {
	for _, f := range s.Feeds {
		if f.Error != "" {
			return false
		}
	}
	return s.Advisories > 0
}

// counts returns "3 complete, 1 denied".
func counts[K ~string](m map[K]int) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%d %s", m[k], k))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// severities returns "1 critical, 2 high, 3 unrated", highest first.
func severities(m map[finding.Severity]int) string {
	var parts []string
	for s := finding.Critical; s >= finding.Unknown; s-- {
		name := s.String()
		if s == finding.Unknown {
			name = "unrated"
		}
		if m[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", m[s], name))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// pollEvery is how often a command that waits asks for the status.
const pollEvery = 500 * time.Millisecond

// quietPolls is how many times in a row the work must be seen to be done: a
// job that ends enqueues the next one in the same transaction, but the
// periodic ones start a moment after the server.
const quietPolls = 3

// patience is how long a server may not answer while a command follows it: it
// may just be starting, or starting again.
const patience = time.Minute

// follow asks for the status until the work is done, and shows the progress:
// bars on a terminal, lines elsewhere.
func follow(ctx context.Context, w io.Writer, ask func(context.Context) (view.Status, error), done func(view.Status) bool) (view.Status, error) {
	var p progress = &lineProgress{w: w}
	if f, ok := w.(*os.File); ok && isTerminal(f) {
		p = newBarProgress(w)
	}
	defer p.done()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	quiet, answered := 0, time.Now()
	for {
		status, err := ask(ctx)
		switch {
		case err == nil:
			answered = time.Now()
			p.show(status)
			quiet++
			if !done(status) {
				quiet = 0
			}
		case ctx.Err() != nil:
			return status, ctx.Err()
		case !passing(err) || time.Since(answered) > patience:
			return status, err
		default:
			quiet = 0
			p.say(err.Error())
		}
		if quiet == quietPolls {
			return status, nil
		}
		select {
		case <-ctx.Done():
			return status, ctx.Err()
		case <-ticker.C:
		}
	}
}

// passing reports whether an error may be gone a moment later.
func passing(err error) bool {
	answer, ok := errors.AsType[*client.Error](err)
	return !ok || answer.Status >= http.StatusInternalServerError
}

// progress shows how far the work is.
type progress interface {
	show(view.Status)
	// say tells why there is no progress.
	say(string)
	done()
}

// stages returns how much of each stage is done, of how much.
func stages(s view.Status) (scopes, allScopes, images, allImages int) {
	for outcome, n := range s.Scopes {
		allScopes += n
		if outcome != inventory.Pending {
			scopes += n
		}
	}
	for state, n := range s.Images {
		allImages += n
		if state != "new" {
			images += n
		}
	}
	return scopes, allScopes, images, allImages
}

// lineProgress prints a line when something changed.
type lineProgress struct {
	w    io.Writer
	last string
}

func (p *lineProgress) show(s view.Status) {
	scopes, allScopes, images, allImages := stages(s)
	line := fmt.Sprintf("collected %d of %d scopes, %s, scanned %d of %d images, %d advisories",
		scopes, allScopes, plural(s.Workloads, "workload"), images, allImages, s.Advisories)
	p.say(line)
}

func (p *lineProgress) say(line string) {
	if line != p.last {
		fmt.Fprintln(p.w, printableLines(line))
		p.last = line
	}
}

func (p *lineProgress) done() {}

// barProgress draws bars.
type barProgress struct {
	bars           *mpb.Progress
	scopes, images *mpb.Bar
}

func newBarProgress(w io.Writer) *barProgress {
	p := &barProgress{bars: mpb.New(mpb.WithOutput(w), mpb.WithWidth(48))}
	bar := func(name string) *mpb.Bar {
		return p.bars.AddBar(0,
			mpb.PrependDecorators(decor.Name(name, decor.WC{W: 10, C: decor.DindentRight})),
			mpb.AppendDecorators(decor.CountersNoUnit("%d of %d")))
	}
	p.scopes, p.images = bar("Scopes"), bar("Images")
	return p
}

func (p *barProgress) show(s view.Status) {
	scopes, allScopes, images, allImages := stages(s)
	p.scopes.SetTotal(int64(allScopes), false)
	p.scopes.SetCurrent(int64(scopes))
	p.images.SetTotal(int64(allImages), false)
	p.images.SetCurrent(int64(images))
}

// say implements progress. The bars stand still, which says enough.
func (p *barProgress) say(string) {}

func (p *barProgress) done() {
	p.scopes.Abort(false)
	p.images.Abort(false)
	p.bars.Wait()
}

// summaryRows is how many workloads and gaps a summary names.
const summaryRows = 10

// printSummary prints what a single pass found: the worst workloads and where
// Stowage could not look.
func printSummary(ctx context.Context, w io.Writer, store view.Store, s view.Status) error {
	if err := printStatus(w, s); err != nil {
		return err
	}
	worst, err := store.Workloads(ctx, view.WorkloadQuery{Paging: view.Paging{Limit: summaryRows}})
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "\nHighest scores")
	t := newTable(w, "SCORE", "SEVERITY", "EXPOSED", "KEV", "KIND", "ACCOUNT", "NAME")
	for _, v := range worst.Items {
		t.row(strconv.Itoa(v.Score), v.MaxSeverity.String(), string(v.Exposed), yes(v.KEV, "KEV"), string(v.Kind), v.Account, v.Name)
	}
	if err := t.flush(); err != nil {
		return err
	}
	gaps, err := store.Scopes(ctx, view.ScopeQuery{Gaps: true, Paging: view.Paging{Limit: summaryRows}})
	if err != nil || len(gaps.Items) == 0 {
		return err
	}
	fmt.Fprintln(w, "\nStowage could not look everywhere")
	t = newTable(w, "OUTCOME", "WHERE", "REASON")
	for _, g := range gaps.Items {
		t.row(string(g.Outcome), g.ScopeKey.String(), g.Reason)
	}
	return t.flush()
}
