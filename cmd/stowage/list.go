package main

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stowage-dev/stowage/internal/client"
)

// clientFlags adds the flags of every command that asks a server.
func clientFlags(flags *pflag.FlagSet) {
	flags.String("url", "", "the server (default STOWAGE_URL, or "+client.DefaultURL+")")
	flags.Bool("json", false, "print JSON: one object per line for lists")
}

// newClient returns the client that the flags name.
func newClient(cmd *cobra.Command) (*client.Client, error) {
	base, err := cmd.Flags().GetString("url")
	if err != nil {
		return nil, err
	}
	if base == "" {
		base = os.Getenv("STOWAGE_URL")
	}
	if base == "" {
		base = client.DefaultURL
	}
	c, err := client.New(base)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return c, nil
}

// A list describes a command that prints a list of the API.
type list[T any] struct {
	use, short string
	path       string
	// filters are flags that become query parameters, with their help.
	filters [][2]string
	header  []string
	cells   func(T) []string
	// empty is said when the list is.
	empty string
	// whole is whether the API answers with the whole list, not in pages.
	whole bool
}

// command returns the list's command.
func (l list[T]) command() *cobra.Command {
	cmd := &cobra.Command{
		Use: l.use, Short: l.short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			limit, err := cmd.Flags().GetInt("limit")
			if err != nil {
				return err
			}
			if limit < 0 {
				return &exitError{exitUsage, fmt.Errorf("--limit %d is negative; without it everything is printed", limit)}
			}
			asJSON, err := cmd.Flags().GetBool("json")
			if err != nil {
				return err
			}
			items := client.List[T](cmd.Context(), c, l.path, l.query(cmd, limit))
			if asJSON {
				return printLines(cmd.OutOrStdout(), items, limit)
			}
			return l.print(cmd, items, limit)
		},
	}
	clientFlags(cmd.Flags())
	filterFlags(cmd, l.filters)
	cmd.Flags().Int("limit", 0, "print at most this many (default all)")
	return cmd
}

// query returns the query of the filters that were set.
func (l list[T]) query(cmd *cobra.Command, limit int) url.Values {
	q := filterQuery(cmd, l.filters)
	if l.whole {
		return q
	}
	page := 500
	if limit > 0 {
		page = min(page, limit)
	}
	q.Set("limit", fmt.Sprint(page))
	return q
}

// filterFlags adds flags that become query parameters of the same name with
// underscores for hyphens.
func filterFlags(cmd *cobra.Command, filters [][2]string) {
	for _, f := range filters {
		cmd.Flags().String(f[0], "", f[1])
	}
}

// filterQuery returns the query of the filters that were set.
func filterQuery(cmd *cobra.Command, filters [][2]string) url.Values {
	q := url.Values{}
	for _, f := range filters {
		if v := cmd.Flags().Lookup(f[0]).Value.String(); v != "" {
			q.Set(strings.ReplaceAll(f[0], "-", "_"), v)
		}
	}
	return q
}

func (l list[T]) print(cmd *cobra.Command, items iter.Seq2[T, error], limit int) error {
	out := newTable(cmd.OutOrStdout(), l.header...)
	n := 0
	for item, err := range items {
		if err != nil {
			return err
		}
		out.row(l.cells(item)...)
		if n++; n == limit {
			break
		}
	}
	if n == 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), l.empty)
		if f := cmd.Flags().Lookup("as-of"); f != nil && f.Value.String() != "" {
			fmt.Fprintln(cmd.ErrOrStderr(), "Of a time before it first collected, Stowage knows nothing.")
		}
		return nil
	}
	return out.flush()
}

// printLines prints items as JSON Lines.
func printLines[T any](w io.Writer, items iter.Seq2[T, error], limit int) error {
	out := json.NewEncoder(w)
	n := 0
	for item, err := range items {
		if err != nil {
			return err
		}
		if err := out.Encode(item); err != nil {
			return err
		}
		if n++; n == limit {
			break
		}
	}
	return nil
}

// printJSON prints one value, indented.
func printJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(v)
}

// A table aligns columns.
type table struct {
	out *tabwriter.Writer
}

func newTable(w io.Writer, header ...string) *table {
	t := &table{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	if len(header) > 0 {
		t.row(header...)
	}
	return t
}

func (t *table) row(cells ...string) {
	for i, c := range cells {
		cells[i] = printable(c)
	}
	fmt.Fprintln(t.out, strings.Join(cells, "\t"))
}

func (t *table) flush() error { return t.out.Flush() }

// printable returns s without the characters that move a terminal's cursor,
// turn text around or break the table: names come from whoever deploys
// workloads.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// printableLines is [printable] for text of several lines.
func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}

// ago returns how long ago t was, for people.
func ago(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d := time.Since(t)
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%dm ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh ago", int(d.Hours()))
	}
	return fmt.Sprintf("%dd ago", int(d.Hours()/24))
}

// yes returns word if b, else nothing.
func yes(b bool, word string) string {
	if b {
		return word
	}
	return ""
}

// short returns a digest as people copy it.
func short(digest string) string {
	_, hex, ok := strings.Cut(digest, ":")
	if ok && len(hex) > 12 {
		return hex[:12]
	}
	return digest
}
