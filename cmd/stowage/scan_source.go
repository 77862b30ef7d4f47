package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/collect/aws"
	"github.com/stowage-dev/stowage/internal/config"
	"github.com/stowage-dev/stowage/internal/image"
	"github.com/stowage-dev/stowage/internal/registry"
)

// standardInput is the argument that means it.
const standardInput = "-"

// defaultPlatform is that of the images that this machine runs.
func defaultPlatform() image.Platform {
	return image.Platform{OS: "linux", Architecture: runtime.GOARCH}
}

// A scanSource is the image of the scan command.
type scanSource struct {
	registry.Source
	// name is what reports call it.
	name string
	// client and ref are set for an image in a registry.
	client *registry.Client
	ref    image.Reference
	close  func()
}

// openImage returns the image that a name means: standard input, a file or
// directory if there is one of that name, else a reference.
func openImage(ctx context.Context, cmd *cobra.Command, name string, o scanOptions) (*scanSource, error) {
	if name == standardInput {
		return openInput(ctx, cmd.InOrStdin(), o.image)
	}
	if info, err := os.Stat(name); err == nil {
		open := registry.OpenArchive
		if info.IsDir() {
			open = registry.OpenLayout
		}
		local, err := open(name, o.image)
		if err != nil {
			return nil, choices(err, true)
		}
		return localSource(local, name), nil
	}
	ref, err := image.ParseReference(name)
	if err != nil {
		return nil, &exitError{exitUsage, fmt.Errorf("%w; and there is no file or directory of that name", err)}
	}
	if o.image != "" {
		return nil, &exitError{exitUsage, fmt.Errorf(
			"--image is for a layout or archive, and there is no file or directory called %q; name a tag as %s:TAG", name, ref.Name())}
	}
	c, err := loadConfig(cmd, os.Environ())
	if err != nil {
		return nil, err
	}
	c.Log.Level = 4 // Only what went wrong.
	log := newLogger(c.Log)
	// Only a registry that asks for credentials needs those of AWS: a mirror
	// usually does not.
	cloud := sync.OnceValues(func() (*aws.Cloud, error) {
		return openAWS(context.WithoutCancel(ctx), config.AWS{Profile: c.AWS.Profile}, &collect.Limiter{}, log)
	})
	credential := func(ctx context.Context, host string) (user, password string, expires time.Time, ok bool, err error) {
		if !strings.Contains(host, ".dkr.ecr") && !strings.Contains(host, ".dkr-ecr") {
			return "", "", time.Time{}, false, nil
		}
		opened, err := cloud()
		if err != nil {
			return "", "", time.Time{}, false, err
		}
		return opened.RegistryCredential(ctx, host)
	}
	client, err := newRegistry(c.Registry, log, credential)
	if err != nil {
		return nil, err
	}
	return &scanSource{Source: client.Source(ref), name: name, client: client, ref: ref, close: func() {}}, nil
}

func localSource(local *registry.Local, name string) *scanSource {
	return &scanSource{Source: local, name: name, close: func() { _ = local.Close() }}
}

// openInput reads an archive from standard input. One that does not come from
// a file is first written to a temporary one, because its parts are needed in
// another order.
func openInput(ctx context.Context, in io.Reader, name string) (*scanSource, error) {
	const display = "standard input"
	f, ok := in.(*os.File)
	if ok {
		if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
			ok = false
		}
	}
	if !ok {
		var err error
		if f, err = spool(ctx, in); err != nil {
			return nil, fmt.Errorf("%s: %w", display, err)
		}
	}
	local, err := registry.OpenArchiveFile(f, display, name)
	if err != nil {
		return nil, choices(err, true)
	}
	return localSource(local, display), nil
}

// spool copies a stream to a file without a name, which is gone when it is
// closed.
func spool(ctx context.Context, in io.Reader) (*os.File, error) {
	f, err := os.CreateTemp("", "stowage-scan-*")
	if err != nil {
		return nil, err
	}
	err = os.Remove(f.Name())
	if err == nil {
		done := make(chan error, 1)
		// A read from a pipe does not end with the context: it is left behind
		// when the command ends.
		go func() {
			_, err := io.Copy(f, in)
			done <- err
		}()
		select {
		case err = <-done:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// manifest returns the image for the platform. One that somebody asked for
// must fit even when there is only one.
func (s *scanSource) manifest(ctx context.Context, platform image.Platform, asked bool) (image.Manifest, []byte, error) {
	m, rawConfig, err := s.Image(ctx, platform)
	if err != nil {
		return m, nil, choices(err, s.client == nil)
	}
	if asked && !registry.Runs(platform, m.Platform) {
		return m, nil, fmt.Errorf("%s: there is no image for %s: the only one is for %s; leave --platform out, or give that",
			s.name, platform, m.Platform)
	}
	return m, rawConfig, nil
}

// choices adds to an error about several images, or none, how to choose.
func choices(err error, local bool) error {
	problem, ok := errors.AsType[*registry.Error](err)
	switch {
	case !ok:
		return err
	case problem.Kind == registry.NoPlatform && local:
		return fmt.Errorf("%w; choose one with --image NAME or --platform", err)
	case problem.Kind == registry.NoPlatform:
		return fmt.Errorf("%w; choose one with --platform", err)
	}
	return err
}

// repository returns host/repository; empty for an image in a file.
func (s *scanSource) repository() string {
	if s.client == nil {
		return ""
	}
	return s.ref.Name()
}

// references are what the image was asked for as.
func (s *scanSource) references() []image.Reference {
	if s.client == nil {
		return nil
	}
	return []image.Reference{s.ref}
}

// referrers returns what the registry keeps about the image; nil without a
// registry.
func (s *scanSource) referrers(ctx context.Context, m image.Manifest) (*image.Referrers, error) {
	if s.client == nil {
		return nil, nil
	}
	var indexes []string
	top, err := s.client.Resolve(ctx, s.ref)
	if err == nil && top.Digest != m.Digest {
		indexes = append(indexes, top.Digest)
	}
	r, err := s.client.Referrers(ctx, s.ref, m.Digest, indexes...)
	if err != nil {
		return nil, err
	}
	return &r, nil
}
