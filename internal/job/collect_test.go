package job

import (
	"context"
	"errors"
	"testing"
)

func TestEnter(t *testing.T) {
	t.Parallel()
	places := make(chan struct{}, 1)
	leave, err := enter(t.Context(), places)
	if err != nil {
		t.Fatal(err)
	}
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stopped)
	if _, err := enter(ctx, places); !errors.Is(err, stopped) {
		t.Errorf("enter without a place = %v, want %v", err, stopped)
	}
	leave()
	if leave, err = enter(t.Context(), places); err != nil {
		t.Errorf("enter after one left = %v", err)
	} else {
		leave()
	}
}
