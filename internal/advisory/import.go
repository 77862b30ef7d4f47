package advisory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// A Store keeps advisories. It is what [Importer] needs of the database.
type Store interface {
	// FeedState returns what SaveFeedState last kept for a source; the zero
	// State if nothing.
	FeedState(ctx context.Context, source string) (State, error)
	// SaveFeedState remembers the state of a source whose import is complete.
	SaveFeedState(ctx context.Context, source string, s State) error
	// AdvisoryHashes returns what [Advisory.Hash] was for the stored advisories
	// of a source, by ID.
	AdvisoryHashes(ctx context.Context, source string) (map[string]int64, error)
	// ApplyAdvisories stores new and changed advisories of a source and
	// removes others by ID, in one transaction. What was derived from changed
	// and removed ones goes with them. It is called with some at a time.
	ApplyAdvisories(ctx context.Context, source string, upserts []Advisory, removed []string) error
}

// An Importer brings feeds into a store.
type Importer struct {
	Store   Store
	Fetcher Fetcher
	// Force reads feeds that seem unchanged and accepts feeds that shrank.
	Force bool
	// Progress, if not nil, is told how many of how many records were read.
	// Changed ones are read twice, so the total can grow.
	Progress func(done, total int)
}

// Stats tell what an import did.
type Stats struct {
	// Skipped is whether the feed was seen to be unchanged without reading it.
	Skipped bool
	// Seen is the number of records in the feed, good and bad.
	Seen int
	// New, Changed, Unchanged and Removed count the advisories of the store.
	New       int
	Changed   int
	Unchanged int
	Removed   int
	// Withdrawn records and those that affect no package of the feed's
	// ecosystem are not stored.
	Withdrawn  int
	Irrelevant int
	// Bad counts the records that could not be used; what is stored of them
	// stays. BadRecords are the first hundred.
	Bad        int
	BadRecords []*BadRecord
	// Names are the packages whose matches can differ after the import: those
	// of new and changed advisories.
	Names []PackageName
}

// A PackageName is a package of any version.
type PackageName struct {
	Ecosystem string
	Name      string
}

// A ShrinkError refuses a feed that lacks most of what is stored of it: more
// likely it is broken than that so much was withdrawn.
type ShrinkError struct {
	Feed   string
	Stored int
	Gone   int
}

// Error implements error.
func (e *ShrinkError) Error() string {
	return fmt.Sprintf("advisory feed %s lacks %d of the %d stored advisories and is not imported; if that is right, force the import",
		e.Feed, e.Gone, e.Stored)
}

const (
	// chunk is the number of advisories that are stored at a time.
	chunk = 1000
	// minShrink is how many stored advisories have to be gone before a feed
	// is suspicious.
	minShrink = 20
	// maxBadRecords is the number of bad records that are kept in [Stats].
	maxBadRecords = 100
)

// Import brings a feed into the store. The feed is first read as a whole, so
// that one that is cut short or broken changes nothing. Only advisories
// that differ from the stored ones are written. An interrupted import is
// finished by the next.
func (m *Importer) Import(ctx context.Context, feed Feed) (Stats, error) {
	stats, err := m.run(ctx, feed)
	if err != nil {
		return stats, fmt.Errorf("import advisories %s: %w", feed.Name, err)
	}
	return stats, nil
}

func (m *Importer) run(ctx context.Context, feed Feed) (Stats, error) {
	last, err := m.Store.FeedState(ctx, feed.Name)
	if err != nil {
		return Stats{}, err
	}
	asked := last
	if m.Force {
		asked = State{}
	}
	a, state, err := m.Fetcher.open(ctx, feed, asked)
	if errors.Is(err, ErrUnchanged) {
		return Stats{Skipped: true}, m.save(ctx, feed, last, state)
	}
	if err != nil {
		return Stats{}, err
	}
	defer a.Close()
	stored, err := m.Store.AdvisoryHashes(ctx, feed.Name)
	if err != nil {
		return Stats{}, err
	}
	p := &plan{feed: feed, stored: stored, seen: make(map[string]bool, len(a.records))}
	for i, r := range a.records {
		if err := p.look(ctx, a, r); err != nil {
			return p.stats, err
		}
		m.progress(i+1, len(a.records))
	}
	gone := p.gone()
	if len(gone) > len(stored)/2 && len(gone) >= minShrink && !m.Force {
		return p.stats, &ShrinkError{feed.Name, len(stored), len(gone)}
	}
	if err := m.apply(ctx, a, p, gone); err != nil {
		return p.stats, err
	}
	p.stats.Removed = len(gone)
	p.stats.Names = slices.SortedFunc(maps.Keys(p.names), func(a, b PackageName) int {
		return cmp.Or(cmp.Compare(a.Ecosystem, b.Ecosystem), cmp.Compare(a.Name, b.Name))
	})
	return p.stats, m.save(ctx, feed, last, state)
}

func (m *Importer) progress(done, total int) {
	if m.Progress != nil {
		m.Progress(done, total)
	}
}

func (m *Importer) save(ctx context.Context, feed Feed, last, state State) error {
	if state == last {
		return nil
	}
	return m.Store.SaveFeedState(ctx, feed.Name, state)
}

// A plan is what an import will write.
type plan struct {
	feed   Feed
	stored map[string]int64
	// seen are the IDs that stay in the store; false where the record is bad.
	seen    map[string]bool
	changed []packed
	names   map[PackageName]struct{}
	stats   Stats
}

// look compares one record with the store.
func (p *plan) look(ctx context.Context, a *archive, r packed) error {
	p.stats.Seen++
	advisory, err := p.read(ctx, a, r)
	if err == nil && p.seen[advisory.ID] {
		err = &BadRecord{r.name, fmt.Errorf("%s is in the feed twice", advisory.ID)}
	}
	if bad, ok := errors.AsType[*BadRecord](err); ok {
		p.bad(r, bad)
		return nil
	}
	if err != nil {
		return err
	}
	if advisory.Withdrawn {
		p.stats.Withdrawn++
		return nil
	}
	if len(advisory.Affected) == 0 {
		p.stats.Irrelevant++
		return nil
	}
	p.seen[advisory.ID] = true
	switch hash, ok := p.stored[advisory.ID]; {
	case !ok:
		p.stats.New++
	case hash != advisory.Hash():
		p.stats.Changed++
	default:
		p.stats.Unchanged++
		return nil
	}
	p.changed = append(p.changed, r)
	return nil
}

// read returns the part of a record that the feed stands for.
func (p *plan) read(ctx context.Context, a *archive, r packed) (*Advisory, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	advisory, err := a.read(r)
	if err != nil {
		return nil, err
	}
	advisory.Source = p.feed.Name
	advisory.Affected = slices.DeleteFunc(advisory.Affected, func(f Affected) bool {
		return !covers(p.feed.Ecosystem, f.Ecosystem)
	})
	return advisory, nil
}

// bad counts a record that cannot be used. What its file name stands for stays.
func (p *plan) bad(r packed, bad *BadRecord) {
	if _, ok := p.seen[r.id()]; !ok {
		p.seen[r.id()] = false
	}
	p.stats.Bad++
	if len(p.stats.BadRecords) < maxBadRecords {
		p.stats.BadRecords = append(p.stats.BadRecords, bad)
	}
}

// gone returns the stored advisories that the feed does not hold, sorted.
func (p *plan) gone() []string {
	var ids []string
	for id := range p.stored {
		if _, ok := p.seen[id]; !ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// apply writes the plan.
func (m *Importer) apply(ctx context.Context, a *archive, p *plan, gone []string) error {
	p.names = map[PackageName]struct{}{}
	done := len(a.records)
	for records := range slices.Chunk(p.changed, chunk) {
		upserts := make([]Advisory, len(records))
		for i, r := range records {
			advisory, err := p.read(ctx, a, r)
			if err != nil {
				return err
			}
			for _, f := range advisory.Affected {
				p.names[PackageName{f.Ecosystem, f.Name}] = struct{}{}
			}
			upserts[i] = *advisory
		}
		if err := m.Store.ApplyAdvisories(ctx, p.feed.Name, upserts, nil); err != nil {
			return err
		}
		done += len(records)
		m.progress(done, len(a.records)+len(p.changed))
	}
	for ids := range slices.Chunk(gone, chunk) {
		if err := m.Store.ApplyAdvisories(ctx, p.feed.Name, nil, ids); err != nil {
			return err
		}
	}
	return nil
}
