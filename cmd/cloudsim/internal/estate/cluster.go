package estate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// kubeNamespaces are the namespaces of every cluster.
var kubeNamespaces = []string{"data", "default", "kube-system", "platform", "shop"}

// The numbers of workloads that every cluster has, and that a stand-alone one
// has besides.
const (
	systemWorkloads = 2
	staticWorkloads = 1
)

// eksClusters returns the number of EKS clusters; see hasEKS.
func (e *Estate) eksClusters() int { return (e.awsCells() + 2) / 3 }

// KubeClusters returns how many clusters there are: the EKS clusters and after
// them the stand-alone ones.
func (e *Estate) KubeClusters() int { return e.eksClusters() + e.standalone }

// Standalone reports whether the i-th cluster is reached by kubeconfig only.
func (e *Estate) Standalone(i int) bool { return i >= e.eksClusters() }

// KubeCluster returns the i-th cluster as it is now.
func (e *Estate) KubeCluster(i int) *KubeCluster {
	if e.Standalone(i) {
		return e.cell(e.awsCells() + i - e.eksClusters()).Kubernetes
	}
	return e.cell(i * 3).Kubernetes // see hasEKS
}

// KubeClusterName returns the name of the i-th cluster without making it.
func (e *Estate) KubeClusterName(i int) string {
	switch {
	case i == 0:
		return "shop-eks"
	case !e.Standalone(i):
		return "eks-" + strconv.Itoa(i)
	case i == e.eksClusters():
		return "warehouse"
	}
	return "edge-" + strconv.Itoa(i-e.eksClusters())
}

// FindKubeCluster returns the index of the cluster with the given name, for
// [Estate.KubeCluster].
func (e *Estate) FindKubeCluster(name string) (int, bool) {
	_, digits, _ := strings.Cut(name, "-")
	n, err := strconv.Atoi(digits)
	if err != nil {
		n = 0
	}
	for _, i := range []int{n, e.eksClusters() + n} {
		if i >= 0 && i < e.KubeClusters() && e.KubeClusterName(i) == name {
			return i, true
		}
	}
	return 0, false
}

// newKubeCluster adds the cell's cluster with the workloads that every
// cluster has.
func (b *builder) newKubeCluster() {
	number := b.index / 3 // see hasEKS
	if standalone := b.index - b.e.awsCells(); standalone >= 0 {
		number = b.e.eksClusters() + standalone
	}
	p := b.place.in("kubernetes")
	k := &KubeCluster{
		Name: b.e.KubeClusterName(number), Account: b.Account.ID, Region: b.region, Version: "v1.31.4",
		UID: p.in("uid").uuid(), CreatedAt: epoch.Add(-time.Duration(100+p.below(9000)) * time.Hour),
		nodes: 3 + b.e.slots(b.index)/25, place: p, digests: b.e.digests,
	}
	b.Kubernetes = k
	for _, ns := range kubeNamespaces {
		b.serviceAccount(ns, "default", "")
	}
	b.addKube(&KubeWorkload{
		Kind: Deployment, Namespace: "kube-system", Name: "coredns", Replicas: 2, CreatedAt: k.CreatedAt,
		Template: PodTemplate{
			ServiceAccount: b.serviceAccount("kube-system", "coredns", ""),
			Containers:     []Container{{Name: "coredns", Image: coreDNS, Running: coreDNS.Content, Reference: coreDNS.Reference(), ReadOnlyRootFilesystem: true, HasProbe: true, AddedCapabilities: []string{"NET_BIND_SERVICE"}, DroppedCapabilities: []string{"ALL"}}},
		},
	})
	agent := b.appContainer("node-agent", 0)
	agent.Privileged = true
	b.addKube(&KubeWorkload{
		Kind: DaemonSet, Namespace: "kube-system", Name: "node-agent", Replicas: k.nodes, CreatedAt: k.CreatedAt,
		Template: PodTemplate{
			ServiceAccount: "default", HostNetwork: true, HostPID: true, HostPaths: []string{"/", "/var/run/containerd"},
			Containers: []Container{agent},
		},
	})
	if k.Account == "" {
		b.addKube(&KubeWorkload{
			Kind: StaticPod, Namespace: "kube-system", Name: "kube-apiserver", Replicas: 1, CreatedAt: k.CreatedAt,
			Template: PodTemplate{
				HostNetwork: true, HostPaths: []string{"/etc/kubernetes/pki"}, RuntimeForm: ConfigDigest,
				Containers: []Container{{Name: "kube-apiserver", Image: kubeAPI, Running: kubeAPI.Content, Reference: kubeAPI.Reference(), HasProbe: true}},
			},
		})
	}
}

// serviceAccount adds a service account and returns its name.
func (b *builder) serviceAccount(namespace, name, role string) string {
	p := b.Kubernetes.place.in("account").in(namespace).in(name)
	b.Kubernetes.accounts = append(b.Kubernetes.accounts, KubeServiceAccount{
		Namespace: namespace, Name: name, UID: p.uuid(), CreatedAt: b.Kubernetes.CreatedAt, RoleARN: role, AutomountToken: !p.chance(20),
	})
	return name
}

// addKube completes a workload and adds it.
func (b *builder) addKube(w *KubeWorkload) {
	if w.place == 0 {
		w.place = b.Kubernetes.place.in(w.Namespace).in(w.Name)
	}
	w.UID = w.place.in("uid").uuid()
	t := &w.Template
	if t.Labels == nil {
		t.Labels = map[string]string{"app": w.Name}
	}
	if t.RuntimeForm == "" {
		t.RuntimeForm = RepoDigest
	}
	switch w.Kind {
	case Deployment:
		// The hash of the pod template names the ReplicaSet.
		hash := w.place.in("template").in(t.Containers[0].Reference).hex(10)
		w.Child = &KubeOwner{"apps/v1", "ReplicaSet", w.Name + "-" + hash, w.place.in("replica-set").in(hash).uuid()}
	case CronJob:
		minute := strconv.FormatInt(timeOf(b.step).Unix()/60, 10)
		w.Child = &KubeOwner{"batch/v1", "Job", w.Name + "-" + minute, w.place.in("job").in(minute).uuid()}
	}
	b.Kubernetes.workloads = append(b.Kubernetes.workloads, w)
}

// appContainer returns a container with the i-th version of an app of the
// organization.
func (b *builder) appContainer(name string, i int) Container {
	a := apps[slices.IndexFunc(apps, func(a app) bool { return a.name == name })]
	img := b.e.image(0, a, a.versions[i])
	return Container{Name: name, Image: img, Running: img.Content, Reference: img.Reference(), Port: portOf(name), Essential: true}
}

// drawKube adds the Kubernetes workload of a slot.
func (b *builder) drawKube(s slot) {
	p, a := s.place, pick(s.place.in("app"), apps)
	k := b.Kubernetes
	c := b.container(s, a)
	w := &KubeWorkload{
		Namespace: a.team, Name: s.name(a), CreatedAt: s.since, Replicas: b.replicas(p), place: p,
		Template: PodTemplate{Containers: []Container{c}, RuntimeForm: drawForm(p.in("form"))},
	}
	switch draw := p.in("controller").below(100); {
	case draw < 62:
		w.Kind = Deployment
	case draw < 72:
		w.Kind = StatefulSet
	case draw < 77:
		w.Kind, w.Replicas = DaemonSet, k.nodes
	case draw < 87:
		w.Kind, w.Replicas, w.Schedule = CronJob, 1, "0 * * * *"
	case draw < 92:
		w.Kind, w.Replicas = Job, 1
	default:
		w.Kind, w.Replicas = BarePod, 1
	}
	b.drawPod(&w.Template, p.in("pod"))
	b.drawServiceAccount(w, p.in("account"))
	if w.Replicas > 0 && (w.Kind == Deployment || w.Kind == StatefulSet) {
		b.drawKubeReach(w, p.in("reach"))
	}
	b.addKube(w)
}

// drawForm draws how the runtime of the workload's nodes reports images.
func drawForm(p place) ImageIDForm {
	switch draw := p.below(100); {
	case draw < 85:
		return RepoDigest
	case draw < 91:
		return PullableDigest
	case draw < 96:
		return ManifestDigest
	}
	return ConfigDigest
}

// drawPod adds what some pods have besides their main container.
func (b *builder) drawPod(t *PodTemplate, p place) {
	if p.in("init").chance(20) {
		c := b.appContainer("batch-runner", 0)
		c.Name = "migrate"
		t.Init = append(t.Init, c)
	}
	if p.in("sidecar").chance(15) {
		t.Init = append(t.Init, Container{Name: "log-router", Image: fluentBit, Running: fluentBit.Content, Reference: fluentBit.Reference(), RestartAlways: true})
	}
	if p.in("cache").chance(15) {
		t.Containers = append(t.Containers, Container{Name: "cache", Image: redis, Running: redis.Content, Reference: "redis:7.2.3", Port: 6379})
	}
	if p.in("debug").chance(4) {
		t.Ephemeral = append(t.Ephemeral, Container{Name: "debugger-" + p.hex(5), Image: nginx, Running: nginx.Content, Reference: "nginx:1.25.3"})
	}
	t.HostNetwork = p.in("host-network").chance(2)
	t.HostPID = p.in("host-pid").chance(1)
	if p.in("host-path").chance(3) {
		t.HostPaths = []string{"/var/log"}
	}
	no, yes := false, true
	if p.in("escalation").chance(40) {
		t.Containers[0].AllowPrivilegeEscalation = &no
	}
	if p.in("non-root").chance(30) {
		t.Containers[0].RunAsNonRoot = &yes
	}
}

// drawServiceAccount gives some workloads a service account of their own, on
// EKS with a role by annotation or by a pod identity association.
func (b *builder) drawServiceAccount(w *KubeWorkload, p place) {
	w.Template.ServiceAccount = "default"
	if !p.chance(50) {
		return
	}
	role := ""
	if eks := b.Kubernetes; eks.Account != "" {
		name := eks.Name + "-" + w.Name
		switch draw := p.in("role").below(100); {
		case draw < 50:
			role = roleARN(eks.Account, name)
			b.addRole(p, name, b.webIdentityTrust(w.Namespace, w.Name))
		case draw < 70:
			b.addRole(p, name, serviceTrust("pods.eks.amazonaws.com"))
			eks.bindings = append(eks.bindings, PodIdentity{"a-" + p.in("binding").hex(17), w.Namespace, w.Name, roleARN(eks.Account, name)})
		}
	}
	w.Template.ServiceAccount = b.serviceAccount(w.Namespace, w.Name, role)
}

// Issuer returns the host and path of the OpenID Connect issuer of an EKS cluster.
func (k *KubeCluster) Issuer() string {
	return "oidc.eks." + k.Region + ".amazonaws.com/id/" + upperHex(k.place.in("issuer"), 32)
}

// webIdentityTrust returns the trust policy of a role for a service account.
func (b *builder) webIdentityTrust(namespace, account string) Document {
	issuer := b.Kubernetes.Issuer()
	return Document{"2012-10-17", []Statement{{
		Effect: "Allow", Action: []string{"sts:AssumeRoleWithWebIdentity"},
		Principal: map[string]string{"Federated": roleARN(b.Account.ID, "")[:len("arn:aws:iam::000000000000:")] + "oidc-provider/" + issuer},
		Condition: map[string]map[string]string{"StringEquals": {
			issuer + ":sub": "system:serviceaccount:" + namespace + ":" + account,
			issuer + ":aud": "sts.amazonaws.com",
		}},
	}}}
}

// drawKubeReach gives some workloads a service, and some of those an address
// on the internet.
func (b *builder) drawKubeReach(w *KubeWorkload, p place) {
	switch draw := p.below(100); {
	case draw < 8:
		b.loadBalancerService(w, p, false)
	case draw < 12:
		b.loadBalancerService(w, p, true)
	case draw < 22:
		b.ingress(w, p, false)
	case draw < 26:
		b.ingress(w, p, true)
	case draw < 70:
		b.service(w, p, "ClusterIP")
	}
}

// service adds a service before a workload.
func (b *builder) service(w *KubeWorkload, p place, kind string) *KubeService {
	k := b.Kubernetes
	k.services = append(k.services, KubeService{
		Namespace: w.Namespace, Name: w.Name, UID: p.in("service").uuid(), CreatedAt: w.CreatedAt, Type: kind,
		ClusterIP: fmt.Sprintf("172.20.%d.%d", len(k.services)/250, len(k.services)%250+2),
		Selector:  map[string]string{"app": w.Name}, Port: 80, TargetPort: w.Template.Containers[0].Port,
	})
	return &k.services[len(k.services)-1]
}

// loadBalancerService adds a service with a load balancer: of AWS on EKS, an
// address elsewhere.
func (b *builder) loadBalancerService(w *KubeWorkload, p place, internal bool) {
	s := b.service(w, p, "LoadBalancer")
	s.NodePort = 30000 + p.in("node-port").below(2768)
	w.Exposed = !internal || b.Kubernetes.node(0).ExternalIP != ""
	switch {
	case b.net != nil:
		scheme := "internet-facing"
		if internal {
			scheme = "internal"
		}
		s.Annotations = map[string]string{"service.beta.kubernetes.io/aws-load-balancer-scheme": scheme}
		s.Hostname = b.balancer(p, "a"+p.in("name").hex(31), "network", internal, nil, b.podTargets(w, p)).DNSName
	case internal:
		s.IP = fmt.Sprintf("10.200.0.%d", 1+p.below(250))
	default:
		s.IP = publicIP(p)
	}
}

// podTargets returns the target group in which the cluster registers pods.
func (b *builder) podTargets(w *KubeWorkload, p place) *TargetGroup {
	return b.targetGroup(p, "k8s-"+p.in("targets").hex(20), w.Template.Containers[0].Port, "ip")
}

// ingress adds an ingress and the service behind it.
func (b *builder) ingress(w *KubeWorkload, p place, internal bool) {
	s := b.service(w, p, "ClusterIP")
	in := KubeIngress{
		Namespace: w.Namespace, Name: w.Name, UID: p.in("ingress").uuid(), CreatedAt: w.CreatedAt, Class: "nginx",
		Host: w.Name + ".meridian.example", Service: s.Name, ServicePort: s.Port, Hostname: "edge." + b.Kubernetes.Name + ".meridian.example",
	}
	if b.net != nil {
		in.Class = "alb"
		scheme := "internet-facing"
		if internal {
			scheme = "internal"
		}
		in.Annotations = map[string]string{"alb.ingress.kubernetes.io/scheme": scheme, "alb.ingress.kubernetes.io/target-type": "ip"}
		group := b.net.group(p.in("ingress"), "k8s-"+w.Name, Ingress{Port: 443, CIDR: World})
		in.Hostname = b.balancer(p, "k8s-"+p.in("name").hex(20), "application", internal, group, b.podTargets(w, p)).DNSName
	} else if internal {
		in.Class, in.Hostname = "nginx-internal", ""
	}
	w.Exposed = !internal
	b.Kubernetes.ingresses = append(b.Kubernetes.ingresses, in)
}

// sort orders the lists as an API server does.
func (k *KubeCluster) sort() {
	slices.SortFunc(k.workloads, func(a, b *KubeWorkload) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(k.services, func(a, b KubeService) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(k.ingresses, func(a, b KubeIngress) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(k.accounts, func(a, b KubeServiceAccount) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
}
