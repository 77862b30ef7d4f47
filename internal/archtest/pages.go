package archtest

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// linkPattern matches an inline link or image of Markdown.
var linkPattern = regexp.MustCompile(`\]\(([^)\s]+)[^)]*\)`)

// fencePattern matches a code block, in which nothing is a link.
var fencePattern = regexp.MustCompile("(?ms)^```.*?^```")

// pageFaults returns the pages below docs that no index page names, and the
// links of pages that lead nowhere. An index is the top README.md, or the
// README.md of the page's own folder or one above it.
func pageFaults(root fs.FS) ([]string, error) {
	pages, err := markdown(root)
	if err != nil {
		return nil, err
	}
	var faults []string
	linked := make(map[string][]string) // by page, the pages that link to it
	for _, page := range pages {
		text, err := fs.ReadFile(root, page)
		if err != nil {
			return nil, err
		}
		for _, target := range links(page, string(text)) {
			info, err := fs.Stat(root, target)
			if err != nil {
				faults = append(faults, fmt.Sprintf("%s links to %s, which is not there", page, target))
				continue
			}
			if info.IsDir() { // shown as its index
				target = path.Join(target, "README.md")
			}
			linked[target] = append(linked[target], page)
		}
	}
	for _, page := range pages {
		if page == "README.md" {
			continue
		}
		indexes := []string{"README.md"}
		for dir := path.Dir(page); dir != "."; dir = path.Dir(dir) {
			indexes = append(indexes, path.Join(dir, "README.md"))
		}
		if !slices.ContainsFunc(linked[page], func(from string) bool { return from != page && slices.Contains(indexes, from) }) {
			faults = append(faults, fmt.Sprintf("%s is linked from none of %s", page, strings.Join(indexes, ", ")))
		}
	}
	return faults, nil
}

// markdown returns README.md and the pages below docs, as far as they exist.
func markdown(root fs.FS) ([]string, error) {
	var pages []string
	for _, start := range []string{"README.md", "docs"} {
		err := fs.WalkDir(root, start, func(name string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && strings.HasSuffix(name, ".md") {
				pages = append(pages, name)
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return pages, nil
}

// links returns the files that a page links to.
func links(page, text string) []string {
	var targets []string
	for _, match := range linkPattern.FindAllStringSubmatch(fencePattern.ReplaceAllString(text, ""), -1) {
		u, err := url.Parse(match[1])
		if err != nil || u.Scheme != "" || u.Host != "" || u.Path == "" {
			continue
		}
		if target := path.Join(path.Dir(page), u.Path); fs.ValidPath(target) {
			targets = append(targets, target)
		}
	}
	return targets
}
