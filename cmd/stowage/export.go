package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stowage-dev/stowage/internal/client"
	"github.com/stowage-dev/stowage/internal/export"
	"github.com/stowage-dev/stowage/internal/view"
)

// newExport returns the command that writes a whole list to a file.
func newExport() *cobra.Command {
	var format, output string
	var filters []string
	var names []string
	for _, d := range export.Datasets {
		names = append(names, d.Name)
	}
	cmd := &cobra.Command{
		Use:   "export <" + strings.Join(names, "|") + ">",
		Short: "Write a whole list as a file",
		Args: cobra.MatchAll(cobra.ExactArgs(1), func(_ *cobra.Command, args []string) error {
			_, err := export.DatasetNamed(args[0])
			return reason(err)
		}),
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			if _, err := export.FormatNamed(format); err != nil {
				return &exitError{exitUsage, fmt.Errorf("--%w", reason(err))}
			}
			q := url.Values{"format": {format}}
			for _, f := range filters {
				name, value, ok := strings.Cut(f, "=")
				if !ok {
					return &exitError{exitUsage, fmt.Errorf("filter %q is not name=value, such as severity=high", f)}
				}
				q.Set(name, value)
			}
			body, err := c.Open(cmd.Context(), "/export/"+args[0], q)
			if err != nil {
				return err
			}
			defer body.Close()
			if output == "" {
				_, err = io.Copy(cmd.OutOrStdout(), body)
				return err
			}
			return writeFile(output, body)
		},
	}
	cmd.Flags().String("url", "", "the server (default STOWAGE_URL, or "+client.DefaultURL+")")
	cmd.Flags().StringVar(&format, "format", "csv", "csv or jsonl")
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write (default standard output)")
	cmd.Flags().StringArrayVar(&filters, "filter", nil, "name=value, as the list's own flags; may be repeated")
	return cmd
}

// writeFile writes a file as a whole or not at all: half an export looks like
// a whole one.
func writeFile(path string, r io.Reader) (err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return writeInto(path, r)
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	part := path + ".part"
	f, err := os.Create(part)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(part))
		}
	}()
	if _, err = io.Copy(f, r); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), f.Close())
	}
	if err = f.Close(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(part, path)
}

// writeInto writes into what is there and is no file, such as a pipe or
// /dev/null: a file in its place would break it for everybody.
func writeInto(path string, r io.Reader) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, r); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), f.Close())
	}
	return f.Close()
}

// reason returns an error about a name without the words that tell a server
// that the question was bad.
func reason(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(strings.TrimPrefix(err.Error(), view.ErrBadQuery.Error()+": "))
}
