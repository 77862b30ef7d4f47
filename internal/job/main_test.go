package job

import (
	"log/slog"
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the tests when a client leaves a goroutine behind.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	goleak.VerifyTestMain(m)
}
