package job

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river/rivertype"
)

func TestCountHeavy(t *testing.T) {
	t.Parallel()
	var told []int
	count := countHeavy(func(running int) { told = append(told, running) })
	run := func(queue string, inner func(context.Context) error) error {
		return count(t.Context(), &rivertype.JobRow{Queue: queue}, inner)
	}
	failure := errors.New("failed")
	err := run(scanQueue, func(context.Context) error {
		_ = run(collectQueue, func(context.Context) error { return nil })
		return run(advisoryQueue, func(context.Context) error { return failure })
	})
	if !errors.Is(err, failure) {
		t.Errorf("error = %v, want that of the job", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = run(matchQueue, func(context.Context) error { panic("broke down") })
	}()
	if diff := cmp.Diff([]int{1, 2, 1, 0, 1, 0}, told); diff != "" {
		t.Errorf("told mismatch (-want +got):\n%s", diff)
	}
}
