package postgres

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/derrors"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// A checkedWorkload is a workload with its failed checks.
type checkedWorkload struct {
	inventory.Workload
	findings []WorkloadFinding
}

// failed returns how many checks fail: some findings only inform.
func (w checkedWorkload) failed() (n int) {
	for _, f := range w.findings {
		if f.Severity > finding.Informational {
			n++
		}
	}
	return n
}

func (s *syncer) checked(w inventory.Workload) checkedWorkload {
	if s.run.Check == nil {
		return checkedWorkload{Workload: w}
	}
	return checkedWorkload{w, s.run.Check(w)}
}

// writeWorkloadParts rewrites the containers and checks of workloads that are
// changed or, if all are fresh, writes them for the first time.
func (s *syncer) writeWorkloadParts(ctx context.Context, workloads []checkedWorkload, fresh bool) error {
	ids := make([]int64, 0, len(workloads))
	var checks [][]any
	for _, w := range workloads {
		id := int64(inventory.IDOf(w.UID))
		ids = append(ids, id)
		for _, f := range w.findings {
			checks = append(checks, []any{int32(s.run.Tenant), id, f.Check, f.Container, int16(f.Severity), clean(f.Detail)})
		}
	}
	if !fresh {
		for _, table := range []string{"container", "workload_check"} {
			if _, err := s.tx.Exec(ctx, `delete from `+table+` where tenant_id = $1 and workload_id = any($2)`, s.run.Tenant, ids); err != nil {
				return fmt.Errorf("rewrite %s: %w", table, err)
			}
		}
	}
	if _, err := s.tx.CopyFrom(ctx, pgx.Identifier{"workload_check"}, []string{
		"tenant_id", "workload_id", "check_id", "container", "severity", "detail",
	}, pgx.CopyFromRows(checks)); err != nil {
		return fmt.Errorf("write workload checks: %w", err)
	}
	unlinked, err := s.writeContainers(ctx, workloads)
	if err != nil {
		return err
	}
	if len(unlinked) > 0 {
		if _, err := linkContainers(ctx, s.tx, s.run.Tenant, unlinked, nil); err != nil {
			return err
		}
	}
	return rollupWorkloads(ctx, s.tx, s.run.Tenant, ids)
}

// writeContainers inserts the workloads' containers, linked to the images whose
// digests the runtime reported. It returns the workloads with a container for
// which that is not enough.
func (s *syncer) writeContainers(ctx context.Context, workloads []checkedWorkload) (unlinked []int64, err error) {
	var containers []containerRow
	var reported []string
	for _, w := range workloads {
		for _, r := range containerRows(w.Workload) {
			containers = append(containers, r)
			if r.container.Digest != "" {
				reported = append(reported, r.container.Digest)
			}
		}
	}
	slices.Sort(reported)
	images, err := manifests(ctx, s.tx, slices.Compact(reported))
	if err != nil {
		return nil, err
	}
	rows := make([][]any, 0, len(containers))
	for _, r := range containers {
		c, id := r.container, int64(r.workload)
		imageID, unresolved := images[c.Digest], ""
		if imageID == nil {
			if n := len(unlinked); n == 0 || unlinked[n-1] != id {
				unlinked = append(unlinked, id)
			}
			unresolved = r.malformed
			if unresolved == "" && c.Digest == "" {
				unresolved = "the runtime reported no digest; the registry was not asked yet"
			}
		}
		rows = append(rows, []any{
			int32(s.run.Tenant), id, int16(r.ordinal), c.Name, string(c.Type), c.Image,
			r.reference.Host, r.reference.Repository, r.reference.Tag, c.Digest, string(c.DigestKind),
			c.Architecture, int32(c.Replicas), imageID, unresolved,
		})
	}
	if _, err := s.tx.CopyFrom(ctx, pgx.Identifier{"container"}, []string{
		"tenant_id", "workload_id", "ordinal", "name", "type", "reference", "host", "repository", "tag",
		"digest", "digest_kind", "architecture", "replicas", "image_id", "unresolved",
	}, pgx.CopyFromRows(rows)); err != nil {
		return nil, fmt.Errorf("write containers: %w", err)
	}
	return unlinked, nil
}

// manifests returns the images with the given digests.
func manifests(ctx context.Context, tx pgx.Tx, digests []string) (map[string]*int64, error) {
	if len(digests) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(ctx, `select digest, id from image where digest = any($1)`, digests)
	if err != nil {
		return nil, fmt.Errorf("images of %d digests: %w", len(digests), err)
	}
	images := map[string]*int64{}
	var digest string
	var id int64
	if _, err := pgx.ForEachRow(rows, []any{&digest, &id}, func() error {
		images[digest] = new(id)
		return nil
	}); err != nil {
		return nil, fmt.Errorf("images of %d digests: %w", len(digests), err)
	}
	return images, nil
}

// observeDigests makes an image exist from its first runtime observation, even
// when its registry cannot be read. A digest that later turns out to be an
// index's loses its row again.
func observeDigests(ctx context.Context, tx pgx.Tx, digests []string) error {
	if len(digests) == 0 {
		return nil
	}
	ids := make([]int64, len(digests))
	for i, d := range digests {
		ids[i] = int64(inventory.IDOf(d))
	}
	_, err := tx.Exec(ctx, `
		insert into image (id, digest)
		select distinct on (u.id) u.id, u.digest from unnest($1::bigint[], $2::text[]) as u(id, digest)
		where not exists (select from image i where i.id = u.id)
			and not exists (select from image_index x where x.digest = u.digest)
		order by u.id
		on conflict do nothing`, ids, digests)
	if err != nil {
		return fmt.Errorf("observe %d digests: %w", len(digests), err)
	}
	return nil
}

// linkContainers sets the image of the workloads' containers as far as the
// registry's answers are known: the manifest itself, the only child of an
// index that fits the architecture that runs, the manifest with the config
// digest, or what the registry last answered for the tag. With a resolution it
// sets only those that the resolution is about. It returns how many changed,
// and holds the images that they are linked to now: all but those that came up
// since the transaction took its images are held already.
func linkContainers(ctx context.Context, tx pgx.Tx, tenant int, workloads []int64, r *Resolution) (changed int, err error) {
	const query = `
		update container c set image_id = r.image_id, unresolved = r.unresolved
		from (
			select c.workload_id, c.ordinal, coalesce(direct.id, child.id, config.id) as image_id,
				case
					when coalesce(direct.id, child.id, config.id) is not null then ''
					when child.n > 1 then format('the index %s has %s manifests that fit; the runtime did not report which', want.digest, child.n)
					when child.n = 0 and child.all_n > 0 then format('the index %s has no manifest for %s', want.digest, c.architecture)
					when ref.error <> '' then ref.error
					when c.digest_kind = 'config' and c.unresolved = ''
						then 'the runtime reported the digest of the configuration, and no image that was read has it'
					else c.unresolved
				end as unresolved
			from container c
			left join reference ref on c.digest = '' and ref.tenant_id = c.tenant_id
				and ref.name = c.host || '/' || c.repository and ref.tag = c.tag
			cross join lateral (select coalesce(nullif(c.digest, ''), ref.digest, '') as digest) want
			left join image direct on direct.digest = want.digest
			left join lateral (
				select count(*) filter (where fits) as n, count(*) as all_n,
					case when count(*) filter (where fits) = 1 then min(i.id) filter (where fits) end as id
				from image_index x
				join image i on i.digest = x.manifest
				cross join lateral (select c.architecture = '' or x.architecture = c.architecture) f(fits)
				where x.digest = want.digest
			) child on true
			left join lateral (
				select min(i.id) as id from image i where want.digest <> '' and i.config_digest = want.digest
			) config on true
			where c.tenant_id = $1 and c.workload_id = any($2) and ($3::text[] is null or want.digest = any($3)
				or c.host = $4 and c.repository = $5 and c.tag = $6 and c.digest_kind = 'config')
		) r
		where c.tenant_id = $1 and c.workload_id = r.workload_id and c.ordinal = r.ordinal
			and (c.image_id, c.unresolved) is distinct from (r.image_id, r.unresolved)
		returning c.image_id`
	var about []string
	var ref Reference
	if r != nil {
		about, ref = r.digests(), r.Reference
	}
	rows, err := tx.Query(ctx, query, tenant, workloads, about, ref.Host, ref.Repository, ref.Tag)
	if err != nil {
		return 0, fmt.Errorf("link containers of %d workloads: %w", len(workloads), err)
	}
	images, err := pgx.CollectRows(rows, pgx.RowTo[*int64])
	if err != nil {
		return 0, fmt.Errorf("link containers of %d workloads: %w", len(workloads), err)
	}
	if _, err := tx.Exec(ctx, `select from image where id = any($1) order by id for `+string(holding), images); err != nil {
		return 0, fmt.Errorf("hold the images of %d containers: %w", len(images), err)
	}
	return len(images), nil
}

// A Reference is an image reference that the registry must be asked about.
type Reference struct {
	// Host and Repository name the registry's repository.
	Host, Repository string
	// Tag is what the workload asks for; empty when only a digest.
	Tag string
	// Digest is what the runtime reported; empty when it reported none.
	Digest string
	// Architecture is the one that runs, empty if unknown.
	Architecture string
}

// UnreadReferences returns the references of the given workloads whose image's
// configuration is not known yet, one per (repository, tag or digest,
// architecture).
func UnreadReferences(ctx context.Context, tx pgx.Tx, tenant int, workloads []inventory.ID) ([]Reference, error) {
	const query = `
		select distinct on (coalesce(nullif(c.digest, ''), c.host || '/' || c.repository || ':' || c.tag), c.architecture)
			c.host, c.repository, c.tag, case when c.digest_kind = 'config' then '' else c.digest end, c.architecture
		from container c
		left join image i on i.id = c.image_id
		where c.tenant_id = $1 and c.workload_id = any($2) and c.host <> '' and i.config is null
		order by coalesce(nullif(c.digest, ''), c.host || '/' || c.repository || ':' || c.tag), c.architecture, c.host, c.repository`
	rows, err := tx.Query(ctx, query, tenant, int64s(workloads))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Reference])
}

// Known answers collectors' questions about one tenant.
func (db *DB) Known(tenant int) collect.Known { return known{db, tenant} }

type known struct {
	db     *DB
	tenant int
}

// RunningImages implements collect.Known.
func (k known) RunningImages(ctx context.Context, host string) iter.Seq2[collect.RunningImage, error] {
	return func(yield func(collect.RunningImage, error) bool) {
		rows, err := k.db.pool.Query(ctx, `
			select distinct repository, tag, digest from container
			where tenant_id = $1 and host = $2 order by 1, 2, 3`, k.tenant, host)
		if err != nil {
			yield(collect.RunningImage{}, fmt.Errorf("running images of %s: %w", host, err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var r collect.RunningImage
			if err := rows.Scan(&r.Repository, &r.Tag, &r.Digest); err != nil {
				yield(r, err)
				return
			}
			if !yield(r, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(collect.RunningImage{}, fmt.Errorf("running images of %s: %w", host, err))
		}
	}
}

// ReferencesToResolve returns references that a registry must be asked about
// although no workload changed: tags without a digest from the runtime whose
// answer is older than tagsBefore, and images that could not be read when last
// tried before failedBefore.
func (db *DB) ReferencesToResolve(ctx context.Context, tenant int, tagsBefore, failedBefore time.Time, limit int) (_ []Reference, err error) {
	defer derrors.Wrap(&err, "postgres.ReferencesToResolve")

	const query = `
		select distinct c.host, c.repository, c.tag, '', c.architecture
		from container c
		left join reference f on f.tenant_id = c.tenant_id and f.name = c.host || '/' || c.repository and f.tag = c.tag
		where c.tenant_id = $1 and c.digest = '' and c.host <> '' and c.tag <> ''
			and (f.checked_at is null or f.checked_at < $2)
		union all
		(select distinct on (i.id, c.architecture) c.host, c.repository, '', i.digest, c.architecture
		from image i join container c on c.image_id = i.id
		where c.tenant_id = $1 and c.host <> '' and i.config is null and coalesce(i.scanned_at, i.first_seen) < $3
		order by i.id, c.architecture)
		limit $4`
	rows, err := db.pool.Query(ctx, query, tenant, tagsBefore, failedBefore, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Reference])
}
