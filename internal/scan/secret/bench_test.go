package secret

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// goSource returns the files of the Go source tree that would be searched if
// they were an application's: text that every machine that builds has, full of
// words such as token and key.
func goSource(tb testing.TB) map[string][]byte {
	tb.Helper()
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		tb.Skipf("no Go source tree: %v", err)
	}
	root := filepath.Join(strings.TrimSpace(string(goroot)), "src")
	files := make(map[string][]byte)
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		p := "app/" + filepath.ToSlash(relative)
		if err != nil || !Wanted(p, info.Size()) {
			return err
		}
		content, err := os.ReadFile(name)
		if err == nil && IsText(content) {
			files[p] = content
		}
		return err
	})
	if err != nil {
		tb.Skipf("no Go source tree: %v", err)
	}
	return files
}

func BenchmarkSecret(b *testing.B) {
	files := goSource(b)
	size := int64(0)
	for _, content := range files {
		size += int64(len(content))
	}
	b.SetBytes(size)
	for b.Loop() {
		for p, content := range files {
			Search(p, content)
		}
	}
	b.ReportMetric(float64(size)/1e6, "MB/op")
}

// BenchmarkKeywords is the least that searching costs.
func BenchmarkKeywords(b *testing.B) {
	files := goSource(b)
	size := int64(0)
	for _, content := range files {
		size += int64(len(content))
	}
	b.SetBytes(size)
	for b.Loop() {
		for _, content := range files {
			keywords().each(content, func(int32, int) bool { return true })
		}
	}
}
