package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// The order of locks. Every transaction takes what it needs in this order, and
// of one kind all at once by ascending key, so that transactions queue up and
// never wait for each other in a circle:
//
//  1. matchLock: shared to match, exclusively to change what is matched with.
//  2. The account's row of pass, then rows of scope: that of the run first,
//     then those below it.
//  3. Rows of package: new ones are inserted, unmatched ones locked.
//  4. Rows of image: see [takeImages].
//  5. Rows of workload: see [takeWorkloads].
//  6. What hangs on a locked row, and nobody else may touch: containers and
//     checks of workloads, findings, layers and hits of images and packages,
//     the other records of a scope.
//  7. Rows that are the last that their transaction takes: references, feeds,
//     and the jobs that a then function inserts.
//
// A row must be in the list before a transaction changes it, however sure it
// is to be changed later: refreshing an image ends with the workloads that run
// it, so who changed the workload first and then asks for the image is in its
// way. [DB.InTx] still begins again after a deadlock: a container that was
// linked between two steps can make a transaction take an image late.

// lockStrength is how PostgreSQL locks rows.
type lockStrength string

const (
	// holding keeps rows as they are.
	holding lockStrength = "share"
	// changing lets nobody else hold or change rows.
	changing lockStrength = "no key update"
)

// imageSet says which images a transaction needs.
type imageSet struct {
	// digests are those of manifests, indexes and configurations.
	digests []string
	// tags are "host/repository:tag" of the tenant's references.
	tags map[string]bool
}

// takeImages locks the images of a set that exist, in order. The set is read
// again once all are locked: who was waited for may have added to it. Then
// everything begins anew, because locks out of order are none.
func takeImages(ctx context.Context, tx pgx.Tx, tenant int, set imageSet, strength lockStrength) error {
	const tries = 5
	wanted, err := set.read(ctx, tx, tenant)
	if err != nil || len(wanted) == 0 {
		return err
	}
	for try := 1; ; try++ {
		sub, err := tx.Begin(ctx)
		if err != nil {
			return err
		}
		if _, err := sub.Exec(ctx, `select from image where id = any($1) order by id for `+string(strength), wanted); err != nil {
			return fmt.Errorf("lock %d images: %w", len(wanted), err)
		}
		now, err := set.read(ctx, sub, tenant)
		if err != nil {
			return err
		}
		if try == tries || containsAll(wanted, now) {
			return sub.Commit(ctx)
		}
		if err := sub.Rollback(ctx); err != nil {
			return err
		}
		wanted = now
	}
}

// read returns the ids of the images in the set, ascending.
func (s imageSet) read(ctx context.Context, tx pgx.Tx, tenant int) ([]int64, error) {
	const query = `
		with want as (
			select unnest($1::text[]) as digest
			union
			select digest from reference where tenant_id = $2 and id = any($3) and digest <> ''
		)
		select i.id from image i join want w on w.digest = i.digest
		union
		select i.id from image i join want w on w.digest = i.config_digest where w.digest <> ''
		union
		select i.id from image_index x join want w on w.digest = x.digest join image i on i.digest = x.manifest
		order by 1`
	references := make([]int64, 0, len(s.tags))
	for name := range s.tags {
		references = append(references, int64(inventory.IDOf(name)))
	}
	rows, err := tx.Query(ctx, query, s.digests, tenant, references)
	if err != nil {
		return nil, fmt.Errorf("images to lock: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// containsAll reports whether all of b are in a; both are ascending.
func containsAll(a, b []int64) bool {
	for _, id := range b {
		if _, ok := slices.BinarySearch(a, id); !ok {
			return false
		}
	}
	return true
}

// takeWorkloads locks workloads, given by tenant, as far as they exist.
func takeWorkloads(ctx context.Context, tx pgx.Tx, workloads map[int][]int64) error {
	for _, tenant := range slices.Sorted(maps.Keys(workloads)) {
		ids := workloads[tenant]
		if len(ids) == 0 {
			continue
		}
		if _, err := tx.Exec(ctx, `
			select from workload where tenant_id = $1 and id = any($2) order by id for no key update`, tenant, ids); err != nil {
			return fmt.Errorf("lock %d workloads: %w", len(ids), err)
		}
	}
	return nil
}
