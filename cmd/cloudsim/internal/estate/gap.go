package estate

import "github.com/stowage-dev/stowage/cmd/cloudsim/internal/fault"

// Every organization has places that its inventory cannot read. In this one the
// audit role of the staging account may not list the load balancers of the
// first region, and the API server of one EKS cluster is private.
const (
	deniedAccount  = 2 // the last of firstAccounts
	deniedAction   = "elasticloadbalancing:DescribeLoadBalancers"
	privateCluster = 1 // the second of the EKS clusters
)

// Gaps returns what goes wrong for whoever reads the estate. Small estates have
// no such places.
func (e *Estate) Gaps() []fault.Rule {
	var rules []fault.Rule
	if !e.cfg.Gaps {
		return nil
	}
	if e.cfg.Accounts > deniedAccount {
		rules = append(rules, fault.Rule{Account: accountID(deniedAccount), Region: e.Regions()[0], Action: deniedAction, Deny: true})
	}
	if e.eksClusters() > privateCluster {
		rules = append(rules, fault.Rule{Cluster: e.KubeClusterName(privateCluster), Unreachable: true})
	}
	return rules
}

// private reports whether the i-th cell's cluster cannot be reached.
func (e *Estate) private(cell int) bool {
	return e.cfg.Gaps && e.hasEKS(cell) && cell/3 == privateCluster // see hasEKS
}

// waysHidden reports whether it cannot be read how the internet reaches the ECS
// workloads of the i-th cell.
func (e *Estate) waysHidden(cell int) bool {
	return e.cfg.Gaps && cell < e.awsCells() && cell == deniedAccount*e.cfg.Regions
}
