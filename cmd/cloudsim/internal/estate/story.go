package estate

// storyWorkloads is how many workloads story adds.
const storyWorkloads = 11

// story adds the hand-written workloads of the first account and region: what
// a demonstration points at.
func (b *builder) story() {
	shop := b.cluster("shop")
	b.storefront(shop)
	b.cart(shop)
	b.storyService(shop, "checkout", b.appContainer("checkout", 1)) // asks for :latest
	b.payments(shop)
	b.auth(shop)
	b.legacyAdmin(shop)
	b.nightlyExport(shop)
	b.receipts()
	b.searchPods()
	b.debugPod()
	b.catalogPods()
}

// storefront is what everyone looks for: the internet reaches it, its image
// has a vulnerability that is being exploited, and its role reads the
// customers' data. The first step deploys the version without the flaw.
func (b *builder) storefront(c *ECSCluster) {
	svc := b.newStoryService(c, "storefront", b.appContainer("storefront", min(b.step, 1)), "FARGATE", "awsvpc")
	svc.Definition.Revision += min(b.step, 1)
	b.define(svc.Definition)
	bucket := arn("s3", "", "", customerBucket(b.Account.ID))
	svc.Definition.TaskRole = b.storyRole("storefront-task", serviceTrust("ecs-tasks.amazonaws.com"),
		allow([]string{"s3:GetObject", "s3:ListBucket"}, bucket, bucket+"/*"))
	svc.Desired = 3
	b.balance(svc, b.place.in("storefront"), 8080, false, World)
	b.addService(svc, b.place.in("storefront"))
}

// cart has a log router beside it and is reached through the storefront's side
// of the network only.
func (b *builder) cart(c *ECSCluster) {
	svc := b.newStoryService(c, "cart", b.appContainer("cart", 0), "FARGATE", "awsvpc")
	svc.Definition.Containers = append(svc.Definition.Containers, Container{
		Name: "log-router", Image: fluentBit, Running: fluentBit.Content, Reference: fluentBit.Reference(), LogRouter: true, User: "0",
	})
	b.balance(svc, b.place.in("cart"), 3000, true, "10.0.0.0/8")
	b.addService(svc, b.place.in("cart"))
}

// payments runs what its tag named when it was started: the tag has moved.
func (b *builder) payments(c *ECSCluster) {
	drifted := b.appContainer("payments", 0)
	drifted.Running = byContent["payments-1.8.3"]
	drifted.Secrets = map[string]string{"CARD_PROCESSOR_KEY": "card-processor"}
	svc := b.storyService(c, "payments", drifted)
	svc.Definition.TaskRole = b.storyRole("payments-task", serviceTrust("ecs-tasks.amazonaws.com"),
		allow([]string{"secretsmanager:GetSecretValue"}, b.arn("secretsmanager", "secret:card-processor-*")))
}

// auth runs privileged on machines of the account's own.
func (b *builder) auth(c *ECSCluster) {
	app := b.appContainer("auth", 0)
	app.Privileged = true
	svc := b.newStoryService(c, "auth", app, "EC2", "host")
	svc.Definition.HostPaths = []string{"/var/run/docker.sock"}
	svc.Definition.PIDMode = "host"
	svc.Group = b.net.group(b.place, "auth", Ingress{Port: 3000, CIDR: "10.0.0.0/8"})
	b.addService(svc, b.place.in("auth"))
}

// legacyAdmin has a public address, and its group admits everyone to port 22.
func (b *builder) legacyAdmin(c *ECSCluster) {
	svc := b.newStoryService(c, "legacy-admin", b.appContainer("legacy-admin", 0), "FARGATE", "awsvpc")
	svc.Desired, svc.AssignPublicIP, svc.Exposed = 1, true, true
	svc.Group = b.net.group(b.place, "legacy-admin", Ingress{Port: 22, CIDR: World})
	b.addService(svc, b.place.in("legacy-admin"))
}

// nightlyExport is a stand-alone task that got another role than its task
// definition names.
func (b *builder) nightlyExport(c *ECSCluster) {
	d := b.storyDefinition("nightly-export", b.appContainer("etl", 0), "awsvpc")
	d.TaskRole = roleARN(b.Account.ID, defaultRole)
	t := &ECSTask{
		Cluster: c, Definition: d, LaunchType: "FARGATE", StartedBy: "events-rule/nightly-export",
		RoleOverride: roleARN(b.Account.ID, dataReaderRole), StartedAt: timeOf(b.step), place: b.place.in("nightly-export").at(b.step),
	}
	b.addTask(t, b.net.Private[0], false, b.net.group(b.place, "nightly-export", Ingress{Port: 8080, CIDR: "10.0.0.0/8"}))
}

// receipts is a function that everyone can call.
func (b *builder) receipts() {
	a := lambdaApps[0]
	img := b.e.image(0, a, a.versions[0])
	c := Container{Name: a.name, Image: img, Running: img.Content, Reference: img.Reference()}
	b.addFunction(&Function{Name: "receipts", Image: &c, ModifiedAt: epoch, URLAuth: "NONE", PublicPolicy: true, Env: map[string]string{"SMTP_PASSWORD": "not-for-the-inventory"}}, b.place.in("receipts"))
}

// searchPods are reached from the internet and act as a role that reads the
// customers' data.
func (b *builder) searchPods() {
	const name = "search"
	bucket := arn("s3", "", "", customerBucket(b.Account.ID))
	role := b.storyRole("shop-eks-search", b.webIdentityTrust("shop", name), allow([]string{"s3:GetObject"}, bucket+"/*"))
	w := &KubeWorkload{
		Kind: Deployment, Namespace: "shop", Name: name, Replicas: 3, CreatedAt: epoch,
		Template: PodTemplate{ServiceAccount: b.serviceAccount("shop", name, role), Containers: []Container{b.appContainer(name, 0)}},
	}
	b.loadBalancerService(w, b.place.in("search-pods"), false)
	b.addKube(w)
}

// debugPod was started by hand, privileged, with the whole node mounted.
func (b *builder) debugPod() {
	c := b.appContainer("batch-runner", 0)
	c.Name, c.Privileged = "shell", true
	b.addKube(&KubeWorkload{
		Kind: BarePod, Namespace: "default", Name: "debug-shell", Replicas: 1, CreatedAt: epoch,
		Template: PodTemplate{ServiceAccount: "default", HostPID: true, HostIPC: true, HostNetwork: true, HostPaths: []string{"/"}, Containers: []Container{c}},
	})
}

// catalogPods are as they should be: pinned, restricted, not reachable.
func (b *builder) catalogPods() {
	yes, no := true, false
	c := b.appContainer("catalog", 0)
	c.Reference += "@" + c.runningDigest(b.e.digests)
	c.RunAsNonRoot, c.AllowPrivilegeEscalation, c.ReadOnlyRootFilesystem = &yes, &no, true
	c.DroppedCapabilities, c.HasProbe = []string{"ALL"}, true
	w := &KubeWorkload{
		Kind: Deployment, Namespace: "shop", Name: "catalog", Replicas: 2, CreatedAt: epoch,
		Template: PodTemplate{ServiceAccount: b.serviceAccount("shop", "catalog", ""), Containers: []Container{c}},
	}
	b.service(w, b.place.in("catalog-pods"), "ClusterIP")
	b.addKube(w)
}

// storyService adds a service that only the network's own addresses reach.
func (b *builder) storyService(c *ECSCluster, name string, container Container) *ECSService {
	svc := b.newStoryService(c, name, container, "FARGATE", "awsvpc")
	svc.Group = b.net.group(b.place, name, Ingress{Port: container.Port, CIDR: "10.0.0.0/8"})
	b.addService(svc, b.place.in(name))
	return svc
}

// newStoryService returns a service that is not added yet.
func (b *builder) newStoryService(c *ECSCluster, name string, container Container, launch, mode string) *ECSService {
	return &ECSService{
		Name: name, Cluster: c, LaunchType: launch, Definition: b.storyDefinition(name, container, mode), Desired: 2, CreatedAt: epoch, DeployedAt: epoch,
	}
}

// storyDefinition adds a task definition with one container.
func (b *builder) storyDefinition(family string, container Container, mode string) *TaskDefinition {
	d := &TaskDefinition{
		Family: family, Revision: 7, NetworkMode: mode, CPU: 512, Memory: 1024, Architecture: "X86_64",
		ExecutionRole: roleARN(b.Account.ID, executionRole), RegisteredAt: epoch, Containers: []Container{container},
	}
	b.define(d)
	return d
}

// storyRole adds a role with one inline policy and returns its ARN.
func (b *builder) storyRole(name string, trust Document, policy Document) string {
	b.Roles = append(b.Roles, Role{
		Name: name, ID: roleID(b.place.in(name)), Account: b.Account.ID, CreatedAt: epoch, Trust: trust,
		Inline: []NamedPolicy{{"access", policy}},
	})
	return roleARN(b.Account.ID, name)
}
