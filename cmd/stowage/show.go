package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stowage-dev/stowage/internal/client"
	"github.com/stowage-dev/stowage/internal/export"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/view"
)

// show returns a command that prints one thing of the API. Its filters are
// flags that become query parameters.
func show[T any](use, short, path string, print func(io.Writer, T) error, filters ...[2]string) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			v, err := client.Get[T](cmd.Context(), c, path+"/"+url.PathEscape(args[0]), filterQuery(cmd, filters))
			if err != nil {
				return err
			}
			if asJSON, err := cmd.Flags().GetBool("json"); err != nil || asJSON {
				return printJSON(cmd.OutOrStdout(), v)
			}
			return print(cmd.OutOrStdout(), v)
		},
	}
	clientFlags(cmd.Flags())
	filterFlags(cmd, filters)
	return cmd
}

func newWorkload() *cobra.Command {
	return show("workload <name|key|arn|uid>", "Show one workload", "/workloads", printWorkload,
		[2]string{"as-of", "a time (RFC 3339) or a date: the version then"})
}

func printWorkload(w io.Writer, d view.WorkloadDetail) error {
	t := newTable(w)
	t.row("Workload", d.UID)
	t.row("Kind", string(d.Kind))
	t.row("Place", strings.Join([]string{string(d.Provider), d.Account, d.Region}, " "))
	t.row("Running", running(d.Workload))
	t.row("Identity", d.Identity)
	t.row("Exposed", exposedText(d.Workload))
	if past := printPast(t, d); !past {
		t.row("Score", fmt.Sprint(d.Score))
		for _, term := range d.ScoreTerms {
			t.row("", fmt.Sprintf("%+d  %s", term.Points, term.Name))
		}
		t.row("Seen", fmt.Sprintf("first %s, last %s", d.FirstSeen.Format(time.DateTime), ago(d.LastSeen)))
	}
	if d.Scope.Outcome != "complete" && d.Scope.Outcome != "" {
		t.row("Stale", d.Scope.Reason)
	}
	if err := t.flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nContainers")
	t = newTable(w, "NAME", "TYPE", "REFERENCE", "IMAGE", "CRITICAL", "HIGH", "UNRATED", "KEV", "NOTE")
	for _, c := range d.Containers {
		note := c.Unresolved
		if c.Drift {
			note = "the tag now points to " + short(c.TagDigest)
		}
		t.row(c.Name, string(c.Type), c.Image, short(c.ImageDigest), strconv.Itoa(c.Critical), strconv.Itoa(c.High), strconv.Itoa(c.Unknown),
			strconv.Itoa(c.KEV), note)
	}
	if err := t.flush(); err != nil {
		return err
	}
	if len(d.Exposures) > 0 {
		fmt.Fprintln(w, "\nReached from the internet")
	}
	for _, e := range d.Exposures {
		fmt.Fprintf(w, "  %s %v via %s\n", printable(e.Address), e.Ports, printable(string(e.Via)))
		for _, link := range e.Evidence {
			fmt.Fprintf(w, "    %s\n", printable(link.Detail))
		}
	}
	return printChecks(w, d.Checks)
}

// printPast adds the rows of a version that is not the present one, and
// reports whether it is such.
func printPast(t *table, d view.WorkloadDetail) bool {
	if !d.AsOf.IsZero() {
		t.row("As of", d.AsOf.UTC().Format(time.RFC3339)+"; findings are today's, checks and score were not kept")
	}
	if !d.GoneAt.IsZero() {
		t.row("Gone", fmt.Sprintf("since %s (%s)", d.GoneAt.UTC().Format(time.RFC3339), ago(d.GoneAt)))
	}
	if d.AsOf.IsZero() && d.GoneAt.IsZero() {
		return false
	}
	t.row("Seen", fmt.Sprintf("first %s, so since %s", d.FirstSeen.UTC().Format(time.RFC3339), d.ChangedAt.UTC().Format(time.RFC3339)))
	return true
}

// exposedText returns whether the internet reaches a workload and, if that is
// not known, why.
func exposedText(w view.Workload) string {
	if g := w.ExposureGap; g != nil {
		return strings.TrimSuffix(fmt.Sprintf("unknown, for %s is %s: %s", g.ScopeKey, g.Outcome, g.Reason), ": ")
	}
	return string(w.Exposed)
}

func printChecks(w io.Writer, checks []view.WorkloadCheck) error {
	if len(checks) == 0 {
		return nil
	}
	fmt.Fprintln(w, "\nFailed checks")
	t := newTable(w, "SEVERITY", "CHECK", "CONTAINER", "DETAIL")
	for _, c := range checks {
		t.row(c.Severity.String(), c.Check, c.Container, c.Detail)
	}
	return t.flush()
}

func newImage() *cobra.Command {
	cmd := show("image <digest|reference>", "Show one image: packages, vulnerabilities, checks, where it runs", "/images", printImage)
	var names []string
	for _, f := range export.ReportFormats {
		names = append(names, f.Name)
	}
	var format, output string
	cmd.Flags().StringVar(&format, "format", "", "write a document instead: "+strings.Join(names, ", "))
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write the document to (default standard output)")
	print := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if format == "" {
			if output != "" {
				return &exitError{exitUsage, errors.New("--output needs --format")}
			}
			return print(cmd, args)
		}
		if _, err := export.ReportFormatNamed(format); err != nil {
			return &exitError{exitUsage, fmt.Errorf("--format %q is none of %s", format, strings.Join(names, ", "))}
		}
		c, err := newClient(cmd)
		if err != nil {
			return err
		}
		body, err := c.Open(cmd.Context(), "/images/"+url.PathEscape(args[0])+"/report", url.Values{"format": {format}})
		if err != nil {
			return err
		}
		defer body.Close()
		if output == "" {
			_, err = io.Copy(cmd.OutOrStdout(), body)
			return err
		}
		return writeFile(output, body)
	}
	return cmd
}

// imageFindings returns the counts of an image's vulnerabilities, which mean
// something only when it was read.
func imageFindings(i view.Image) string {
	if i.ScanState != "scanned" && i.ScanState != "partial" {
		return "not known: what is inside was not read"
	}
	text := severities(map[finding.Severity]int{
		finding.Critical: i.Critical, finding.High: i.High, finding.Medium: i.Medium, finding.Low: i.Low, finding.Unknown: i.Unknown,
	})
	return fmt.Sprintf("%s; %d known to be exploited; %s", text, i.KEV, plural(i.FailedChecks, "failed check"))
}

func printImage(w io.Writer, d view.ImageDetail) error {
	t := newTable(w)
	t.row("Image", d.Digest)
	t.row("References", strings.Join(d.References, " "))
	t.row("Platform", d.Platform)
	if d.OS != nil {
		t.row("System", d.OS.Name)
	}
	t.row("Scan", strings.TrimSpace(d.ScanState+" "+d.ScanError))
	t.row("Packages", strconv.Itoa(d.Packages))
	t.row("Findings", imageFindings(d.Image))
	if d.Unmatched != "" {
		t.row("Not matched", d.Unmatched)
	}
	t.row("User", d.Config.User)
	t.row("Layers", strconv.Itoa(len(d.Layers)))
	t.row("Built on", baseLine(d.Base))
	t.row("Signatures", referrersLine(d.Referrers))
	t.row("Run by", plural(d.Workloads, "workload"))
	if err := t.flush(); err != nil {
		return err
	}
	if len(d.Vulnerabilities) > 0 {
		fmt.Fprintln(w, "\nVulnerabilities")
		t = newTable(w, "SEVERITY", "ID", "KEV", "PACKAGE", "VERSION", "FIXED", "LAYER", "PATH")
		for _, v := range d.Vulnerabilities {
			t.row(rated(v.Severity), v.Vulnerability, yes(v.KEV, "KEV"), v.Package, v.Version, v.Fixed, strconv.Itoa(v.Layer), v.Path)
		}
		if err := t.flush(); err != nil {
			return err
		}
	}
	if len(d.Checks) > 0 {
		fmt.Fprintln(w, "\nFailed checks")
		t = newTable(w, "SEVERITY", "CHECK", "DETAIL", "PATH")
		for _, c := range d.Checks {
			t.row(c.Severity.String(), c.Check, c.Detail, c.Path)
		}
		if err := t.flush(); err != nil {
			return err
		}
	}
	return printRunBy(w, d.RunBy)
}

// referrersLine tells what a registry keeps about an image, in one line.
// baseLine says what an image was built from and what rebuilding would fix.
func baseLine(b *view.Base) string {
	if b == nil {
		return "not known"
	}
	line := cmp.Or(b.Name, b.Digest, "a base whose name is not known")
	if b.Layers > 0 {
		line += fmt.Sprintf(", the lowest %s: %d vulnerabilities from it, %d added", plural(b.Layers, "layer"), b.FromBase, b.Added)
	}
	if b.Problem != "" {
		line += "; not compared: " + b.Problem
	}
	switch {
	case b.Newer == "":
	case b.NewerState != "scanned" && b.NewerState != "partial":
		line += "; there is a newer one, not scanned yet"
	default:
		line += fmt.Sprintf("; rebuilding on the newer one fixes %d", len(b.Fixes))
	}
	return line
}

func referrersLine(r *image.Referrers) string {
	if r == nil {
		return "not known: no registry was asked"
	}
	counts := map[image.ReferrerKind]int{}
	for _, item := range r.Items {
		counts[item.Kind]++
	}
	var parts []string
	for _, k := range []struct {
		kind image.ReferrerKind
		one  string
	}{
		{image.Signature, "signature"},
		{image.Provenance, "provenance"},
		{image.SBOM, "SBOM"},
		{image.Attestation, "attestation"},
		{image.OtherReferrer, "other artifact"},
	} {
		if n := counts[k.kind]; n > 0 {
			parts = append(parts, plural(n, k.one))
		}
	}
	line := "none"
	if len(parts) > 0 {
		line = strings.Join(parts, ", ") + ": present, not verified"
	}
	switch {
	case r.Problem != "" && len(parts) > 0:
		line += "; there may be more: " + r.Problem
	case r.Problem != "":
		line = "not known: " + r.Problem
	}
	return line
}

func newCVE() *cobra.Command {
	return show("cve <id>", "Show one vulnerability and which workloads have it", "/vulnerabilities", printVulnerability)
}

// rated returns the name of a vulnerability's severity, as lists tell it.
func rated(s finding.Severity) string {
	if s == finding.Unknown {
		return "unrated"
	}
	return s.String()
}

func printVulnerability(w io.Writer, d view.VulnerabilityDetail) error {
	t := newTable(w)
	t.row("Vulnerability", d.ID)
	t.row("Summary", d.Summary)
	t.row("Severity", rated(d.Severity))
	t.row("Aliases", strings.Join(d.Aliases, " "))
	if d.KEV {
		t.row("Exploited", "listed by CISA since "+d.KEVAdded.Format(time.DateOnly))
	}
	t.row("Impact", fmt.Sprintf("%s in %s, %d exposed, exposure unknown of %d", plural(d.Workloads, "workload"),
		plural(d.Images, "image"), d.Exposed, d.ExposureUnknown))
	if err := t.flush(); err != nil {
		return err
	}
	if len(d.Packages) > 0 {
		fmt.Fprintln(w, "\nAffected packages")
		t = newTable(w, "ECOSYSTEM", "PACKAGE", "VERSION", "FIXED", "IMAGES")
		for _, p := range d.Packages {
			t.row(p.Ecosystem, p.Name, p.Version, p.Fixed, strconv.Itoa(p.Images))
		}
		if err := t.flush(); err != nil {
			return err
		}
	}
	return printRunBy(w, d.RunBy)
}

func printRunBy(w io.Writer, workloads []view.Workload) error {
	if len(workloads) == 0 {
		return nil
	}
	fmt.Fprintln(w, "\nRun by")
	t := newTable(w, "SCORE", "EXPOSED", "KIND", "ACCOUNT", "REGION", "NAME", "KEY")
	for _, r := range workloads {
		t.row(strconv.Itoa(r.Score), string(r.Exposed), string(r.Kind), r.Account, r.Region, r.Name, r.Key)
	}
	return t.flush()
}
