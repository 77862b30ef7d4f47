package web

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// The measures of a diagram, in its own units, which are pixels at full size.
const (
	nodeWidth, nodeHeight = 196, 56
	columnGap, rowGap     = 46, 14
	margin                = 8
	// labelLength is how many characters fit a node.
	labelLength = 21
	// columnNodes is how many nodes of one kind a column shows; the last one
	// stands for the rest.
	columnNodes = 8
)

// The columns of a diagram, from the internet to what a workload can reach.
const (
	internetColumn = iota
	entryColumn
	workloadColumn
	containerColumn
	imageColumn
	columnCount
)

// A diagram is a workload's neighbourhood: how the internet reaches it, what it
// runs, as whom.
type diagram struct {
	Nodes         []*node
	Edges         []edge
	Width, Height int
	columns       [columnCount][]*node
}

// A node is a box; its text is cut to fit, Title is whole.
type node struct {
	X, Y int
	// Class is the node's kind for the style sheet.
	Class              string
	Kind, Label, Title string
	// Note is a last word in the box, such as the worst severity.
	Note string
	URL  string
	// Severity is that of an image's findings.
	Severity finding.Severity
}

// An edge leads from a node's right side to another's left side.
type edge struct {
	from, to *node
	// Class is the edge's kind for the style sheet, Label what it says.
	Class, Label string
}

// Path returns the edge as an SVG path.
func (e edge) Path() string {
	x1, y1 := e.from.X+nodeWidth, e.from.Y+nodeHeight/2
	x2, y2 := e.to.X-5, e.to.Y+nodeHeight/2 // The arrow's head needs room.
	bend := (x2 - x1) / 2
	return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, x1+bend, y1, x2-bend, y2, x2, y2)
}

// newDiagram draws the neighbourhood of a workload.
func newDiagram(d view.WorkloadDetail) diagram {
	g := &diagram{}
	workload := g.add(workloadColumn, node{
		Class: "workload", Kind: kindName(d.Kind), Label: d.Name, URL: "#facts", Note: replicas(d.Kind, d.Replicas),
	})
	g.addExposures(d, workload)
	g.addContainers(d, workload)
	g.addIdentity(d, workload)
	g.place()
	return *g
}

func (g *diagram) add(column int, n node) *node {
	if n.Title == "" {
		n.Title = n.Label
	}
	n.Label = truncate(n.Label, labelLength)
	g.columns[column] = append(g.columns[column], &n)
	g.Nodes = append(g.Nodes, &n)
	return &n
}

func (g *diagram) connect(from, to *node, class, label string) {
	g.Edges = append(g.Edges, edge{from, to, class, label})
}

// addExposures draws the ways in. One that is not known is not drawn: the page
// says beside the diagram whether everything was read.
func (g *diagram) addExposures(d view.WorkloadDetail, workload *node) {
	if len(d.Exposures) == 0 {
		return
	}
	internet := g.add(internetColumn, node{Class: "internet", Kind: "Everyone", Label: "Internet", URL: "/workloads?exposed=true"})
	for i, e := range d.Exposures {
		entry := node{Class: "entry", Kind: kindName(e.Via), Label: e.Address, Note: portList(e.Ports), URL: "#exposure"}
		if i == columnNodes-1 && len(d.Exposures) > columnNodes {
			entry = node{Class: "entry", Kind: "And", Label: plural(len(d.Exposures)-i, "more way"), URL: "#exposure"}
		}
		n := g.add(entryColumn, entry)
		g.connect(internet, n, "exposed", "reaches")
		g.connect(n, workload, "exposed", "leads to")
		if i == columnNodes-1 {
			return
		}
	}
}

// addContainers draws the containers and, once each, their images.
func (g *diagram) addContainers(d view.WorkloadDetail, workload *node) {
	images := map[string]*node{}
	for i, c := range d.Containers {
		if i == columnNodes-1 && len(d.Containers) > columnNodes {
			more := g.add(containerColumn, node{
				Class: "container", Kind: "And", Label: plural(len(d.Containers)-i, "more container"), URL: "#containers",
			})
			g.connect(workload, more, "runs", "runs")
			return
		}
		n := g.add(containerColumn, node{
			Class: "container", Kind: containerName(c.Type), Label: c.Name, Note: containerNote(c), URL: "#container-" + strconv.Itoa(i),
		})
		g.connect(workload, n, "runs", "runs")
		key := c.ImageDigest
		if key == "" {
			key = c.Image
		}
		if images[key] == nil {
			images[key] = g.add(imageColumn, imageNode(c))
		}
		g.connect(n, images[key], "runs", "from")
	}
}

func imageNode(c view.Container) node {
	n := node{Class: "image", Kind: "Image", Label: lastImagePart(c.Image), Title: c.Image, Severity: c.MaxSeverity}
	switch {
	case c.ImageDigest == "":
		n.Class, n.Note, n.URL = "image unresolved", "not resolved", "#containers"
		return n
	case !scanned(c.ScanState):
		n.Note = "not scanned"
	case c.KEV > 0:
		n.Note = "worst: " + severityName(c.MaxSeverity) + ", exploited"
	case c.MaxSeverity == finding.Unknown && c.Unknown == 0:
		n.Note = "none known"
	default:
		n.Note = "worst: " + severityName(c.MaxSeverity)
	}
	n.URL = imageURL(c.ImageDigest)
	return n
}

// severityName returns the name of a vulnerability's severity as pages tell it.
func severityName(s finding.Severity) string {
	if s == finding.Unknown {
		return "unrated"
	}
	return s.String()
}

// addIdentity draws whom the containers act as, under them.
func (g *diagram) addIdentity(d view.WorkloadDetail, workload *node) {
	if d.Identity == "" {
		return
	}
	own := node{Class: "identity", Kind: "Identity", Label: lastPart(d.Identity), Title: d.Identity, URL: "#identity"}
	if i := d.IdentityRecord; i != nil {
		own.Kind, own.Label, own.Title = kindName(i.Kind), i.Name, i.UID
	} else {
		own.Note = "not read"
	}
	n := g.add(containerColumn, own)
	g.connect(workload, n, "acts", "acts as")
	role := node{Class: "identity", Kind: "Cloud role", URL: "#identity"}
	switch i := d.IdentityRecord; {
	case d.CloudIdentity != nil:
		role.Kind, role.Label, role.Title = kindName(d.CloudIdentity.Kind), d.CloudIdentity.Name, d.CloudIdentity.UID
	case i != nil && i.CloudIdentity != "":
		role.Label, role.Title, role.Note = lastPart(i.CloudIdentity), i.CloudIdentity, "not read"
	default:
		return
	}
	g.connect(n, g.add(imageColumn, role), "acts", "assumes")
}

// place gives every node its place: columns without nodes take no room, the
// others are centred.
func (g *diagram) place() {
	rows := 0
	for _, column := range g.columns {
		rows = max(rows, len(column))
	}
	g.Height = 2*margin + rows*nodeHeight + (rows-1)*rowGap
	x := margin
	for _, column := range g.columns {
		if len(column) == 0 {
			continue
		}
		y := (g.Height - len(column)*nodeHeight - (len(column)-1)*rowGap) / 2
		for _, n := range column {
			n.X, n.Y = x, y
			y += nodeHeight + rowGap
		}
		x += nodeWidth + columnGap
	}
	g.Width = x - columnGap + margin
}

// containerName returns a container's type in words.
func containerName(t inventory.ContainerType) string {
	switch t {
	case inventory.MainContainer, "":
		return "Container"
	case inventory.ImageVolume:
		return "Image volume"
	}
	return capital(string(t)) + " container"
}

// containerNote returns what matters most of a container.
func containerNote(c view.Container) string {
	switch {
	case c.Privileged:
		return "privileged"
	case c.Drift:
		return "tag has moved"
	}
	return ""
}

// lastImagePart returns the end of a reference, by which people know it.
func lastImagePart(reference string) string {
	name, digest, pinned := strings.Cut(reference, "@")
	name = name[strings.LastIndexByte(name, '/')+1:]
	if pinned && !strings.Contains(name, ":") {
		return name + "@" + shortDigest(digest)
	}
	return name
}

// portList returns ports in words.
func portList(ports []int) string {
	switch len(ports) {
	case 0:
		return "all ports"
	case 1:
		return "port " + strconv.Itoa(ports[0])
	}
	words := make([]string, len(ports))
	for i, p := range ports {
		words[i] = strconv.Itoa(p)
	}
	return "ports " + strings.Join(words, ", ")
}
