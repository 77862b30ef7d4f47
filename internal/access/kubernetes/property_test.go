package kubernetes

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
	"github.com/stowage-dev/stowage/internal/access/workload"
)

// A world is a cluster, a pod and a node that are completely known, and what
// may be hidden of them.
type world struct {
	cluster func() Cluster // makes a new one each time
	pod     Pod
	node    func() Node
	hide    []func(*Cluster, *Node)
}

// TestUnknownNeverRounds hides parts of random clusters. What is plain all the
// same has to be so in the whole cluster too, and what can be in the whole
// cluster must not have gone.
func TestUnknownNeverRounds(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	next := chooser(r.IntN)
	plain, unknown := 0, 0
	for round := range 3_000 {
		w := one(next, []func(*testing.T, chooser) world{eksWorld, aksWorld, gkeWorld})(t, next)
		whole := NewResolver(w.cluster()).Identities(w.pod, w.node())
		c, n := w.cluster(), w.node()
		for _, hide := range w.hide {
			if next(3) == 0 {
				hide(&c, &n)
			}
		}
		part := NewResolver(c).Identities(w.pod, n)
		for _, id := range whole.Found {
			if !covered(part, id) {
				t.Fatalf("round %d: %s %s (%v) is gone when parts are hidden: %v", round, id.How, id.ID, id.Formula, lines(part))
			}
		}
		for _, id := range part.Found {
			if !id.Formula.IsTrue() {
				unknown++
				continue
			}
			plain++
			if !slices.ContainsFunc(whole.Found, func(o workload.Identity) bool {
				return o.ID == id.ID && o.How == id.How && o.Formula.IsTrue()
			}) {
				t.Fatalf("round %d: %s %s is plain when parts are hidden, but not in the whole: %v", round, id.How, id.ID, lines(whole))
			}
		}
	}
	if plain < 500 || unknown < 500 {
		t.Errorf("%d plain and %d unknown identities: the random clusters test little", plain, unknown)
	}
}

// covered reports whether an answer has an identity by the same way, or says
// that some identity by that way is unknown.
func covered(as Identities, id workload.Identity) bool {
	return slices.ContainsFunc(as.Found, func(o workload.Identity) bool {
		if o.How != id.How {
			return false
		}
		// An identity whose object id could not be read is called by another.
		return o.ID == id.ID || o.Formula.Verdict() == access.Unknown
	})
}

// eksWorld makes a cluster of EKS.
func eksWorld(t *testing.T, next chooser) world {
	trusts := []string{
		federated(oidc, subject("StringEquals", "system:serviceaccount:prod:app")),
		federated(oidc, subject("StringLike", "system:serviceaccount:prod:*")),
		federated(oidc, subject("StringEquals", "system:serviceaccount:dev:app")),
		federated(otherOIDC, ""),
		trustsPodIdentity(""),
		trustsPodIdentity(`"StringEquals": {"aws:RequestTag/kubernetes-namespace": "dev"}`),
	}
	one1, one2 := one(next, trusts), one(next, trusts)
	annotated, association, agent, registered := next(2) == 0, next(2) == 0, next(3) > 0, next(3) > 0
	instance := workload.Instance{
		ID: "i-1", Role: one(next, []string{"", nodes}), Endpoint: one(next, []string{"enabled", "disabled"}),
		Tokens: one(next, []string{"optional", "required"}), HopLimit: 1 + next(2),
	}
	firewall := one(next, []workload.Firewall{workload.Open, workload.Blocks})
	p := one(next, []func() Pod{pod2, irsaPod, podIdentityPod, template, func() Pod { return hostNetwork(irsaPod()) }})()
	return world{
		pod: p,
		cluster: func() Cluster {
			c := eks(t, one1, withRole(workload.Role{ARN: other, Trust: policies(t, one2)}))
			if !annotated {
				withoutAnnotation(&c)
			}
			if association {
				associated(Association{RoleARN: other})(&c)
			}
			c.EKS.Agent = &agent
			if !registered {
				c.EKS.Providers = nil
			}
			return c
		},
		node: func() Node { i := instance; return Node{Name: "n1", Instance: &i, Firewall: firewall} },
		hide: []func(*Cluster, *Node){
			func(c *Cluster, _ *Node) { c.Accounts, c.AccountsMissing = nil, "hidden" },
			func(c *Cluster, _ *Node) { c.EKS.Agent = nil },
			func(c *Cluster, _ *Node) { c.EKS.Providers, c.EKS.ProvidersMissing = nil, "hidden" },
			func(c *Cluster, _ *Node) { c.EKS.Associations, c.EKS.AssociationsMissing = nil, "hidden" },
			func(c *Cluster, _ *Node) { c.EKS.Roles, c.EKS.RolesMissing = nil, "hidden" },
			func(c *Cluster, _ *Node) {
				if len(c.EKS.Roles) > 0 {
					c.EKS.Roles[0].Trust = awsiam.PolicySet{Missing: "hidden"}
				}
			},
			func(_ *Cluster, n *Node) { n.Instance = nil },
			func(_ *Cluster, n *Node) { n.Firewall = workload.UnknownFirewall },
		},
	}
}

func pod2() Pod { return pod() }

// aksWorld makes a cluster of AKS.
func aksWorld(_ *testing.T, next chooser) world {
	annotated, binds, rbac, restricts, credited := next(2) == 0, next(2) == 0, next(2) == 0, next(2) == 0, next(3)
	p := one(next, []func() Pod{
		pod2, template, labelled, func() Pod { return withBinding(labelled()) }, func() Pod { return pod(envAzureClient, envAzureTokenFile) },
		func() Pod { return hostNetwork(pod()) },
	})()
	return world{
		pod: p,
		cluster: func() Cluster {
			c := aks()
			if !annotated {
				c.Accounts[0].Annotations = nil
			}
			if binds {
				binding()(&c)
			}
			if rbac {
				usable(&c)
			}
			c.AKS.RestrictsIMDS = &restricts
			for i := range credited {
				c.AKS.Credentials = append(c.AKS.Credentials, credential([]workload.ManagedIdentity{identityA, identityB}[i]))
			}
			return c
		},
		node: func() Node {
			return Node{Name: "n1", Firewall: workload.Open, ScaleSet: &ScaleSet{Name: "vmss", Identities: []workload.ManagedIdentity{identityB}}}
		},
		hide: []func(*Cluster, *Node){
			func(c *Cluster, _ *Node) { c.Accounts, c.AccountsMissing = nil, "hidden" },
			func(c *Cluster, _ *Node) { c.AKS.Credentials, c.AKS.CredentialsMissing = nil, "hidden" },
			func(c *Cluster, _ *Node) { c.AKS.Bindings, c.AKS.BindingsMissing = nil, "hidden" },
			func(c *Cluster, _ *Node) { c.RBAC = RBAC{Missing: "hidden"} },
			func(c *Cluster, _ *Node) { c.AKS.RestrictsIMDS = nil },
			func(_ *Cluster, n *Node) { n.ScaleSet = nil },
			func(_ *Cluster, n *Node) { n.Firewall = workload.UnknownFirewall },
		},
	}
}

// gkeWorld makes a cluster of GKE.
func gkeWorld(_ *testing.T, next chooser) world {
	annotation := one(next, []string{"", gsa})
	permitted := next(2) == 0
	mode := one(next, []string{"GKE_METADATA", "GCE_METADATA"})
	p := one(next, []func() Pod{pod2, func() Pod { return hostNetwork(pod()) }, func() Pod { return privileged(pod()) }})()
	return world{
		pod: p,
		cluster: func() Cluster {
			if permitted {
				return gke(annotation, ksa)
			}
			return gke(annotation)
		},
		node: func() Node { return google(mode) },
		hide: []func(*Cluster, *Node){
			func(c *Cluster, _ *Node) { c.Accounts, c.AccountsMissing = nil, "hidden" },
			func(c *Cluster, _ *Node) { c.GKE.Permitted = nil },
			func(_ *Cluster, n *Node) { n.Google = nil },
			func(_ *Cluster, n *Node) { n.Google = &GoogleNode{Missing: "hidden"} },
			func(_ *Cluster, n *Node) { n.Firewall = workload.UnknownFirewall },
		},
	}
}

// One resolver answers for many at a time.
func TestResolverIsShared(t *testing.T) {
	t.Parallel()
	c := eks(t, federated(oidc, subject("StringLike", "system:serviceaccount:prod:*")))
	c.RBAC = bound("ClusterRole", "", app, rule("*", "*"))
	r := NewResolver(c)
	want := lines(r.Identities(irsaPod(), closed))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if diff := cmp.Diff(want, lines(r.Identities(irsaPod(), closed))); diff != "" {
				t.Errorf("identities mismatch (-want +got):\n%s", diff)
			}
			r.Secrets(template())
			r.Edges(nil)
		})
	}
	group.Wait()
}

// BenchmarkIdentities is of a pod in an account with many roles, each for a
// service account of its own.
func BenchmarkIdentities(b *testing.B) {
	c := Cluster{EKS: &EKS{
		Name: "shop", ARN: clusterARN, Issuer: "https://" + oidc, Agent: yes(),
		Providers: []Provider{{ARN: "arn:aws:iam::111122223333:oidc-provider/" + oidc}},
	}}
	for i := range 5_000 {
		name := fmt.Sprintf("app-%d", i)
		document, err := awsiam.Parse([]byte(federated(oidc, subject("StringEquals", "system:serviceaccount:prod:"+name))))
		if err != nil {
			b.Fatal(err)
		}
		arn := "arn:aws:iam::111122223333:role/" + name
		c.Accounts = append(c.Accounts, ServiceAccount{Account: Account{"prod", name}, Annotations: map[string]string{annotationRole: arn}})
		c.EKS.Roles = append(c.EKS.Roles, workload.Role{
			ARN: arn, Trust: awsiam.PolicySet{Policies: []awsiam.Policy{{Name: name, Document: document}}},
		})
	}
	r := NewResolver(c)
	p := irsaPod()
	p.ServiceAccount = "app-4711"
	for b.Loop() {
		if as := r.Identities(p, closed); len(as.Found) != 1 {
			b.Fatalf("identities: %v", lines(as))
		}
	}
}
