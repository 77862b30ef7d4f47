package export

import (
	"context"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/stowage-dev/stowage/internal/view"
)

var workloadsDataset = Dataset{
	Name: "workloads",
	Columns: []string{
		"provider", "account", "region", "kind", "cluster", "namespace", "name", "replicas", "images", "identity", "exposed",
		"exposure_gap", "max_severity", "critical", "high", "unknown", "kev", "failed_checks", "score", "first_seen", "changed_at", "last_seen", "outcome", "uid",
	},
	rows: func(ctx context.Context, store view.Store, q Query) iter.Seq2[row, error] {
		return mapRows(store.AllWorkloads(ctx, q.Workloads), func(w view.Workload) []string {
			return []string{
				string(w.Provider), w.Account, w.Region, string(w.Kind), w.Cluster, w.Namespace, w.Name, strconv.Itoa(w.Replicas),
				strings.Join(w.Images, " "), w.Identity, string(w.Exposed), gapText(w.ExposureGap), w.MaxSeverity.String(), strconv.Itoa(w.Critical),
				strconv.Itoa(w.High), strconv.Itoa(w.Unknown), strconv.FormatBool(w.KEV), strconv.Itoa(w.FailedChecks), strconv.Itoa(w.Score),
				stamp(w.FirstSeen), stamp(w.ChangedAt), stamp(w.LastSeen), string(w.Outcome), w.UID,
			}
		})
	},
}

var imagesDataset = Dataset{
	Name: "images",
	Columns: []string{
		"digest", "references", "platform", "size", "created_at", "first_seen", "scan_state", "scan_error", "scanned_at", "distribution",
		"packages", "max_severity", "critical", "high", "medium", "low", "unknown", "kev", "failed_checks", "workloads",
	},
	rows: func(ctx context.Context, store view.Store, q Query) iter.Seq2[row, error] {
		return mapRows(store.AllImages(ctx, q.Images), func(i view.Image) []string {
			return []string{
				i.Digest, strings.Join(i.References, " "), i.Platform, strconv.FormatInt(i.Size, 10), stamp(i.CreatedAt), stamp(i.FirstSeen),
				i.ScanState, i.ScanError, stamp(i.ScannedAt), i.Distribution, strconv.Itoa(i.Packages), i.MaxSeverity.String(),
				strconv.Itoa(i.Critical), strconv.Itoa(i.High), strconv.Itoa(i.Medium), strconv.Itoa(i.Low), strconv.Itoa(i.Unknown), strconv.Itoa(i.KEV),
				strconv.Itoa(i.FailedChecks), strconv.Itoa(i.Workloads),
			}
		})
	},
}

var findingsDataset = Dataset{
	Name: "findings",
	Columns: []string{
		"vulnerability", "severity", "kev", "ecosystem", "package", "version", "fixed", "path", "layer", "advisory", "summary", "digest", "references",
		"workloads", "exposed", "exposure_unknown",
	},
	rows: func(ctx context.Context, store view.Store, q Query) iter.Seq2[row, error] {
		return mapRows(store.AllFindings(ctx, q.Findings), func(f view.ImageFinding) []string {
			return []string{
				f.Vulnerability, f.Severity.String(), strconv.FormatBool(f.KEV), f.Ecosystem, f.Package, f.Version, f.Fixed, f.Path,
				layer(f.Layer), f.Advisory, f.Summary, f.Digest, strings.Join(f.References, " "), strconv.Itoa(f.Workloads),
				strconv.Itoa(f.Exposed), strconv.Itoa(f.ExposureUnknown),
			}
		})
	},
}

var unresolvedDataset = Dataset{
	Name: "unresolved",
	Columns: []string{
		"provider", "account", "region", "kind", "cluster", "namespace", "name", "container", "type", "reference", "digest", "replicas",
		"exposed", "reason", "workload",
	},
	rows: func(ctx context.Context, store view.Store, q Query) iter.Seq2[row, error] {
		pages := func(p view.Paging) (view.Page[view.UnresolvedContainer], error) {
			q.Unresolved.Paging = p
			return store.UnresolvedContainers(ctx, q.Unresolved)
		}
		return mapRows(allPages(pages), func(c view.UnresolvedContainer) []string {
			return []string{
				string(c.Provider), c.Account, c.Region, string(c.Kind), c.Cluster, c.Namespace, c.Name, c.Container, string(c.Type),
				c.Reference, c.Digest, strconv.Itoa(c.Replicas), string(c.Exposed), c.Reason, c.Workload,
			}
		})
	},
}

var coverageDataset = Dataset{
	Name: "coverage",
	Columns: []string{
		"provider", "account", "region", "collector", "target", "outcome", "reason", "permission", "remedy", "records",
		"tried_at", "completed_at", "stale",
	},
	rows: func(ctx context.Context, store view.Store, q Query) iter.Seq2[row, error] {
		pages := func(p view.Paging) (view.Page[view.Scope], error) {
			q.Scopes.Paging = p
			return store.Scopes(ctx, q.Scopes)
		}
		return mapRows(allPages(pages), func(s view.Scope) []string {
			return []string{
				string(s.Provider), s.Account, s.Region, s.Collector, s.Target, string(s.Outcome), s.Reason, s.Permission, s.Remedy,
				strconv.Itoa(s.Records), stamp(s.TriedAt), stamp(s.CompletedAt), strconv.FormatBool(s.Stale),
			}
		})
	},
}

// allPages walks the pages of a list.
func allPages[T any](get func(view.Paging) (view.Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		paging := view.Paging{Limit: view.MaxLimit}
		for {
			page, err := get(paging)
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			paging.Cursor = page.Next
		}
	}
}

// mapRows turns items into rows.
func mapRows[T any](items iter.Seq2[T, error], cells func(T) []string) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		for item, err := range items {
			if err != nil {
				yield(row{}, err)
				return
			}
			if !yield(row{value: item, cells: cells(item)}, nil) {
				return
			}
		}
	}
}

// gapText returns where something could not be read and why, empty for none.
func gapText(g *view.Gap) string {
	if g == nil {
		return ""
	}
	return strings.TrimSuffix(g.ScopeKey.String()+" "+string(g.Outcome)+": "+g.Reason, ": ")
}

// layer returns the index of a layer, empty when it is not known.
func layer(i int) string {
	if i < 0 {
		return ""
	}
	return strconv.Itoa(i)
}

// stamp returns a time in RFC 3339, empty for the zero time.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
