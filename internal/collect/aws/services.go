package aws

import (
	"context"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// A service is a collector as its file declares it.
type service struct {
	name string
	// global services are read once for an account, not in each region.
	global bool
	// readsInventory services ask what is already in the inventory, and run
	// after the others.
	readsInventory bool

	kinds   []inventory.Kind
	calls   []collect.Call
	collect func(ctx context.Context, s *session, out collect.Sink) error
}

// services is every AWS service that is read in an account, in alphabetical
// order.
var services = []service{ec2Service, ecrService, ecsService, eksService, elbv2, exposureService, iamService, lambdaService}

// sources are the collectors that find what to read.
var sources = []service{account, organizations}

// collector returns the declaration of the service.
func (v service) collector() collect.Collector {
	return collect.Collector{
		Name: v.name, Provider: inventory.AWS, Kinds: v.kinds, Calls: v.calls, ReadsInventory: v.readsInventory,
	}
}

// Declarations returns the collectors without the means to run, for
// documentation and policies.
func Declarations() []collect.Collector {
	var all []collect.Collector
	for _, list := range [][]service{sources, services} {
		for _, v := range list {
			all = append(all, v.collector())
		}
	}
	return all
}

// Collectors returns the collectors of the cloud.
func (c *Cloud) Collectors() []collect.Collector {
	var all []collect.Collector
	for _, list := range [][]service{sources, services} {
		for _, v := range list {
			declared := v.collector()
			declared.Collect = func(ctx context.Context, scope collect.Scope, out collect.Sink) error {
				s, err := c.session(ctx, scope, declared)
				if err != nil {
					return err
				}
				return v.collect(ctx, s, out)
			}
			all = append(all, declared)
		}
	}
	return all
}

// limits are the rates of the classes: about six tenths of what AWS documents,
// or a careful guess where it documents nothing.
var limits = map[string]collect.Limit{
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/request-throttling.html
	"ecs/cluster-read":          {Rate: 12, Burst: 30},
	"ecs/cluster-resource-read": {Rate: 12, Burst: 60},
	"ecs/service-read":          {Rate: 12, Burst: 60},
	"ecs/task-definition-read":  {Rate: 12, Burst: 30},
	// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html,
	// per action.
	"ec2/describe-network-interfaces": {Rate: 12, Burst: 60},
	"ec2/describe-regions":            {Rate: 12, Burst: 60},
	"ec2/describe-route-tables":       {Rate: 12, Burst: 60},
	"ec2/describe-security-groups":    {Rate: 12, Burst: 60},
	"ec2/describe-subnets":            {Rate: 12, Burst: 60},
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	"lambda/control-plane": {Rate: 9, Burst: 9},
	"lambda/get-function":  {Rate: 60, Burst: 60},
	// https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
	"ecr/authorization":    {Rate: 12, Burst: 120},
	"ecr/batch-get-image":  {Rate: 500, Burst: 500},
	"ecr/describe":         {Rate: 10, Burst: 20},
	"eks":                  {Rate: 5, Burst: 10},
	"elasticloadbalancing": {Rate: 6, Burst: 20},
	"iam":                  {Rate: 6, Burst: 12},
	"organizations":        {Rate: 2, Burst: 4},
	"sts":                  {Rate: 360, Burst: 360},
}
