package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/stowage-dev/stowage/internal/export"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/scan"
	"github.com/stowage-dev/stowage/internal/scan/secret"
)

// scanOptions are the flags of the scan command.
type scanOptions struct {
	platform   string
	image      string
	advisories []string
	kev        string
	javaIndex  string
	failOn     string
	format     string
	output     string
	secrets    bool
	allow      string
	json       bool
}

// scanFormats are the names of what the scan command prints.
func scanFormats() []string {
	names := []string{"table", "json"}
	for _, f := range export.ReportFormats {
		names = append(names, f.Name)
	}
	return names
}

// newScan returns the command that scans one image, without a server.
func newScan() *cobra.Command {
	var o scanOptions
	cmd := &cobra.Command{
		Use:   "scan <reference|OCI layout|archive|->",
		Short: "Scan one image and print it, without a server",
		Long: "Scan reads an image from a registry, from an OCI layout (a directory), from an archive made by\n" +
			"`docker save` or in the OCI form, or such an archive from standard input (-), and prints its packages'\n" +
			"vulnerabilities, its failed checks, and which signatures and attestations the registry keeps of it.\n" +
			"Vulnerabilities need --advisories; without, packages and checks alone are printed.\n\n" +
			"Exit codes: 0 nothing that --fail-on names, 1 the image could not be read, 2 wrong use, 3 with --fail-on when\n" +
			"only a part of the image could be read, 4 something has the severity of --fail-on, 130 interrupted.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runScan(cmd, args[0], o)
		},
	}
	cmd.Flags().String("config", "", "configuration file, for registries (default STOWAGE_CONFIG)")
	cmd.Flags().StringVar(&o.platform, "platform", "", "platform of an index, os/architecture[/variant] (default linux and this machine's architecture)")
	cmd.Flags().StringVar(&o.image, "image", "", "name or tag of the image in a layout or archive that holds several")
	cmd.Flags().StringSliceVar(&o.advisories, "advisories", nil, "directories, zip files or URLs of OSV advisories")
	cmd.Flags().StringVar(&o.kev, "kev", "", "file or URL of CISA's catalogue of exploited vulnerabilities")
	cmd.Flags().StringVar(&o.javaIndex, "java-index", "", "file that tells which artifacts Java archives are, by their SHA-1")
	cmd.Flags().StringVar(&o.failOn, "fail-on", "", "exit with 4 if something has at least this severity: low, medium, high or critical")
	cmd.Flags().StringVar(&o.format, "format", "table", strings.Join(scanFormats(), ", "))
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "file to write (default standard output)")
	cmd.Flags().BoolVar(&o.json, "json", false, "short for --format json")
	cmd.Flags().BoolVar(&o.secrets, "secrets", true, "search the files for secrets")
	cmd.Flags().StringVar(&o.allow, "secret-allow", "", "file that names secrets which are no findings (docs/secrets.md)")
	return cmd
}

// check returns what the flags mean, or what is wrong with them.
func (o *scanOptions) check(cmd *cobra.Command) (threshold finding.Severity, platform image.Platform, err error) {
	fail := func(format string, args ...any) (finding.Severity, image.Platform, error) {
		return 0, image.Platform{}, &exitError{exitUsage, fmt.Errorf(format, args...)}
	}
	threshold = finding.Critical + 1
	if o.failOn != "" {
		if threshold, err = finding.ParseSeverity(o.failOn); err != nil || threshold == finding.Unknown {
			return fail("--fail-on %q is not low, medium, high or critical", o.failOn)
		}
	}
	platform = defaultPlatform()
	if o.platform != "" {
		platform = image.ParsePlatform(o.platform)
	}
	if platform.OS == "" || platform.Architecture == "" {
		return fail("--platform %q is not os/architecture[/variant], such as linux/arm64", o.platform)
	}
	if o.json {
		if cmd.Flags().Changed("format") && o.format != "json" {
			return fail("--json and --format %s contradict each other", o.format)
		}
		o.format = "json"
	}
	if _, err := scanWriter(o.format); err != nil {
		return fail("%w", err)
	}
	return threshold, platform, nil
}

func runScan(cmd *cobra.Command, name string, o scanOptions) error {
	ctx := cmd.Context()
	allow, err := secret.OpenAllowList(o.allow)
	if err != nil {
		return &exitError{exitUsage, fmt.Errorf("--secret-allow: %w", err)}
	}
	threshold, platform, err := o.check(cmd)
	if err != nil {
		return err
	}
	say := scanStatus(cmd.ErrOrStderr())
	defer say("")
	say("Reading the manifest…")
	source, err := openImage(ctx, cmd, name, o)
	if err != nil {
		return err
	}
	defer source.close()
	manifest, rawConfig, err := source.manifest(ctx, platform, o.platform != "")
	if err != nil {
		return err
	}
	if source.client != nil {
		say("Asking for signatures and attestations…")
	}
	referrers, err := source.referrers(ctx, manifest)
	if err != nil {
		return err
	}
	index, err := openJavaIndex(o.javaIndex)
	if err != nil {
		return err
	}
	if index != nil {
		defer index.Close()
	}
	say("")
	progress, finish := scanProgress(cmd.ErrOrStderr())
	result, err := scan.Image(ctx, source, manifest, rawConfig, nil, scan.Options{
		Progress: progress, References: source.references(), Referrers: referrers, JavaIndex: index,
		Secrets: scan.SecretOptions{Off: !o.secrets, Allow: allow, Repository: source.repository()},
	})
	finish()
	if err != nil {
		return fmt.Errorf("%s: %w", source.name, err)
	}
	report := newScanReport(source.name, manifest, result, referrers)
	report.ref, report.Matched = source.ref, len(o.advisories) > 0
	if report.Matched {
		say("Comparing with advisories…")
		if err := report.match(ctx, o); err != nil {
			return err
		}
		say("")
	}
	if err := writeScan(cmd, report, o); err != nil {
		return err
	}
	return verdict(report, threshold, o.failOn)
}

// writeScan writes the report where it is wanted.
func writeScan(cmd *cobra.Command, report scanReport, o scanOptions) error {
	write, err := scanWriter(o.format)
	if err != nil {
		return err
	}
	if o.output == "" {
		return write(cmd.OutOrStdout(), report)
	}
	var b bytes.Buffer
	if err := write(&b, report); err != nil {
		return err
	}
	if err := writeFile(o.output, &b); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Wrote %s: %s.\n", printable(o.output), report.found())
	return nil
}

// verdict returns the end of the command that --fail-on asks for.
func verdict(r scanReport, threshold finding.Severity, failOn string) error {
	if failOn == "" {
		return nil
	}
	n := 0
	for _, v := range r.Vulnerabilities {
		if v.Severity >= threshold {
			n++
		}
	}
	for _, c := range r.Checks {
		if c.Severity >= threshold {
			n++
		}
	}
	switch {
	case n > 0:
		return &exitError{exitFindings, fmt.Errorf("%s of at least %s severity (--fail-on)", plural(n, "finding"), threshold)}
	case r.Partial != "":
		return &exitError{exitIncomplete, fmt.Errorf("nothing of at least %s severity was found, but only a part of the image could be read: %s", threshold, r.Partial)}
	}
	return nil
}

// scanStatus returns a function that shows on a terminal what is waited for;
// an empty string ends it.
func scanStatus(w io.Writer) func(string) {
	f, ok := w.(*os.File)
	if !ok || !isTerminal(f) {
		return func(string) {}
	}
	shown := false
	return func(line string) {
		if shown || line != "" {
			fmt.Fprint(f, "\r\x1b[K"+line)
		}
		shown = line != ""
	}
}

// scanProgress returns a function that shows how far a scan is, on a terminal,
// and one that ends it.
func scanProgress(w io.Writer) (func(scan.Progress), func()) {
	f, ok := w.(*os.File)
	if !ok || !isTerminal(f) {
		return nil, func() {}
	}
	bars := mpb.New(mpb.WithOutput(w), mpb.WithWidth(48), mpb.WithRefreshRate(100*time.Millisecond))
	bar := bars.AddBar(0, mpb.PrependDecorators(decor.Name("Layers")), mpb.AppendDecorators(decor.CountersKibiByte("% .1f of % .1f")),
		mpb.BarRemoveOnComplete())
	show := func(p scan.Progress) {
		bar.SetTotal(p.Bytes, false)
		bar.SetCurrent(p.BytesDone)
	}
	return show, func() {
		bar.Abort(true)
		bars.Wait()
	}
}
