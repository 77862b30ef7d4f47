package awsiam

import (
	"fmt"
	"strconv"
	"strings"
)

// A SyntaxError says what in a document is not as the grammar has it, where,
// and what to write instead. All text of the document in it is escaped, so that
// letters that only look like others can be told from them.
type SyntaxError struct {
	// Line and Column are the position, from 1; columns are characters.
	Line, Column int
	// Path of the element, as "Statement[2].Condition.StringEquals"; empty
	// for the document itself.
	Path string
	// Message is the cause and the remedy.
	Message string
}

// Error returns position, path and message.
func (e *SyntaxError) Error() string {
	at := fmt.Sprintf("line %d, column %d: ", e.Line, e.Column)
	if e.Path != "" {
		at += e.Path + ": "
	}
	return at + e.Message
}

// errorAt returns an error at the position of a token.
func (r *reader) errorAt(tok token, format string, args ...any) error {
	return &SyntaxError{Line: tok.line, Column: tok.column, Path: pathText(r.path), Message: fmt.Sprintf(format, args...)}
}

// wrongType returns the error for a token that is of another type than wanted.
func (r *reader) wrongType(tok token, want string) error {
	return r.errorAt(tok, "%s, not %s", want, tok.kind)
}

// unknownElement returns the error for a name that an object cannot have.
func (r *reader) unknownElement(name token, of string, known []string) error {
	for _, k := range known {
		if strings.EqualFold(k, name.text) {
			return r.errorAt(name, "%s is not an element of %s; write %q, in exactly these letters", quote(name.text), of, k)
		}
	}
	quoted := make([]string, len(known))
	for i, k := range known {
		quoted[i] = strconv.Quote(k)
	}
	return r.errorAt(name, "%s is not an element of %s; use %s, or remove it",
		quote(name.text), of, strings.Join(quoted, ", "))
}

// tooLarge returns the error for a document that is not even looked at.
func tooLarge(size, limit int) error {
	return &SyntaxError{Line: 1, Column: 1, Message: fmt.Sprintf(
		"the document has %d bytes, more than %d; AWS takes no policy of that size, so make sure that it is one", size, limit)}
}

// quoteLimit is how many characters of a text an error shows.
const quoteLimit = 80

// quote returns text of a document in quotation marks, everything but plain
// ASCII escaped, and not longer than an error should be.
func quote(text string) string {
	characters := 0
	for i := range text { // not all of a long text
		if characters == quoteLimit {
			return strconv.QuoteToASCII(text[:i]) + "…"
		}
		characters++
	}
	return strconv.QuoteToASCII(text)
}

// A step is one step of a path: the name of an element, or the index in a list
// when there is no name.
type step struct {
	name  string
	index int // from 1; 0 for a name
}

// pathText returns a path for people. A name that is not just letters and
// digits is quoted.
func pathText(path []step) string {
	var b strings.Builder
	for _, s := range path {
		switch {
		case s.index > 0:
			fmt.Fprintf(&b, "[%d]", s.index-1)
		case len(s.name) > quoteLimit || !isPlain(s.name):
			fmt.Fprintf(&b, "[%s]", quote(s.name))
		case b.Len() > 0:
			b.WriteString("." + s.name)
		default:
			b.WriteString(s.name)
		}
	}
	return b.String()
}

func isPlain(name string) bool {
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}
