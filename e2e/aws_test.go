//go:build e2e

package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/stowage-dev/stowage/e2e/rig/kubernetes"
	"github.com/stowage-dev/stowage/e2e/rig/moto"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres/postgrestest"
	"github.com/stowage-dev/stowage/internal/view"
)

// auditRole is the role that Stowage assumes in the accounts of the
// organization.
const auditRole = "stowage-audit"

// TestAWS collects an organization of two accounts: ECS services and tasks,
// functions, load balancers, and an EKS cluster that is a real one.
func TestAWS(t *testing.T) {
	t.Parallel()
	need(t, "python3")
	server := moto.Start(t)
	cluster := kubernetes.Start(t, kubernetes.Options{Authenticate: eksAuthenticator(server)})
	images := pushImages(t, ecrHost)
	server.Digest = images.digest
	server.Clusters["prod"] = moto.Endpoint{URL: cluster.URL, CA: cluster.CA}
	want := makeEstate(t, server.Config(), images, cluster)

	i := install(t, append(server.Environment(), "DATABASE_URL="+postgrestest.New(t, nil, ""),
		"STOWAGE_AWS_REGIONS="+moto.Region+",us-east-1", "STOWAGE_AWS_ENABLED=true",
		"STOWAGE_AWS_ORGANIZATION_ENABLED=true", "STOWAGE_AWS_ORGANIZATION_ROLE_NAME="+auditRole,
		"STOWAGE_REGISTRY_MIRRORS="+ecrHost+"=http://"+images.server.Address,
	)...)
	i.set(madeUpAdvisories()...)
	if out, code := i.run(t, "up", "--once"); code != 0 {
		t.Errorf("up --once: exit %d, want 0 as everything could be read\n%s", code, out)
	}
	i.serve(t, "serve")
	for _, s := range list[view.Scope](t, i, "coverage") {
		if s.Outcome != inventory.Complete {
			t.Errorf("scope %s is %s: %s", s.ScopeKey, s.Outcome, s.Reason)
		}
	}
	shown := i.workloads(t)
	compare(t, want, shown)
	for _, d := range shown {
		if d.Name == "web" && d.Kind == "aws.ecs.service" {
			checkRole(t, d)
		}
	}
}

// checkRole checks that the policies of a role are there to be evaluated.
func checkRole(t *testing.T, d view.WorkloadDetail) {
	t.Helper()
	r := d.IdentityRecord
	if r == nil || len(r.Trust) == 0 || len(r.Inline) != 1 || r.Inline[0].Name != "read" || len(r.Attached) != 1 {
		t.Errorf("role of %s = %+v, want it with its trust, one inline and one attached policy", d.Name, r)
	}
}

// makeEstate makes what runs in the two accounts and returns what a correct
// inventory shows of it.
func makeEstate(t *testing.T, cfg aws.Config, images *imageSet, cluster *kubernetes.Cluster) []fact {
	t.Helper()
	mirrorToECR(t, cfg, images)
	n := makeNetwork(t, cfg)
	execution := makeRole(t, cfg, "execution", "ecs-tasks.amazonaws.com")
	facts := makeServices(t, cfg, n, images, execution)
	facts = append(facts, makeFunctions(t, cfg, images)...)

	account, member := makeMember(t, cfg, auditRole)
	facts = append(facts, makeMemberTask(t, member, account, images, execution))

	reader := "arn:aws:sts::" + moto.Account + ":user/moto"
	makeCluster(t, cfg, n, "prod", makeRole(t, cfg, "eks", "eks.amazonaws.com"))
	return append(facts, runInCluster(t, cluster, images, reader))
}

// makeServices makes an ECS cluster with services and tasks in every state of
// exposure.
func makeServices(t *testing.T, cfg aws.Config, n network, images *imageSet, execution string) []fact {
	t.Helper()
	client := ecs.NewFromConfig(cfg)
	must(client.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("main")}))(t)
	role := makeRole(t, cfg, "web", "ecs-tasks.amazonaws.com")
	web := ecstypes.ContainerDefinition{
		Name: aws.String("web"), Image: aws.String(ecrHost + "/shop/web:1.2"), Essential: aws.Bool(true),
		PortMappings: []ecstypes.PortMapping{{ContainerPort: aws.Int32(80), Protocol: ecstypes.TransportProtocolTcp}},
	}
	proxy := ecstypes.ContainerDefinition{Name: aws.String("proxy"), Image: aws.String(ecrHost + "/mesh/proxy:3"), Essential: aws.Bool(false)}
	two := define(t, cfg, "web", role, execution, web, proxy)
	one := define(t, cfg, "worker", "", execution, web)

	address, public := makeBalancer(t, cfg, n, "public", elbtypes.LoadBalancerSchemeEnumInternetFacing)
	_, private := makeBalancer(t, cfg, n, "private", elbtypes.LoadBalancerSchemeEnumInternal)
	service := func(name, definition string, tasks int32, target, group string, ip ecstypes.AssignPublicIp) {
		in := &ecs.CreateServiceInput{
			Cluster: aws.String("main"), ServiceName: &name, TaskDefinition: &definition, DesiredCount: &tasks,
			LaunchType: ecstypes.LaunchTypeFargate, NetworkConfiguration: n.awsvpc(group, ip),
		}
		if target != "" {
			in.LoadBalancers = []ecstypes.LoadBalancer{{TargetGroupArn: &target, ContainerName: web.Name, ContainerPort: aws.Int32(80)}}
		}
		must(client.CreateService(t.Context(), in))(t)
		if tasks > 0 {
			runTasks(t, cfg, n, "main", definition, "service:"+name, tasks)
		}
	}
	service("web", two, 2, public, n.closed, ecstypes.AssignPublicIpDisabled)
	service("internal", one, 1, private, n.closed, ecstypes.AssignPublicIpDisabled)
	service("direct", one, 1, "", n.open, ecstypes.AssignPublicIpEnabled)
	service("shut", one, 1, "", n.closed, ecstypes.AssignPublicIpEnabled)
	service("idle", one, 0, "", n.closed, ecstypes.AssignPublicIpDisabled)
	runTasks(t, cfg, n, "main", one, "", 2)

	fargate := func(kind inventory.Kind, name string, replicas int, role string, exposures []string, containers ...containerFact) fact {
		return fact{
			Kind: kind, Account: moto.Account, Place: "main/" + name, Replicas: replicas, Identity: role,
			ExecutionIdentity: execution, Exposures: exposures, Containers: containers,
		}
	}
	running := func(replicas int) containerFact {
		return containerFact{"web", inventory.MainContainer, ecrHost + "/shop/web:1.2", images.web.index, images.web.amd64, replicas}
	}
	sidecar := containerFact{"proxy", inventory.SidecarContainer, ecrHost + "/mesh/proxy:3", images.proxy, images.proxy, 2}
	const serviceKind, taskKind = "aws.ecs.service", "aws.ecs.task"
	return []fact{
		fargate(serviceKind, "web", 2, role, []string{"aws.elbv2.load_balancer " + address + " [80]"}, running(2), sidecar),
		fargate(serviceKind, "internal", 1, "", nil, running(1)),
		fargate(serviceKind, "direct", 1, "", []string{"aws.ec2.public_ip  [80]"}, running(1)),
		fargate(serviceKind, "shut", 1, "", nil, running(1)),
		fargate(serviceKind, "idle", 0, "", nil, containerFact{Name: "web", Type: inventory.MainContainer, Image: ecrHost + "/shop/web:1.2"}),
		fargate(taskKind, "worker", 2, "", nil, running(2)),
	}
}

// makeFunctions makes two functions, one of which has a public URL.
func makeFunctions(t *testing.T, cfg aws.Config, images *imageSet) []fact {
	t.Helper()
	role := makeRole(t, cfg, "function", "lambda.amazonaws.com")
	image := ecrHost + "/shop/web:1.3"
	one := func(name string, public bool) fact {
		f := fact{
			Kind: "aws.lambda.function", Account: moto.Account, Place: name, Identity: role,
			Containers: []containerFact{{name, inventory.MainContainer, image, images.next, images.next, 0}},
		}
		if address := makeFunction(t, cfg, name, image, role, public); public {
			f.Exposures = []string{"aws.lambda.function_url " + address + " [443]"}
		}
		return f
	}
	return []fact{one("hook", true), one("nightly", false)}
}

// makeMemberTask runs a task in the member account, of an image of the other
// account.
func makeMemberTask(t *testing.T, cfg aws.Config, account string, images *imageSet, execution string) fact {
	t.Helper()
	must(ecs.NewFromConfig(cfg).CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("batch")}))(t)
	definition := define(t, cfg, "nightly", "", execution, ecstypes.ContainerDefinition{
		Name: aws.String("job"), Image: aws.String(ecrHost + "/shop/db:16"), Essential: aws.Bool(true),
	})
	runTasks(t, cfg, makeNetwork(t, cfg), "batch", definition, "", 1)
	return fact{
		Kind: "aws.ecs.task", Account: account, Place: "batch/nightly", Replicas: 1, ExecutionIdentity: execution,
		Containers: []containerFact{{"job", inventory.MainContainer, ecrHost + "/shop/db:16", images.db, images.db, 1}},
	}
}

// runInCluster runs a deployment in the cluster that EKS speaks of, with a
// service account that acts as a role, and lets the reader see it.
func runInCluster(t *testing.T, c *kubernetes.Cluster, images *imageSet, reader string) fact {
	t.Helper()
	grantRead(t, c, reader)
	role := "arn:aws:iam::" + moto.Account + ":role/web"
	c.Apply(t, []byte(`
apiVersion: v1
kind: Node
metadata: {name: node}
status: {nodeInfo: {architecture: amd64, operatingSystem: linux, machineID: "", systemUUID: "", bootID: "", kernelVersion: "", osImage: "", containerRuntimeVersion: "", kubeletVersion: "", kubeProxyVersion: ""}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {namespace: default, name: web, annotations: {eks.amazonaws.com/role-arn: "`+role+`"}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: default, name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {serviceAccountName: web, containers: [{name: web, image: "`+ecrHost+`/shop/web:1.2"}]}
`))
	c.Run(t, kubernetes.Kubelet{Node: "node", ImageID: images.id}, 3)
	arn := "arn:aws:eks:" + moto.Region + ":" + moto.Account + ":cluster/prod"
	return fact{
		Kind: "kubernetes.apps.deployment", Account: moto.Account, Place: "prod/default/web", Replicas: 3,
		Identity: arn + "/default/serviceaccounts/web", CloudIdentity: role,
		Containers: []containerFact{{"web", inventory.MainContainer, ecrHost + "/shop/web:1.2", images.web.index, images.web.amd64, 3}},
	}
}
