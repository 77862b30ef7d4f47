//go:build e2e

// Package browser loads pages in headless Chromium.
package browser

import (
	"bytes"
	"context"
	"os/exec"
	"regexp"
	"testing"
	"time"
)

// console is a message of a page in Chromium's log. What a content security
// policy forbids is one, too.
var console = regexp.MustCompile(`:INFO:CONSOLE[^\]]*\] (".*)`)

// Load loads a page with the given program and returns its document, after its
// scripts have run, and the messages on its console.
func Load(t testing.TB, program, url string) (document string, messages []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	// Containers have no user namespaces for a sandbox, and little /dev/shm.
	cmd := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir="+t.TempDir(), "--enable-logging=stderr", "--window-size=1280,1000", "--dump-dom", url)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		t.Fatalf("load %s: %v\n%s", url, err, &log)
	}
	for _, m := range console.FindAllStringSubmatch(log.String(), -1) {
		messages = append(messages, m[1])
	}
	return out.String(), messages
}
