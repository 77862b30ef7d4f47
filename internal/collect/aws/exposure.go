package aws

import (
	"context"
	"fmt"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/exposure"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// exposureInputs are the services that tell whether the internet reaches a
// workload of the region.
var exposureInputs = []string{ecsService.name, ec2Service.name, elbv2.name}

// exposureService derives how the internet reaches the workloads of a region
// from what the other services read there. It makes no call, but it is a scope
// like theirs: its exposures have history, and when one of its inputs has a gap
// it has one too, instead of claiming that nothing is exposed.
var exposureService = service{
	name:           exposure.CollectorName,
	readsInventory: true,
	collect:        collectExposure,
}

func collectExposure(ctx context.Context, s *session, out collect.Sink) error {
	for _, name := range exposureInputs {
		r, err := s.Facts.Result(ctx, name)
		if err != nil {
			return err
		}
		if r.Outcome != inventory.Complete {
			return &collect.Error{
				Outcome: r.Outcome, Action: "exposure", On: s.Account + "/" + s.Region,
				Permission: r.Permission, Remedy: r.Remedy,
				Cause: fmt.Sprintf("because %s is %s there: %s", name, r.Outcome, r.Reason),
			}
		}
	}
	var resources []inventory.Resource
	for r, err := range s.Facts.Resources(ctx, exposure.LoadBalancerKind, exposure.TargetGroupKind,
		exposure.SecurityGroupKind, exposure.NetworkInterfaceKind, exposure.SubnetKind) {
		if err != nil {
			return err
		}
		resources = append(resources, r)
	}
	network, err := exposure.NewMap(resources)
	if err != nil {
		return err
	}
	for w, err := range s.Facts.Workloads(ctx) {
		if err != nil {
			return err
		}
		for _, e := range network.Of(w) {
			if err := out.Emit(e); err != nil {
				return err
			}
		}
	}
	return nil
}
