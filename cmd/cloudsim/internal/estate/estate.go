package estate

import (
	"fmt"
	"sync/atomic"
	"time"
)

// A Config says how big the estate is. The zero value is the demo without gaps.
type Config struct {
	// Seed decides everything that is left to chance.
	Seed uint64
	// Workloads is the number of workloads of all kinds together; 60 if zero.
	Workloads int
	// Accounts is the number of AWS accounts; if zero, as many as keep each
	// account and region at a few hundred workloads, and at least 3.
	Accounts int
	// Regions is the number of regions in use; 2 if zero.
	Regions int
	// PodsPerWorkload is the mean number of replicas; 3 if zero.
	PodsPerWorkload int
	// ExternalID is what [AuditRole] demands of whoever assumes it; nothing if empty.
	ExternalID string
	// Gaps gives the estate places that cannot be read: see [Estate.Gaps].
	Gaps bool
}

// MinWorkloads is the smallest estate: the hand-written workloads, the system
// workloads of the clusters and a few others.
const MinWorkloads = 40

// perCell is how many workloads an account and region, or a stand-alone
// cluster, holds in an estate that chooses its own number of accounts.
const perCell = 400

// regions are all regions, the default ones first.
var regions = []string{
	"eu-west-1", "us-east-1", "eu-central-1", "us-west-2", "ap-southeast-2", "ap-northeast-1",
	"eu-north-1", "ca-central-1", "ap-south-1", "eu-west-2", "us-east-2", "sa-east-1",
}

// optInRegions exist but are not enabled in any account.
var optInRegions = []string{"af-south-1", "ap-east-1", "me-south-1"}

// epoch is the time of step zero: constant, so that nothing depends on the clock.
var epoch = time.Date(2026, time.October, 1, 6, 0, 0, 0, time.UTC)

// An Estate is a simulated organization. It is safe for concurrent use.
type Estate struct {
	cfg     Config
	digests Digests
	root    place
	// standalone is the number of stand-alone clusters.
	standalone int
	step       atomic.Int64
	cells      cache
}

// New returns the estate of the configuration at step zero. It looks up the
// digests of contents in d.
func New(cfg Config, d Digests) (*Estate, error) {
	if cfg.Workloads == 0 {
		cfg.Workloads = 60
	}
	if cfg.Regions == 0 {
		cfg.Regions = 2
	}
	if cfg.PodsPerWorkload == 0 {
		cfg.PodsPerWorkload = 3
	}
	if cfg.Accounts == 0 {
		cfg.Accounts = max(3, cfg.Workloads/(perCell*cfg.Regions))
	}
	switch {
	case cfg.Workloads < MinWorkloads:
		return nil, fmt.Errorf("estate of %d workloads: the smallest has %d", cfg.Workloads, MinWorkloads)
	case cfg.Regions < 1 || cfg.Regions > len(regions):
		return nil, fmt.Errorf("estate in %d regions: there are 1 to %d", cfg.Regions, len(regions))
	case cfg.Accounts < 1 || cfg.Accounts > maxAccounts:
		return nil, fmt.Errorf("estate of %d accounts: there are 1 to %d", cfg.Accounts, maxAccounts)
	case cfg.PodsPerWorkload < 1:
		return nil, fmt.Errorf("estate with %d pods per workload: at least 1", cfg.PodsPerWorkload)
	}
	e := &Estate{
		cfg:        cfg,
		digests:    d,
		root:       place(mix(cfg.Seed)).in("estate"),
		standalone: 1 + cfg.Accounts/100,
	}
	if fixed := e.fixedWorkloads(); fixed > cfg.Workloads {
		return nil, fmt.Errorf("estate of %d workloads in %d accounts and %d regions: the clusters' system workloads alone are %d; use fewer accounts",
			cfg.Workloads, cfg.Accounts, cfg.Regions, fixed)
	}
	return e, nil
}

// Workloads returns the number of workloads, which no step changes.
func (e *Estate) Workloads() int { return e.cfg.Workloads }

// Regions returns the regions in use.
func (e *Estate) Regions() []string { return regions[:e.cfg.Regions] }

// EnabledRegions returns every region that accounts may use, in use or not.
func (e *Estate) EnabledRegions() []string { return regions }

// OptInRegions returns the regions that exist but are not enabled.
func (e *Estate) OptInRegions() []string { return optInRegions }

// Step moves time on: some workloads are deployed anew, some are removed and
// others come in their place. It returns the number of the new step.
func (e *Estate) Step() int { return int(e.step.Add(1)) }

// CurrentStep returns how often [Estate.Step] was called.
func (e *Estate) CurrentStep() int { return int(e.step.Load()) }

// Now returns the time in the estate.
func (e *Estate) Now() time.Time { return timeOf(e.CurrentStep()) }

// timeOf returns the time at which a step begins: an hour after the one before.
func timeOf(step int) time.Time { return epoch.Add(time.Duration(step) * time.Hour) }

// awsCells returns the number of pairs of account and region.
func (e *Estate) awsCells() int { return e.cfg.Accounts * e.cfg.Regions }

// hasEKS reports whether the AWS cell has an EKS cluster: one in three has.
func (e *Estate) hasEKS(cell int) bool { return cell < e.awsCells() && cell%3 == 0 }

// fixedWorkloads returns how many workloads are not drawn: the story and the
// system workloads of the clusters.
func (e *Estate) fixedWorkloads() int {
	return storyWorkloads + e.eksClusters()*systemWorkloads + e.standalone*(systemWorkloads+staticWorkloads)
}

// slots returns how many drawn workloads a cell has.
func (e *Estate) slots(cell int) int {
	cells := e.awsCells() + e.standalone
	total := e.cfg.Workloads - e.fixedWorkloads()
	n := total / cells
	if cell < total%cells {
		n++
	}
	return n
}

// A slot is the position of one drawn workload. Its occupant changes with time.
type slot struct {
	number int
	// place is that of the occupant; app, kind and size are drawn from it.
	place place
	// incarnation counts the occupants before this one.
	incarnation int
	// generation counts the deployments of the occupant.
	generation int
	// since is when the occupant came, deployed when its generation did.
	since, deployed time.Time
}

// Percentages of slots that a step changes.
const (
	replacedPerStep = 2
	deployedPerStep = 6
)

// slotAt returns the state of a slot at a step.
func slotAt(cell place, number, step int) slot {
	base := cell.at(number)
	s := slot{number: number}
	s.since = epoch.Add(-time.Duration(1+base.in("age").below(400*24)) * time.Hour)
	s.deployed = s.since
	for t := 1; t <= step; t++ {
		switch p := base.in("step").at(t); {
		case p.chance(replacedPerStep):
			s.incarnation, s.generation = s.incarnation+1, 0
			s.since, s.deployed = timeOf(t), timeOf(t)
		case p.in("deploy").chance(deployedPerStep):
			s.generation++
			s.deployed = timeOf(t)
		}
	}
	s.place = base.in("occupant").at(s.incarnation)
	return s
}
