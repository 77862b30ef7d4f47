package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/derrors"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// A Resolution is what a registry answered for a reference.
type Resolution struct {
	Tenant    int
	Reference Reference
	// Digest is what the tag points to now; empty when no tag was asked.
	TagDigest string
	// Index and Children are set when the reference is an index.
	Index    string
	Children []inventory.PlatformManifest
	// Manifest is the platform image, nil when no child fits.
	Manifest *image.Manifest
	// Problem explains why Manifest is nil, or why the registry did not answer.
	Problem string
}

// SaveResolution stores what a registry answered and links the containers that
// wait for it. then is called inside the transaction with the image to scan.
func (db *DB) SaveResolution(ctx context.Context, r Resolution, then func(context.Context, pgx.Tx, ImageState) error) (err error) {
	defer derrors.Wrap(&err, "postgres.SaveResolution(%s/%s)", r.Reference.Host, r.Reference.Repository)

	return db.InTx(ctx, func(tx pgx.Tx) error {
		workloads, err := r.claim(ctx, tx)
		if err != nil {
			return err
		}
		if r.Reference.Tag != "" && r.Reference.Digest == "" {
			if err := saveTag(ctx, tx, r); err != nil {
				return err
			}
		}
		if r.Index != "" {
			if err := saveIndex(ctx, tx, r.Index, r.Children); err != nil {
				return err
			}
		}
		if r.Manifest != nil {
			if err := saveManifest(ctx, tx, r.Manifest); err != nil {
				return err
			}
		} else if r.Reference.Digest != "" {
			// When it was tried decides when it is tried again.
			if _, err := tx.Exec(ctx, `update image set scan_state = 'failed', scan_error = $2, scanned_at = now()
				where digest = $1 and config is null`,
				r.Reference.Digest, clean(r.Problem)); err != nil {
				return err
			}
		}
		if err := relinkReference(ctx, tx, r, workloads); err != nil {
			return err
		}
		if r.Manifest == nil || then == nil {
			return nil
		}
		state, err := imageState(ctx, tx, r.Manifest.Digest)
		if err != nil {
			return err
		}
		return then(ctx, tx, state)
	})
}

func saveTag(ctx context.Context, tx pgx.Tx, r Resolution) error {
	const query = `
		insert into reference as f (tenant_id, id, name, tag, digest, error)
		values ($1, $2, $3, $4, $5, $6)
		on conflict (tenant_id, id) do update set
			digest = case when excluded.error = '' then excluded.digest else f.digest end,
			changed_at = case when excluded.error = '' and excluded.digest <> f.digest then now() else f.changed_at end,
			error = excluded.error, checked_at = now()`
	name := r.Reference.Host + "/" + r.Reference.Repository
	problem := ""
	if r.TagDigest == "" {
		problem = r.Problem
	}
	_, err := tx.Exec(ctx, query, r.Tenant, int64(inventory.IDOf(name+":"+r.Reference.Tag)), name, r.Reference.Tag, r.TagDigest, clean(problem))
	return err
}

// saveIndex stores the children of an index, and removes the row that its
// digest got when only the runtime had told of it.
func saveIndex(ctx context.Context, tx pgx.Tx, digest string, children []inventory.PlatformManifest) error {
	batch := &pgx.Batch{}
	for _, c := range children {
		batch.Queue(`insert into image_index (digest, manifest, os, architecture, variant) values ($1, $2, $3, $4, $5) on conflict do nothing`,
			digest, c.Digest, c.OS, c.Architecture, c.Variant)
	}
	batch.Queue(`update container set image_id = null where image_id = $1`, int64(inventory.IDOf(digest)))
	batch.Queue(`delete from image where digest = $1 and config is null`, digest)
	return tx.SendBatch(ctx, batch).Close()
}

func saveManifest(ctx context.Context, tx pgx.Tx, m *image.Manifest) error {
	id := int64(inventory.IDOf(m.Digest))
	config, err := json.Marshal(m.Config)
	if err != nil {
		return err
	}
	var size int64
	for _, l := range m.Layers {
		size += l.Size
	}
	batch := &pgx.Batch{}
	batch.Queue(`
		insert into image as i (id, digest, media_type, config_digest, os, architecture, variant, size, config, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (id) do update set media_type = excluded.media_type, config_digest = excluded.config_digest,
			os = excluded.os, architecture = excluded.architecture, variant = excluded.variant, size = excluded.size,
			config = excluded.config, created_at = excluded.created_at,
			scan_state = case when i.scan_version = 0 then 'new' else i.scan_state end,
			scan_error = case when i.scan_version = 0 then '' else i.scan_error end
		where i.config is null`,
		id, m.Digest, m.MediaType, m.ConfigDigest, m.Platform.OS, m.Platform.Architecture, m.Platform.Variant, size,
		sanitizeJSON(config), nullTime(m.Config.Created))
	for i, l := range m.Layers {
		batch.Queue(`insert into image_layer (image_id, ordinal, digest, diff_id, media_type, size, created_by)
			values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
			id, int16(i), l.Digest, l.DiffID, l.MediaType, l.Size, clean(l.CreatedBy))
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	if chain := image.ChainIDs(m.DiffIDs()); len(chain) > 0 {
		_, err = tx.Exec(ctx, `update image set chain = $2 where id = $1 and chain = ''`, id, chain[len(chain)-1])
	}
	return err
}

// relinkReference links the containers that a resolution is about, in every
// tenant: content is the same for all.
func relinkReference(ctx context.Context, tx pgx.Tx, r Resolution, workloads map[int][]int64) error {
	for _, tenant := range slices.Sorted(maps.Keys(workloads)) {
		ids := workloads[tenant]
		if r.Problem != "" && r.Manifest == nil {
			if _, err := tx.Exec(ctx, `update container set unresolved = $3
				where tenant_id = $1 and workload_id = any($2) and image_id is null and host = $5 and repository = $6
					and (digest = $4 or ($4 = '' and digest_kind = 'config'))`,
				tenant, ids, clean(r.Problem), r.Reference.Digest, r.Reference.Host, r.Reference.Repository); err != nil {
				return err
			}
		}
		if _, err := linkContainers(ctx, tx, tenant, ids, &r); err != nil {
			return err
		}
		if err := rollupWorkloads(ctx, tx, tenant, ids); err != nil {
			return err
		}
	}
	return nil
}

// claim locks the images that a resolution writes or links to, and the workloads
// that it is about, in the order of lock.go. It returns the workloads.
func (r Resolution) claim(ctx context.Context, tx pgx.Tx) (map[int][]int64, error) {
	if r.Manifest != nil {
		if err := observeDigests(ctx, tx, []string{r.Manifest.Digest}); err != nil {
			return nil, err
		}
	}
	if err := takeImages(ctx, tx, r.Tenant, imageSet{digests: r.digests()}, changing); err != nil {
		return nil, err
	}
	workloads, err := r.workloads(ctx, tx)
	if err != nil {
		return nil, err
	}
	return workloads, takeWorkloads(ctx, tx, workloads)
}

// digests returns the digests that the resolution tells of.
func (r Resolution) digests() []string {
	all := []string{r.Reference.Digest, r.TagDigest, r.Index}
	if r.Manifest != nil {
		all = append(all, r.Manifest.Digest)
	}
	return slices.DeleteFunc(all, func(d string) bool { return d == "" })
}

// workloads returns the workloads with a container that a resolution is about,
// by tenant: those with its reference, and those that are linked to what turns
// out to be an index.
func (r Resolution) workloads(ctx context.Context, tx pgx.Tx) (map[int][]int64, error) {
	query, args := `select tenant_id, workload_id from container where digest = $1`, []any{r.Reference.Digest}
	if r.Reference.Digest == "" {
		query = `select tenant_id, workload_id from container
			where tenant_id = $1 and host = $2 and repository = $3 and tag = $4 and (digest = '' or digest_kind = 'config')`
		args = []any{r.Tenant, r.Reference.Host, r.Reference.Repository, r.Reference.Tag}
	}
	if r.Index != "" {
		args = append(args, int64(inventory.IDOf(r.Index)))
		query += fmt.Sprintf(` union select tenant_id, workload_id from container where image_id = $%d`, len(args))
	}
	rows, err := tx.Query(ctx, `select distinct * from (`+query+`) w`, args...)
	if err != nil {
		return nil, err
	}
	byTenant := map[int][]int64{}
	var owner int
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&owner, &id}, func() error {
		byTenant[owner] = append(byTenant[owner], id)
		return nil
	})
	return byTenant, err
}

// ResolutionMissed reports whether containers came up that [DB.SaveResolution]
// would have linked, had it seen them. It leaves the transaction with changes
// that are to be rolled back.
func ResolutionMissed(ctx context.Context, tx pgx.Tx, r Resolution) (missed bool, err error) {
	defer derrors.Wrap(&err, "postgres.ResolutionMissed(%s/%s)", r.Reference.Host, r.Reference.Repository)

	byTenant, err := r.workloads(ctx, tx)
	if err != nil {
		return false, err
	}
	for tenant, ids := range byTenant {
		linked, err := linkContainers(ctx, tx, tenant, ids, &r)
		if linked > 0 || err != nil {
			return linked > 0, err
		}
	}
	return false, nil
}

// An ImageState is what the scheduler knows of an image.
type ImageState struct {
	ID     inventory.ID
	Digest string
	// ScanVersion is the version of the last scan, 0 for never.
	ScanVersion int
	ScanState   string
	ScannedAt   time.Time
	// TopScore is the highest score of the workloads that run it.
	TopScore int
	// Exposed is whether one of them is reachable from the internet.
	Exposed bool
}

const imageStateQuery = `
	select i.id, i.digest, i.scan_version, i.scan_state, coalesce(i.scanned_at, 'epoch'),
		coalesce(max(w.score), 0), coalesce(bool_or(w.exposed), false)
	from image i
	left join container c on c.image_id = i.id
	left join workload w on w.tenant_id = c.tenant_id and w.id = c.workload_id `

func imageState(ctx context.Context, tx pgx.Tx, digest string) (ImageState, error) {
	rows, err := tx.Query(ctx, imageStateQuery+`where i.digest = $1 group by i.id`, digest)
	if err != nil {
		return ImageState{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[ImageState])
}

// ImagesToScan returns images that run somewhere or are the newest of a base
// that others stand on, whose configuration is known and that were not scanned
// by this version, or whose scan failed before retryBefore, or was before
// againBefore; those that were never scanned and those of the riskiest
// workloads first.
func (db *DB) ImagesToScan(ctx context.Context, version int, retryBefore, againBefore time.Time, limit int) (_ []ImageState, err error) {
	defer derrors.Wrap(&err, "postgres.ImagesToScan(%d)", version)

	rows, err := db.pool.Query(ctx, imageStateQuery+`
		where i.config is not null and (c.image_id is not null or exists (select from base_tag t where t.digest = i.digest and t.digest <> ''))
			and (i.scan_version < $1 or i.scanned_at < $3 or (i.scan_state = 'failed' and i.scanned_at < $2))
		group by i.id
		order by i.scan_version = 0 desc, i.scan_version < $1 desc, coalesce(max(w.score), 0) desc, i.id
		limit $4`, version, retryBefore, againBefore, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[ImageState])
}

// An ImageSource is what is needed to pull an image.
type ImageSource struct {
	Manifest image.Manifest
	// References are the references by which workloads run the image, the most
	// used first.
	References []image.Reference
	// Accounts are the accounts of those workloads, in the same order.
	Accounts []string
	// Indexes are the digests of known indexes that hold the manifest.
	Indexes []string
}

// ImageSource returns the manifest of an image and where it can be pulled.
func (db *DB) ImageSource(ctx context.Context, id inventory.ID) (_ ImageSource, err error) {
	defer derrors.Wrap(&err, "postgres.ImageSource(%d)", id)

	var s ImageSource
	m := &s.Manifest
	var config []byte
	if err := db.pool.QueryRow(ctx, `
		select digest, media_type, config_digest, os, architecture, variant, config from image where id = $1 and config is not null`, int64(id)).
		Scan(&m.Digest, &m.MediaType, &m.ConfigDigest, &m.Platform.OS, &m.Platform.Architecture, &m.Platform.Variant, &config); err != nil {
		return s, err
	}
	if err := json.Unmarshal(config, &m.Config); err != nil {
		return s, err
	}
	if m.Layers, err = db.imageLayers(ctx, id); err != nil {
		return s, err
	}
	if s.Indexes, err = db.indexesOf(ctx, m.Digest); err != nil {
		return s, err
	}
	rows, err := db.pool.Query(ctx, `
		select c.host, c.repository, min(c.tag), min(w.account)
		from container c join workload w on w.tenant_id = c.tenant_id and w.id = c.workload_id
		where c.image_id = $1 and c.host <> ''
		group by c.host, c.repository order by count(*) desc, 1, 2 limit 20`, int64(id))
	if err != nil {
		return s, err
	}
	var ref image.Reference
	var account string
	_, err = pgx.ForEachRow(rows, []any{&ref.Host, &ref.Repository, &ref.Tag, &account}, func() error {
		s.References = append(s.References, ref)
		s.Accounts = append(s.Accounts, account)
		return nil
	})
	if err == nil && len(s.References) == 0 {
		s.References, err = db.basesNamed(ctx, s.Manifest.Digest)
	}
	return s, err
}

func (db *DB) imageLayers(ctx context.Context, id inventory.ID) ([]image.Layer, error) {
	rows, err := db.pool.Query(ctx, `
		select digest, diff_id, media_type, size, created_by from image_layer where image_id = $1 order by ordinal`, int64(id))
	if err != nil {
		return nil, fmt.Errorf("layers of image %d: %w", id, err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (l image.Layer, err error) {
		err = row.Scan(&l.Digest, &l.DiffID, &l.MediaType, &l.Size, &l.CreatedBy)
		return l, err
	})
}

// A ScanResult is what a scan of an image found.
type ScanResult struct {
	Image   inventory.ID
	Version int
	// Ecosystem is the distribution's OSV ecosystem, "Debian:12".
	Ecosystem string
	Inventory image.Inventory
	Checks    []finding.CheckFinding
	// Chain is the OCI ChainID of all layers; empty when it is not known.
	Chain string
	// Base is what the image was built from; nil when that is not known.
	Base *image.Base
	// Referrers are what the registry keeps about the image; nil when it was
	// not asked.
	Referrers *image.Referrers
}

// SaveScan replaces what is known of an image's content. then is called inside
// the transaction, to enqueue the matching.
func (db *DB) SaveScan(ctx context.Context, r ScanResult, then func(context.Context, pgx.Tx) error) (err error) {
	defer derrors.Wrap(&err, "postgres.SaveScan(%d)", r.Image)

	data, err := json.Marshal(r.Inventory)
	if err != nil {
		return err
	}
	blob := blobEncoder.EncodeAll(data, nil)
	state := "scanned"
	if r.Inventory.Partial != "" {
		state = "partial"
	}
	return db.InTx(ctx, func(tx pgx.Tx) error {
		ids, err := savePackages(ctx, tx, r.Inventory.Packages)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `
			update image set scan_state = $2, scan_error = $3, scan_version = $4, scanned_at = now(), distribution = $5,
				packages = $6, sbom = $7, inventory = $8, failed_checks = $9, chain = case $10 when '' then chain else $10 end
			where id = $1`, int64(r.Image), state, clean(r.Inventory.Partial), r.Version, clean(r.Ecosystem),
			len(r.Inventory.Packages), ids, blob, finding.Failed(r.Checks), r.Chain); err != nil {
			return err
		}
		if err := saveChecks(ctx, tx, r); err != nil {
			return err
		}
		if err := saveBase(ctx, tx, r.Image, r.Base); err != nil {
			return err
		}
		if err := saveReferrers(ctx, tx, r.Image, r.Referrers); err != nil {
			return err
		}
		if then == nil {
			return nil
		}
		return then(ctx, tx)
	})
}

func saveChecks(ctx context.Context, tx pgx.Tx, r ScanResult) error {
	if _, err := tx.Exec(ctx, `delete from image_check where image_id = $1`, int64(r.Image)); err != nil {
		return err
	}
	ordinals := map[string]int16{}
	rows := make([][]any, 0, len(r.Checks))
	for _, c := range r.Checks {
		rows = append(rows, []any{int64(r.Image), c.Check, ordinals[c.Check], int16(c.Severity), clean(c.Detail), clean(c.Path), int32(c.Layer), c.Secret})
		ordinals[c.Check]++
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"image_check"},
		[]string{"image_id", "check_id", "ordinal", "severity", "detail", "path", "layer", "secret"}, pgx.CopyFromRows(rows))
	return err
}

// FailScan records why an image could not be scanned.
func (db *DB) FailScan(ctx context.Context, id inventory.ID, version int, reason string) (err error) {
	defer derrors.Wrap(&err, "postgres.FailScan(%d)", id)

	_, err = db.pool.Exec(ctx, `
		update image set scan_state = 'failed', scan_error = $2, scan_version = $3, scanned_at = now() where id = $1`,
		int64(id), clean(reason), version)
	return err
}

func nullTime(t time.Time) *time.Time {
	if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return nil
	}
	return &t
}
