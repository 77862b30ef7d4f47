package aws

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"golang.org/x/sync/errgroup"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/exposure"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// The kinds of ECS workloads. Stand-alone tasks (RunTask, schedules, Batch) of
// one group, family and role are one workload with as many replicas: that is
// what a person started, and tasks come and go.
const (
	ecsServiceKind = exposure.ECSServiceKind
	ecsTaskKind    = exposure.ECSTaskKind
)

// ecsService lists what runs: the tasks of each cluster, grouped by service,
// and the services without tasks. Task definitions are read only if something
// runs them; accounts with 500,000 exist.
var ecsService = service{
	name:  "ecs",
	kinds: []inventory.Kind{ecsServiceKind, ecsTaskKind},
	calls: []collect.Call{
		{Action: "ecs:ListClusters", Class: "ecs/cluster-read"},
		{Action: "ecs:DescribeClusters", Class: "ecs/cluster-read"},
		{Action: "ecs:ListServices", Class: "ecs/service-read"},
		{Action: "ecs:DescribeServices", Class: "ecs/service-read"},
		{Action: "ecs:ListTasks", Class: "ecs/cluster-resource-read"},
		{Action: "ecs:DescribeTasks", Class: "ecs/cluster-resource-read"},
		{Action: "ecs:DescribeContainerInstances", Class: "ecs/cluster-resource-read"},
		{Action: "ecs:DescribeTaskDefinition", Class: "ecs/task-definition-read"},
	},
	collect: collectECS,
}

// The most that ECS takes in one call, and the clusters read at a time: enough
// for ECS' rates to set the pace.
const (
	ecsPage           = 100
	ecsServicesAtOnce = 10
	ecsClustersAtOnce = 2
)

// ecsReader reads the clusters of one region.
type ecsReader struct {
	*session
	client *ecs.Client
	out    collect.Sink
}

func collectECS(ctx context.Context, s *session, out collect.Sink) error {
	r := &ecsReader{s, ecs.NewFromConfig(s.config), out}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(ecsClustersAtOnce)
	var mu sync.Mutex
	var denied error
	err := r.clusters(ctx, func(c types.Cluster) {
		group.Go(func() error {
			err := r.cluster(ctx, c)
			if collect.Result(err).Outcome == inventory.Denied {
				// Policies may be per cluster: the others are still read.
				mu.Lock()
				defer mu.Unlock()
				denied = err
				return nil
			}
			return err
		})
	})
	// The error of a cluster cancels the list, so it comes first.
	return cmp.Or(group.Wait(), err, denied)
}

// clusters calls read with each active cluster.
func (r *ecsReader) clusters(ctx context.Context, read func(types.Cluster)) error {
	list := pages(ctx, r.client.ListClusters, &ecs.ListClustersInput{MaxResults: aws.Int32(ecsPage)},
		func(in *ecs.ListClustersInput, out *ecs.ListClustersOutput) *string {
			in.NextToken = out.NextToken
			return in.NextToken
		})
	for page, err := range list {
		if err != nil {
			return err
		}
		if len(page.ClusterArns) == 0 {
			continue
		}
		described, err := r.client.DescribeClusters(ctx, &ecs.DescribeClustersInput{Clusters: page.ClusterArns})
		if err != nil {
			return err
		}
		if err := failures("ecs:DescribeClusters", described.Failures); err != nil {
			return err
		}
		for _, c := range described.Clusters {
			if aws.ToString(c.Status) != "INACTIVE" {
				read(c)
			}
		}
	}
	return nil
}

// failures returns the first failure that is not the end of the thing since it
// was listed.
func failures(action string, all []types.Failure) error {
	for _, f := range all {
		if reason := aws.ToString(f.Reason); reason != "MISSING" {
			return fmt.Errorf("%s of %s: %s", action, aws.ToString(f.Arn), reason)
		}
	}
	return nil
}

// cluster emits the workloads of one cluster.
func (r *ecsReader) cluster(ctx context.Context, c types.Cluster) error {
	found := newECSCluster(c)
	if err := r.services(ctx, found); err != nil {
		return fmt.Errorf("cluster %s: %w", found.name, err)
	}
	if c.RunningTasksCount+c.PendingTasksCount > 0 {
		if err := r.tasks(ctx, found); err != nil {
			return fmt.Errorf("cluster %s: %w", found.name, err)
		}
		if err := r.machines(ctx, found); err != nil {
			return fmt.Errorf("cluster %s: %w", found.name, err)
		}
	}
	for _, w := range found.workloads {
		if err := r.emit(ctx, w); err != nil {
			return fmt.Errorf("cluster %s: %w", found.name, err)
		}
	}
	return nil
}

// services adds the cluster's services.
func (r *ecsReader) services(ctx context.Context, found *ecsCluster) error {
	list := pages(ctx, r.client.ListServices, &ecs.ListServicesInput{Cluster: &found.arn, MaxResults: aws.Int32(ecsPage)},
		func(in *ecs.ListServicesInput, out *ecs.ListServicesOutput) *string {
			in.NextToken = out.NextToken
			return in.NextToken
		})
	for page, err := range list {
		if err != nil {
			return err
		}
		for batch := range slices.Chunk(page.ServiceArns, ecsServicesAtOnce) {
			described, err := r.client.DescribeServices(ctx, &ecs.DescribeServicesInput{
				Cluster: &found.arn, Services: batch, Include: []types.ServiceField{types.ServiceFieldTags},
			})
			if err != nil {
				return err
			}
			if err := failures("ecs:DescribeServices", described.Failures); err != nil {
				return err
			}
			for _, s := range described.Services {
				if aws.ToString(s.Status) != "INACTIVE" {
					found.addService(s)
				}
			}
		}
	}
	return nil
}

// tasks adds the cluster's running tasks to the workloads that they belong to.
func (r *ecsReader) tasks(ctx context.Context, found *ecsCluster) error {
	list := pages(ctx, r.client.ListTasks, &ecs.ListTasksInput{Cluster: &found.arn, MaxResults: aws.Int32(ecsPage)},
		func(in *ecs.ListTasksInput, out *ecs.ListTasksOutput) *string {
			in.NextToken = out.NextToken
			return in.NextToken
		})
	for page, err := range list {
		if err != nil {
			return err
		}
		if len(page.TaskArns) == 0 {
			continue
		}
		running, err := r.describeTasks(ctx, found.arn, page.TaskArns)
		if err != nil {
			return err
		}
		for _, t := range running {
			definition, err := r.definition(ctx, t.definition)
			if err != nil {
				return err
			}
			found.addTask(t, definition)
		}
	}
	return nil
}

// machines adds the ports of the container instances at which tasks without
// network interfaces of their own listen.
func (r *ecsReader) machines(ctx context.Context, found *ecsCluster) error {
	for batch := range slices.Chunk(slices.Sorted(maps.Keys(found.bindings)), ecsPage) {
		described, err := r.client.DescribeContainerInstances(ctx, &ecs.DescribeContainerInstancesInput{
			Cluster: &found.arn, ContainerInstances: batch,
		})
		if err != nil {
			return err
		}
		if err := failures("ecs:DescribeContainerInstances", described.Failures); err != nil {
			return err
		}
		for _, i := range described.ContainerInstances {
			found.addMachine(aws.ToString(i.ContainerInstanceArn), aws.ToString(i.Ec2InstanceId))
		}
	}
	return nil
}

// describeTasks returns those of the tasks that run. What they run is asked for
// in every collection: ECS proves of no task that its containers, their digests
// and its network interfaces are as they were.
func (r *ecsReader) describeTasks(ctx context.Context, cluster string, arns []string) ([]ecsTask, error) {
	described, err := r.client.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &cluster, Tasks: arns})
	if err != nil {
		return nil, err
	}
	if err := failures("ecs:DescribeTasks", described.Failures); err != nil {
		return nil, err
	}
	running := make([]ecsTask, 0, len(described.Tasks))
	for _, t := range described.Tasks {
		if aws.ToString(t.LastStatus) == "RUNNING" {
			running = append(running, newECSTask(t))
		}
	}
	return running, nil
}

// emit emits one workload. One that runs no task is shown as its service's
// task definition declares it.
func (r *ecsReader) emit(ctx context.Context, w *ecsWorkload) error {
	if w.definition == nil && w.declared != "" {
		definition, err := r.definition(ctx, w.declared)
		if err != nil {
			return err
		}
		w.definition = definition
	}
	return r.out.Emit(w.record())
}

// definition returns a task definition. Revisions never change, so one is read
// once.
func (r *ecsReader) definition(ctx context.Context, arn string) (*taskDefinition, error) {
	key := keyOf("ecs:DescribeTaskDefinition", arn)
	if encoded, ok := r.cloud.spool.get(key); ok {
		d := &taskDefinition{}
		return d, json.Unmarshal(encoded, d)
	}
	described, err := r.client.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &arn})
	var gone *types.ClientException
	if errors.As(err, &gone) && strings.Contains(gone.ErrorMessage(), "Unable to describe") {
		return &taskDefinition{}, nil // Deleted; its tasks still run.
	}
	if err != nil {
		return nil, err
	}
	d := newTaskDefinition(described.TaskDefinition)
	encoded, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	r.cloud.spool.add(key, encoded)
	return d, nil
}
