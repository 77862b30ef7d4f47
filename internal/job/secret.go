package job

import (
	"context"
	"time"

	"github.com/stowage-dev/stowage/internal/scan"
	"github.com/stowage-dev/stowage/internal/scan/secret"
)

// Secrets tell how secrets in images are looked for.
type Secrets struct {
	// Off leaves the files of images alone.
	Off bool
	// Key is what values are hashed under; zero means the one that the store
	// keeps.
	Key secret.Key
	// Allow names secrets that are no findings; may be nil.
	Allow *secret.AllowList
}

// openSecrets prepares the search for secrets.
func (c *Client) openSecrets(ctx context.Context) error {
	o := scan.SecretOptions{Off: c.opts.Secrets.Off, Key: c.opts.Secrets.Key, Allow: c.opts.Secrets.Allow}
	if o.Key.IsZero() {
		candidate := secret.NewKey()
		key, err := c.opts.DB.SecretKey(ctx, candidate[:])
		if err != nil {
			return err
		}
		copy(o.Key[:], key)
	}
	c.secrets = o
	return c.expectSecrets(ctx)
}

// expectSecrets makes images due when the way in which secrets are looked for
// changed: by the configuration, or as an entry of the allow-list ended.
func (c *Client) expectSecrets(ctx context.Context) error {
	changed, err := c.opts.DB.ExpectSecretSearch(ctx, c.secrets.Fingerprint(time.Now()), scanVersion)
	if changed {
		c.opts.Logger.InfoContext(ctx, "scan secrets changed", "allow_list", c.secrets.Allow != nil, "off", c.secrets.Off)
	}
	return err
}
