package job

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/registry"
	"github.com/stowage-dev/stowage/internal/scan/check"
)

// BaseArgs ask what the tag of a base image means now: when it is another
// image than the one that was built on, rebuilding may fix something.
type BaseArgs struct {
	// Name is host/repository:tag.
	Name         string `json:"name" river:"unique"`
	OS           string `json:"os" river:"unique"`
	Architecture string `json:"architecture" river:"unique"`
	Variant      string `json:"variant,omitempty" river:"unique"`
}

// Kind implements [river.JobArgs].
func (BaseArgs) Kind() string { return "base" }

// InsertOpts implements [river.JobArgsWithInsertOpts].
func (BaseArgs) InsertOpts() river.InsertOpts { return *options(resolveQueue, later) }

// baseTTL is how long the answer for the tag of a base is believed. Bases are
// published some times a month.
const baseTTL = 24 * time.Hour

func baseJob(t postgres.BaseTag) river.InsertManyParams {
	return river.InsertManyParams{Args: BaseArgs{
		Name: t.Name, OS: t.Platform.OS, Architecture: t.Platform.Architecture, Variant: t.Platform.Variant,
	}}
}

type baseWorker struct {
	river.WorkerDefaults[BaseArgs]
	client *Client
}

// Work implements [river.Worker]. The image that the tag means is scanned like
// one that runs, to tell what it has and has not.
func (w *baseWorker) Work(ctx context.Context, job *river.Job[BaseArgs]) error {
	a := job.Args
	tag := postgres.BaseTag{Name: a.Name, Platform: image.Platform{OS: a.OS, Architecture: a.Architecture, Variant: a.Variant}}
	ref, err := image.ParseReference(a.Name)
	if err != nil {
		return river.JobCancel(err)
	}
	asked, err := w.mayAsk(ctx, ref.Host, a.Name)
	if err != nil {
		return err
	}
	if !asked {
		return w.client.opts.DB.SaveBaseTag(ctx, tag, nil, registry.NotAskedForBase(ref.Host), nil)
	}
	var found *image.Manifest
	m, _, err := w.client.opts.Registry.Image(ctx, ref, tag.Platform)
	problem, refused := errors.AsType[*registry.Error](err)
	if err != nil && !refused {
		return err
	}
	reason := ""
	if refused {
		reason = problem.Error()
	} else {
		// Build steps and labels hold secrets; nothing stores what they were.
		m = check.Redact(m)
		found = &m
	}
	if err := w.client.opts.DB.SaveBaseTag(ctx, tag, found, reason, w.client.enqueueScan); err != nil {
		return err
	}
	if refused {
		return outcome(problem)
	}
	return nil
}

// mayAsk reports whether the registry of a base is asked, as that of an image
// that runs and stands on it would be.
func (w *baseWorker) mayAsk(ctx context.Context, host, name string) (bool, error) {
	hosts, err := w.client.opts.DB.HostsOnBase(ctx, name)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(append(hosts, ""), func(own string) bool {
		return w.client.opts.Registry.MayAskForBase(host, own)
	}), nil
}

// base returns what an image was built from: by its own word or that of known
// images, whichever explains more layers.
func (w *scanWorker) base(ctx context.Context, at image.Reference, m image.Manifest) (*image.Base, error) {
	claimed, err := w.client.opts.Registry.Base(ctx, at, m, w.client.wantSignedBases())
	if err != nil {
		return nil, err
	}
	known, err := w.client.opts.DB.BaseByLayers(ctx, m)
	if err != nil || known == nil {
		return claimed, err
	}
	switch {
	case claimed == nil, claimed.Evidence == image.BaseByHistory:
		return known, nil
	case claimed.Evidence == image.BaseByClaim && claimed.Layers >= known.Layers:
		return claimed, nil
	case claimed.Evidence == image.BaseUnverified && known.Name != claimed.Name:
		// The name is worth showing, the layers are certain.
		claimed.Layers = max(claimed.Layers, known.Layers)
		return claimed, nil
	}
	return known, nil
}

// wantSignedBases reports whether some rule asks for signatures of bases.
func (c *Client) wantSignedBases() bool {
	for _, t := range c.opts.TrustedBases {
		if t.Signed {
			return true
		}
	}
	return false
}

// followBase enqueues the look at the tag of a base.
func (c *Client) followBase(ctx context.Context, tx pgx.Tx, b *image.Base, p image.Platform) error {
	if b == nil || b.Name == "" {
		return nil
	}
	return c.insertTx(ctx, tx, []river.InsertManyParams{baseJob(postgres.BaseTag{Name: b.Name, Platform: p})})
}
