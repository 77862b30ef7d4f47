package kubernetes

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// TestLogTo is not parallel: the libraries have one logger.
func TestLogTo(t *testing.T) {
	defer klog.CaptureState().Restore()
	for _, test := range []struct {
		name, level, message string
		log                  func()
	}{
		// The libraries have no level for warnings.
		{"warning_of_the_server", "INFO", "Warning: v1 Thing is deprecated", func() { rest.WarningLogger{}.HandleWarningHeader(299, "", "v1 Thing is deprecated") }},
		{"error", "ERROR", "watch failed", func() { klog.ErrorS(errors.New("no route"), "watch failed", "node", "a") }},
	} {
		var out bytes.Buffer
		LogTo(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
		test.log()
		var line struct{ Level, Msg, Message string }
		if err := json.Unmarshal(bytes.TrimSpace(out.Bytes()), &line); err != nil {
			t.Fatalf("%s: %v in %q", test.name, err, out.String())
		}
		if line.Msg != "Kubernetes client" || line.Message != test.message {
			t.Errorf("%s: line %s, want the message %q as an attribute", test.name, out.String(), test.message)
		}
		if line.Level != test.level {
			t.Errorf("%s: level %s, want %s", test.name, line.Level, test.level)
		}
	}
}
