package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// differences are the records by which a run and the store differ, by type
// and by ascending id.
type differences struct {
	added, changed, gone map[inventory.RecordType][]inventory.ID
	// ended are scopes below the run's that are gone with all their records.
	ended []inventory.ID
}

// claim locks the images and workloads that writing the differences needs, in
// the order of lock.go, and finds the workloads whose exposures differ.
func (s *syncer) claim(ctx context.Context, d differences) error {
	written := slices.Concat(d.added[inventory.WorkloadRecord], d.changed[inventory.WorkloadRecord])
	if err := s.claimImages(ctx, written); err != nil {
		return err
	}
	workloads := int64s(slices.Concat(written, d.gone[inventory.WorkloadRecord]))
	for _, id := range slices.Concat(d.added[inventory.ExposureRecord], d.changed[inventory.ExposureRecord]) {
		data, err := s.run.Snapshot.read(s.run.Snapshot.index[recordKey{inventory.ExposureRecord, id}])
		if err != nil {
			return err
		}
		var e struct {
			Workload string `json:"workload"`
		}
		if err := json.Unmarshal(data, &e); err != nil {
			return fmt.Errorf("decode %s: %w", inventory.ExposureRecord, err)
		}
		s.exposed = append(s.exposed, int64(inventory.IDOf(e.Workload)))
	}
	if replaced := slices.Concat(d.changed[inventory.ExposureRecord], d.gone[inventory.ExposureRecord]); len(replaced) > 0 {
		ids, err := s.ids(ctx, `select workload_id from exposure where tenant_id = $1 and id = any($2)`, int64s(replaced))
		if err != nil {
			return err
		}
		s.exposed = append(s.exposed, ids...)
	}
	if len(d.ended) > 0 {
		exposed, err := s.ids(ctx, `select workload_id from exposure where tenant_id = $1 and scope_id = any($2)`, int64s(d.ended))
		if err != nil {
			return err
		}
		below, err := s.ids(ctx, `select id from workload where tenant_id = $1 and scope_id = any($2)`, int64s(d.ended))
		if err != nil {
			return err
		}
		s.exposed = append(s.exposed, exposed...)
		workloads = append(workloads, below...)
	}
	slices.Sort(s.exposed)
	s.exposed = slices.Compact(s.exposed)
	return takeWorkloads(ctx, s.tx, map[int][]int64{s.run.Tenant: append(workloads, s.exposed...)})
}

// claimImages makes the images of workloads that are written exist, and holds
// them: a transaction that refreshes one at the same time would not see that a
// workload begins to run it, and the workload's rollup not what it found.
func (s *syncer) claimImages(ctx context.Context, workloads []inventory.ID) error {
	digests, observed, tags := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, id := range workloads {
		data, err := s.run.Snapshot.read(s.run.Snapshot.index[recordKey{inventory.WorkloadRecord, id}])
		if err != nil {
			return err
		}
		// Whole workloads would be decoded twice for a few of their bytes.
		var w struct {
			Containers []struct {
				Image      string               `json:"image"`
				Digest     string               `json:"digest"`
				DigestKind inventory.DigestKind `json:"digest_kind"`
			} `json:"containers"`
		}
		if err := json.Unmarshal(data, &w); err != nil {
			return fmt.Errorf("decode %s: %w", inventory.WorkloadRecord, err)
		}
		for _, c := range w.Containers {
			if c.Digest == "" {
				if ref, err := image.ParseReference(c.Image); err == nil {
					tags[ref.Host+"/"+ref.Repository+":"+ref.Tag] = true
				}
				continue
			}
			digests[c.Digest] = true
			if c.DigestKind != inventory.ConfigDigest && c.DigestKind != inventory.IndexDigest {
				observed[c.Digest] = true
			}
		}
	}
	if err := observeDigests(ctx, s.tx, sortedKeys(observed)); err != nil {
		return err
	}
	return takeImages(ctx, s.tx, s.run.Tenant, imageSet{digests: sortedKeys(digests), tags: tags}, holding)
}

// ids returns the ids that a query of the tenant selects.
func (s *syncer) ids(ctx context.Context, query string, args ...any) ([]int64, error) {
	rows, err := s.tx.Query(ctx, query, append([]any{s.run.Tenant}, args...)...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}
