package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/stowage-dev/stowage/internal/advisory"
	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/config"
	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/registry"
	"github.com/stowage-dev/stowage/internal/scan"
	"github.com/stowage-dev/stowage/internal/scan/secret"
)

// scanOptions are the flags of the scan command.
type scanOptions struct {
	platform   string
	advisories []string
	kev        string
	failOn     string
	secrets    bool
	allow      string
	json       bool
}

// newScan returns the command that scans one image, without a server.
func newScan() *cobra.Command {
	var o scanOptions
	cmd := &cobra.Command{
		Use:   "scan <reference|OCI layout|archive>",
		Short: "Scan one image and print it, without a server",
		Long: "Scan reads an image from a registry, from an OCI layout (a directory), or from an archive made by\n" +
			"`docker save` or in the OCI form, and prints its packages' vulnerabilities and its failed checks.\n" +
			"Vulnerabilities need --advisories; without, packages and checks alone are printed.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runScan(cmd, args[0], o)
		},
	}
	cmd.Flags().String("config", "", "configuration file, for registries (default STOWAGE_CONFIG)")
	cmd.Flags().StringVar(&o.platform, "platform", "linux/"+runtime.GOARCH, "platform of an index, os/architecture[/variant]")
	cmd.Flags().StringSliceVar(&o.advisories, "advisories", nil, "directories, zip files or URLs of OSV advisories")
	cmd.Flags().StringVar(&o.kev, "kev", "", "file or URL of CISA's catalogue of exploited vulnerabilities")
	cmd.Flags().StringVar(&o.failOn, "fail-on", "", "exit with 4 if something has at least this severity: low, medium, high or critical")
	cmd.Flags().BoolVar(&o.secrets, "secrets", true, "search the files for secrets")
	cmd.Flags().StringVar(&o.allow, "secret-allow", "", "file that names secrets which are no findings (docs/secrets.md)")
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

// A scanReport is what the scan command prints.
type scanReport struct {
	Reference       string                         `json:"reference"`
	Digest          string                         `json:"digest,omitempty"`
	Platform        string                         `json:"platform"`
	Distribution    string                         `json:"distribution,omitempty"`
	Partial         string                         `json:"partial,omitempty"`
	Packages        []image.Package                `json:"packages"`
	Vulnerabilities []finding.VulnerabilityFinding `json:"vulnerabilities"`
	Checks          []finding.CheckFinding         `json:"checks"`
	// Matched is whether advisories were given: no vulnerabilities mean
	// something only then.
	Matched bool `json:"matched"`
}

func runScan(cmd *cobra.Command, name string, o scanOptions) error {
	ctx := cmd.Context()
	threshold := finding.Critical + 1
	if o.failOn != "" {
		var err error
		if threshold, err = finding.ParseSeverity(o.failOn); err != nil || threshold == finding.Unknown {
			return &exitError{exitUsage, fmt.Errorf("--fail-on %q is not low, medium, high or critical", o.failOn)}
		}
	}
	platform := image.ParsePlatform(o.platform)
	if platform.OS == "" || platform.Architecture == "" {
		return &exitError{exitUsage, fmt.Errorf("--platform %q is not os/architecture[/variant], such as linux/arm64", o.platform)}
	}
	allow, err := secret.OpenAllowList(o.allow)
	if err != nil {
		return &exitError{exitUsage, fmt.Errorf("--secret-allow: %w", err)}
	}
	source, done, err := openImage(ctx, cmd, name)
	if err != nil {
		return err
	}
	defer done()
	manifest, rawConfig, err := source.Image(ctx, platform)
	if err != nil {
		return err
	}
	progress, finish := scanProgress(cmd.ErrOrStderr())
	result, err := scan.Image(ctx, source, manifest, rawConfig, nil, scan.Options{
		Progress: progress,
		Secrets:  scan.SecretOptions{Off: !o.secrets, Allow: allow, Repository: repositoryOf(name)},
	})
	finish()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	report := scanReport{
		Reference: name, Digest: manifest.Digest, Platform: manifest.Platform.String(), Distribution: result.Ecosystem,
		Partial: result.Inventory.Partial, Matched: len(o.advisories) > 0,
		Packages: append([]image.Package{}, result.Inventory.Packages...), Checks: append([]finding.CheckFinding{}, result.Checks...),
		Vulnerabilities: []finding.VulnerabilityFinding{},
	}
	if report.Matched {
		if report.Vulnerabilities, err = matchPackages(ctx, report.Packages, o); err != nil {
			return err
		}
	}
	if err := printScan(cmd.OutOrStdout(), report, o.json); err != nil {
		return err
	}
	if report.worst() >= threshold {
		return &exitError{code: exitFindings}
	}
	return nil
}

// repositoryOf returns the repository of a reference; empty for a file.
func repositoryOf(name string) string {
	ref, err := image.ParseReference(name)
	if err != nil {
		return ""
	}
	return ref.Host + "/" + ref.Repository
}

// openImage returns the image that a name means: a file or directory if there
// is one of that name, else a reference.
func openImage(ctx context.Context, cmd *cobra.Command, name string) (registry.Source, func(), error) {
	if info, err := os.Stat(name); err == nil {
		open := registry.OpenArchive
		if info.IsDir() {
			open = registry.OpenLayout
		}
		local, err := open(name, "")
		if err != nil {
			return nil, nil, err
		}
		return local, func() { _ = local.Close() }, nil
	}
	ref, err := image.ParseReference(name)
	if err != nil {
		return nil, nil, &exitError{exitUsage, fmt.Errorf("%w; and there is no file or directory of that name", err)}
	}
	c, err := loadConfig(cmd, os.Environ())
	if err != nil {
		return nil, nil, err
	}
	c.Log.Level = 4 // Only what went wrong.
	log := newLogger(c.Log)
	var credentials []registry.CredentialFunc
	if strings.Contains(ref.Host, ".dkr.ecr") {
		cloud, err := openAWS(ctx, config.AWS{Profile: c.AWS.Profile}, &collect.Limiter{}, log)
		if err != nil {
			return nil, nil, fmt.Errorf("credentials for %s: %w", ref.Host, err)
		}
		credentials = append(credentials, cloud.RegistryCredential)
	}
	client, err := newRegistry(c.Registry, log, credentials...)
	if err != nil {
		return nil, nil, err
	}
	return client.Source(ref), func() {}, nil
}

// matchPackages returns the vulnerabilities of the packages, worst first.
func matchPackages(ctx context.Context, packages []image.Package, o scanOptions) ([]finding.VulnerabilityFinding, error) {
	store := &memoryStore{index: advisory.NewIndex(), advisories: map[[2]string]advisory.Advisory{}}
	importer := &advisory.Importer{Store: store}
	ecosystems := map[string]bool{}
	for _, p := range packages {
		base, _, _ := strings.Cut(p.Ecosystem, ":")
		ecosystems[base] = true
	}
	var wanted []string
	for e := range ecosystems {
		wanted = append(wanted, e)
	}
	for _, location := range o.advisories {
		feeds, err := advisory.Open(location, wanted...)
		if err != nil {
			return nil, err
		}
		for _, feed := range feeds {
			if _, err := importer.Import(ctx, feed); err != nil {
				return nil, err
			}
		}
	}
	var kev *advisory.KEV
	if o.kev != "" {
		var err error
		if kev, _, err = importer.Fetcher.LoadKEV(ctx, o.kev, advisory.State{}); err != nil {
			return nil, err
		}
	}
	return store.match(packages, kev), nil
}

// A memoryStore holds advisories for one scan.
type memoryStore struct {
	index      *advisory.Index
	advisories map[[2]string]advisory.Advisory
}

// FeedState implements [advisory.Store].
func (*memoryStore) FeedState(context.Context, string) (advisory.State, error) {
	return advisory.State{}, nil
}

// SaveFeedState implements [advisory.Store].
func (*memoryStore) SaveFeedState(context.Context, string, advisory.State) error { return nil }

// AdvisoryHashes implements [advisory.Store].
func (*memoryStore) AdvisoryHashes(context.Context, string) (map[string]int64, error) {
	return nil, nil
}

// ApplyAdvisories implements [advisory.Store].
func (m *memoryStore) ApplyAdvisories(_ context.Context, source string, upserts []advisory.Advisory, _ []string) error {
	for _, a := range upserts {
		a.Source = source
		m.index.Put(&a)
		m.advisories[[2]string{source, a.ID}] = a
	}
	return nil
}

func (m *memoryStore) match(packages []image.Package, kev *advisory.KEV) []finding.VulnerabilityFinding {
	found := []finding.VulnerabilityFinding{}
	for _, p := range packages {
		if !advisory.Matchable(p) {
			continue
		}
		hits, _ := m.index.Match(advisory.PackageOf(p))
		for _, h := range hits {
			a := m.advisories[[2]string{h.Source, h.Advisory}]
			for _, v := range h.Vulnerabilities {
				found = append(found, finding.VulnerabilityFinding{
					Vulnerability: v, Advisory: h.Advisory, Summary: a.Summary, Severity: a.Severity, KEV: kev.Has(v),
					Ecosystem: p.Ecosystem, Package: p.Name, Version: p.Version, Fixed: h.Fixed, Path: p.Path, Layer: p.Layer,
				})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b finding.VulnerabilityFinding) int {
		if a.Severity != b.Severity {
			return int(b.Severity) - int(a.Severity)
		}
		return strings.Compare(a.Vulnerability, b.Vulnerability)
	})
	return found
}

// worst returns the highest severity of the report.
func (r scanReport) worst() finding.Severity {
	worst := finding.Unknown
	for _, v := range r.Vulnerabilities {
		worst = max(worst, v.Severity)
	}
	for _, c := range r.Checks {
		worst = max(worst, c.Severity)
	}
	return worst
}

func printScan(w io.Writer, r scanReport, asJSON bool) error {
	if asJSON {
		return printJSON(w, r)
	}
	t := newTable(w)
	t.row("Image", r.Reference)
	t.row("Digest", r.Digest)
	t.row("Platform", r.Platform)
	t.row("System", r.Distribution)
	t.row("Packages", strconv.Itoa(len(r.Packages)))
	if r.Partial != "" {
		t.row("Partial", r.Partial)
	}
	if err := t.flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nVulnerabilities")
	switch {
	case !r.Matched:
		fmt.Fprintln(w, "not looked for: name advisories with --advisories")
	case len(r.Vulnerabilities) == 0:
		fmt.Fprintln(w, "none in these advisories")
	default:
		t = newTable(w, "SEVERITY", "ID", "KEV", "PACKAGE", "VERSION", "FIXED", "LAYER", "PATH")
		for _, v := range r.Vulnerabilities {
			t.row(v.Severity.String(), v.Vulnerability, yes(v.KEV, "KEV"), v.Package, v.Version, v.Fixed, strconv.Itoa(v.Layer), v.Path)
		}
		if err := t.flush(); err != nil {
			return err
		}
	}
	fmt.Fprintln(w, "\nFailed checks")
	if len(r.Checks) == 0 {
		fmt.Fprintln(w, "none")
		return nil
	}
	t = newTable(w, "SEVERITY", "CHECK", "DETAIL", "PATH")
	for _, c := range r.Checks {
		t.row(c.Severity.String(), c.Check, c.Detail, c.Path)
	}
	return t.flush()
}

// scanProgress returns a function that shows how far a scan is, on a terminal,
// and one that ends it.
func scanProgress(w io.Writer) (func(scan.Progress), func()) {
	f, ok := w.(*os.File)
	if !ok || !isTerminal(f) {
		return nil, func() {}
	}
	bars := mpb.New(mpb.WithOutput(w), mpb.WithWidth(48))
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

var _ advisory.Store = (*memoryStore)(nil)
