package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/access/scenario"
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

// Blocks of the page on scenarios: a file that a scenario names, with its name,
// and what a command prints of the first scenario.
var (
	namedFile = regexp.MustCompile("(?ms)^`([\\w.-]+\\.json)`[^\n]*:\n\n```json\n(.*?)^```")
	session   = regexp.MustCompile("(?ms)^```text\n\\$ stowage ([^\n]*)\n(.*?)^```")
)

// TestDocumentedScenarios decides every scenario that the page on them shows,
// and compares the verdicts with those that it states, and what it shows of an
// explanation with what is printed. The flag -update writes that again.
func TestDocumentedScenarios(t *testing.T) {
	path, err := filepath.Abs("../../docs/access-evaluation.md")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("COLUMNS", "100")
	t.Chdir(t.TempDir())
	for _, file := range namedFile.FindAllStringSubmatch(string(page), -1) {
		if err := os.WriteFile(file[1], []byte(file[2]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	clouds := map[string]int{}
	for _, found := range block.FindAllStringSubmatch(string(page), -1) {
		if found[1] != "yaml" || !strings.Contains("\n"+found[2], "\nrequest:\n") {
			continue
		}
		name := "scenario.yaml"
		if len(clouds) > 0 {
			name = "other.yaml"
		}
		if err := os.WriteFile(name, []byte(found[2]), 0o600); err != nil {
			t.Fatal(err)
		}
		scenarios, err := scenario.Read(name)
		if err != nil {
			t.Errorf("%s%v", found[2], err)
			continue
		}
		for _, s := range scenarios {
			clouds[s.Cloud]++
			if d := s.Decide(); s.Expect == nil || !s.Met(d) {
				t.Errorf("%s: is %s (%s), and the page states %v", s.Name, d.Verdict(), d.Formula, s.Expect)
			}
		}
	}
	if clouds["aws"] < 2 || clouds["azure"] == 0 || clouds["gcp"] == 0 {
		t.Errorf("the page has scenarios %v, want some of each cloud", clouds)
	}
	shown := session.FindAllStringSubmatchIndex(string(page), -1)
	if len(shown) != 1 {
		t.Fatalf("the page shows the output of %d commands, want 1", len(shown))
	}
	at := shown[0]
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), strings.Fields(string(page[at[2]:at[3]])), &stdout, &stderr); code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	if *update {
		page = slices.Concat(page[:at[4]], stdout.Bytes(), page[at[5]:])
		if err := os.WriteFile(path, page, 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(page[at[4]:at[5]]), stdout.String()); diff != "" {
		t.Errorf("output mismatch (-page +printed):\n%s", diff)
	}
}
