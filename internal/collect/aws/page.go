package aws

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// pages returns the pages of a list, in order. turn moves the token of a page
// into the next request and returns it; a list ends with an empty one. A list
// that gives a token again is an error: it would never end, or hide its rest.
func pages[In, Out, Options any](
	ctx context.Context,
	list func(context.Context, *In, ...func(*Options)) (*Out, error),
	in *In, turn func(*In, *Out) *string,
) iter.Seq2[*Out, error] {
	return func(yield func(*Out, error) bool) {
		last := ""
		for {
			out, err := list(ctx, in)
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(out, nil) {
				return
			}
			token := turn(in, out)
			if token == nil || *token == "" {
				return
			}
			if *token == last {
				yield(nil, fmt.Errorf("%T repeats the token of its page", out))
				return
			}
			last = *token
		}
	}
}

// isError reports whether err is or wraps an E.
func isError[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
