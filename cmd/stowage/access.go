package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/scenario"
)

// newAccess returns the commands that ask the policy engines, without a server.
func newAccess() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "access",
		Short: "Tell what policies in files permit, and why",
		Long: "Access asks the policy engines about a scenario: a YAML or JSON file with a request and the policies of AWS,\n" +
			"Azure or Google Cloud that bear on it. Nothing is sent anywhere. docs/access-evaluation.md describes the file.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newAccessCheck(), newAccessExplain())
	for _, c := range cmd.Commands() {
		c.Args = usage(c.Args)
	}
	return cmd
}

// accessExits is what both commands say of their exit codes.
const accessExits = "Exit codes: 0 every verdict is the expected one or none is expected, 1 a scenario could not be read, 2 wrong use,\n" +
	"4 a verdict is not the expected one."

func newAccessCheck() *cobra.Command {
	var o accessOptions
	cmd := &cobra.Command{
		Use:   "check <scenario file>...",
		Short: "Decide requests",
		Long: "Check prints one line for each scenario: allowed, denied, conditional with the condition that remains, or unknown\n" +
			"with the input that is missing. A scenario that expects a verdict makes a test of a policy.\n\n" + accessExits,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args, printCheck) },
	}
	o.flags(cmd)
	return cmd
}

func newAccessExplain() *cobra.Command {
	o := accessOptions{explain: true}
	cmd := &cobra.Command{
		Use:   "explain <scenario file>...",
		Short: "Decide requests and tell what each policy said, and what would change the answer",
		Long: "Explain prints what every layer of policies said to the request, which statements apply and why the others do not,\n" +
			"and on which statements and context keys the verdict hangs.\n\n" + accessExits,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, args, printExplanation) },
	}
	o.flags(cmd)
	return cmd
}

// accessOptions are the flags of the access commands.
type accessOptions struct {
	explain bool
	json    bool
	expect  string
}

func (o *accessOptions) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	cmd.Flags().StringVar(&o.expect, "expect", "", "verdict that scenarios are to have which expect none themselves: allowed, conditional, unknown or denied")
}

// An accessAnswer is what is printed of one scenario.
type accessAnswer struct {
	Scenario string          `json:"scenario"`
	Cloud    string          `json:"cloud"`
	Request  accessRequest   `json:"request"`
	Verdict  access.Verdict  `json:"verdict"`
	Formula  access.Formula  `json:"formula"`
	Text     string          `json:"text"`
	Missing  []string        `json:"missing,omitempty"`
	Expect   *access.Verdict `json:"expect,omitempty"`
	Met      bool            `json:"met"`
	Notes    []string        `json:"notes,omitempty"`
	Problems []string        `json:"problems,omitempty"`
	Layers   []access.Layer  `json:"layers,omitempty"`
	Hangs    []accessHang    `json:"hangs_on,omitempty"`
	Untried  int             `json:"untried_statements,omitempty"`

	deciding []access.Statement // those that made the verdict what it is
}

// accessRequest is the request of a scenario.
type accessRequest struct {
	Principal string `json:"principal"`
	Action    string `json:"action"`
	Resource  string `json:"resource"`
	Below     bool   `json:"below,omitempty"`
}

// An accessHang is a statement or context key on which the verdict hangs.
type accessHang struct {
	Policy    string         `json:"policy,omitempty"`
	Statement string         `json:"statement,omitempty"`
	Key       string         `json:"key,omitempty"`
	Values    []string       `json:"values,omitempty"`
	Absent    bool           `json:"absent,omitempty"`
	Without   access.Verdict `json:"without"`
	Text      string         `json:"text"`
}

// run reads all scenarios before it answers the first.
func (o *accessOptions) run(cmd *cobra.Command, paths []string, print func(io.Writer, accessAnswer) error) error {
	var expect *access.Verdict
	if o.expect != "" {
		expect = new(access.Verdict)
		if err := expect.UnmarshalText([]byte(o.expect)); err != nil {
			return &exitError{exitUsage, fmt.Errorf("--expect: %w", err)}
		}
	}
	var scenarios []*scenario.Scenario
	var faults []error
	for _, path := range paths {
		if err := cmd.Context().Err(); err != nil {
			return err
		}
		read, err := scenario.Read(path)
		faults = append(faults, err)
		scenarios = append(scenarios, read...)
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	answers := make([]accessAnswer, 0, len(scenarios))
	unmet := 0
	for _, s := range scenarios {
		if err := cmd.Context().Err(); err != nil {
			return err
		}
		if s.Expect == nil {
			s.Expect = expect
		}
		a, err := o.answer(cmd.Context(), s)
		if err != nil {
			return err
		}
		if !a.Met {
			unmet++
		}
		answers = append(answers, a)
	}
	if err := o.print(cmd.OutOrStdout(), answers, print); err != nil {
		return err
	}
	if unmet > 0 {
		err := fmt.Errorf("%d of %d scenarios do not have the expected verdict", unmet, len(scenarios))
		if !o.explain {
			err = fmt.Errorf("%w; `stowage access explain` tells why", err)
		}
		return &exitError{exitFindings, err}
	}
	return nil
}

func (o *accessOptions) print(w io.Writer, answers []accessAnswer, print func(io.Writer, accessAnswer) error) error {
	if o.json {
		return printJSON(w, answers)
	}
	for i, a := range answers {
		if i > 0 && o.explain {
			fmt.Fprintln(w)
		}
		if err := print(w, a); err != nil {
			return err
		}
	}
	return nil
}

// answer decides a scenario and, when asked, explains the decision.
func (o *accessOptions) answer(ctx context.Context, s *scenario.Scenario) (accessAnswer, error) {
	var e scenario.Explanation
	if o.explain {
		var err error
		if e, err = s.Explain(ctx); err != nil {
			return accessAnswer{}, err
		}
	} else {
		e.Decision = s.Decide()
	}
	f := e.Decision.Formula
	a := accessAnswer{
		Scenario: s.Name, Cloud: s.Cloud,
		Request: accessRequest{s.Request.Principal.ID, s.Request.Action, s.Request.Resource.ID, s.Request.Resource.Below},
		Verdict: f.Verdict(), Formula: f, Text: f.String(), Missing: f.MissingInputs(),
		Expect: s.Expect, Met: s.Met(e.Decision), Notes: s.Notes, Problems: s.Problems,
	}
	for _, s := range e.Decision.Evidence.Deciding() {
		if s.Denies == (a.Verdict == access.Denied) {
			a.deciding = append(a.deciding, s)
		}
	}
	if !o.explain {
		return a, nil
	}
	a.Layers, a.Untried = e.Decision.Evidence.Layers, e.Untried
	for _, effect := range e.Statements {
		a.Hangs = append(a.Hangs, accessHang{
			Policy: effect.Policy, Statement: effect.Statement, Without: effect.Then.Verdict(), Text: effect.Then.String(),
		})
	}
	for _, effect := range e.Keys {
		a.Hangs = append(a.Hangs, accessHang{
			Key: effect.Key, Values: effect.Known.Values, Absent: effect.Known.State == access.Absent,
			Without: effect.Then.Verdict(), Text: effect.Then.String(),
		})
	}
	return a, nil
}
