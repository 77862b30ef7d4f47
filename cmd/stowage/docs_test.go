package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stowage-dev/stowage/internal/config"
)

// block matches a code block of a page: its language and its text.
var block = regexp.MustCompile("(?ms)^ *```(sh|yaml)\n(.*?)^ *```")

// eachBlock calls see with each code block of a language in the documentation.
func eachBlock(t *testing.T, language string, see func(t *testing.T, text string)) {
	t.Helper()
	root := filepath.Join("..", "..")
	names := []string{filepath.Join(root, "README.md")}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(name string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(name, ".md") {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, name := range names {
		page, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			for _, found := range block.FindAllStringSubmatch(string(page), -1) {
				if found[1] == language {
					seen++
					see(t, found[2])
				}
			}
		})
	}
	if seen == 0 {
		t.Errorf("no page has a block of %s", language)
	}
}

// TestDocumentedConfiguration reads every configuration file that a page shows.
func TestDocumentedConfiguration(t *testing.T) {
	t.Parallel()
	eachBlock(t, "yaml", func(t *testing.T, text string) {
		if !strings.HasPrefix(text, "# stowage.yaml\n") {
			return
		}
		path := filepath.Join(t.TempDir(), "stowage.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(path, nil, nil); err != nil {
			t.Errorf("%s%v", text, err)
		}
	})
}

// TestDocumentedCommands parses every command line of ours that a page shows.
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	eachBlock(t, "sh", func(t *testing.T, text string) {
		text = strings.ReplaceAll(text, "\\\n", " ")
		for line := range strings.Lines(text) {
			line, _, _ = strings.Cut(line, " #")
			words := strings.Fields(strings.ReplaceAll(line, "'", ""))
			if len(words) == 0 || strings.TrimPrefix(words[0], "bin/") != "stowage" {
				continue
			}
			cmd, rest, err := newRoot().Find(words[1:])
			if err == nil {
				err = cmd.ParseFlags(rest)
			}
			if err == nil {
				err = cmd.ValidateArgs(cmd.Flags().Args())
			}
			if err != nil {
				t.Errorf("%s: %v", strings.TrimSpace(line), err)
			}
		}
	})
}
