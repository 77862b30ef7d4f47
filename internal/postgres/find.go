package postgres

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// workloadID returns the workload that a key, a UID or a name means: a present
// one, one that is gone, or one that was there at a time in the past.
func (r *Reader) workloadID(ctx context.Context, key string, asOf time.Time) (int64, error) {
	ids := []int64{int64(decodeKey(key)), int64(inventory.IDOf(key))}
	rows, err := r.db.pool.Query(ctx, `
		select id from (
			select id from workload where tenant_id = $1 and id = any($2)
			union all
			select id from history where tenant_id = $1 and type = 'workload' and id = any($2)
		) w order by id = $3 desc limit 1`, r.tenant, ids, ids[0])
	if err != nil {
		return 0, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return 0, err
	}
	if len(found) > 0 {
		return found[0], nil
	}
	const columns = `select id, kind, account, region, cluster, namespace, name from (`
	const matching = `) w where $2 in (name, nullif(namespace, '') || '/' || name, nullif(cluster, '') || '/' || name,
			nullif(cluster, '') || '/' || nullif(namespace, '') || '/' || name)
		order by account, region, cluster, namespace, name, id limit $3`
	const limit = view.MaxCandidates + 1
	if asOf.IsZero() {
		return r.onlyWorkload(ctx, key, columns+`
			select * from workload where tenant_id = $1 and name = any($4)`+matching, r.tenant, clean(key), limit, tails(clean(key)))
	}
	return r.onlyWorkload(ctx, key, columns+`
		select v.id, v.attrs->>'kind' as kind, s.account, s.region, coalesce(v.attrs->>'cluster', '') as cluster,
			coalesce(v.attrs->>'namespace', '') as namespace, v.attrs->>'name' as name
		from `+workloadsAt("$1", "$4")+` v join scope s on s.tenant_id = v.tenant_id and s.id = v.scope_id`+matching,
		r.tenant, clean(key), limit, asOf)
}

// tails returns a path and what follows each of its slashes: one of them is the
// name at its end, which may hold slashes itself.
func tails(path string) []string {
	all := []string{path}
	for {
		_, rest, ok := strings.Cut(path, "/")
		if !ok {
			return all
		}
		all = append(all, rest)
		path = rest
	}
}

// onlyWorkload returns the only workload that a query by name selects.
func (r *Reader) onlyWorkload(ctx context.Context, name, query string, args ...any) (int64, error) {
	rows, err := r.db.pool.Query(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	var id int64
	ids, candidates, err := collectCandidates(rows, func(row pgx.CollectableRow) (int64, view.Candidate, error) {
		var kind, account, region, cluster, namespace, name string
		err := row.Scan(&id, &kind, &account, &region, &cluster, &namespace, &name)
		path := name
		for _, part := range []string{namespace, cluster} {
			if part != "" {
				path = part + "/" + path
			}
		}
		return id, view.Candidate{Key: encodeKey(inventory.ID(id)), Detail: strings.Join([]string{kind, account, region, path}, " ")}, err
	})
	if err != nil {
		return 0, err
	}
	return only("workload", name, "ask for a key, a UID such as an ARN, or a whole name; `stowage workloads --name PART` lists "+
		"what has a part of it, with --as-of what is gone", ids, candidates)
}

// collectCandidates reads rows that each are one thing.
func collectCandidates(rows pgx.Rows, scan func(pgx.CollectableRow) (int64, view.Candidate, error)) (ids []int64, all []view.Candidate, err error) {
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		id, candidate, err := scan(row)
		ids, all = append(ids, id), append(all, candidate)
		return struct{}{}, err
	})
	return ids, all, err
}

// only returns the only one of the things that a name means.
func only(kind, name, hint string, ids []int64, candidates []view.Candidate) (int64, error) {
	switch len(ids) {
	case 0:
		return 0, &view.NotFoundError{Kind: kind, Name: name, Hint: hint}
	case 1:
		return ids[0], nil
	}
	return 0, &view.AmbiguousError{
		Kind: kind, Name: name, Candidates: candidates[:min(len(candidates), view.MaxCandidates)], More: len(candidates) > view.MaxCandidates,
	}
}

// digestStart is a digest or the beginning of one.
var digestStart = regexp.MustCompile(`^(?:(?:sha256|sha512):)?[0-9a-f]+$`)

// imageID returns the image that runs and that a digest, the beginning of one,
// or a reference means.
func (r *Reader) imageID(ctx context.Context, name string) (int64, error) {
	ids, candidates, err := r.imagesNamed(ctx, clean(name))
	if err != nil {
		return 0, err
	}
	return only("image", name, "ask for a digest, its beginning, or a reference by which a workload runs it; "+
		"`stowage images --name PART` lists what has a part of it, `stowage unresolved` what could not be determined", ids, candidates)
}

// imagesToFilter returns the images that a filter means: no image has a whole
// digest that is not known, but any other name must mean one.
func (r *Reader) imagesToFilter(ctx context.Context, name string) ([]int64, error) {
	if image.ValidDigest(name) {
		ids, _, err := r.imagesNamed(ctx, name)
		return ids, err
	}
	id, err := r.imageID(ctx, name)
	return []int64{id}, err
}

// imagesNamed returns the images that run and that name may mean: by their
// digest, by that of an index or a configuration, or else by a reference.
func (r *Reader) imagesNamed(ctx context.Context, name string) ([]int64, []view.Candidate, error) {
	var conditions []string
	args := []any{r.tenant, name}
	switch {
	case image.ValidDigest(name):
		conditions = []string{
			`i.digest = $2`, `(i.digest in (select manifest from image_index where digest = $2) or i.config_digest = $2)`,
		}
	case digestStart.MatchString(name):
		if !strings.Contains(name, ":") {
			args[1] = "sha256:" + name
		}
		conditions = []string{
			`starts_with(i.digest, $2)`,
			`(i.digest in (select manifest from image_index where starts_with(digest, $2)) or starts_with(i.config_digest, $2))`,
		}
	}
	for _, condition := range conditions {
		ids, candidates, err := r.imagesWhere(ctx, condition, args...)
		if err != nil || len(ids) > 0 {
			return ids, candidates, err
		}
	}
	if image.ValidDigest(name) {
		return nil, nil, nil
	}
	running := func(condition string) string {
		return `i.id in (select image_id from container where tenant_id = $1 and image_id is not null and ` + condition + `)`
	}
	ref, err := image.ParseReference(name)
	if err != nil {
		return r.imagesWhere(ctx, running(`reference = $2`), r.tenant, name)
	}
	withoutDigest, _, _ := strings.Cut(name, "@")
	tag := `true`
	if ref.Tag != "" && strings.HasSuffix(withoutDigest, ":"+ref.Tag) {
		tag = `tag = $4`
	}
	if ref.Digest != "" {
		tag += ` and ($5 in (digest, (select digest from image where id = image_id)) or reference = $6)`
	}
	args = []any{r.tenant, ref.Host, ref.Repository, ref.Tag, ref.Digest, name}
	// The types are told: not every condition has every argument.
	const typed = ` and $2::text is not null and $3::text is not null and $4::text is not null and $5::text is not null and $6::text is not null`
	ids, candidates, err := r.imagesWhere(ctx, running(`host = $2 and repository = $3 and `+tag+typed), args...)
	if err != nil || len(ids) > 0 {
		return ids, candidates, err
	}
	// The end of a repository's path, as people call it.
	args[2] = strings.TrimPrefix(ref.Repository, "library/")
	if _, _, hosted := strings.Cut(withoutDigest, ref.Host+"/"); hosted {
		return nil, nil, nil
	}
	return r.imagesWhere(ctx, running(`right('/' || repository, length($3) + 1) = '/' || $3 and `+tag+typed), args...)
}

// imagesWhere returns the images that run and meet a condition over image i.
func (r *Reader) imagesWhere(ctx context.Context, condition string, args ...any) ([]int64, []view.Candidate, error) {
	rows, err := r.db.pool.Query(ctx, fmt.Sprintf(`
		select i.id, i.digest, i.os, i.architecture, i.variant, c.workloads, c.reference
		from image i
		cross join lateral (
			select count(distinct workload_id) as workloads, min(reference) as reference from `+imagesNow+` c where c.image_id = i.id
		) c
		where %s and c.workloads > 0
		order by c.workloads desc, i.digest limit %d`, condition, view.MaxCandidates+1), args...)
	if err != nil {
		return nil, nil, err
	}
	return collectCandidates(rows, func(row pgx.CollectableRow) (id int64, c view.Candidate, err error) {
		var p image.Platform
		var workloads int
		var reference string
		err = row.Scan(&id, &c.Key, &p.OS, &p.Architecture, &p.Variant, &workloads, &reference)
		c.Detail = reference
		if p.OS != "" {
			c.Detail += " for " + p.String()
		}
		c.Detail += fmt.Sprintf(", run by %d workloads", workloads)
		return id, c, err
	})
}
