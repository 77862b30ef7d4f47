package web

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

const (
	account  = "111122223333"
	digestA  = "sha256:aaaa1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8"
	digestB  = "sha256:bbbb1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8"
	digestC  = "sha256:cccc1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8"
	digestD  = "sha256:dddd1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8"
	hostile  = `<script>alert("x")</script>`
	shopRef  = account + ".dkr.ecr.eu-west-1.amazonaws.com/shop/checkout:2.14.0"
	proxyRef = "public.ecr.aws/nginx/nginx:1.25"
	roleARN  = "arn:aws:iam::" + account + ":role/shop-checkout-task"
)

// now is when the fixed inventory was looked at last.
var now = time.Now().Truncate(time.Second)

// estate returns an inventory with something for every part of every page.
func estate() *fakeStore {
	f := &fakeStore{
		scopes:          estateScopes(),
		workloads:       []view.WorkloadDetail{checkout(), hostileWorkload(), ledger()},
		images:          estateImages(),
		vulnerabilities: estateVulnerabilities(),
	}
	for i := range 6 {
		w := ledger()
		w.Key, w.Name = fmt.Sprintf("batch%d", i), fmt.Sprintf("report-batch-%d", i)
		w.Score, w.Exposed, w.KEV, w.MaxSeverity, w.Critical = 40-i, view.ExposedNo, false, finding.Low, 0
		w.ExposureGap, w.Unknown = nil, 0
		f.workloads = append(f.workloads, w)
	}
	gone := ledger()
	gone.Key, gone.Name, gone.GoneAt, gone.ChangedAt = "4gone", "left-behind", now.Add(-time.Hour), now.AddDate(0, -1, 0)
	gone.Versions = []view.Version{{From: gone.ChangedAt, To: gone.GoneAt, Gone: true, Images: gone.Images, Replicas: 1}}
	f.workloads = append(f.workloads, gone)
	for i := range f.images {
		f.images[i].RunBy = []view.Workload{f.workloads[0].Workload, f.workloads[1].Workload}
	}
	f.vulnerabilities[0].RunBy = []view.Workload{f.workloads[0].Workload, f.workloads[1].Workload}
	f.unresolved = []view.UnresolvedContainer{
		{
			Workload: "1z141z3", Provider: inventory.AWS, Account: account, Region: "eu-west-1", Kind: "aws.ecs.service", Name: "checkout", Cluster: "shop",
			Exposed: view.ExposedYes, Container: "migrate", Type: inventory.InitContainer, Reference: "registry.internal/shop/migrate",
			Replicas: 6, Reason: "registry.internal did not answer " + hostile,
		},
		{Workload: "2hostile", Kind: "kubernetes.apps.deployment", Name: hostile, Container: hostile, Reference: hostile, Digest: digestD, Reason: "none fits"},
	}
	f.accounts = []view.Account{
		{
			Account: inventory.Account{Provider: inventory.AWS, ID: account, Name: "shop-production", Organization: "o-a1b2c3d4e5", Status: "ACTIVE"},
			Scopes:  map[inventory.Outcome]int{inventory.Complete: 14, inventory.Denied: 1, inventory.Throttled: 1, inventory.Pending: 1}, Workloads: 2,
			Exposed: 1, ExposureUnknown: 1, FirstSeen: now.AddDate(0, -2, 0), CompletedAt: now.Add(-26 * time.Hour),
		},
		{
			Account:   inventory.Account{Provider: inventory.Kubernetes, ID: "edge-" + hostile},
			Scopes:    map[inventory.Outcome]int{inventory.Unreachable: 1},
			FirstSeen: now.AddDate(0, 0, -2),
		},
	}
	f.status = view.Status{
		Accounts: 2, Scopes: map[inventory.Outcome]int{
			inventory.Complete: 14, inventory.Denied: 1, inventory.Throttled: 1, inventory.Pending: 1, inventory.Unreachable: 1,
		},
		Workloads: 9, Replicas: 1234, Exposed: 2, ExposureUnknown: 1, Images: map[string]int{"scanned": 1, "partial": 1, "failed": 1, "new": 1}, Unresolved: 1, Unmatched: 1,
		Packages:        421,
		Vulnerabilities: map[finding.Severity]int{finding.Critical: 12, finding.High: 84, finding.Medium: 310, finding.Low: 122, finding.Unknown: 4},
		KEV:             3, Advisories: 284512,
		Feeds: []view.Feed{
			{Source: "debian", Location: "https://osv.example/Debian/all.zip", Advisories: 48211, ImportedAt: now.Add(-2 * time.Hour), TriedAt: now.Add(-2 * time.Hour)},
			{
				Source: "kev", Location: "https://kev.example/kev.json", Advisories: 1402, ImportedAt: now.Add(-30 * time.Hour), TriedAt: now.Add(-2 * time.Hour),
				Error: "fetch https://kev.example/kev.json: 503 Service Unavailable",
			},
		},
		Queue: []view.Queue{
			{Kind: "collect", Waiting: 1, Running: 2},
			{Kind: "scan", Waiting: 3, Running: 1, Retrying: 1, Failed: 1, LastError: "pull " + proxyRef + ": 401 Unauthorized " + hostile},
		},
	}
	return f
}

func scope(region, collector string, outcome inventory.Outcome) view.Scope {
	s := view.Scope{
		ScopeKey:    inventory.ScopeKey{Provider: inventory.AWS, Account: account, Region: region, Collector: collector},
		ScopeResult: inventory.ScopeResult{Outcome: outcome}, Records: 12, TriedAt: now.Add(-4 * time.Minute), DurationMS: 1840,
	}
	if outcome == inventory.Complete {
		s.CompletedAt = s.TriedAt
	}
	return s
}

func estateScopes() []view.Scope {
	denied := scope("global", "iam", inventory.Denied)
	denied.Reason = "iam:GetAccountAuthorizationDetails denied in " + account
	denied.Permission, denied.Remedy = "iam:GetAccountAuthorizationDetails", "add iam:GetAccountAuthorizationDetails to the role that Stowage uses"
	denied.Records = 0
	throttled := scope("eu-west-1", "lambda", inventory.Throttled)
	throttled.Reason, throttled.CompletedAt, throttled.Stale = "lambda:ListFunctions was refused 9 times: Rate exceeded", now.Add(-26*time.Hour), true
	unreachable := scope("global", "kubernetes", inventory.Unreachable)
	unreachable.Provider, unreachable.Account, unreachable.Target = inventory.Kubernetes, "edge-"+hostile, hostile
	unreachable.Reason, unreachable.Remedy = "dial tcp 10.3.0.1:443: i/o timeout", "check the network path, DNS, proxy and CA certificates from here to the endpoint"
	empty := scope("eu-north-1", "ecs", inventory.Complete)
	empty.Records = 0
	scopes := []view.Scope{denied, throttled, unreachable, scope("eu-west-1", "ec2", inventory.Pending), empty}
	for _, region := range []string{"eu-central-1", "eu-west-1", "us-east-1"} {
		scopes = append(scopes, scope(region, "ecs", inventory.Complete), scope(region, "elbv2", inventory.Complete))
	}
	return scopes
}

// checkout is the workload with everything: exposed, exploited, two containers,
// an identity with policies, failed checks, a history.
func checkout() view.WorkloadDetail {
	nonRoot := false
	record := inventory.Workload{
		UID: "arn:aws:ecs:eu-west-1:" + account + ":service/shop/checkout", Kind: "aws.ecs.service", Name: "checkout", Cluster: "shop",
		LaunchType: "FARGATE", Replicas: 6, Identity: roleARN, ExecutionIdentity: "arn:aws:iam::" + account + ":role/ecs-execution",
		Network:   inventory.Network{Subnets: []string{"subnet-0a1b", "subnet-2c3d"}, SecurityGroups: []string{"sg-0f1e2d"}},
		Labels:    map[string]string{"team": "payments", "cost-center": "4711"},
		CreatedAt: now.AddDate(0, -8, 0),
		Containers: []inventory.Container{
			{
				Name: "app", Type: inventory.MainContainer, Image: shopRef, RuntimeImage: digestA, Digest: digestA, Architecture: "amd64", Replicas: 6,
				RunAsNonRoot: &nonRoot, AllowPrivilegeEscalation: &nonRoot, AddedCapabilities: []string{"NET_ADMIN"}, DroppedCapabilities: []string{"ALL"},
				Privileged: true, Ports: []inventory.Port{{Container: 8443, Protocol: "tcp"}}, EnvNames: []string{"DATABASE_HOST", "STRIPE_SECRET_KEY"},
				Secrets: []inventory.SecretRef{{Name: "DB_PASSWORD", From: "arn:aws:secretsmanager:eu-west-1:" + account + ":secret:shop/db"}},
			},
			{Name: "proxy", Type: inventory.SidecarContainer, Image: proxyRef, Digest: digestD, DigestKind: inventory.IndexDigest, Replicas: 6},
			{Name: "migrate", Type: inventory.InitContainer, Image: "registry.internal/shop/migrate", Replicas: 6},
		},
	}
	d := view.WorkloadDetail{
		Workload: view.Workload{
			Key: "1z141z3", UID: record.UID, Provider: inventory.AWS, Account: account, Region: "eu-west-1", Kind: record.Kind, Name: record.Name,
			Cluster: record.Cluster, Replicas: 6, Images: []string{shopRef, proxyRef, "registry.internal/shop/migrate"}, Identity: roleARN, Exposed: view.ExposedYes,
			MaxSeverity: finding.Critical, Critical: 4, High: 31, KEV: true, FailedChecks: 3, Score: 765, FirstSeen: now.AddDate(0, -8, 0),
			ChangedAt: now.Add(-3 * time.Hour), LastSeen: now.Add(-4 * time.Minute), Outcome: inventory.Complete,
		},
		Record: record,
		Containers: []view.Container{
			{
				Container: record.Containers[0], ImageDigest: digestA, ScanState: "scanned", MaxSeverity: finding.Critical, Critical: 4, High: 31, KEV: 1,
				TagDigest: digestC, Drift: true,
			},
			{Container: record.Containers[1], ImageDigest: digestB, ScanState: "failed"},
			{Container: record.Containers[2], Unresolved: "registry.internal: no such host"},
		},
		IdentityRecord: &inventory.Identity{
			UID: roleARN, Kind: "aws.iam.role", Name: "shop-checkout-task", Boundary: "arn:aws:iam::" + account + ":policy/boundary",
			Trust:    json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
			Inline:   []inventory.Policy{{Name: "orders", Document: json.RawMessage(`{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`)}},
			Attached: []string{"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}, Tags: map[string]string{"team": "payments"},
		},
		Exposures: []inventory.Exposure{{
			Workload: record.UID, Via: "aws.elbv2.load_balancer", Address: "shop-1234567890.eu-west-1.elb.amazonaws.com", Ports: []int{80, 443},
			Evidence: []inventory.Evidence{
				{Kind: "aws.elbv2.load_balancer", UID: "arn:aws:elasticloadbalancing:eu-west-1:" + account + ":loadbalancer/app/shop/50dc6c495c0c9188", Detail: "application load balancer shop is internet-facing"},
				{Kind: "aws.ec2.security_group", UID: "sg-0f1e2d", Detail: "allows 0.0.0.0/0 to port 443"},
				{Kind: "aws.elbv2.listener", UID: "arn:aws:elasticloadbalancing:eu-west-1:" + account + ":listener/app/shop/1/2", Detail: "listener HTTPS 443 forwards to target group checkout"},
			},
		}},
		Checks: []view.WorkloadCheck{
			{Check: "workload/container-privileged", Container: "app", Severity: finding.High, Detail: "The container is privileged."},
			{Check: "workload/root-filesystem-writable", Container: "app", Severity: finding.Low, Detail: "The root file system is writable."},
			{Check: "workload/root-filesystem-writable", Container: "proxy", Severity: finding.Low, Detail: "The root file system is writable."},
			{Check: "workload/of-a-newer-version", Severity: finding.Medium, Detail: "Nobody here knows this check."},
		},
		ScoreTerms: []view.ScoreTerm{{Name: "highest severity critical", Points: 300}, {Name: "known exploited vulnerability", Points: 250}, {Name: "reachable from the internet", Points: 200}, {Name: "failed configuration checks", Points: 15}},
		Versions: []view.Version{
			{From: now.Add(-3 * time.Hour), Images: []string{shopRef}, Replicas: 6},
			{From: now.AddDate(0, -1, 0), To: now.Add(-3 * time.Hour), Images: []string{strings.Replace(shopRef, "2.14.0", "2.13.2", 1)}, Replicas: 4},
			{From: now.AddDate(0, -8, 0), To: now.AddDate(0, -2, 0), Gone: true, Images: []string{strings.Replace(shopRef, "2.14.0", "2.9.0", 1)}, Replicas: 4},
		},
		Scope: scope("eu-west-1", "ecs", inventory.Complete),
	}
	return d
}

// hostileWorkload has names that try to leave their place.
func hostileWorkload() view.WorkloadDetail {
	d := checkout()
	d.Key, d.Name, d.UID = "2hostile", hostile, `" onmouseover="alert(1)`
	d.Kind, d.Cluster, d.Namespace = "kubernetes.apps.deployment", `javascript:alert(1)`, `'"><img src=x onerror=alert(1)>`
	d.Account, d.Region, d.Score, d.Provider = "edge-"+hostile, `eu"west'1`, 500, inventory.Kubernetes
	d.Images = []string{`javascript:alert(1)//` + strings.Repeat("very-long-", 30)}
	d.Record.Labels = map[string]string{hostile: hostile}
	d.Identity = "kubernetes:edge/serviceaccounts/" + hostile
	d.Containers[0].Image, d.Containers[0].Name = d.Images[0], hostile
	d.Containers[2].Unresolved = hostile
	d.IdentityRecord = &inventory.Identity{UID: d.Identity, Kind: "kubernetes.core.serviceaccount", Name: hostile, Namespace: "x", CloudIdentity: roleARN}
	d.CloudIdentity = &inventory.Identity{UID: roleARN, Kind: "aws.iam.role", Name: "edge-role", Trust: json.RawMessage(`not json </script>` + hostile)}
	d.Exposures = []inventory.Exposure{
		{Via: "kubernetes.networking.ingress", Address: `javascript:alert(1)`, Evidence: []inventory.Evidence{{Kind: "x", UID: hostile, Detail: hostile}}},
		{Via: "kubernetes.core.service", Address: "203.0.113.7", Ports: []int{22}},
	}
	d.Checks = []view.WorkloadCheck{{Check: hostile, Container: hostile, Severity: finding.Severity(9), Detail: hostile}}
	d.Scope = scope("global", "kubernetes", inventory.Unreachable)
	d.Scope.Reason, d.Scope.CompletedAt, d.Outcome, d.LastSeen = "dial tcp 10.3.0.1:443: i/o timeout "+hostile, now.Add(-50*time.Hour), inventory.Unreachable, now.Add(-50*time.Hour)
	return d
}

// ledger is a workload about which little is known.
func ledger() view.WorkloadDetail {
	c := inventory.Container{Name: "ledger", Type: inventory.MainContainer, Image: "ghcr.io/shop/ledger@" + digestD, Digest: digestD, Replicas: 1}
	return view.WorkloadDetail{
		Workload: view.Workload{
			Key: "3ledger", UID: "arn:aws:lambda:eu-west-1:" + account + ":function:ledger", Provider: inventory.AWS, Account: account, Region: "eu-west-1",
			Kind: "aws.lambda.function", Name: "ledger", Images: []string{c.Image}, Identity: "arn:aws:iam::" + account + ":role/ledger",
			FirstSeen: now.AddDate(0, 0, -3), ChangedAt: now.AddDate(0, 0, -3), Outcome: inventory.Throttled, LastSeen: now.Add(-26 * time.Hour),
			Exposed: view.ExposedUnknown, ExposureGap: &view.Gap{ScopeKey: estateScopes()[1].ScopeKey, ScopeResult: estateScopes()[1].ScopeResult},
			Unknown: 3,
		},
		Record:     inventory.Workload{Containers: []inventory.Container{c}},
		Containers: []view.Container{{Container: c, ImageDigest: digestD, ScanState: "new"}},
		Scope:      estateScopes()[1],
	}
}

func estateImages() []view.ImageDetail {
	a := view.ImageDetail{
		Image: view.Image{
			Digest: digestA, References: []string{shopRef, shopRef + "-rc1"}, Platform: "linux/amd64", Size: 187_300_412, CreatedAt: now.AddDate(0, 0, -9),
			FirstSeen: now.AddDate(0, 0, -8), ScanState: "scanned", ScannedAt: now.Add(-5 * time.Hour), Distribution: "Debian 12", Packages: 421,
			MaxSeverity: finding.Critical, Critical: 4, High: 31, Medium: 120, Low: 44, Unknown: 7, KEV: 1, FailedChecks: 2, Workloads: 2,
		},
		MediaType: "application/vnd.oci.image.manifest.v1+json", ConfigDigest: digestC,
		Config: image.Config{
			User: "", EnvNames: []string{"PATH", "NODE_VERSION"}, ExposedPorts: []string{"8443/tcp"}, Entrypoint: []string{"node"}, Cmd: []string{"server.js"},
			WorkingDir: "/srv/app", Labels: map[string]string{"org.opencontainers.image.source": "https://git.example/shop/checkout", hostile: hostile},
		},
		Layers: []image.Layer{
			{Digest: digestB, Size: 49_000_000, CreatedBy: "ADD rootfs.tar.xz / # buildkit"},
			{Digest: digestC, Size: 110_000_000, CreatedBy: "RUN /bin/sh -c apt-get update && apt-get install -y openssl curl ca-certificates && rm -rf /var/lib/apt/lists/* # buildkit"},
			{Digest: digestD, Size: 28_300_412, CreatedBy: "COPY " + hostile + " /srv/app # buildkit"},
		},
		OS: &image.Distribution{ID: "debian", Version: "12", Name: "Debian GNU/Linux 12 (bookworm)"},
		Vulnerabilities: []finding.VulnerabilityFinding{
			{Vulnerability: "CVE-2021-44228", Advisory: "GHSA-jfh8-c2jp-5v3q", Summary: "Remote code injection in Log4j", Severity: finding.Critical, KEV: true, Ecosystem: "Maven", Package: "org.apache.logging.log4j:log4j-core", Version: "2.14.1", Fixed: "2.15.0", Path: "srv/app/lib/log4j-core-2.14.1.jar", Layer: 2},
			{Vulnerability: "CVE-2023-4911", Advisory: "DSA-5514-1", Summary: "glibc: local privilege escalation in the dynamic loader", Severity: finding.High, KEV: true, Ecosystem: "Debian:12", Package: "libc6", Version: "2.36-9+deb12u1", Fixed: "2.36-9+deb12u3", Path: "var/lib/dpkg/status", Layer: 0},
			{Vulnerability: "CVE-2024-0001", Summary: hostile, Severity: finding.Unknown, Ecosystem: "npm", Package: `"><b>`, Version: "1.0.0", Layer: -1},
		},
		Checks: []finding.CheckFinding{
			{Check: "image/user-root", Severity: finding.Medium, Detail: "The image sets no user, which means root.", Layer: -1},
			{Check: "image/file-setuid", Severity: finding.Low, Detail: "Setuid root.", Path: "usr/local/bin/helper", Layer: 2},
			{Check: "image/label-missing", Severity: finding.Informational, Detail: "The labels lack all.", Layer: -1},
		},
		Referrers: &image.Referrers{Items: []image.Referrer{
			{Kind: image.Signature, ArtifactType: hostile, Digest: digestC, Size: 1200, Place: image.InCosignTag, Subject: digestB},
			{Kind: image.Provenance, PredicateType: "https://slsa.dev/provenance/v1", Digest: digestD, Size: 900, Place: image.InIndex, Subject: digestA},
		}},
		Base: &view.Base{
			Base:  image.Base{Name: "docker.io/library/debian:12", Digest: digestB, Layers: 1, Evidence: image.BaseByClaim},
			Newer: digestD, NewerState: "scanned", FromBase: 2, Added: 1, Fixes: []string{"CVE-2021-44228"}, TagProblem: hostile,
		},
	}
	for i := range 250 {
		a.PackageList = append(a.PackageList, image.Package{Ecosystem: "Debian:12", Name: fmt.Sprintf("libexample%d", i%10), Version: fmt.Sprintf("1.2.3-%d+deb12u1", i), Source: "example", Path: "var/lib/dpkg/status", Layer: i % 2})
	}
	a.PackageList = append(a.PackageList, image.Package{Ecosystem: "npm", Name: "express", Version: "4.17.1", Path: "srv/app/node_modules/express/package.json", Layer: 2})
	b := view.ImageDetail{Image: view.Image{
		Digest: digestB, References: []string{proxyRef}, FirstSeen: now.AddDate(0, 0, -8), ScanState: "failed", ScannedAt: now.Add(-time.Hour),
		ScanError: "pull " + proxyRef + ": 401 Unauthorized: give Stowage credentials for public.ecr.aws " + hostile, Workloads: 2,
	}}
	c := view.ImageDetail{
		Image: view.Image{
			Digest: digestC, References: []string{hostile}, Platform: "linux/arm64", Size: 8_100_000, FirstSeen: now.AddDate(0, 0, -1), ScanState: "partial",
			ScanError: "layer 3 is larger than 4 GB", ScannedAt: now, Packages: 3, MaxSeverity: finding.Medium, Medium: 1, Workloads: 1,
		}, ConfigDigest: digestA, Unmatched: "no advisories are published for Amazon Linux 2023 in the OSV format",
		Referrers: &image.Referrers{Problem: "ghcr.io/shop/ledger: denied"},
		Base:      &view.Base{Base: image.Base{Name: hostile, Evidence: image.BaseUnverified, Problem: "the registry " + hostile + " is not asked"}},
	}
	d := view.ImageDetail{Image: view.Image{Digest: digestD, FirstSeen: now, ScanState: "new", Workloads: 1}}
	return []view.ImageDetail{a, b, c, d}
}

func estateVulnerabilities() []view.VulnerabilityDetail {
	return []view.VulnerabilityDetail{
		{
			Vulnerability: view.Vulnerability{ID: "CVE-2021-44228", Summary: "Remote code injection in Log4j", Severity: finding.Critical, Score: 10, KEV: true, Images: 1, Workloads: 2, Exposed: 1},
			Aliases:       []string{"GHSA-jfh8-c2jp-5v3q"}, Published: time.Date(2021, 12, 10, 0, 0, 0, 0, time.UTC), KEVAdded: time.Date(2021, 12, 10, 0, 0, 0, 0, time.UTC),
			Advisories: []view.Advisory{{ID: "GHSA-jfh8-c2jp-5v3q", Source: "Maven", Severity: finding.Critical, Summary: "Remote code injection in Log4j", Modified: now.AddDate(-1, 0, 0)}},
			Packages:   []view.AffectedPackage{{Ecosystem: "Maven", Name: "org.apache.logging.log4j:log4j-core", Version: "2.14.1", Fixed: "2.15.0", Images: 1}},
		},
		{Vulnerability: view.Vulnerability{ID: "CVE-2023-4911", Summary: "glibc: local privilege escalation in the dynamic loader", Severity: finding.High, Score: 7.8, KEV: true, Images: 1, Workloads: 2, Exposed: 1}},
		{Vulnerability: view.Vulnerability{ID: "CVE-2024-0001", Summary: hostile, Images: 1, Workloads: 1}},
		{Vulnerability: view.Vulnerability{ID: `ODD/../"><script>` + "?x#y", Severity: finding.Low, Images: 1, Workloads: 1}},
		{Vulnerability: view.Vulnerability{ID: "GO-2024-2687", Severity: finding.Medium, Score: 5.3, Images: 1, Workloads: 1}},
	}
}
