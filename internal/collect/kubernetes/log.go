package kubernetes

import (
	"context"
	"log/slog"

	"k8s.io/klog/v2"
)

// LogTo gives what the client libraries log to a logger, for the whole process:
// they know one logger only, and write lines of their own form to standard
// error without it.
func LogTo(log *slog.Logger) {
	klog.SetSlogLogger(slog.New(clientLog{log.Handler()}))
}

// clientLog gives the libraries' messages, which say what happened to whom in
// words, one message with theirs as an attribute.
type clientLog struct{ slog.Handler }

// Handle implements [slog.Handler].
func (h clientLog) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, "Kubernetes client", r.PC)
	out.AddAttrs(slog.String("message", r.Message))
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(a)
		return true
	})
	return h.Handler.Handle(ctx, out)
}

// WithAttrs implements [slog.Handler].
func (h clientLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return clientLog{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements [slog.Handler].
func (h clientLog) WithGroup(name string) slog.Handler { return clientLog{h.Handler.WithGroup(name)} }
