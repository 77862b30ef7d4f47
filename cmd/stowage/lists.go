package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

func newAccounts() *cobra.Command {
	return list[view.Account]{
		use: "accounts", short: "List accounts and how well they are covered", path: "/accounts",
		filters: [][2]string{
			{"provider", "aws, azure, gcp or kubernetes"},
			{"name", "part of the identifier or the name"},
			{"as-of", "a time (RFC 3339) or a date: the accounts then"},
		},
		header: []string{"PROVIDER", "ACCOUNT", "NAME", "WORKLOADS", "EXPOSED", "UNKNOWN", "SCOPES", "GAPS", "COMPLETE"},
		cells: func(a view.Account) []string {
			all := 0
			for _, n := range a.Scopes {
				all += n
			}
			return []string{
				string(a.Provider), a.ID, a.Name, strconv.Itoa(a.Workloads), strconv.Itoa(a.Exposed),
				strconv.Itoa(a.ExposureUnknown), strconv.Itoa(all),
				strconv.Itoa(all - a.Scopes[inventory.Complete]), ago(a.CompletedAt),
			}
		},
		empty: "No account matches; `stowage status` tells how far the first pass is.",
		whole: true,
	}.command()
}

var scopeFilters = [][2]string{
	{"provider", "aws, azure, gcp or kubernetes"},
	{"account", "the provider's account identifier"},
	{"region", "the provider's region"},
	{"collector", "such as ecs"},
	{"outcome", "complete, denied, throttled, failed, disabled, unreachable or pending"},
	{"as-of", "a time (RFC 3339) or a date: the outcomes then"},
}

func scopeCells(s view.Scope) []string {
	collector := s.Collector
	if s.Target != "" {
		collector += "/" + s.Target
	}
	return []string{
		string(s.Outcome), string(s.Provider), s.Account, s.Region, collector, strconv.Itoa(s.Records), ago(s.CompletedAt), s.Reason,
	}
}

func newCoverage() *cobra.Command {
	return list[view.Scope]{
		use: "coverage", short: "List where Stowage looked, and why it could not, gaps first", path: "/coverage",
		filters: scopeFilters,
		header:  []string{"OUTCOME", "PROVIDER", "ACCOUNT", "REGION", "COLLECTOR", "RECORDS", "COMPLETE", "REASON"},
		cells:   scopeCells,
		empty:   "No scope matches.",
	}.command()
}

func newDoctor() *cobra.Command {
	cmd := list[view.Scope]{
		use: "doctor", short: "Tell what is missing where, and what to do about it", path: "/coverage",
		filters: append([][2]string{{"gaps", ""}}, scopeFilters...),
		header:  []string{"OUTCOME", "WHERE", "REASON", "REMEDY"},
		cells: func(s view.Scope) []string {
			return []string{string(s.Outcome), s.ScopeKey.String(), s.Reason, s.Remedy}
		},
		empty: "Every scope is complete: nothing is missing.",
	}.command()
	cmd.Flags().Lookup("gaps").Hidden = true
	cmd.Flags().Lookup("gaps").DefValue = "true"
	if err := cmd.Flags().Set("gaps", "true"); err != nil {
		panic(err) // The flag was just defined as a string.
	}
	return cmd
}

func newWorkloads() *cobra.Command {
	return list[view.Workload]{
		use: "workloads", short: "List workloads, highest score first", path: "/workloads",
		filters: [][2]string{
			{"provider", "aws, azure, gcp or kubernetes"},
			{"account", "the provider's account identifier"},
			{"region", "the provider's region"},
			{"kind", "such as aws.ecs.service or kubernetes.apps.deployment"},
			{"cluster", "name of the cluster"},
			{"namespace", "Kubernetes namespace"},
			{"name", "part of the name"},
			{"severity", "lowest of the highest severity: low, medium, high or critical"},
			{"exposed", "true, false or unknown: whether the internet reaches it"},
			{"kev", "true or false: whether an image has a known exploited vulnerability"},
			{"image", "digest of an image that it runs, the beginning of one, or a reference"},
			{"vulnerability", "one that an image of it has"},
			{"as-of", "a time (RFC 3339) or a date: the state then"},
		},
		header: []string{"SCORE", "SEVERITY", "EXPOSED", "KEV", "KIND", "ACCOUNT", "REGION", "NAME", "RUNNING", "KEY", "IMAGES"},
		cells: func(w view.Workload) []string {
			score, severity := strconv.Itoa(w.Score), w.MaxSeverity.String()
			switch {
			case w.Outcome == "": // A past version: what was found then was not kept.
				score, severity = "-", "-"
			case w.MaxSeverity == finding.Unknown && (w.KEV || w.Unknown > 0):
				severity = "unrated"
			case w.MaxSeverity == finding.Unknown:
				severity = "-"
			}
			return []string{
				score, severity, string(w.Exposed), yes(w.KEV, "KEV"), string(w.Kind), w.Account, w.Region,
				place(w.Cluster, w.Namespace, w.Name), running(w), w.Key, strings.Join(w.Images, " "),
			}
		},
		empty: "No workload matches.",
	}.command()
}

func newImages() *cobra.Command {
	return list[view.Image]{
		use: "images", short: "List images that run, worst first", path: "/images",
		filters: [][2]string{
			{"name", "part of a reference by which a workload runs it"},
			{"severity", "lowest of the highest severity"},
			{"kev", "true or false: whether it has a known exploited vulnerability"},
			{"state", "new, scanned, partial or failed"},
			{"vulnerability", "one that it has"},
			{"package", "name of a package in it"},
			{"check", "identifier of a check that it fails"},
			{"as-of", "a time (RFC 3339) or a date: the images that ran then"},
		},
		header: []string{"DIGEST", "SEVERITY", "CRITICAL", "HIGH", "MEDIUM", "LOW", "UNRATED", "KEV", "CHECKS", "PACKAGES", "DISTRIBUTION", "WORKLOADS", "STATE", "REFERENCES"},
		cells: func(i view.Image) []string {
			severity := i.MaxSeverity.String()
			switch {
			case i.MaxSeverity == finding.Unknown && i.Unknown > 0:
				severity = "unrated"
			case i.MaxSeverity == finding.Unknown:
				severity = "-"
			}
			return []string{
				short(i.Digest), severity, strconv.Itoa(i.Critical), strconv.Itoa(i.High), strconv.Itoa(i.Medium), strconv.Itoa(i.Low),
				strconv.Itoa(i.Unknown), strconv.Itoa(i.KEV), strconv.Itoa(i.FailedChecks), strconv.Itoa(i.Packages), i.Distribution, strconv.Itoa(i.Workloads), i.ScanState,
				strings.Join(i.References, " "),
			}
		},
		empty: "No image matches.",
	}.command()
}

func newUnresolved() *cobra.Command {
	return list[view.UnresolvedContainer]{
		use: "unresolved", short: "List containers whose image could not be determined, and why", path: "/unresolved",
		filters: [][2]string{
			{"provider", "aws, azure, gcp or kubernetes"},
			{"account", "the provider's account identifier"},
			{"region", "the provider's region"},
			{"cluster", "name of the cluster"},
			{"namespace", "Kubernetes namespace"},
			{"name", "part of the workload's name"},
			{"reference", "part of the reference that the workload asks for"},
		},
		header: []string{"ACCOUNT", "REGION", "WORKLOAD", "KEY", "CONTAINER", "REFERENCE", "EXPOSED", "REASON"},
		cells: func(c view.UnresolvedContainer) []string {
			return []string{
				c.Account, c.Region, place(c.Cluster, c.Namespace, c.Name), c.Workload, c.Container, c.Reference, string(c.Exposed), c.Reason,
			}
		},
		empty: "No container: the images of all that match are known.",
	}.command()
}

// running returns how many replicas run; "-" for functions, which have none
// that could be counted.
func running(w view.Workload) string {
	if w.Kind == "aws.lambda.function" {
		return "-"
	}
	return strconv.Itoa(w.Replicas)
}

// place returns a workload's name with the cluster and namespace that it is in.
func place(cluster, namespace, name string) string {
	for _, part := range []string{namespace, cluster} {
		if part != "" {
			name = part + "/" + name
		}
	}
	return name
}

// plural returns "1 workload", "2 workloads".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
