package main

import (
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stowage-dev/stowage/internal/client"
	"github.com/stowage-dev/stowage/internal/view"
)

// show returns a command that prints one thing of the API.
func show[T any](use, short, path string, print func(io.Writer, T) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := newClient(cmd)
			if err != nil {
				return err
			}
			v, err := client.Get[T](cmd.Context(), c, path+"/"+url.PathEscape(args[0]), nil)
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
	return cmd
}

func newWorkload() *cobra.Command {
	return show("workload <key|arn|uid>", "Show one workload", "/workloads", printWorkload)
}

func printWorkload(w io.Writer, d view.WorkloadDetail) error {
	t := newTable(w)
	t.row("Workload", d.UID)
	t.row("Kind", string(d.Kind))
	t.row("Place", strings.Join([]string{string(d.Provider), d.Account, d.Region}, " "))
	t.row("Running", strconv.Itoa(d.Replicas))
	t.row("Identity", d.Identity)
	t.row("Score", fmt.Sprint(d.Score))
	for _, term := range d.ScoreTerms {
		t.row("", fmt.Sprintf("%+d  %s", term.Points, term.Name))
	}
	t.row("Seen", fmt.Sprintf("first %s, last %s", d.FirstSeen.Format(time.DateTime), ago(d.LastSeen)))
	if d.Scope.Outcome != "complete" {
		t.row("Stale", d.Scope.Reason)
	}
	if err := t.flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nContainers")
	t = newTable(w, "NAME", "TYPE", "REFERENCE", "IMAGE", "CRITICAL", "HIGH", "KEV", "NOTE")
	for _, c := range d.Containers {
		note := c.Unresolved
		if c.Drift {
			note = "the tag now points to " + short(c.TagDigest)
		}
		t.row(c.Name, string(c.Type), c.Image, short(c.ImageDigest), strconv.Itoa(c.Critical), strconv.Itoa(c.High), strconv.Itoa(c.KEV), note)
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
	return show("image <digest>", "Show one image: packages, vulnerabilities, checks, where it runs", "/images", printImage)
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
	if d.Unmatched != "" {
		t.row("Not matched", d.Unmatched)
	}
	t.row("User", d.Config.User)
	t.row("Layers", strconv.Itoa(len(d.Layers)))
	t.row("Run by", plural(d.Workloads, "workload"))
	if err := t.flush(); err != nil {
		return err
	}
	if len(d.Vulnerabilities) > 0 {
		fmt.Fprintln(w, "\nVulnerabilities")
		t = newTable(w, "SEVERITY", "ID", "KEV", "PACKAGE", "VERSION", "FIXED", "LAYER", "PATH")
		for _, v := range d.Vulnerabilities {
			t.row(v.Severity.String(), v.Vulnerability, yes(v.KEV, "KEV"), v.Package, v.Version, v.Fixed, strconv.Itoa(v.Layer), v.Path)
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

func newCVE() *cobra.Command {
	return show("cve <id>", "Show one vulnerability and which workloads have it", "/vulnerabilities", printVulnerability)
}

func printVulnerability(w io.Writer, d view.VulnerabilityDetail) error {
	t := newTable(w)
	t.row("Vulnerability", d.ID)
	t.row("Summary", d.Summary)
	t.row("Severity", d.Severity.String())
	t.row("Aliases", strings.Join(d.Aliases, " "))
	if d.KEV {
		t.row("Exploited", "listed by CISA since "+d.KEVAdded.Format(time.DateOnly))
	}
	t.row("Impact", fmt.Sprintf("%s in %s, %d exposed", plural(d.Workloads, "workload"), plural(d.Images, "image"), d.Exposed))
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
		t.row(strconv.Itoa(r.Score), yes(r.Exposed, "yes"), string(r.Kind), r.Account, r.Region, r.Name, r.Key)
	}
	return t.flush()
}
