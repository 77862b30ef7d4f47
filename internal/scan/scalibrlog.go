package scan

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/google/osv-scalibr/log"
)

// Extractors write to a logger of the whole process, by default to standard
// error, and a line for each odd file. That is of interest to nobody who does
// not debug.
func init() { log.SetLogger(extractorLog{}) }

// extractorLog is a [log.Logger] that writes at level debug.
type extractorLog struct{}

func (extractorLog) Errorf(format string, args ...any) { debug(format, args) }
func (extractorLog) Warnf(format string, args ...any)  { debug(format, args) }
func (extractorLog) Infof(format string, args ...any)  { debug(format, args) }
func (extractorLog) Debugf(format string, args ...any) { debug(format, args) }
func (extractorLog) Error(args ...any)                 { debug("%s", []any{fmt.Sprint(args...)}) }
func (extractorLog) Warn(args ...any)                  { debug("%s", []any{fmt.Sprint(args...)}) }
func (extractorLog) Info(args ...any)                  { debug("%s", []any{fmt.Sprint(args...)}) }
func (extractorLog) Debug(args ...any)                 { debug("%s", []any{fmt.Sprint(args...)}) }

func debug(format string, args []any) {
	if slog.Default().Enabled(context.Background(), slog.LevelDebug) {
		slog.Debug("scan extractor", "message", fmt.Sprintf(format, args...))
	}
}
