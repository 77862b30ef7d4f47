package main

import (
	"bufio"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// demoOwner is the variable that makes this test binary the owner of a demo
// folder in the folder that it names.
const demoOwner = "STOWAGE_TEST_DEMO_OWNER"

func TestMain(m *testing.M) {
	if parent := os.Getenv(demoOwner); parent != "" {
		os.Exit(ownDemo(parent))
	}
	os.Exit(m.Run())
}

// ownDemo owns a demo folder until standard input ends or it is killed.
func ownDemo(parent string) int {
	dir, lock, err := newDemoFolder(parent, slog.New(slog.DiscardHandler))
	if err == nil {
		defer lock.Close()
		err = os.WriteFile(filepath.Join(dir, "data"), []byte("much"), 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(dir)
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
	return 0
}

func TestDemoFolderOfTheDead(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), demoOwner+"="+parent)
	stdin, err := owner.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	dir := line[:len(line)-1]
	log := slog.New(slog.DiscardHandler)
	there := func(name string) bool {
		_, err := os.Stat(name)
		return err == nil
	}
	starting := filepath.Join(parent, demoPrefix+"starting")
	if err := os.Mkdir(starting, 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(parent, demoPrefix+"link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}

	sweepDemoFolders(parent, log)
	if !there(filepath.Join(dir, "data")) {
		t.Fatal("the folder of a process that lives was removed")
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait() // It was killed.

	// Its database has not ended yet.
	if err := os.Mkdir(filepath.Join(dir, demoPostgres), 0o700); err != nil {
		t.Fatal(err)
	}
	server, err := tryLock(filepath.Join(dir, demoPostgres, "lock"), os.O_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	sweepDemoFolders(parent, log)
	if !there(filepath.Join(dir, "data")) {
		t.Fatal("the folder of a database that runs was removed")
	}
	server.Close()

	next, lock, err := newDemoFolder(parent, log)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if there(dir) {
		t.Error("the folder of a process that was killed is still there")
	}
	if !there(next) || !there(starting) || !there(link) {
		t.Error("a folder of another was removed")
	}
}
