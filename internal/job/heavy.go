package job

import (
	"context"
	"sync"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// heavyQueues are those whose jobs need much memory for a while, each within
// bounds of its own: layers of images, archives of advisories, indexes of both.
var heavyQueues = map[string]bool{scanQueue: true, matchQueue: true, advisoryQueue: true}

// countHeavy tells how many heavy jobs run, whenever that changes. It is told
// in order: two jobs that end at the same time do not overtake each other.
func countHeavy(tell func(running int)) river.WorkerMiddlewareFunc {
	var mu sync.Mutex
	running := 0
	change := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		running += by
		tell(running)
	}
	return func(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) error {
		if heavyQueues[job.Queue] {
			change(1)
			defer change(-1)
		}
		return work(ctx)
	}
}
