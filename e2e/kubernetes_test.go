//go:build e2e

package e2e

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	rbac "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stowage-dev/stowage/e2e/rig/kubernetes"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres/postgrestest"
	"github.com/stowage-dev/stowage/internal/view"
)

// readerToken is the bearer token that the cluster of TestKubernetes gives the
// permissions of deploy/kubernetes.
const readerToken = "a-reader"

// TestKubernetes collects a real cluster by a kubeconfig, with the permissions
// that the documentation asks for and no others.
func TestKubernetes(t *testing.T) {
	t.Parallel()
	cluster := kubernetes.Start(t, kubernetes.Options{
		Authenticate: func(_ context.Context, token string) (string, []string, error) {
			if token != readerToken {
				return "", nil, errors.New("unknown token")
			}
			return "stowage", nil, nil
		},
	})
	grantRead(t, cluster, "stowage")
	images := pushImages(t, "registry.example.com")
	manifest, err := os.ReadFile("testdata/cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cluster.Apply(t, []byte(strings.ReplaceAll(string(manifest), "DB_DIGEST", images.db)))
	kubelet := kubernetes.Kubelet{Node: "node-amd", ImageID: images.id}
	cluster.Run(t, kubelet, 13)
	changeRunning(t, cluster)
	cluster.Run(t, kubelet, 14)

	i := install(t, "DATABASE_URL="+postgrestest.New(t, nil, ""), "STOWAGE_AWS_ENABLED=false")
	i.set(madeUpAdvisories()...)
	images.use(t, i)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	cluster.WriteKubeconfig(t, kubeconfig, "prod", readerToken)
	i.set("KUBECONFIG=" + kubeconfig)
	if out, code := i.run(t, "up", "--once"); code != 0 {
		t.Errorf("up --once: exit %d, want 0 as everything could be read\n%s", code, out)
	}
	i.serve(t, "serve")
	shown := i.workloads(t)
	compare(t, clusterFacts(images), shown)

	t.Run("settings", func(t *testing.T) { checkSettings(t, shown) })
	t.Run("denied", func(t *testing.T) { checkDeniedList(t, cluster, i, len(shown)) })
}

// grantRead gives a user the permissions of deploy/kubernetes.
func grantRead(t *testing.T, c *kubernetes.Cluster, user string) {
	t.Helper()
	files, err := filepath.Glob("../deploy/kubernetes/*.yaml")
	if err != nil || len(files) != 1 {
		t.Fatalf("deploy/kubernetes holds %q, %v, want one file", files, err)
	}
	role, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	c.Apply(t, role)
	_, err = c.Client.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbac.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "stowage-read"},
		RoleRef:    rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: "stowage-read"},
		Subjects:   []rbac.Subject{{APIGroup: rbac.GroupName, Kind: "User", Name: user}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// changeRunning begins a rollout, and debugs a pod.
func changeRunning(t *testing.T, c *kubernetes.Cluster) {
	t.Helper()
	const rollout = `{"spec":{"template":{"spec":{"containers":[{"name":"rolling","image":"registry.example.com/shop/web:1.3"}]}}}}`
	_, err := c.Client.AppsV1().Deployments("shop").Patch(t.Context(), "rolling", types.StrategicMergePatchType, []byte(rollout), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const debugger = `{"spec":{"ephemeralContainers":[{"name":"shell","image":"registry.example.com/mesh/proxy:3","targetContainerName":"debug"}]}}`
	_, err = c.Client.CoreV1().Pods("shop").Patch(t.Context(), "debug", types.StrategicMergePatchType, []byte(debugger), metav1.PatchOptions{}, "ephemeralcontainers")
	if err != nil {
		t.Fatal(err)
	}
}

// clusterFacts is what testdata/cluster.yaml amounts to.
func clusterFacts(images *imageSet) []fact {
	const host = "registry.example.com/"
	web := func(name string, replicas int) containerFact {
		c := containerFact{Name: name, Type: inventory.MainContainer, Image: host + "shop/web:1.2", Replicas: replicas}
		if replicas > 0 {
			c.Digest, c.Manifest = images.web.index, images.web.amd64
		}
		return c
	}
	agent := func(name string, replicas int) containerFact {
		return containerFact{name, inventory.MainContainer, host + "ops/agent:latest", images.agent.config, images.agent.manifest, replicas}
	}
	proxy := func(name string, typ inventory.ContainerType, replicas int) containerFact {
		return containerFact{name, typ, host + "mesh/proxy:3", images.proxy, images.proxy, replicas}
	}
	one := func(kind inventory.Kind, namespace, name string, replicas int, containers ...containerFact) fact {
		return fact{
			Kind: kind, Account: "prod", Place: "prod/" + namespace + "/" + name, Replicas: replicas,
			Identity: "kubernetes:prod/" + namespace + "/serviceaccounts/default", Containers: containers,
		}
	}
	const deployment = "kubernetes.apps.deployment"

	full := one(deployment, "shop", "web", 2, web("web", 2), agent("agent", 2), proxy("proxy", inventory.SidecarContainer, 2))
	migrate := web("migrate", 2)
	migrate.Type = inventory.InitContainer
	full.Containers = append(full.Containers, migrate)
	full.Identity = "kubernetes:prod/shop/serviceaccounts/web"
	full.CloudIdentity = "arn:aws:iam::123456789012:role/web"
	// The node port of the service is open at the public address of a node, too.
	full.Exposures = []string{"kubernetes.core.service 203.0.113.10 [30443]", "kubernetes.core.service web-1.elb.eu-west-1.amazonaws.com [443]"}

	api := one(deployment, "shop", "api", 1, web("api", 1))
	api.Exposures = []string{"kubernetes.networking.ingress shop.example.com [80 443]"}
	metrics := one(deployment, "shop", "metrics", 1, web("metrics", 1))
	metrics.Exposures = []string{"kubernetes.core.service 203.0.113.10 [30090]"}

	newer := containerFact{"rolling", inventory.MainContainer, host + "shop/web:1.3", images.next, images.next, 1}
	debug := proxy("shell", inventory.EphemeralContainer, 1)
	static := one("kubernetes.core.pod", "kube-system", "proxy", 1, proxy("proxy", inventory.MainContainer, 1))
	static.Identity = "" // Mirror pods have no service account.

	logs := func(manifest string) containerFact {
		return containerFact{"logs", inventory.MainContainer, host + "ops/logs:2", images.logs.index, manifest, 1}
	}
	return []fact{
		full, api, metrics, static,
		one(deployment, "shop", "internal", 1, web("internal", 1)),
		one(deployment, "shop", "idle", 0, web("idle", 0)),
		one(deployment, "shop", "rolling", 2, web("rolling", 1), newer),
		one("kubernetes.apps.statefulset", "shop", "db", 1,
			containerFact{"db", inventory.MainContainer, host + "shop/db@" + images.db, images.db, images.db, 1}),
		one("kubernetes.apps.daemonset", "kube-system", "logs", 2, logs(images.logs.amd64), logs(images.logs.arm64)),
		one("kubernetes.batch.cronjob", "batch", "report", 1, web("report", 1)),
		one("kubernetes.batch.job", "batch", "import", 1, web("import", 1)),
		one("kubernetes.core.pod", "shop", "debug", 1, agent("debug", 1), debug),
	}
}

// checkSettings checks what testdata/cluster.yaml sets beside images.
func checkSettings(t *testing.T, shown []view.WorkloadDetail) {
	for _, d := range shown {
		for _, c := range d.Record.Containers {
			switch d.Name + "/" + c.Name {
			case "web/web":
				if c.User != "0" || !c.ReadOnlyRootFilesystem || len(c.AddedCapabilities) != 1 || c.AddedCapabilities[0] != "NET_ADMIN" ||
					len(c.Ports) != 1 || c.Ports[0].Container != 8443 {
					t.Errorf("container web of web = %+v, want user 0, read-only, NET_ADMIN, port 8443", c)
				}
			case "web/agent":
				if !c.Privileged {
					t.Errorf("container agent of web is not privileged: %+v", c)
				}
			case "logs/logs":
				if !d.Record.HostNetwork || len(d.Record.HostPaths) != 1 || d.Record.HostPaths[0] != "/var/log" {
					t.Errorf("logs: host network %t, paths %q, want true, /var/log", d.Record.HostNetwork, d.Record.HostPaths)
				}
			}
		}
	}
}

// checkDeniedList takes a permission away and collects again.
func checkDeniedList(t *testing.T, c *kubernetes.Cluster, i *installation, workloads int) {
	roles := c.Client.RbacV1().ClusterRoles()
	role, err := roles.Get(t.Context(), "stowage-read", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for r := range role.Rules {
		for n, resource := range role.Rules[r].Resources {
			if resource == "statefulsets" {
				role.Rules[r].Resources[n] = "nothing"
			}
		}
	}
	if _, err := roles.Update(t.Context(), role, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	i.set("STOWAGE_COLLECT_EVERY=0")
	i.collect(t).Stop(t)
	gaps := list[view.Scope](t, i, "coverage", "--outcome", "denied")
	if len(gaps) != 1 || !strings.Contains(gaps[0].Permission, "statefulsets") || gaps[0].Reason == "" || gaps[0].Remedy == "" {
		t.Errorf("denied scopes = %+v, want one that explains the missing permission to list statefulsets", gaps)
	}
	if n := len(list[view.Workload](t, i, "workloads")); n != workloads {
		t.Errorf("%d workloads after a denied list, want all %d", n, workloads)
	}
	if _, code := i.run(t, "up", "--once"); code != 3 {
		t.Errorf("up --once: exit %d, want 3 as a scope is not complete", code)
	}
}
