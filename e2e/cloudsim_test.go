//go:build e2e

package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stowage-dev/stowage/e2e/rig/process"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// A simulation is a running cloudsim: what it prints when it is ready.
type simulation struct {
	RegistryURL   string            `json:"registry_url"`
	OSVURL        string            `json:"osv_url"`
	OSVEcosystems []string          `json:"osv_ecosystems"`
	KEVURL        string            `json:"kev_url"`
	ControlURL    string            `json:"control_url"`
	RoleName      string            `json:"role_name"`
	Env           map[string]string `json:"env"`

	// pid is that of its process.
	pid int
}

// everythingReadable leaves out the places of the simulated estate that cannot
// be read.
const everythingReadable = "--gaps=false"

// simulate starts cloudsim.
func simulate(t testing.TB, args ...string) *simulation {
	t.Helper()
	p := process.Start(t, exec.Command(filepath.Join(bin, "cloudsim"), append(args, "--state-dir", t.TempDir())...))
	line := p.Find(t, time.Minute, `(?m)^\{.*\}$`)
	s := &simulation{pid: p.PID()}
	if err := json.Unmarshal([]byte(line[0]), s); err != nil {
		t.Fatalf("cloudsim said %q: %v", line[0], err)
	}
	return s
}

// install returns an installation that collects the simulated organization and
// clusters into a database, once for each start of a worker.
func (s *simulation) install(t testing.TB, dsn string) *installation {
	t.Helper()
	i := install(t, "DATABASE_URL="+dsn,
		"STOWAGE_AWS_ENABLED=true", "STOWAGE_AWS_ORGANIZATION_ENABLED=true", "STOWAGE_AWS_ORGANIZATION_ROLE_NAME="+s.RoleName,
		"STOWAGE_KUBERNETES_CONTEXTS=*", "STOWAGE_REGISTRY_MIRRORS=*="+s.RegistryURL,
		"STOWAGE_COLLECT_EVERY=0", "STOWAGE_ADVISORIES_LOCATIONS="+s.OSVURL,
		"STOWAGE_ADVISORIES_ECOSYSTEMS="+strings.Join(s.OSVEcosystems, ","), "STOWAGE_ADVISORIES_KEV="+s.KEVURL)
	for name, value := range s.Env {
		i.set(name + "=" + value)
	}
	return i
}

// A rule is what goes wrong; see cmd/cloudsim.
type rule map[string]any

// fail puts rules in force instead of those that were.
func (s *simulation) fail(t *testing.T, rules ...rule) {
	t.Helper()
	body, err := json.Marshal(append([]rule{}, rules...))
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.Post(s.ControlURL+"/faults", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if answer, _ := io.ReadAll(r.Body); r.StatusCode != http.StatusNoContent {
		t.Fatalf("faults %s: %s %s", body, r.Status, answer)
	}
}

// A simulatedWorkload is what is true of a workload, as cloudsim tells and as
// the inventory should show.
type simulatedWorkload struct {
	Kind      string `json:"kind"`
	Account   string `json:"account"`
	Region    string `json:"region"`
	Cluster   string `json:"cluster"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Replicas  int    `json:"replicas"`
	// Role is the cloud role that the containers act as.
	Role string `json:"role"`
	// Exposed is what the inventory should show.
	Exposed    view.Exposed         `json:"-"`
	Containers []simulatedContainer `json:"containers"`
}

type simulatedContainer struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Image    string `json:"image"`
	Digest   string `json:"digest"`
	Replicas int    `json:"replicas"`
}

// kindsOfTruth are the kinds of the inventory.
var kindsOfTruth = map[string]string{
	"ecs.service": "aws.ecs.service", "ecs.task": "aws.ecs.task", "lambda.function": "aws.lambda.function",
	"Deployment": "kubernetes.apps.deployment", "DaemonSet": "kubernetes.apps.daemonset", "StatefulSet": "kubernetes.apps.statefulset",
	"ReplicaSet": "kubernetes.apps.replicaset", "ReplicationController": "kubernetes.core.replicationcontroller",
	"Job": "kubernetes.batch.job", "CronJob": "kubernetes.batch.cronjob", "Pod": "kubernetes.core.pod", "StaticPod": "kubernetes.core.pod",
	"Rollout": "kubernetes.argoproj.io.rollout",
}

// truth returns the workloads as the inventory should show them, in order.
func (s *simulation) truth(t *testing.T) []simulatedWorkload {
	t.Helper()
	r, err := http.Get(s.ControlURL + "/truth")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	byKey := map[string]*simulatedWorkload{}
	for d := json.NewDecoder(r.Body); ; {
		var told struct {
			simulatedWorkload
			Reached       bool `json:"exposed"`
			Hidden        bool `json:"hidden"`
			ExposedHidden bool `json:"exposed_hidden"`
		}
		err := d.Decode(&told)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if told.Hidden {
			continue
		}
		w := told.simulatedWorkload
		switch {
		case told.ExposedHidden:
			w.Exposed = view.ExposedUnknown
		case told.Reached:
			w.Exposed = view.ExposedYes
		default:
			w.Exposed = view.ExposedNo
		}
		kind, ok := kindsOfTruth[w.Kind]
		if !ok {
			t.Fatalf("cloudsim tells of the unknown kind %q", w.Kind)
		}
		w.Kind = kind
		for i := range w.Containers {
			if kind == "aws.lambda.function" {
				w.Containers[i].Name = w.Name // It has no name of its own.
			}
		}
		// A cluster of nobody's cloud account is an account of its own.
		w.Account, w.Region = cmp.Or(w.Account, w.Cluster), cmp.Or(w.Region, "global")
		// Stand-alone tasks that are alike are one workload.
		key := w.key()
		if kind == "aws.ecs.task" {
			key += w.Role
		}
		if have := byKey[key]; have != nil {
			have.add(w)
		} else {
			byKey[key] = &w
		}
	}
	var all []simulatedWorkload
	for _, w := range byKey {
		all = append(all, *w)
	}
	return ordered(all)
}

// key tells a workload apart.
func (w simulatedWorkload) key() string {
	return strings.Join([]string{w.Kind, w.Account, w.Region, w.Cluster, w.Namespace, w.Name}, " ")
}

// add adds the containers and replicas of a workload that is shown as one with w.
func (w *simulatedWorkload) add(other simulatedWorkload) {
	w.Replicas += other.Replicas
	if other.Exposed != view.ExposedNo {
		w.Exposed = other.Exposed
	}
	for _, c := range other.Containers {
		i := slices.IndexFunc(w.Containers, func(have simulatedContainer) bool {
			return have.Name == c.Name && have.Type == c.Type && have.Image == c.Image && have.Digest == c.Digest
		})
		if i < 0 {
			w.Containers = append(w.Containers, c)
			continue
		}
		w.Containers[i].Replicas += c.Replicas
	}
}

// shownWorkloads returns the inventory in the terms of the truth.
func shownWorkloads(details []view.WorkloadDetail) []simulatedWorkload {
	var all []simulatedWorkload
	for _, d := range details {
		w := simulatedWorkload{
			Kind: string(d.Kind), Account: d.Account, Region: d.Region, Cluster: d.Cluster, Namespace: d.Namespace, Name: d.Name,
			Replicas: d.Replicas, Exposed: d.Exposed,
		}
		switch f := factOf(d); {
		case d.Namespace != "":
			w.Role = f.CloudIdentity
		default:
			w.Role = f.Identity
		}
		for _, c := range d.Containers {
			typ := c.Type
			if typ == inventory.SidecarContainer && d.Namespace == "" {
				typ = inventory.MainContainer // The truth does not tell these apart.
			}
			w.Containers = append(w.Containers, simulatedContainer{c.Name, string(typ), c.Image, c.Digest, c.Replicas})
		}
		all = append(all, w)
	}
	return ordered(all)
}

// ordered sorts workloads and their containers.
func ordered(all []simulatedWorkload) []simulatedWorkload {
	for _, w := range all {
		slices.SortFunc(w.Containers, func(a, b simulatedContainer) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	slices.SortFunc(all, func(a, b simulatedWorkload) int { return strings.Compare(a.key()+a.Role, b.key()+b.Role) })
	return all
}
