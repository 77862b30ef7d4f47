package advisory

import (
	"context"
	"fmt"
	"io"
)

// LoadKEV reads the catalogue of known exploited vulnerabilities from a file
// or URL. It returns [ErrUnchanged] when the state of the last time still
// holds, and the state to remember.
func (f *Fetcher) LoadKEV(ctx context.Context, location string, last State) (*KEV, State, error) {
	return load(ctx, f, location, last, ParseKEV)
}

// LoadEPSS reads EPSS scores like [Fetcher.LoadKEV] the catalogue.
func (f *Fetcher) LoadEPSS(ctx context.Context, location string, last State) (*EPSS, State, error) {
	return load(ctx, f, location, last, ParseEPSS)
}

func load[T any](ctx context.Context, f *Fetcher, location string, last State, parse func(io.Reader) (T, error)) (T, State, error) {
	var zero T
	got, state, err := f.fetch(ctx, location, last)
	if err != nil {
		return zero, state, err
	}
	defer got.Close()
	v, err := parse(got)
	if err != nil {
		return zero, last, fmt.Errorf("%s: %w", redact(location), err)
	}
	return v, state, nil
}
