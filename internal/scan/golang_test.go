package scan

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The Go command builds a program of a module that is used, one that is
// replaced by another module, and one that is replaced by a folder.
func TestGoBinary(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	proxy := filepath.Join(dir, "proxy")
	for _, module := range []string{"example.com/used", "example.com/original", "example.com/fork"} {
		publish(t, proxy, module, "v1.2.3")
	}
	program := filepath.Join(dir, "program")
	write(t, filepath.Join(program, "go.mod"), `module example.com/program

go 1.21

require (
	example.com/used v1.2.3
	example.com/original v1.2.3
	example.com/here v0.1.0
)

replace example.com/original => example.com/fork v1.2.3

replace example.com/here => ./here
`)
	write(t, filepath.Join(program, "main.go"), `package main

import (
	_ "example.com/here"
	_ "example.com/original"
	_ "example.com/used"
)

func main() {}
`)
	write(t, filepath.Join(program, "here", "go.mod"), "module example.com/here\n")
	write(t, filepath.Join(program, "here", "a.go"), "package here\n")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-mod=mod", "-modcacherw", "-buildvcs=false", "-o", filepath.Join(dir, "bin"), ".")
	cmd.Dir = program
	cmd.Env = append(os.Environ(), "GOPROXY=file://"+proxy, "GOFLAGS=", "GOSUMDB=off", "GOWORK=off",
		"GOTOOLCHAIN=local", "CGO_ENABLED=0", "GOOS=linux", "GOMODCACHE="+filepath.Join(dir, "cache"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	body, err := os.ReadFile(filepath.Join(dir, "bin"))
	if err != nil {
		t.Fatal(err)
	}
	inv := Overlay([]*LayerResult{read(t, member{name: "srv/program", body: string(body), mode: 0o755})})
	got := map[string]string{}
	for _, p := range inv.Packages {
		got[p.Name] = p.PURL
	}
	if got["stdlib"] == "" {
		t.Error("the standard library is missing")
	}
	delete(got, "stdlib")
	want := map[string]string{
		"example.com/used": "pkg:golang/example.com/used@v1.2.3", "example.com/fork": "pkg:golang/example.com/fork@v1.2.3",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mismatch (-want +got):\n%s", diff)
	}
}

// publish puts a module with one empty package into a module proxy's folder.
func publish(t *testing.T, proxy, module, version string) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{"go.mod": "module " + module + "\n", "a.go": "package a\n"} {
		w, err := z.Create(module + "@" + version + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	base := filepath.Join(proxy, module, "@v", version)
	write(t, base+".zip", b.String())
	write(t, base+".mod", "module "+module+"\n")
	write(t, base+".info", `{"Version":"`+version+`"}`)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
