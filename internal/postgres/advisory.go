package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/advisory"
	"github.com/stowage-dev/stowage/internal/derrors"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// matchLock orders imports and matching: a package that is matched while an
// advisory is imported is seen by one of the two. Matching takes it shared,
// imports exclusively, each until its transaction ends.
const matchLock = 0x6d61746368 // "match"

// An AdvisoryStore keeps advisories; it implements [advisory.Store].
type AdvisoryStore struct {
	db *DB
	// then is called inside the transaction that changed advisories, with
	// their keys, to enqueue their matching.
	then func(context.Context, pgx.Tx, []int64) error
}

var _ advisory.Store = (*AdvisoryStore)(nil)

// Advisories returns the store of advisories. then is called inside each
// transaction that changes some, with their keys.
func (db *DB) Advisories(then func(context.Context, pgx.Tx, []int64) error) *AdvisoryStore {
	return &AdvisoryStore{db, then}
}

func advisoryID(source, ref string) int64 { return int64(inventory.IDOf(source + "\x00" + ref)) }

// FeedState implements [advisory.Store].
func (s *AdvisoryStore) FeedState(ctx context.Context, source string) (state advisory.State, err error) {
	defer derrors.Wrap(&err, "postgres.FeedState(%s)", source)

	var data []byte
	err = s.db.pool.QueryRow(ctx, `select state from feed where source = $1`, source).Scan(&data)
	if errors.Is(err, pgx.ErrNoRows) {
		return state, nil
	}
	if err != nil {
		return state, err
	}
	return state, json.Unmarshal(data, &state)
}

// SaveFeedState implements [advisory.Store].
func (s *AdvisoryStore) SaveFeedState(ctx context.Context, source string, state advisory.State) (err error) {
	defer derrors.Wrap(&err, "postgres.SaveFeedState(%s)", source)

	_, err = s.db.pool.Exec(ctx, saveFeed+`(select count(*) from advisory where source = $1)`+replaceFeed, source, state)
	return err
}

const (
	saveFeed    = `insert into feed (source, state, imported_at, advisories) select $1, $2, now(), `
	replaceFeed = ` on conflict (source) do update set state = excluded.state, imported_at = excluded.imported_at,
		advisories = excluded.advisories`
)

// RecordFeed records a try to import a feed from a location; problem is empty
// when it succeeded.
func (db *DB) RecordFeed(ctx context.Context, source, location, problem string) (err error) {
	defer derrors.Wrap(&err, "postgres.RecordFeed(%s)", source)

	_, err = db.pool.Exec(ctx, `
		insert into feed (source, location, tried_at, error) values ($1, $2, now(), $3)
		on conflict (source) do update set location = excluded.location, tried_at = excluded.tried_at, error = excluded.error`,
		source, location, clean(problem))
	return err
}

// AdvisoryHashes implements [advisory.Store].
func (s *AdvisoryStore) AdvisoryHashes(ctx context.Context, source string) (_ map[string]int64, err error) {
	defer derrors.Wrap(&err, "postgres.AdvisoryHashes(%s)", source)

	rows, err := s.db.pool.Query(ctx, `select ref, hash from advisory where source = $1`, source)
	if err != nil {
		return nil, err
	}
	hashes := map[string]int64{}
	var ref string
	var hash int64
	_, err = pgx.ForEachRow(rows, []any{&ref, &hash}, func() error {
		hashes[ref] = hash
		return nil
	})
	return hashes, err
}

// ApplyAdvisories implements [advisory.Store]. What removed advisories found
// is removed in the same transaction.
func (s *AdvisoryStore) ApplyAdvisories(ctx context.Context, source string, upserts []advisory.Advisory, removed []string) (err error) {
	defer derrors.Wrap(&err, "postgres.ApplyAdvisories(%s, %d, %d)", source, len(upserts), len(removed))

	return s.db.InTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock($1)`, matchLock); err != nil {
			return err
		}
		if err := removeAdvisories(ctx, tx, source, removed); err != nil {
			return err
		}
		changed, err := writeAdvisories(ctx, tx, source, upserts)
		if err != nil || len(changed) == 0 || s.then == nil {
			return err
		}
		return s.then(ctx, tx, changed)
	})
}

func writeAdvisories(ctx context.Context, tx pgx.Tx, source string, upserts []advisory.Advisory) ([]int64, error) {
	const query = `
		insert into advisory (id, source, ref, vulnerabilities, severity, score, summary, published, modified, hash, doc)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		on conflict (id) do update set vulnerabilities = excluded.vulnerabilities, severity = excluded.severity,
			score = excluded.score, summary = excluded.summary, published = excluded.published,
			modified = excluded.modified, hash = excluded.hash, doc = excluded.doc`
	batch := &pgx.Batch{}
	changed := make([]int64, 0, len(upserts))
	var names []string
	var owners []int64
	for i := range upserts {
		a := &upserts[i]
		id := advisoryID(source, a.ID)
		changed = append(changed, id)
		a.Row, a.Source = id, source
		doc, err := json.Marshal(a)
		if err != nil {
			return nil, err
		}
		batch.Queue(query, id, source, a.ID, a.Vulnerabilities, int16(a.Severity), float32(a.Score), clean(a.Summary),
			nullTime(a.Published), nullTime(a.Modified), a.Hash(), string(sanitizeJSON(doc)))
		for _, p := range a.Affected {
			names = append(names, p.Name)
			owners = append(owners, id)
		}
	}
	batch.Queue(`delete from advisory_name where advisory_id = any($1)`, changed)
	batch.Queue(`insert into advisory_name (name, advisory_id) select distinct * from unnest($1::text[], $2::bigint[]) order by 1, 2`, names, owners)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("write %d advisories: %w", len(upserts), err)
	}
	return changed, nil
}

func removeAdvisories(ctx context.Context, tx pgx.Tx, source string, refs []string) error {
	if len(refs) == 0 {
		return nil
	}
	ids := make([]int64, len(refs))
	for i, ref := range refs {
		ids[i] = advisoryID(source, ref)
	}
	packages, err := packagesHit(ctx, tx, ids)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	batch.Queue(`delete from package_advisory where advisory_id = any($1)`, ids)
	batch.Queue(`delete from advisory_name where advisory_id = any($1)`, ids)
	batch.Queue(`delete from advisory where id = any($1)`, ids)
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("remove %d advisories: %w", len(refs), err)
	}
	return refreshPackages(ctx, tx, packages)
}

// SaveKEV replaces the catalogue of known exploited vulnerabilities, with the
// state of the feed that brought it, and refreshes the images that have one
// whose listing changed.
func (db *DB) SaveKEV(ctx context.Context, source string, k *advisory.KEV, state advisory.State) (err error) {
	defer derrors.Wrap(&err, "postgres.SaveKEV(%d)", len(k.Exploited))

	cves := make([]string, 0, len(k.Exploited))
	added := make([]*time.Time, 0, len(k.Exploited))
	names := make([]string, 0, len(k.Exploited))
	ransomware := make([]bool, 0, len(k.Exploited))
	for cve, e := range k.Exploited {
		cves = append(cves, clean(cve))
		added = append(added, nullTime(e.Added))
		names = append(names, clean(e.Name))
		ransomware = append(ransomware, e.Ransomware)
	}
	return db.InTx(ctx, func(tx pgx.Tx) error {
		// Findings that are written at this moment have the old listing.
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock($1)`, matchLock); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			with gone as (delete from kev where cve <> all($1) returning cve),
			fresh as (
				insert into kev (cve, added, name, ransomware)
				select * from unnest($1::text[], $2::date[], $3::text[], $4::boolean[])
				on conflict (cve) do update set added = excluded.added, name = excluded.name, ransomware = excluded.ransomware
				where (kev.added, kev.name, kev.ransomware) is distinct from (excluded.added, excluded.name, excluded.ransomware)
				returning cve)
			select distinct v.image_id from image_vulnerability v
			where v.vulnerability in (select cve from gone union all select cve from fresh)`,
			cves, added, names, ransomware)
		if err != nil {
			return err
		}
		images, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, saveFeed+`$3`+replaceFeed, source, state, len(cves)); err != nil {
			return err
		}
		return refreshImages(ctx, tx, images)
	})
}
