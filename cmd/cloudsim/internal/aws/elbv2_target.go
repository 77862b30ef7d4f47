package aws

import (
	"slices"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

// An elbTarget is a target as DescribeTargetHealth writes it.
type elbTarget struct {
	ID    string `xml:"Target>Id"`
	Port  int    `xml:"Target>Port"`
	State string `xml:"TargetHealth>State"`
}

func (c *call) elbDescribeTargetHealth() (any, error) {
	arn := c.form.Get("TargetGroupArn")
	cell := c.cell()
	i := slices.IndexFunc(cell.Network.Balancers, func(lb *estate.LoadBalancer) bool { return lb.Target.ARN == arn })
	if i < 0 {
		return nil, &apiError{Code: "TargetGroupNotFound", Message: "One or more target groups not found", Status: 400}
	}
	group := cell.Network.Balancers[i].Target
	targets := []elbTarget{}
	if group.Balancer != nil {
		targets = append(targets, elbTarget{group.Balancer.ARN, group.Port, "healthy"})
	}
	for _, t := range cell.Tasks {
		if t.Service == nil || t.Service.Target != group {
			continue
		}
		switch {
		case t.Interface != nil:
			targets = append(targets, elbTarget{t.Interface.PrivateIP, group.Port, "healthy"})
		case len(t.HostPorts) > 0:
			targets = append(targets, elbTarget{t.Instance(), t.HostPorts[0], "healthy"})
		default:
			targets = append(targets, elbTarget{t.Instance(), group.Port, "healthy"})
		}
	}
	return struct {
		Targets []elbTarget `xml:"TargetHealthDescriptions>member"`
	}{targets}, nil
}
