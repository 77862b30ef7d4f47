// Package export writes lists of the inventory as files: one file per format,
// one per dataset. Exports stream: memory does not grow with the estate.
package export

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/stowage-dev/stowage/internal/view"
)

// A Format is a way to write rows.
type Format struct {
	// Name is what people ask for: "csv".
	Name      string
	MediaType string
	// Extension is that of the file, with its dot.
	Extension string
	// write writes all rows of a dataset.
	write func(w io.Writer, columns []string, rows iter.Seq2[row, error]) error
}

// Formats are all formats, by name.
var Formats = []Format{csvFormat, jsonLinesFormat}

// A Dataset is a list that can be exported.
type Dataset struct {
	// Name is what people ask for: "workloads".
	Name string
	// Columns are the columns of tabular formats.
	Columns []string
	rows    func(context.Context, view.Store, Query) iter.Seq2[row, error]
}

// Datasets are all datasets, by name.
var Datasets = []Dataset{coverageDataset, findingsDataset, imagesDataset, unresolvedDataset, workloadsDataset}

// A Query restricts a dataset; each dataset uses its own part.
type Query struct {
	Workloads  view.WorkloadQuery
	Images     view.ImageQuery
	Findings   view.FindingQuery
	Unresolved view.UnresolvedQuery
	Scopes     view.ScopeQuery
}

// A row is one item: its value for formats with structure, its cells for
// tables.
type row struct {
	value any
	cells []string
}

// FormatNamed returns the format with the name.
func FormatNamed(name string) (Format, error) {
	var names []string
	for _, f := range Formats {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return Format{}, fmt.Errorf("%w: format %q is none of %s", view.ErrBadQuery, name, strings.Join(names, ", "))
}

// DatasetNamed returns the dataset with the name.
func DatasetNamed(name string) (Dataset, error) {
	var names []string
	for _, d := range Datasets {
		if d.Name == name {
			return d, nil
		}
		names = append(names, d.Name)
	}
	return Dataset{}, fmt.Errorf("%w: dataset %q is none of %s", view.ErrBadQuery, name, strings.Join(names, ", "))
}

// Write writes what q selects of the dataset to w. After an error, what was
// written is incomplete.
func Write(ctx context.Context, w io.Writer, f Format, d Dataset, store view.Store, q Query) error {
	if err := f.write(w, d.Columns, d.rows(ctx, store, q)); err != nil {
		return fmt.Errorf("export %s as %s: %w", d.Name, f.Name, err)
	}
	return nil
}
