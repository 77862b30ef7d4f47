package kubernetes

import (
	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/workload"
)

// A ScaleSet is the virtual machine scale set of a node and its identities,
// whatever they are for.
type ScaleSet struct {
	Name       string
	Identities []workload.ManagedIdentity
	// Missing says why the scale set could not be read; empty when it was.
	Missing string
}

// machine adds the identities of the scale set, which the metadata service
// gives to everybody who asks.
//
// https://learn.microsoft.com/azure/aks/imds-restriction
func (k *AKS) machine(a *answer) {
	if a.node.Serverless || k.Name == "" {
		return
	}
	open := access.Missing("whether IMDS restriction of the cluster is on")
	host := a.pod.host()
	switch {
	case host != "":
		open = access.True()
	case k.RestrictsIMDS != nil:
		open = access.Of(!*k.RestrictsIMDS)
	}
	open = access.And(open, a.place().Through(a.machine()))
	set := a.node.ScaleSet
	if set == nil || set.Missing != "" {
		why := "it was not read"
		if set != nil {
			why = set.Missing
		}
		a.add(workload.Identity{
			Cloud: workload.Azure, Rank: workload.Reachable, How: workload.VMSS,
			Formula: access.And(open, missing("identities of the scale set of "+a.machine(), why)),
			Reason:  "pods may reach the identities of their node",
		})
		return
	}
	for _, m := range set.Identities {
		id := m.Identity(workload.VMSS)
		id.Rank, id.Formula = workload.Reachable, open
		id.Reason = "scale set " + set.Name + " has the identity, and its metadata service gives it to pods that ask"
		if host != "" {
			id.Reason += "; " + host
		}
		a.add(id)
	}
}
