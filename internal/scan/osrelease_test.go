package scan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/image"
)

var debian12 = image.Distribution{ID: "debian", Version: "12", Codename: "bookworm", Name: "Debian GNU/Linux 12 (bookworm)"}

// users makes users of name, UID and GID.
func users(fields ...any) []image.User {
	var out []image.User
	for i := 0; i < len(fields); i += 3 {
		out = append(out, image.User{Name: fields[i].(string), UID: fields[i+1].(int), GID: fields[i+2].(int)})
	}
	return out
}

func TestParseRelease(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		want image.Distribution
	}{
		"debian":  {bookworm, debian12},
		"single":  {"ID='Alpine'\r\nVERSION_ID='3.19.1'\n", image.Distribution{ID: "alpine", Version: "3.19.1"}},
		"escapes": {`PRETTY_NAME="A \"b\" \$c"`, image.Distribution{Name: `A "b" $c`}},
		"garbage": {"ID\n=\n\x00\xff\nID=\"\nVERSION_ID=\"" + strings.Repeat("9", 5000) + "\"\n", image.Distribution{ID: `"`}},
		"empty":   {"", image.Distribution{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseRelease(newLineBuffer(), strings.NewReader(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("mismatch (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPURL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind string
		p    Package
		want string
	}{
		{"deb", Package{Name: "libstdc++6", Version: "1:12.2-1", Source: "gcc-12", SourceVersion: "12.2-1", Architecture: "amd64"}, "pkg:deb/debian/libstdc%2B%2B6@1:12.2-1?arch=amd64&distro=debian-12&upstream=gcc-12%4012.2-1"},
		{"npm", Package{Name: "@babel/core", Version: "7.0.0"}, "pkg:npm/%40babel/core@7.0.0"},
		{"pypi", Package{Name: "Zope_Interface", Version: "5"}, "pkg:pypi/zope-interface@5"},
		{"golang", Package{Name: "golang.org/x/net", Version: "0.1.0"}, "pkg:golang/golang.org/x/net@v0.1.0"},
		{"golang", Package{Name: "stdlib", Version: "1.22.1"}, "pkg:golang/stdlib@1.22.1"},
		{"maven", Package{Name: "org.a:b", Version: "1"}, "pkg:maven/org.a/b@1"},
	} {
		if got := typesByPURL[test.kind].packageURL(test.p, &debian12); got != test.want {
			t.Errorf("packageURL of %q, %+v = %q, want %q", test.kind, test.p, got, test.want)
		}
	}
}
