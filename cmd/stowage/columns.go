package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// narrow and wide bound the width of a table.
const narrow, wide = 60, 160

// terminalWidth returns the width of what is written to, or else what COLUMNS
// says, or else the width that fits everywhere.
func terminalWidth(w io.Writer) int {
	width := 80
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil {
		width = n
	}
	if f, ok := w.(*os.File); ok && isTerminal(f) {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			width = n
		}
	}
	return min(max(width, narrow), wide)
}

// columns print cells side by side, wrapped to a width.
type columns struct {
	w     io.Writer
	width int
	err   error
}

func (p *columns) line(s string) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, strings.TrimRight(s, " "))
	}
}

// row prints cells side by side. The last takes what is left of the width.
func (p *columns) row(widths []int, cells ...string) {
	left := p.width
	for _, n := range widths {
		left -= n + columnGap
	}
	widths = append(slices.Clone(widths), left)
	lines := make([][]string, len(cells))
	height := 0
	for i, c := range cells {
		lines[i] = wrap(printable(c), widths[i])
		height = max(height, len(lines[i]))
	}
	for y := range height {
		var b strings.Builder
		for i := range cells {
			text := ""
			if y < len(lines[i]) {
				text = lines[i][y]
			}
			b.WriteString(text)
			if i < len(cells)-1 {
				b.WriteString(strings.Repeat(" ", max(widths[i]-utf8.RuneCountInString(text), 0)+columnGap))
			}
		}
		p.line(b.String())
	}
}

// columnGap is the space between columns.
const columnGap = 2

// wrap breaks a text into lines of at most width characters, between words
// where it can.
func wrap(s string, width int) []string {
	var lines []string
	line, length := "", 0
	for _, word := range strings.Fields(s) {
		n := utf8.RuneCountInString(word)
		if length > 0 && length+1+n > width {
			lines = append(lines, line)
			line, length = "", 0
		}
		for n > width {
			runes := []rune(word)
			at := breakable(runes[:width])
			lines = append(lines, string(runes[:at]))
			word, n = string(runes[at:]), n-at
		}
		if length > 0 {
			line += " "
			length++
		}
		line += word
		length += n
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// breakable returns where to break a word that is too long: after the last
// punctuation of its second half, or at its end.
func breakable(runes []rune) int {
	for i := len(runes) - 1; i > len(runes)/2; i-- {
		if strings.ContainsRune(":/@-_.+", runes[i]) {
			return i + 1
		}
	}
	return len(runes)
}
