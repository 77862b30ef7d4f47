package secret

import (
	"slices"
	"strings"
	"testing"
)

// The source of Go is full of words such as token and key, of keys for its
// tests and of addresses with passwords. The one thing in it that is a secret
// by all that it shows is a private key for tests outside of them.
func TestCleanText(t *testing.T) {
	t.Parallel()
	files := goSource(t)
	if len(files) < 1000 {
		t.Skipf("only %d files of Go's source are here", len(files))
	}
	for p, content := range files {
		for _, m := range Search(p, content) {
			if p != "app/crypto/x509/platform_root_key.pem" {
				t.Errorf("%s line %d: %s %q", p, m.Line, m.Rule.ID, m.Value)
			}
		}
	}
}

// Text that is made of keywords must not cost much more than other text.
func TestHostileText(t *testing.T) {
	t.Parallel()
	var words []string
	for _, h := range hits() {
		words = append(words, h.word)
	}
	slices.Sort(words)
	texts := []string{
		strings.Join(words, "\n"), strings.Join(words, "="), "eyJa.eyJ", "-----BEGIN PRIVATE KEY-----\n", `"private_key": "-----BEGIN PRIVATE KEY-----gserviceaccount.com"service_account"`,
		"client-key-data: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA ",
		" AKIAAAAAAAAAAAAAAAAA", "a://b:ccc", "password=\"", " -us1", `"auth":"AAAAAAAAAAAA`, "PuTTY-User-Key-File-3: a\n", "=\"'",
	}
	for _, s := range texts {
		content := []byte(strings.Repeat(s+" ", 128<<10/(len(s)+1)))
		for _, p := range []string{"app/x.env", "app/x.tfstate", "app/x.go"} {
			x := &text{b: content, path: p, kind: kindOf(p)}
			x.search()
			x.searchFormat()
			x.matches()
			// One more look may begin before the limit, and be a key's.
			if limit := len(content)*workFactor + workFloor + 2*16*maxKey; x.work > limit || len(x.found) > 8*maxMatches {
				t.Errorf("%.30q: %d bytes looked at and %d matches in %d bytes, want at most %d", s, x.work, len(x.found), len(content), limit)
			}
		}
	}
}

// The automaton finds what a search for each word finds.
func TestAutomaton(t *testing.T) {
	t.Parallel()
	words := []string{"he", "she", "his", "hers", "e", "HER", "aaa"}
	text := "USHERS shis aaaa Hé"
	want := map[string]int{}
	for _, w := range words {
		for i := range text {
			if strings.HasPrefix(strings.ToLower(text[i:]), strings.ToLower(w)) {
				want[w]++
			}
		}
	}
	got := map[string]int{}
	newAutomaton(words).each([]byte(text), func(word int32, end int) bool {
		w := words[word]
		if !strings.EqualFold(text[end-len(w):end], w) {
			t.Errorf("%q does not end at %d", w, end)
		}
		got[w]++
		return true
	})
	for _, w := range words {
		if got[w] != want[w] {
			t.Errorf("%q found %d times, want %d", w, got[w], want[w])
		}
	}
}
