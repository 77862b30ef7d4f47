package postgres_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

func TestFindWorkload(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	blue, green := workload(1), workload(2)
	blue.Name, green.Name = "cart", "cart"
	green.Cluster, green.Namespace = "green", "shop"
	collect(t, db, complete, blue, green, workload(3))
	key := func(name string) string {
		d, err := db.Reader(tenant).Workload(t.Context(), name, time.Time{})
		if err != nil {
			t.Fatalf("workload %s: %v", name, err)
		}
		return d.UID
	}
	for name, want := range map[string]string{
		"service-3": workload(3).UID, "shop/service-3": workload(3).UID, workload(3).UID: workload(3).UID,
		"green/shop/cart": green.UID, "green/cart": green.UID,
	} {
		if got := key(name); got != want {
			t.Errorf("workload %s = %s, want %s", name, got, want)
		}
	}
	// A namespace of one and a cluster of the other.
	for _, name := range []string{"cart", "shop/cart"} {
		_, err := db.Reader(tenant).Workload(t.Context(), name, time.Time{})
		ambiguous, ok := errors.AsType[*view.AmbiguousError](err)
		if !ok || len(ambiguous.Candidates) != 2 || ambiguous.More {
			t.Fatalf("workload %s: %v, want two candidates", name, err)
		}
		if a, b := key(ambiguous.Candidates[0].Key), key(ambiguous.Candidates[1].Key); a == b {
			t.Errorf("both candidates are %s", a)
		}
	}
	for _, name := range []string{"nope", "service", "SERVICE-3", "x/service-3", "/service-3", "", "%", "a\x00b"} {
		_, err := db.Reader(tenant).Workload(t.Context(), name, time.Time{})
		if !errors.Is(err, view.ErrNotFound) || !strings.Contains(err.Error(), "stowage workloads --name") {
			t.Errorf("workload %q: %v, want not found and what to do", name, err)
		}
	}
}

func TestFindManyOfAName(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	var all []inventory.Record
	for n := range view.MaxCandidates + 2 {
		w := workload(n)
		w.Name = "same"
		all = append(all, w)
	}
	collect(t, db, complete, all...)
	_, err := db.Reader(tenant).Workload(t.Context(), "same", time.Time{})
	ambiguous, ok := errors.AsType[*view.AmbiguousError](err)
	if !ok || len(ambiguous.Candidates) != view.MaxCandidates || !ambiguous.More {
		t.Errorf("error %v, want %d candidates and word of more", err, view.MaxCandidates)
	}
}

func TestFindImage(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	drifted := workload(2)
	drifted.Containers[0].Image = workload(1).Containers[0].Image
	pinned := workload(3)
	pinned.Containers[0].Image = "nginx@" + digest(3)
	odd := workload(4)
	odd.Containers[0].Image = "Not a Reference"
	collect(t, db, complete, workload(1), drifted, pinned, odd, workload(5))
	long := strings.TrimSuffix(digest(5), "5")
	for name, want := range map[string]string{
		digest(1): digest(1), strings.TrimPrefix(digest(1), "sha256:"): digest(1),
		"registry.example/shop/app-5:1.0": digest(5), "registry.example/shop/app-5": digest(5), "app-5": digest(5), "shop/app-5:1.0": digest(5),
		"nginx": digest(3), "nginx@" + digest(3): digest(3), "docker.io/library/nginx": digest(3), "Not a Reference": digest(4),
		"registry.example/shop/app-5:1.0@" + digest(5): digest(5),
	} {
		d, err := db.Reader(tenant).Image(t.Context(), name)
		if err != nil || d.Digest != want {
			t.Errorf("image %s = %s, %v, want %s", name, d.Digest, err, want)
		}
		if got := names(t, db, view.WorkloadQuery{Image: name}); len(got) != 1 {
			t.Errorf("workloads with image %s = %v, want one", name, got)
		}
	}
	for _, name := range []string{long, "sha256:0", "app-1", "registry.example/shop/app-1:1.0"} {
		_, err := db.Reader(tenant).Image(t.Context(), name)
		ambiguous, ok := errors.AsType[*view.AmbiguousError](err)
		if !ok || len(ambiguous.Candidates) < 2 || !strings.HasPrefix(ambiguous.Candidates[0].Key, "sha256:") {
			t.Errorf("image %s: %v, want several candidates", name, err)
		}
		if _, err := db.Reader(tenant).Workloads(t.Context(), view.WorkloadQuery{Image: name}); !errors.As(err, &ambiguous) {
			t.Errorf("workloads with image %s: %v, want several candidates", name, err)
		}
	}
	for _, name := range []string{"sha256:f", "app", "example/shop/app-5", "registry.example/shop/app-5:2", "other.example/app-5", "%", "", "a\x00"} {
		if _, err := db.Reader(tenant).Image(t.Context(), name); !errors.Is(err, view.ErrNotFound) || !strings.Contains(err.Error(), "stowage images --name") {
			t.Errorf("image %q: %v, want not found and what to do", name, err)
		}
	}
	if got := names(t, db, view.WorkloadQuery{Image: digest(99)}); len(got) != 0 {
		t.Errorf("workloads with a digest that is not known = %v, want none", got)
	}
}

func TestWorkloadAsOf(t *testing.T) {
	t.Parallel()
	before := time.Now().Add(-time.Hour)
	e := openExposureEstate(t)
	way := inventory.Exposure{Workload: workload(1).UID, Via: "aws.elbv2.load_balancer", Address: "web.example", Ports: []int{443}}
	role := inventory.Identity{UID: workload(1).Identity, Kind: "aws.iam.role", Name: "shop"}
	apply(t, e.DB, e.ecs, complete, workload(1), workload(2), role)
	apply(t, e.DB, e.exposure, complete, way)
	then := time.Now()
	changed := workload(1)
	changed.Replicas = 9
	apply(t, e.DB, e.ecs, complete, changed, workload(2))
	apply(t, e.DB, e.exposure, complete)
	later := time.Now()
	apply(t, e.DB, e.ecs, complete, workload(2))

	read := func(name string, at time.Time) view.WorkloadDetail {
		t.Helper()
		d, err := e.Reader(tenant).Workload(t.Context(), name, at)
		if err != nil {
			t.Fatalf("workload %s at %s: %v", name, at, err)
		}
		return d
	}
	for _, name := range []string{workload(1).UID, "service-1", "shop/service-1"} {
		d := read(name, then)
		if d.Replicas != 2 || d.Exposed != view.ExposedYes || len(d.Exposures) != 1 || d.Exposures[0].Address != "web.example" {
			t.Errorf("%s then = %+v, want two replicas and the way in", name, d)
		}
		if d.IdentityRecord == nil || d.IdentityRecord.Name != "shop" || d.Scope.Outcome != inventory.Complete {
			t.Errorf("%s then acts as %+v in scope %+v, want shop in a complete one", name, d.IdentityRecord, d.Scope)
		}
		if len(d.Containers) != 1 || d.Containers[0].ImageDigest != digest(1) || d.Containers[0].Unresolved != "" {
			t.Errorf("%s then ran %+v, want %s", name, d.Containers, digest(1))
		}
		if d.GoneAt.Before(later) || d.AsOf != then {
			t.Errorf("%s then is gone at %s, as of %s, want after %s and %s", name, d.GoneAt, d.AsOf, later, then)
		}
	}
	if d := read("service-1", later); d.Replicas != 9 || d.Exposed != view.ExposedNo || len(d.Exposures) != 0 || d.IdentityRecord != nil {
		t.Errorf("later = %+v, want nine replicas, no way in and no identity that is known", d)
	}
	last := read(workload(1).UID, time.Time{})
	if last.Replicas != 9 || last.GoneAt.IsZero() || !last.AsOf.IsZero() || len(last.Versions) != 2 || !last.Versions[0].Gone {
		t.Errorf("without a time = %+v, want the last version, and when it went", last)
	}
	if d := read(workload(2).UID, then); !d.GoneAt.IsZero() {
		t.Errorf("a workload that is there is gone at %s", d.GoneAt)
	}
	for at, want := range map[time.Time]string{before: "it was first seen at", time.Now(): "it was there until"} {
		_, err := e.Reader(tenant).Workload(t.Context(), workload(1).UID, at)
		if !errors.Is(err, view.ErrNotFound) || !strings.Contains(err.Error(), want) {
			t.Errorf("at %s: %v, want not found, %q", at, err, want)
		}
	}
}

func TestUnresolvedContainers(t *testing.T) {
	t.Parallel()
	db := openWithScope(t)
	records := []inventory.Record{workload(9)} // Its image is known.
	for n := range 3 {
		w := workload(n)
		w.Containers[0].Digest = ""
		w.Containers = append(w.Containers, inventory.Container{Name: "odd", Type: inventory.SidecarContainer, Image: "Not a Reference"})
		records = append(records, w)
	}
	collect(t, db, complete, records...)
	reader := db.Reader(tenant)
	var got []string
	q := view.UnresolvedQuery{Paging: view.Paging{Limit: 4}}
	for {
		page, err := reader.UnresolvedContainers(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Items {
			if c.Reason == "" || c.Workload == "" || c.Account != ecsScope.Account || c.Exposed != view.ExposedNo {
				t.Errorf("container = %+v, want a reason, a key and an account", c)
			}
			got = append(got, c.Name+" "+c.Container)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	seen := map[string]bool{}
	for _, c := range got {
		seen[c] = true
	}
	want := map[string]bool{
		"service-0 app": true, "service-0 odd": true, "service-1 app": true, "service-1 odd": true, "service-2 app": true, "service-2 odd": true,
	}
	if diff := cmp.Diff(want, seen); diff != "" || len(got) != len(want) {
		t.Errorf("pages showed %v (-want +got):\n%s", got, diff)
	}
	page, err := reader.UnresolvedContainers(t.Context(), view.UnresolvedQuery{Name: "SERVICE-1", Reference: "app-1"})
	if err != nil || len(page.Items) != 1 || page.Items[0].Container != "app" {
		t.Errorf("filtered = %+v, %v, want one", page.Items, err)
	}
	if _, err := reader.UnresolvedContainers(t.Context(), view.UnresolvedQuery{Paging: view.Paging{Cursor: "x"}}); !errors.Is(err, view.ErrBadQuery) {
		t.Errorf("bad cursor: %v, want a bad query", err)
	}
}
