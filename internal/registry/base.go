package registry

import (
	"context"
	"errors"
	"path"

	"github.com/stowage-dev/stowage/internal/image"
)

// MayAskForBase reports whether a registry is asked because an image names it
// as the place of its base: what an image says must not lead to any host. It
// is one of the configured hosts, or own, that of the image itself.
func (c *Client) MayAskForBase(host, own string) bool {
	if host == own {
		return true
	}
	for _, pattern := range c.opts.BaseHosts {
		if ok, err := path.Match(pattern, host); ok && err == nil {
			return true
		}
	}
	return false
}

// NotAskedForBase explains why a registry is not asked.
func NotAskedForBase(host string) string {
	return "the registry " + host + " is not asked for base images: add it to registry.base_hosts if it may be"
}

// Base returns what an image was built from by its own word, compared with the
// base itself where its registry may be asked and answers, or else by its
// build steps. It is nil when neither tells. ref is where the image was found,
// and only its host counts. signed is whether to ask for signatures of the
// base, too.
//
// The error is that of an ended context.
func (c *Client) Base(ctx context.Context, ref image.Reference, m image.Manifest, signed bool) (*image.Base, error) {
	byHistory := &image.Base{Layers: m.BaseLayersByHistory(), Evidence: image.BaseByHistory}
	claim, ok := m.BaseClaim()
	if !ok {
		if byHistory.Layers == 0 {
			return nil, nil
		}
		return byHistory, nil
	}
	b := &image.Base{Name: claim.Named(), Digest: claim.Digest, Layers: byHistory.Layers, Evidence: image.BaseUnverified}
	if !c.MayAskForBase(claim.Host, ref.Host) {
		b.Problem = NotAskedForBase(claim.Host)
		return b, nil
	}
	if claim.Digest != "" {
		claim.Tag = ""
	}
	base, _, err := c.Image(ctx, claim, m.Platform)
	if problem, ok := errors.AsType[*Error](err); ok {
		b.Problem = problem.Error()
		return b, nil
	}
	if err != nil {
		return nil, err
	}
	if !m.StandsOn(base) {
		b.Problem = "the layers of " + claim.String() + " are not the lowest of this image"
		return b, nil
	}
	b.Digest, b.Layers, b.Evidence, b.Created = base.Digest, len(base.Layers), image.BaseByClaim, base.Config.Created
	if signed {
		referrers, err := c.Referrers(ctx, claim, base.Digest)
		if err != nil {
			return nil, err
		}
		if has, known := referrers.Has(image.Signature); known {
			b.Signed = &has
		}
	}
	return b, nil
}
