package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/postgres"
	"github.com/stowage-dev/stowage/internal/registry"
	"github.com/stowage-dev/stowage/internal/scan"
	"github.com/stowage-dev/stowage/internal/scan/check"
)

// layerVersion is the version of the extractor set, by which the results of
// layers are stored. scanVersion is the version of all that a scan finds:
// images of an older one are scanned again, from the stored results of those
// layers that this extractor set read.
const (
	layerVersion = scan.Version
	scanVersion  = scan.ImageVersion
)

// ScanArgs ask for the scan of an image.
type ScanArgs struct {
	Image inventory.ID `json:"image" river:"unique"`
	// Version is part of the identity of the work: with a newer extractor set
	// or newer checks it is another scan.
	Version int `json:"version" river:"unique"`
}

// Kind implements [river.JobArgs].
func (ScanArgs) Kind() string { return "scan" }

// InsertOpts implements [river.JobArgsWithInsertOpts].
func (ScanArgs) InsertOpts() river.InsertOpts { return *options(scanQueue, normal) }

// exposedScore is the workload score from which its images are scanned soon.
const exposedScore = 200

// scanJob returns the job that scans an image: images that were never scanned
// and run on exposed workloads come first.
func scanJob(state postgres.ImageState) river.InsertManyParams {
	priority := normal
	switch {
	case state.ScanVersion > 0:
		priority = later
	case state.Exposed:
		priority = urgent
	case state.TopScore >= exposedScore:
		priority = soon
	}
	return river.InsertManyParams{
		Args:       ScanArgs{Image: state.ID, Version: scanVersion},
		InsertOpts: options(scanQueue, priority),
	}
}

type scanWorker struct {
	river.WorkerDefaults[ScanArgs]
	client *Client
}

// Work implements [river.Worker]. An image that can never be read is recorded
// as failed and not tried again; anything else is retried, and recorded as
// failed meanwhile.
func (w *scanWorker) Work(ctx context.Context, job *river.Job[ScanArgs]) error {
	if job.Args.Version != scanVersion {
		return river.JobCancel(fmt.Errorf("the scan is of version %d, this program's of %d", job.Args.Version, scanVersion))
	}
	err := w.scan(ctx, job.Args.Image)
	if err == nil || ctx.Err() != nil {
		return err
	}
	if saveErr := w.client.opts.DB.FailScan(ctx, job.Args.Image, scanVersion, err.Error()); saveErr != nil {
		return errors.Join(err, saveErr)
	}
	if errors.Is(err, scan.ErrMalformed) {
		return river.JobCancel(err)
	}
	if problem, ok := errors.AsType[*registry.Error](err); ok {
		return outcome(problem)
	}
	return err
}

// outcome returns how a job ends that a registry keeps from its end: for good
// when asking again gives the same answer, else until the registry has time.
func outcome(problem *registry.Error) error {
	switch {
	case problem.Permanent():
		return river.JobCancel(problem)
	case problem.RetryAfter > 0:
		return river.JobSnooze(problem.RetryAfter)
	}
	return problem
}

func (w *scanWorker) scan(ctx context.Context, id inventory.ID) error {
	db := w.client.opts.DB
	source, err := db.ImageSource(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // It stopped running and was cleaned up meanwhile.
	}
	if err != nil {
		return err
	}
	if len(source.References) == 0 {
		return nil
	}
	// Workloads pull the same image from several repositories; any one that
	// can be read will do. Of the failures, one that may pass counts.
	var failure error
	for _, ref := range source.References {
		err := w.read(ctx, id, source, ref.At(source.Manifest.Digest))
		problem, ok := errors.AsType[*registry.Error](err)
		if !ok {
			return err
		}
		if failure == nil || !problem.Permanent() {
			failure = err
		}
	}
	return failure
}

// read scans the image as one repository has it.
func (w *scanWorker) read(ctx context.Context, id inventory.ID, source postgres.ImageSource, at image.Reference) error {
	db := w.client.opts.DB
	start := time.Now()
	manifest, config, err := w.client.opts.Registry.Image(ctx, at, source.Manifest.Platform)
	if err != nil {
		return err
	}
	referrers, err := w.client.opts.Registry.Referrers(ctx, at, manifest.Digest, source.Indexes...)
	if err != nil {
		return err
	}
	base, err := w.base(ctx, at, manifest)
	if err != nil {
		return err
	}
	result, err := scan.Image(ctx, w.client.opts.Registry.Source(at), manifest, config, layerCache{db}, scan.Options{
		References: source.References, Referrers: &referrers, Base: base, TrustedBases: w.client.opts.TrustedBases,
		JavaIndex: w.client.opts.JavaIndex, Secrets: w.client.secrets,
	})
	if err != nil {
		return err
	}
	w.client.opts.Logger.InfoContext(ctx, "scan done", "image", manifest.Digest, "packages", len(result.Inventory.Packages),
		"layers_read", result.LayersRead, "bytes_read", result.BytesRead, "partial", result.Inventory.Partial,
		"secrets_allowed", result.SecretsAllowed, "duration", time.Since(start))
	return db.SaveScan(ctx, postgres.ScanResult{
		Image: id, Version: scanVersion, Ecosystem: result.Ecosystem, Inventory: result.Inventory, Checks: result.Checks,
		Referrers: &referrers, Base: base, Chain: chainOf(manifest),
	}, func(ctx context.Context, tx pgx.Tx) error {
		if err := w.client.followBase(ctx, tx, base, source.Manifest.Platform); err != nil {
			return err
		}
		return w.client.insertTx(ctx, tx, []river.InsertManyParams{{Args: MatchImageArgs{Image: id, Version: scanVersion}}})
	})
}

// chainOf returns the OCI ChainID of all layers, or an empty string if one of
// them is not known.
func chainOf(m image.Manifest) string {
	chain := image.ChainIDs(m.DiffIDs())
	if len(chain) == 0 {
		return ""
	}
	return chain[len(chain)-1]
}

// layerCache keeps layer results in the store.
type layerCache struct{ db *postgres.DB }

// Get implements [scan.LayerCache].
func (c layerCache) Get(ctx context.Context, digests []string) (map[string]*scan.LayerResult, error) {
	encoded, err := c.db.Layers(ctx, layerVersion, digests)
	if err != nil {
		return nil, err
	}
	results := make(map[string]*scan.LayerResult, len(encoded))
	for digest, data := range encoded {
		var r scan.LayerResult
		if err := json.Unmarshal(data, &r); err != nil {
			return nil, fmt.Errorf("stored result of layer %s: %w", digest, err)
		}
		results[digest] = &r
	}
	return results, nil
}

// Put implements [scan.LayerCache].
func (c layerCache) Put(ctx context.Context, digest string, r *scan.LayerResult) error {
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("result of layer %s: %w", digest, err)
	}
	return c.db.SaveLayer(ctx, layerVersion, digest, data)
}

// checkWorkload evaluates the workload checks.
func checkWorkload(w inventory.Workload) []postgres.WorkloadFinding {
	found := check.Workload(w)
	out := make([]postgres.WorkloadFinding, 0, len(found))
	for _, f := range found {
		out = append(out, postgres.WorkloadFinding{Check: f.Check, Container: f.Container, Severity: f.Severity, Detail: f.Detail})
	}
	return out
}
