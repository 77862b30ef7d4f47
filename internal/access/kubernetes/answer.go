package kubernetes

import (
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/workload"
)

// An answer is what has been found out about one pod so far.
type answer struct {
	pod     *Pod
	node    *Node
	account *ServiceAccount
	sources []source
	found   []workload.Identity
	broken  []workload.BrokenLink
}

// A source is where the libraries of clouds look in one container, by the
// names of its environment variables.
type source struct {
	container *Container
	static    []workload.StaticKey
	// env are the names of all variables that are known.
	env []string
	// unread are Secrets and ConfigMaps whose keys are variables, too.
	unread []string
}

// sources reads the environment of the containers of a pod.
func (r *Resolver) sources(p *Pod) []source {
	found := make([]source, len(p.Containers))
	for i := range p.Containers {
		s := &found[i]
		s.container = &p.Containers[i]
		for _, e := range s.container.Env {
			if e.Secret != nil {
				switch there := r.exists(p, e.Secret.Name, []string{e.Secret.Key}, e.Secret.Optional); {
				case there.IsFalse():
					continue
				case !there.IsTrue():
					s.unread = append(s.unread, e.Secret.Name)
					continue
				}
			}
			s.env = append(s.env, e.Name)
		}
		for _, f := range s.container.EnvFrom {
			secret := r.secrets[secretKey{p.Namespace, f.Secret}]
			if f.Secret != "" && secret == nil && r.cluster.SecretsMissing == "" {
				continue // it does not exist
			}
			if secret == nil || secret.Keys == nil {
				s.unread = append(s.unread, f.Secret+f.ConfigMap)
				continue
			}
			for _, key := range secret.Keys {
				s.env = append(s.env, f.Prefix+key)
			}
		}
		s.static = workload.KeysIn(s.env)
	}
	return found
}

// has reports whether a variable is set.
func (s *source) has(names ...string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(s.env, n) })
}

// overridden reports whether a static key comes before everything else.
func (s *source) overridden(c workload.Cloud) bool {
	return slices.ContainsFunc(s.static, func(k workload.StaticKey) bool { return k.Cloud == c })
}

// staticKeys adds the long-lived keys in environments.
func (a *answer) staticKeys() {
	for _, s := range a.sources {
		for _, k := range s.static {
			a.add(k.Identity(s.container.Name, ""))
		}
	}
}

// add keeps an identity that the pod can have. What cannot be is left out.
func (a *answer) add(id workload.Identity) {
	if id.Formula.IsFalse() {
		return
	}
	a.found = append(a.found, id)
}

// breakLink keeps a broken link.
func (a *answer) breakLink(b workload.BrokenLink) { a.broken = append(a.broken, b) }

// addRanked adds an identity for some containers: as the primary one of those
// whose libraries look there first, and as a reachable one of those with a
// static key.
func (a *answer) addRanked(id workload.Identity, containers []string) {
	var primary, reachable []string
	for _, s := range a.sources {
		name := s.container.Name
		switch {
		case !slices.Contains(containers, name):
		case s.overridden(id.Cloud):
			reachable = append(reachable, name)
		default:
			primary = append(primary, name)
		}
	}
	if len(primary) > 0 {
		id.Rank, id.Containers = workload.Primary, a.all(primary)
		first := id
		first.Reason += a.unread(primary)
		a.add(first)
	}
	if len(reachable) > 0 {
		id.Rank, id.Containers = workload.Reachable, a.all(reachable)
		id.Reason += "; the libraries pick the static key of the container"
		a.add(id)
	}
}

// all returns nil for a list of all containers.
func (a *answer) all(containers []string) []string {
	if len(containers) == len(a.sources) {
		return nil
	}
	return containers
}

// unread says which parts of the environment of containers are not known.
func (a *answer) unread(containers []string) string {
	var names []string
	for _, s := range a.sources {
		if slices.Contains(containers, s.container.Name) {
			names = append(names, s.unread...)
		}
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return ", unless there is a static key in " + strings.Join(slices.Compact(names), ", ")
}

// has reports whether an identity was found by some way already.
func (a *answer) has(id string, how workload.How) bool {
	return slices.ContainsFunc(a.found, func(f workload.Identity) bool { return f.ID == id && f.How == how })
}

// place returns where the pod is in its node.
func (a *answer) place() workload.Place {
	return workload.Place{Host: a.pod.host() != "", Firewall: a.node.Firewall}
}

// machine names the node.
func (a *answer) machine() string {
	if a.node.Name == "" {
		return "the node"
	}
	return "node " + a.node.Name
}

// missing is the formula of a part of the cluster that could not be read.
func missing(what, why string) access.Formula { return access.Missing(what + ": " + why) }
