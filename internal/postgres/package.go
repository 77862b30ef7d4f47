package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/stowage-dev/stowage/internal/advisory"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// packageID returns the key of a package's row: everything that matching
// distinguishes.
func packageID(p image.Package) int64 {
	parts := []string{p.Ecosystem, p.Name, p.Version, p.Source, p.SourceVersion, fmt.Sprint(advisory.Matchable(p))}
	if p.Module != "" {
		parts = append(parts, advisory.PackageOf(p).Name)
	}
	return int64(inventory.IDOf(strings.Join(parts, "\x00")))
}

// savePackages stores packages that are new and returns the ids of all,
// ascending and each once.
func savePackages(ctx context.Context, tx pgx.Tx, packages []image.Package) ([]int64, error) {
	byID := make(map[int64]image.Package, len(packages))
	for _, p := range packages {
		p.Ecosystem, p.Name, p.Version = clean(p.Ecosystem), clean(p.Name), clean(p.Version)
		p.Source, p.SourceVersion, p.Module = clean(p.Source), clean(p.SourceVersion), clean(p.Module)
		byID[packageID(p)] = p
	}
	ids := make([]int64, 0, len(byID))
	for id := range byID {
		ids = append(ids, id)
	}
	// The order also keeps two scans from waiting for each other in a circle.
	slices.Sort(ids)
	n := len(ids)
	var (
		ecosystems, names, versions = make([]string, 0, n), make([]string, 0, n), make([]string, 0, n)
		sources, sourceVersions     = make([]string, 0, n), make([]string, 0, n)
		matchable                   = make([]bool, 0, n)
		matchNames                  = make([]string, 0, n)
	)
	for _, id := range ids {
		p := byID[id]
		ecosystems = append(ecosystems, p.Ecosystem)
		names = append(names, p.Name)
		versions = append(versions, p.Version)
		sources = append(sources, p.Source)
		sourceVersions = append(sourceVersions, p.SourceVersion)
		matchable = append(matchable, advisory.Matchable(p))
		matchNames = append(matchNames, advisory.PackageOf(p).Name)
	}
	_, err := tx.Exec(ctx, `
		insert into package (id, ecosystem, name, version, source, source_version, matchable, match_name)
		select u.* from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::text[])
			as u(id, ecosystem, name, version, source, source_version, matchable, match_name)
		where not exists (select from package p where p.id = u.id)
		order by u.id
		on conflict do nothing`,
		ids, ecosystems, names, versions, sources, sourceVersions, matchable, matchNames)
	if err != nil {
		return nil, fmt.Errorf("save %d packages: %w", n, err)
	}
	return ids, nil
}

// A StoredPackage is a package version with its key.
type StoredPackage struct {
	ID      int64
	Package advisory.Package
}

func scanStoredPackage(row pgx.CollectableRow) (s StoredPackage, err error) {
	var (
		p         image.Package
		matchName string
	)
	if err := row.Scan(&s.ID, &p.Ecosystem, &p.Name, &p.Version, &p.Source, &p.SourceVersion, &matchName); err != nil {
		return s, err
	}
	s.Package = advisory.PackageOf(p)
	s.Package.Name = matchName // It has the module, too.
	return s, nil
}

const storedPackageColumns = `p.id, p.ecosystem, p.name, p.version, p.source, p.source_version, p.match_name`

// unmatchedPackages locks and returns the packages of an image that no
// advisory was compared with yet.
func unmatchedPackages(ctx context.Context, tx pgx.Tx, img inventory.ID) ([]StoredPackage, error) {
	rows, err := tx.Query(ctx, `
		select `+storedPackageColumns+`
		from package p
		where p.id = any((select sbom from image where id = $1)::bigint[]) and p.matchable and p.matched_at is null
		order by p.id for no key update`, int64(img))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanStoredPackage)
}

// matchedPackages returns the packages that advisories of these names may hold,
// of those that were compared with advisories before.
func matchedPackages(ctx context.Context, tx pgx.Tx, names []string) ([]StoredPackage, error) {
	rows, err := tx.Query(ctx, `
		select `+storedPackageColumns+` from package p where p.match_name = any($1) and p.matchable and p.matched_at is not null`, names)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanStoredPackage)
}
