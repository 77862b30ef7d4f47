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
		"max_severity", "critical", "high", "kev", "failed_checks", "score", "first_seen", "changed_at", "last_seen", "outcome", "uid",
	},
	rows: func(ctx context.Context, store view.Store, q Query) iter.Seq2[row, error] {
		return mapRows(store.AllWorkloads(ctx, q.Workloads), func(w view.Workload) []string {
			return []string{
				string(w.Provider), w.Account, w.Region, string(w.Kind), w.Cluster, w.Namespace, w.Name, strconv.Itoa(w.Replicas),
				strings.Join(w.Images, " "), w.Identity, strconv.FormatBool(w.Exposed), w.MaxSeverity.String(), strconv.Itoa(w.Critical),
				strconv.Itoa(w.High), strconv.FormatBool(w.KEV), strconv.Itoa(w.FailedChecks), strconv.Itoa(w.Score),
				stamp(w.FirstSeen), stamp(w.ChangedAt), stamp(w.LastSeen), string(w.Outcome), w.UID,
			}
		})
	},
}

var imagesDataset = Dataset{
	Name: "images",
	Columns: []string{
		"digest", "references", "platform", "size", "created_at", "first_seen", "scan_state", "scan_error", "scanned_at", "distribution",
		"packages", "max_severity", "critical", "high", "medium", "low", "kev", "failed_checks", "workloads",
	},
	rows: func(ctx context.Context, store view.Store, q Query) iter.Seq2[row, error] {
		return mapRows(store.AllImages(ctx, q.Images), func(i view.Image) []string {
			return []string{
				i.Digest, strings.Join(i.References, " "), i.Platform, strconv.FormatInt(i.Size, 10), stamp(i.CreatedAt), stamp(i.FirstSeen),
				i.ScanState, i.ScanError, stamp(i.ScannedAt), i.Distribution, strconv.Itoa(i.Packages), i.MaxSeverity.String(),
				strconv.Itoa(i.Critical), strconv.Itoa(i.High), strconv.Itoa(i.Medium), strconv.Itoa(i.Low), strconv.Itoa(i.KEV),
				strconv.Itoa(i.FailedChecks), strconv.Itoa(i.Workloads),
			}
		})
	},
}

var findingsDataset = Dataset{
	Name: "findings",
	Columns: []string{
		"vulnerability", "severity", "kev", "ecosystem", "package", "version", "fixed", "advisory", "summary", "digest", "references",
		"workloads", "exposed",
	},
	rows: func(ctx context.Context, store view.Store, _ Query) iter.Seq2[row, error] {
		return mapRows(store.AllFindings(ctx), func(f view.ImageFinding) []string {
			return []string{
				f.Vulnerability, f.Severity.String(), strconv.FormatBool(f.KEV), f.Ecosystem, f.Package, f.Version, f.Fixed, f.Advisory,
				f.Summary, f.Digest, strings.Join(f.References, " "), strconv.Itoa(f.Workloads), strconv.Itoa(f.Exposed),
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
		return mapRows(allScopes(ctx, store, q.Scopes), func(s view.Scope) []string {
			return []string{
				string(s.Provider), s.Account, s.Region, s.Collector, s.Target, string(s.Outcome), s.Reason, s.Permission, s.Remedy,
				strconv.Itoa(s.Records), stamp(s.TriedAt), stamp(s.CompletedAt), strconv.FormatBool(s.Stale),
			}
		})
	},
}

// allScopes walks the pages of the coverage list.
func allScopes(ctx context.Context, store view.Store, q view.ScopeQuery) iter.Seq2[view.Scope, error] {
	return func(yield func(view.Scope, error) bool) {
		q.Cursor, q.Limit = "", view.MaxLimit
		for {
			page, err := store.Scopes(ctx, q)
			if err != nil {
				yield(view.Scope{}, err)
				return
			}
			for _, s := range page.Items {
				if !yield(s, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			q.Cursor = page.Next
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

// stamp returns a time in RFC 3339, empty for the zero time.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
