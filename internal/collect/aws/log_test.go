package aws

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/logging"
)

// TestSDKLogsToTheLogger has the SDK complain of a real answer, which ends in
// the middle of its body.
func TestSDKLogsToTheLogger(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write([]byte(`{"clusterArns": [}`))
	}))
	defer server.Close()
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cloud := testCloud(t, server.URL, Options{Logger: log}, nil)
	cloud.base.ClientLogMode |= aws.LogRequest
	runScope(t, cloud, testScope("ecs"), new(recorder))
	levels := map[string]int{}
	for line := range bytes.Lines(out.Bytes()) {
		var l struct{ Level, Msg, Message string }
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		if l.Msg == "AWS SDK" && l.Message != "" {
			levels[l.Level]++
		}
	}
	if levels["DEBUG"] == 0 {
		t.Errorf("lines by level = %v, want the request at DEBUG in\n%s", levels, out.Bytes())
	}
	sdkLog{t.Context(), log}.Logf(logging.Warn, "odd %s", "thing")
	if !bytes.Contains(out.Bytes(), []byte(`"level":"WARN","msg":"AWS SDK","message":"odd thing"`)) {
		t.Errorf("no warning in\n%s", out.Bytes())
	}
}
