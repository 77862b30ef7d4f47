package workload

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/access"
)

// An Instance is a machine of EC2 that containers run on, as far as its
// metadata service hands out a role.
type Instance struct {
	// ID as "i-0123456789abcdef0".
	ID string
	// Role is the ARN of the role in the instance profile; empty when there is
	// none.
	Role string
	// Endpoint and Tokens are the metadata options HttpEndpoint ("enabled",
	// "disabled") and HttpTokens ("optional", "required"); empty when they are
	// not known.
	Endpoint, Tokens string
	// HopLimit is the metadata option HttpPutResponseHopLimit; 0 when it is
	// not known.
	HopLimit int
	// Missing says why the instance could not be read; empty when it was.
	Missing string
}

// A Firewall says whether something in the host or the cluster keeps
// containers from the metadata service of their machine.
type Firewall int8

// The states of a firewall.
const (
	// UnknownFirewall: rules of the host and network policies were not read.
	UnknownFirewall Firewall = iota
	// Open: nothing keeps containers from it.
	Open
	// Blocks: packets of containers are dropped.
	Blocks
)

// A Place is where in a machine a container is.
type Place struct {
	// Host: the container shares the network of the host, or can enter it.
	// Then neither hops nor firewalls count.
	Host bool
	// OwnInterface: the container has a network interface of the machine to
	// itself, as a task of ECS with the network mode awsvpc.
	OwnInterface bool
	// Firewall between the container and the metadata service.
	Firewall Firewall
}

// Through returns what has to hold for packets to pass the firewall of the
// place, on a machine.
func (p Place) Through(machine string) access.Formula {
	switch {
	case p.Host || p.Firewall == Open:
		return access.True()
	case p.Firewall == Blocks:
		return access.False()
	}
	return access.Missing("whether a network policy or a firewall of " + machine +
		" keeps containers from 169.254.169.254")
}

// containerHops is how many hops the answer of the metadata service needs to
// get into a container with a network of its own: one more than the host.
const containerHops = 2

// Reach returns what has to hold for a container to get the role of the
// instance, and why in words.
func (i Instance) Reach(p Place) (access.Formula, string) {
	name := i.ID
	if name == "" {
		name = "the machine"
	}
	switch {
	case i.Missing != "":
		return access.Missing("metadata options of " + name + ": " + i.Missing), "the machine could not be read"
	case i.Endpoint == "disabled":
		return access.False(), "the metadata service of " + name + " is turned off"
	}
	enabled := access.True()
	if i.Endpoint != "enabled" {
		enabled = access.Missing("whether the metadata service of " + name + " is turned on")
	}
	if p.Host {
		return enabled, "the host network reaches the metadata service of " + name
	}
	if p.Firewall == Blocks {
		return access.False(), "the way to the metadata service of " + name + " is blocked"
	}
	hops, why := i.hops(name)
	if hops.IsFalse() && p.OwnInterface {
		hops = access.Missing("whether the hop limit of " + name + " counts for a container with a network interface of its own")
		why += ", which may be enough for a network interface of its own"
	}
	return access.And(enabled, hops, p.Through(name)), why
}

// hops returns whether answers of the metadata service get into a container.
func (i Instance) hops(name string) (access.Formula, string) {
	switch {
	case i.Tokens == "optional":
		return access.True(), name + " allows version 1 of the metadata service, which no hop limit holds off"
	case i.HopLimit >= containerHops:
		return access.True(), fmt.Sprintf("the hop limit of %s is %d", name, i.HopLimit)
	case i.Tokens == "required" && i.HopLimit > 0:
		return access.False(), fmt.Sprintf("%s wants version 2 of the metadata service and its hop limit is %d", name, i.HopLimit)
	}
	return access.Missing("hop limit and token setting of the metadata service of " + name),
		"the metadata options of " + name + " are not known"
}

// Identity returns the role of the instance as an identity of a container, or
// false when it cannot have it.
func (i Instance) Identity(p Place) (Identity, bool) {
	if i.Role == "" && i.Missing == "" {
		return Identity{}, false
	}
	reach, why := i.Reach(p)
	if reach.IsFalse() {
		return Identity{}, false
	}
	return Identity{
		ID: i.Role, Cloud: AWS, Rank: Reachable, How: NodeMetadata, Formula: reach,
		Reason: "role of the machine by its metadata service: " + why,
	}, true
}
