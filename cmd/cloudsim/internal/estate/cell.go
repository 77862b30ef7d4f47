package estate

import (
	"slices"
	"strings"
	"sync"
)

// A Cell is all that runs in one account and region, or in one stand-alone
// cluster, at one step of the estate.
type Cell struct {
	Account   Account
	Region    string
	Clusters  []*ECSCluster
	Services  []*ECSService
	Tasks     []*ECSTask
	Functions []*Function
	// Kubernetes is the cell's cluster; nil in two of three.
	Kubernetes *KubeCluster
	Network    *Network
	// Roles are the roles of the cell's workloads.
	Roles []Role

	definitions map[string]*TaskDefinition
	tasks       map[string]*ECSTask
}

// Cell returns what runs in an account and region now; nil when the account
// does not exist. A region that is not in use has an empty cell.
func (e *Estate) Cell(account, region string) *Cell {
	a, ok := e.FindAccount(account)
	if !ok {
		return nil
	}
	r := slices.Index(e.Regions(), region)
	if r < 0 {
		return &Cell{Account: a, Region: region, Network: newNetwork(e.root.in(account).in(region), region)}
	}
	return e.cell(a.Index*e.cfg.Regions + r)
}

// TaskDefinition returns the task definition with the given ARN or
// "family:revision"; nil when there is none.
func (c *Cell) TaskDefinition(name string) *TaskDefinition {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		name = name[i+1:]
	}
	return c.definitions[name]
}

// Task returns the task with the given ARN; nil when it does not run.
func (c *Cell) Task(arn string) *ECSTask { return c.tasks[arn] }

// cell returns a cell, from the cache if it was used lately.
func (e *Estate) cell(i int) *Cell {
	step := e.CurrentStep()
	return e.cells.get(cellKey{i, step}, func() *Cell { return e.build(i, step) })
}

// A builder fills one cell.
type builder struct {
	e *Estate
	*Cell
	index  int
	place  place
	step   int
	region string
	net    *Network
	// shared are the ECS clusters of the drawn workloads.
	shared []*ECSCluster
	// addresses counts the private addresses given out.
	addresses int
}

// build makes the cell with the given index as it is at a step.
func (e *Estate) build(index, step int) *Cell {
	p := e.root.in("cell").at(index)
	b := &builder{e: e, Cell: &Cell{}, index: index, place: p, step: step}
	if index < e.awsCells() {
		b.region = regions[index%e.cfg.Regions]
		b.Account, b.Region = e.Account(index/e.cfg.Regions), b.region
		b.net = newNetwork(p, b.region)
		b.Network = b.net
		b.definitions, b.tasks = map[string]*TaskDefinition{}, map[string]*ECSTask{}
		b.newClusters()
	}
	if index >= e.awsCells() || e.hasEKS(index) {
		b.newKubeCluster()
	}
	if index == 0 {
		b.story()
	}
	for i := range e.slots(index) {
		b.occupy(slotAt(p.in("slot"), i, step))
	}
	b.finish()
	return b.Cell
}

// occupy adds the workload of a slot.
func (b *builder) occupy(s slot) {
	kind := s.place.in("kind").below(100)
	switch {
	case b.index >= b.e.awsCells(), b.Kubernetes != nil && kind < 40:
		b.drawKube(s)
	case kind < 50:
		b.drawFunction(s)
	case kind < 58:
		b.drawTask(s)
	default:
		b.drawService(s)
	}
}

// finish sorts what is listed in order and counts.
func (b *builder) finish() {
	byName := func(x, y *ECSService) int { return strings.Compare(x.Name, y.Name) }
	slices.SortFunc(b.Services, byName)
	slices.SortFunc(b.Functions, func(x, y *Function) int { return strings.Compare(x.Name, y.Name) })
	for _, t := range b.Tasks {
		b.tasks[t.ARN] = t
		t.Cluster.Running++
	}
	for _, s := range b.Services {
		s.Cluster.Services++
	}
	if b.Kubernetes != nil {
		b.Kubernetes.sort()
	}
}

// arn returns an ARN in the cell's account and region.
func (b *builder) arn(service, resource string) string {
	return arn(service, b.region, b.Account.ID, resource)
}

// cellKey names a cell at a step.
type cellKey struct{ index, step int }

// cacheSize is how many cells are kept: enough for the accounts and regions
// that a collector works on at the same time.
const cacheSize = 128

// A cache keeps the cells used last.
type cache struct {
	mu      sync.Mutex
	entries []*entry // the one used last at the end
}

// An entry is a cell that is made when it is first asked for.
type entry struct {
	key  cellKey
	once sync.Once
	cell *Cell
}

// get returns the cell of a key, made by build if it is not kept.
func (c *cache) get(key cellKey, build func() *Cell) *Cell {
	c.mu.Lock()
	i := slices.IndexFunc(c.entries, func(e *entry) bool { return e.key == key })
	var e *entry
	if i >= 0 {
		e = c.entries[i]
		c.entries = slices.Delete(c.entries, i, i+1)
	} else {
		e = &entry{key: key}
		if len(c.entries) == cacheSize {
			c.entries = slices.Delete(c.entries, 0, 1)
		}
	}
	c.entries = append(c.entries, e)
	c.mu.Unlock()
	e.once.Do(func() { e.cell = build() })
	return e.cell
}
