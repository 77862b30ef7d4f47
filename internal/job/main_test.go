package job

import (
	"log/slog"
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the tests when a client leaves a goroutine behind. The one of
// the tests' own PostgreSQL stays as long as that does.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/stowage-dev/stowage/internal/postgres/embedded.(*folder).launch.func2"))
}
