package aws

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/aws/smithy-go/logging"
)

// sdkLog gives what the SDK logs to our logger; without it the SDK writes lines
// of its own form to standard error.
type sdkLog struct {
	ctx context.Context
	log *slog.Logger
}

// Logf implements [logging.Logger].
func (l sdkLog) Logf(class logging.Classification, format string, args ...any) {
	level := slog.LevelDebug
	if class == logging.Warn {
		level = slog.LevelWarn
	}
	if l.log.Enabled(l.ctx, level) {
		l.log.Log(l.ctx, level, "AWS SDK", "message", fmt.Sprintf(format, args...))
	}
}

// WithContext implements [logging.ContextLogger].
func (l sdkLog) WithContext(ctx context.Context) logging.Logger { return sdkLog{ctx, l.log} }
