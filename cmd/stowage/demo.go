package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/stowage-dev/stowage/internal/config"
)

// demoOptions choose the simulated estate.
type demoOptions struct {
	enabled   bool
	workloads int
}

// A simulation is what cloudsim prints when it is ready.
type simulation struct {
	RegistryURL   string            `json:"registry_url"`
	OSVURL        string            `json:"osv_url"`
	OSVEcosystems []string          `json:"osv_ecosystems"`
	KEVURL        string            `json:"kev_url"`
	RoleName      string            `json:"role_name"`
	Env           map[string]string `json:"env"`
}

// demoStart and demoStop bound the start and the end of the simulation.
const (
	demoStart = time.Minute
	demoStop  = 10 * time.Second
)

// demoPostgres is the folder of the database in that of a demo.
const demoPostgres = "postgres"

// startDemo starts the simulated clouds beside this process and points the
// configuration and the environment at them and at an empty database. The
// returned function ends them.
func startDemo(ctx context.Context, c *config.Config, o demoOptions, log *slog.Logger, say func(string)) (stop func() error, err error) {
	program, err := findCloudsim()
	if err != nil {
		return nil, err
	}
	dir, lock, err := newDemoFolder(os.TempDir(), log)
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
			lock.Close()
		}
	}()
	args := []string{"--stdin-lifeline", "--state-dir", filepath.Join(dir, "cloudsim")}
	if o.workloads > 0 {
		args = append(args, "--workloads", strconv.Itoa(o.workloads))
	}
	say("Starting the simulated clouds.")
	// Not bound to ctx: Ctrl-C ends the jobs first, which still talk to it.
	child := exec.Command(program, args...)
	child.Stderr = os.Stderr
	lifeline, err := child.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	child.ExtraFiles = []*os.File{lock} // The folder is in use until it ends.
	detach(child)
	if err := child.Start(); err != nil {
		return nil, fmt.Errorf("demo: start %s: %w", program, err)
	}
	stop = func() error {
		// It ends when its standard input does.
		err := lifeline.Close()
		kill := time.AfterFunc(demoStop, func() { _ = child.Process.Kill() })
		defer kill.Stop()
		err = errors.Join(err, child.Wait(), os.RemoveAll(dir), lock.Close())
		// What was killed just before this start has ended by now.
		sweepDemoFolders(os.TempDir(), log)
		return err
	}
	sim, err := readSimulation(ctx, out)
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	for name, value := range sim.Env {
		if err := os.Setenv(name, value); err != nil {
			return nil, errors.Join(err, stop())
		}
	}
	c.DatabaseURL, c.DataDir = "", filepath.Join(dir, demoPostgres)
	c.AWS = config.AWS{Enabled: "true", Organization: config.AWSOrganization{Enabled: true, RoleName: sim.RoleName}}
	c.Kubernetes = config.Kubernetes{Contexts: []string{"*"}}
	c.Registry.Mirrors = []config.Mirror{{Host: "*", Endpoint: sim.RegistryURL}}
	c.Registry.DockerConfig = false
	c.Advisories.Locations, c.Advisories.KEV = []string{sim.OSVURL}, sim.KEVURL
	c.Advisories.Ecosystems = sim.OSVEcosystems
	return stop, nil
}

// readSimulation reads the line that cloudsim prints when it is ready.
func readSimulation(ctx context.Context, out io.Reader) (sim simulation, err error) {
	type reply struct {
		line []byte
		err  error
	}
	lines := make(chan reply, 1)
	go func() {
		line, err := bufio.NewReader(out).ReadBytes('\n')
		lines <- reply{line, err}
	}()
	select {
	case r := <-lines:
		if r.err != nil {
			return sim, fmt.Errorf("demo: cloudsim ended before it was ready: %w", r.err)
		}
		if err := json.Unmarshal(r.line, &sim); err != nil {
			return sim, fmt.Errorf("demo: cloudsim said %q: %w", r.line, err)
		}
		return sim, nil
	case <-time.After(demoStart):
		return sim, fmt.Errorf("demo: cloudsim was not ready after %s", demoStart)
	case <-ctx.Done():
		return sim, ctx.Err()
	}
}

// findCloudsim returns the path of the cloudsim binary: beside this one, or on
// the PATH.
func findCloudsim() (string, error) {
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), "cloudsim")
		if _, err := os.Stat(beside); err == nil {
			return beside, nil
		}
	}
	found, err := exec.LookPath("cloudsim")
	if err != nil {
		return "", errors.New("demo: there is no cloudsim beside this binary or on the PATH; build both with `make build`")
	}
	return found, nil
}
