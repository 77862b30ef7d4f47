package job

import (
	"context"
	"log/slog"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// quietHandler makes the queue's own housekeeping messages debug messages:
// people who read the log care for what the jobs did.
type quietHandler struct{ slog.Handler }

// Enabled implements [slog.Handler].
func (h quietHandler) Enabled(ctx context.Context, level slog.Level) bool {
	if level == slog.LevelInfo {
		level = slog.LevelDebug
	}
	return h.Handler.Enabled(ctx, level)
}

// errorLog logs jobs that fail: as a warning when they are given up.
type errorLog struct{ log *slog.Logger }

// HandleError implements [river.ErrorHandler].
func (l errorLog) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	level := slog.LevelInfo
	if job.Attempt >= job.MaxAttempts {
		level = slog.LevelWarn
	}
	l.log.Log(ctx, level, "job failed", "kind", job.Kind, "args", string(job.EncodedArgs),
		"attempt", job.Attempt, "of", job.MaxAttempts, "error", err)
	return nil
}

// HandlePanic implements [river.ErrorHandler].
func (l errorLog) HandlePanic(ctx context.Context, job *rivertype.JobRow, value any, trace string) *river.ErrorHandlerResult {
	l.log.ErrorContext(ctx, "job panic", "kind", job.Kind, "args", string(job.EncodedArgs), "panic", value, "stack", trace)
	return nil
}
