package aws

import (
	"slices"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

func TestECSListsEveryTaskOverPages(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{Workloads: 1500, Accounts: 3}, nil)
	client := awsecs.NewFromConfig(c.config("eu-west-1"))
	got := map[string]types.Task{}
	pages := 0
	clusters := awsecs.NewListClustersPaginator(client, &awsecs.ListClustersInput{MaxResults: awssdk.Int32(2)})
	for clusters.HasMorePages() {
		page, err := clusters.NextPage(background)
		if err != nil {
			t.Fatal(err)
		}
		for _, cluster := range page.ClusterArns {
			tasks := awsecs.NewListTasksPaginator(client, &awsecs.ListTasksInput{Cluster: &cluster, MaxResults: awssdk.Int32(50)})
			for tasks.HasMorePages() {
				page, err := tasks.NextPage(background)
				if err != nil {
					t.Fatal(err)
				}
				pages++
				if len(page.TaskArns) == 0 {
					continue
				}
				described, err := client.DescribeTasks(background, &awsecs.DescribeTasksInput{Cluster: &cluster, Tasks: page.TaskArns})
				if err != nil {
					t.Fatal(err)
				}
				if len(described.Failures) > 0 {
					t.Errorf("failures %+v, want none", described.Failures)
				}
				for _, task := range described.Tasks {
					got[*task.TaskArn] = task
				}
			}
		}
	}
	cell := c.Estate.Cell(c.Estate.Account(0).ID, "eu-west-1")
	if len(got) != len(cell.Tasks) || pages < 4 {
		t.Errorf("got %d tasks over %d pages, want %d over several", len(got), pages, len(cell.Tasks))
	}
	for _, want := range cell.Tasks {
		task := got[want.ARN]
		if len(task.Containers) != len(want.Definition.Containers) {
			t.Fatalf("task %s has %d containers, want %d", want.ARN, len(task.Containers), len(want.Definition.Containers))
		}
		for i, w := range want.Definition.Containers {
			v := task.Containers[i]
			if value(v.Image) != w.Reference || value(v.ImageDigest) != c.Estate.RunningDigest(w) || value(v.RuntimeId) == "" {
				t.Errorf("container %s of %s = %s %s %s, want image %s at %s", w.Name, want.ARN, value(v.Image), value(v.ImageDigest), value(v.RuntimeId), w.Reference, c.Estate.RunningDigest(w))
			}
		}
		if want.Interface != nil && !slices.ContainsFunc(task.Attachments, func(a types.Attachment) bool {
			return value(a.Type) == "ElasticNetworkInterface" && slices.ContainsFunc(a.Details, func(d types.KeyValuePair) bool {
				return value(d.Name) == "networkInterfaceId" && value(d.Value) == want.Interface.ID
			})
		}) {
			t.Errorf("task %s has attachments %+v, want interface %s", want.ARN, task.Attachments, want.Interface.ID)
		}
		if value(task.Overrides.TaskRoleArn) != want.RoleOverride || value(task.TaskDefinitionArn) != want.Definition.ARN || task.CreatedAt.After(*task.StartedAt) {
			t.Errorf("task %+v does not match %+v", task, want)
		}
	}
}

func TestECSDescribesServicesAndDefinitions(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{}, nil)
	client := awsecs.NewFromConfig(c.config("eu-west-1"))
	out, err := client.DescribeServices(background, &awsecs.DescribeServicesInput{Cluster: awssdk.String("shop"), Services: []string{"storefront", "no-such"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Failures) != 1 || value(out.Failures[0].Reason) != "MISSING" {
		t.Errorf("failures = %+v, want one MISSING", out.Failures)
	}
	s := out.Services[0]
	if s.RunningCount != 3 || len(s.LoadBalancers) != 1 || s.LaunchType != types.LaunchTypeFargate || s.NetworkConfiguration == nil {
		t.Errorf("storefront = %+v, want three tasks on Fargate behind a load balancer", s)
	}
	d, err := client.DescribeTaskDefinition(background, &awsecs.DescribeTaskDefinitionInput{TaskDefinition: s.TaskDefinition})
	if err != nil {
		t.Fatal(err)
	}
	if got := value(d.TaskDefinition.TaskRoleArn); !strings.HasSuffix(got, ":role/storefront-task") {
		t.Errorf("task role = %q, want storefront-task", got)
	}
	short, err := client.DescribeTaskDefinition(background, &awsecs.DescribeTaskDefinitionInput{TaskDefinition: awssdk.String("auth:7")})
	if err != nil {
		t.Fatal(err)
	}
	if main := short.TaskDefinition.ContainerDefinitions[0]; !value(main.Privileged) || len(short.TaskDefinition.Volumes) != 1 || len(main.MountPoints) != 1 {
		t.Errorf("auth = %+v, want it privileged with one mounted host path", short.TaskDefinition)
	}
	clusters, err := client.DescribeClusters(background, &awsecs.DescribeClustersInput{Clusters: []string{"shop", "sandbox", "nowhere"}})
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int32{}
	for _, v := range clusters.Clusters {
		counts[*v.ClusterName] = v.RunningTasksCount
	}
	if diff := cmp.Diff(map[string]int32{"shop": counts["shop"], "sandbox": 0}, counts); diff != "" || counts["shop"] < 10 || len(clusters.Failures) != 1 {
		t.Errorf("running tasks = %v and failures %+v, want many in shop, none in sandbox, one failure", counts, clusters.Failures)
	}
}

func TestECSKeepsTheLimitsOfTheRealOne(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{}, nil)
	client := awsecs.NewFromConfig(c.config("eu-west-1"))
	shop := awssdk.String("shop")
	many := func(n int) []string { return slices.Repeat([]string{"x"}, n) }
	page, err := client.ListServices(background, &awsecs.ListServicesInput{Cluster: shop})
	if err != nil || len(page.ServiceArns) != 6 {
		t.Errorf("ListServices = %v, %v, want the six of the story", page, err)
	}
	_, err = client.DescribeServices(background, &awsecs.DescribeServicesInput{Cluster: shop, Services: many(11)})
	wantCode(t, "11 services", err, "InvalidParameterException")
	_, err = client.DescribeTasks(background, &awsecs.DescribeTasksInput{Cluster: shop, Tasks: many(101)})
	wantCode(t, "101 tasks", err, "InvalidParameterException")
	_, err = client.DescribeClusters(background, &awsecs.DescribeClustersInput{Clusters: many(101)})
	wantCode(t, "101 clusters", err, "InvalidParameterException")
	_, err = client.ListTasks(background, &awsecs.ListTasksInput{Cluster: shop, MaxResults: awssdk.Int32(101)})
	wantCode(t, "101 results", err, "InvalidParameterException")
	_, err = client.ListTasks(background, &awsecs.ListTasksInput{Cluster: shop, NextToken: awssdk.String("made up")})
	wantCode(t, "unknown token", err, "InvalidParameterException")
	_, err = client.ListTasks(background, &awsecs.ListTasksInput{Cluster: awssdk.String("nowhere")})
	wantCode(t, "unknown cluster", err, "ClusterNotFoundException")
	_, err = client.DescribeTaskDefinition(background, &awsecs.DescribeTaskDefinitionInput{TaskDefinition: awssdk.String("no:1")})
	wantCode(t, "unknown definition", err, "ClientException")
	out, err := client.DescribeTasks(background, &awsecs.DescribeTasksInput{Cluster: shop, Tasks: []string{"gone"}})
	if err != nil || len(out.Failures) != 1 {
		t.Errorf("a task that is gone = %+v, %v, want one failure", out, err)
	}
	stopped, err := client.ListTasks(background, &awsecs.ListTasksInput{Cluster: shop, DesiredStatus: types.DesiredStatusStopped})
	if err != nil || len(stopped.TaskArns) != 0 {
		t.Errorf("stopped tasks = %+v, %v, want none", stopped, err)
	}
	_, err = client.ListAttributes(background, &awsecs.ListAttributesInput{TargetType: types.TargetTypeContainerInstance})
	wantCode(t, "what is not simulated", err, "UnknownOperationException")
}

func TestECSDefaultPageOfServicesIsTen(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{Workloads: 1500, Accounts: 3}, nil)
	client := awsecs.NewFromConfig(c.config("eu-west-1"))
	page, err := client.ListServices(background, &awsecs.ListServicesInput{Cluster: awssdk.String("services-1")})
	if err != nil || len(page.ServiceArns) != 10 || page.NextToken == nil {
		t.Errorf("ListServices = %+v, %v, want ten and a token", page, err)
	}
}

func TestECSMachinesLeadToTheirInterfaces(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{Workloads: 1500, Accounts: 3}, nil)
	client := awsecs.NewFromConfig(c.config("eu-west-1"))
	cell := c.Estate.Cell(c.Estate.Account(0).ID, "eu-west-1")
	public := map[string]string{} // addresses by instance
	for _, i := range cell.Network.Interfaces {
		if i.Instance != "" {
			public[i.Instance] = i.PublicIP
		}
	}
	machines, reached := 0, 0
	for _, task := range cell.Tasks {
		if task.ContainerInstance() == "" || task.Interface != nil {
			continue
		}
		machines++
		out, err := client.DescribeContainerInstances(background, &awsecs.DescribeContainerInstancesInput{
			Cluster: &task.Cluster.ARN, ContainerInstances: []string{task.ContainerInstance(), "container-instance/gone"},
		})
		if err != nil || len(out.ContainerInstances) != 1 || len(out.Failures) != 1 || value(out.Failures[0].Reason) != "MISSING" {
			t.Fatalf("machine of %s = %+v, %v, want one and a failure", task.ARN, out, err)
		}
		address, ok := public[value(out.ContainerInstances[0].Ec2InstanceId)]
		if !ok || (address != "") != task.Service.PublicMachines {
			t.Errorf("the machine of %s has the public address %q, want one: %v", task.ARN, address, task.Service.PublicMachines)
		}
		if address != "" && task.Service.Exposed {
			reached++
		}
	}
	if machines == 0 || reached == 0 {
		t.Errorf("%d tasks on machines, %d of them reached there, want some", machines, reached)
	}
	_, err := client.DescribeContainerInstances(background, &awsecs.DescribeContainerInstancesInput{Cluster: &cell.Clusters[0].ARN, ContainerInstances: []string{}})
	wantCode(t, "no machines", err, "InvalidParameterException")
}
