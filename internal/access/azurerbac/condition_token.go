package azurerbac

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

type tokenKind int8

const (
	tokenEnd       tokenKind = iota
	tokenSymbol              // ( ) { } , ! && ||
	tokenWord                // names, numbers, GUIDs
	tokenString              // in single quotes; the text is what is between them
	tokenAttribute           // @Source[name]
)

type token struct {
	kind   tokenKind
	text   string
	offset int
	end    int
}

// String returns the token as errors show it.
func (t token) String() string {
	switch t.kind {
	case tokenEnd:
		return "the end"
	case tokenString:
		return "'" + shorten(t.text) + "'"
	}
	return fmt.Sprintf("%q", shorten(t.text))
}

// is reports whether the token is a word, in any case, or a symbol.
func (t token) is(text string) bool {
	return t.kind == tokenSymbol && t.text == text || t.kind == tokenWord && equalASCII(t.text, text)
}

// tokenize splits a condition.
func tokenize(text string) ([]token, error) {
	fail := func(offset int, format string, args ...any) ([]token, error) {
		line, column := position(text, offset)
		return nil, &SyntaxError{Line: line, Column: column, Problem: fmt.Sprintf(format, args...)}
	}
	if len(text) > maxCondition {
		return fail(0, "condition has %d bytes: want at most %d", len(text), maxCondition)
	}
	var tokens []token
	for i := 0; i < len(text); {
		c, start := text[i], i
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			i++
			continue
		case strings.IndexByte("(){},!", c) >= 0:
			i++
			tokens = append(tokens, token{tokenSymbol, text[start:i], start, i})
		case c == '&' || c == '|':
			if i+1 == len(text) || text[i+1] != c {
				return fail(i, "want %c%c, not a single %c", c, c, c)
			}
			i += 2
			tokens = append(tokens, token{tokenSymbol, text[start:i], start, i})
		case c == '\'':
			n := strings.IndexByte(text[i+1:], '\'')
			if n < 0 {
				return fail(i, "string has no end: want a single quote after it")
			}
			i += n + 2
			if n > 0 && text[i-2] == '\\' {
				return fail(i-2, "backslash before a single quote: whether that ends the string is not documented")
			}
			tokens = append(tokens, token{tokenString, text[start+1 : i-1], start, i})
		case c == '@':
			n := strings.IndexByte(text[i:], ']')
			if n < 0 {
				return fail(i, "attribute has no end: want ] after its name")
			}
			i += n + 1
			tokens = append(tokens, token{tokenAttribute, text[start:i], start, i})
		case isWord(c):
			for i < len(text) && isWord(text[i]) {
				i++
			}
			tokens = append(tokens, token{tokenWord, text[start:i], start, i})
		default:
			r, size := utf8.DecodeRuneInString(text[i:])
			if r == utf8.RuneError && size <= 1 {
				return fail(i, "byte %#x is not UTF-8", c)
			}
			return fail(i, "character %q (%U) has no meaning here", r, r)
		}
		if !utf8.ValidString(text[start:i]) {
			return fail(start, "text is not UTF-8")
		}
	}
	return append(tokens, token{tokenEnd, "", len(text), len(text)}), nil
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("_:.-", c) >= 0
}

// shorten keeps errors readable.
func shorten(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}
