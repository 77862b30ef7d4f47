// Command cloudsim simulates clouds on loopback addresses: an AWS organization
// with its APIs, Kubernetes API servers, the registries with the images that
// run, and the feeds that tell of their vulnerabilities. Real clients speak to
// it over the real protocols; nothing leaves the machine.
//
// When it is ready it prints one line of JSON with its addresses and the
// environment in which clients find them. See "cloudsim -help".
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/fault"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// An options is what the command line says.
type options struct {
	listen   string
	estate   estate.Config
	throttle bool
	faults   []fault.Rule
	stateDir string
	printEnv bool
	lifeline bool
}

// run serves until the context or, with a lifeline, standard input ends. It
// returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintln(stderr, "cloudsim:", err)
		return 2
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if o.lifeline {
		// Ends with the process: a read of standard input cannot be interrupted.
		go func() {
			_, _ = io.Copy(io.Discard, stdin) // an error ends the lifeline too
			cancel()
		}()
	}
	if err := serve(ctx, o, stdout); err != nil {
		fmt.Fprintln(stderr, "cloudsim:", err)
		return 1
	}
	return 0
}

// parse reads the command line.
func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("cloudsim", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.listen, "listen", "127.0.0.1:0", "loopback `address` of the AWS endpoint and of /_sim; port 0 takes a free one")
	f.Uint64Var(&o.estate.Seed, "seed", 1, "what the estate is drawn from")
	f.IntVar(&o.estate.Workloads, "workloads", 60, fmt.Sprintf("`number` of workloads, at least %d", estate.MinWorkloads))
	f.IntVar(&o.estate.Accounts, "accounts", 0, "`number` of AWS accounts; 0 takes as many as hold a few hundred workloads each")
	f.IntVar(&o.estate.Regions, "regions", 2, "`number` of regions in use")
	f.IntVar(&o.estate.PodsPerWorkload, "pods-per-workload", 3, "mean `number` of replicas")
	f.StringVar(&o.estate.ExternalID, "external-id", "", "external `ID` that "+estate.AuditRole+" asks for in every account")
	f.BoolVar(&o.estate.Gaps, "gaps", true, "let the estate have places that cannot be read: a denied call, an unreachable cluster")
	f.BoolVar(&o.throttle, "throttle", false, "refuse requests beyond the providers' own rate limits")
	f.Func("fault", "`rule` of what goes wrong, as JSON, such as {\"action\":\"ecs:ListTasks\",\"deny\":true}; may be repeated", func(s string) error {
		var r fault.Rule
		if err := json.Unmarshal([]byte(s), &r); err != nil {
			return err
		}
		o.faults = append(o.faults, r)
		return r.Validate()
	})
	f.StringVar(&o.stateDir, "state-dir", "", "`directory` of the kubeconfig file; a temporary one if empty")
	f.BoolVar(&o.printEnv, "print-env", false, "print the environment as shell commands instead of JSON")
	f.BoolVar(&o.lifeline, "stdin-lifeline", false, "end when standard input is closed")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	host, _, err := net.SplitHostPort(o.listen)
	if err != nil {
		return o, fmt.Errorf("-listen: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return o, fmt.Errorf("-listen %s: only loopback addresses, because anyone may call a simulated cloud", o.listen)
	}
	return o, nil
}
