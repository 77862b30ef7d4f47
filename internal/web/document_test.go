package web

import (
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// A document is a parsed page.
type document struct{ root *html.Node }

func parse(t testing.TB, r io.Reader) document {
	t.Helper()
	root, err := html.Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	return document{root}
}

// find returns the elements that match, in order.
func (d document) find(match func(*html.Node) bool) []*html.Node {
	var found []*html.Node
	for n := range d.root.Descendants() {
		if n.Type == html.ElementNode && match(n) {
			found = append(found, n)
		}
	}
	return found
}

func (d document) named(name string) []*html.Node {
	return d.find(func(n *html.Node) bool { return n.Data == name })
}

func (d document) byID(id string) *html.Node {
	for _, n := range d.find(func(n *html.Node) bool { return attr(n, "id") == id }) {
		return n
	}
	return nil
}

// text returns the text of the first element with the name, with single spaces.
func (d document) text(name string) string {
	found := d.named(name)
	if len(found) == 0 {
		return ""
	}
	return textOf(found[0])
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		switch {
		case c.Type == html.TextNode:
			b.WriteString(c.Data)
		case c.Type == html.ElementNode && !slices.Contains([]string{"strong", "a", "code", "time", "span"}, c.Data), attr(c, "class") != "":
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func (d document) links() []string {
	var links []string
	for _, n := range d.find(func(n *html.Node) bool { return n.Data == "a" || n.Data == "link" }) {
		links = append(links, attr(n, "href"))
	}
	return links
}

// check reports what no page may have: anything that the content security
// policy forbids or that foreign text made, and anything that keeps people with
// a screen reader or a keyboard out.
func (d document) check(t testing.TB, path string) {
	t.Helper()
	for _, name := range []string{"html", "title", "main", "h1", "header", "footer"} {
		want := d.named(name)
		if name == "title" { // SVG has its own.
			want = d.find(func(n *html.Node) bool { return n.Data == "title" && n.Namespace == "" })
		}
		if len(want) != 1 {
			t.Errorf("%s has %d elements %s, want 1", path, len(want), name)
		}
	}
	ids := map[string]bool{}
	for n := range d.root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if slices.Contains([]string{"script", "style", "iframe", "object", "embed", "base"}, n.Data) {
			t.Errorf("%s has an element %s", path, n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("%s: %s has an attribute %s", path, n.Data, a.Key)
			}
			if strings.Contains(a.Val, "ZgotmplZ") {
				t.Errorf("%s: %s was made harmless: a template builds it the wrong way", path, a.Key)
			}
		}
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				t.Errorf("%s has two elements with the id %q", path, id)
			}
			ids[id] = true
		}
		d.checkElement(t, path, n)
	}
}

func (d document) checkElement(t testing.TB, path string, n *html.Node) {
	t.Helper()
	switch n.Data {
	case "a", "link":
		href := attr(n, "href")
		if !strings.HasPrefix(href, "#") && !strings.HasPrefix(href, "https://") && (!strings.HasPrefix(href, "/") || strings.HasPrefix(href, "//")) {
			t.Errorf("%s links to %q", path, href)
		}
		if n.Data == "a" && textOf(n) == "" {
			t.Errorf("%s: the link to %q has no text", path, href)
		}
	case "img":
		if !slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "alt" }) {
			t.Errorf("%s has an image without alt", path)
		}
	case "table":
		if c := n.FirstChild; c == nil || !slices.ContainsFunc(slices.Collect(n.ChildNodes()), func(c *html.Node) bool { return c.Data == "caption" }) {
			t.Errorf("%s has a table without caption", path)
		}
	case "th":
		if attr(n, "scope") == "" {
			t.Errorf("%s: heading cell %q has no scope", path, textOf(n))
		}
	case "input", "select", "progress":
		id := attr(n, "id")
		if attr(n, "type") != "hidden" && len(d.find(func(l *html.Node) bool { return l.Data == "label" && attr(l, "for") == id })) != 1 {
			t.Errorf("%s: field %q has no label", path, id)
		}
	}
}
