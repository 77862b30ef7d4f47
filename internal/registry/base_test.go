package registry

import "testing"

func TestMayAskForBase(t *testing.T) {
	t.Parallel()
	c, err := New(Options{BaseHosts: []string{"docker.io", "*.example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{
		"docker.io": true, "base.example.com": true, "own.internal:5000": true,
		"example.com": false, "192.0.2.1": false, "169.254.169.254": false, "localhost": false, "": false,
	} {
		if got := c.MayAskForBase(host, "own.internal:5000"); got != want {
			t.Errorf("MayAskForBase(%q) = %t, want %t", host, got, want)
		}
	}
	if _, err := New(Options{BaseHosts: []string{"["}}); err == nil {
		t.Error("New with a pattern that is none: no error")
	}
}
