package awsiam

import "net/url"

// The limits of a document. They are far above what AWS takes, so that they
// only ever stop what was not written by AWS, and keep time and memory bounded.
const (
	// MaxDocumentSize is how many bytes a document may have. The largest that
	// AWS stores is the access policy of an OpenSearch domain, 100 KiB; those of
	// IAM have 10,240 characters at most, but white space is not counted there.
	//
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	MaxDocumentSize = 1 << 20
	// MaxDocumentValues is how many strings, numbers and names a document may
	// have. 100 KiB have room for fewer than 26,000, as each needs two
	// quotation marks, a comma and a character.
	MaxDocumentValues = 1 << 16
	// MaxNameSize is how many bytes the name of an element, operator or
	// condition key may have. The longest keys are those of tags, with 128
	// characters, and of identity providers, with 255.
	MaxNameSize = 2048
)

// The versions of the policy language.
const (
	version2008 = "2008-10-17"
	version2012 = "2012-10-17"
)

// Parse reads a policy document. It takes all forms of the grammar of AWS and
// nothing else: names of elements and the values of Effect differ by case, no
// object has a name twice, and an element that is not known is an error, as
// nobody could say what it means. All errors are of type *[SyntaxError].
//
//   - A document without a Version has the older one.
//   - An empty list is kept, and differs from an element that is not there: a
//     statement with "NotAction": [] has a NotAction that is empty and not nil.
//   - Numbers keep their text, and true and false become "true" and "false".
//   - An operator of a condition is known only as AWS spells it; AWS refuses
//     "stringEquals".
//   - Which elements a policy needs besides Effect and Action or NotAction
//     depends on its type; [Check] knows.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
func Parse(data []byte) (*Document, error) {
	r, err := newReader(data)
	if err != nil {
		return nil, err
	}
	return r.document()
}

// ParseEncoded reads a policy document whose text is percent-encoded, as
// iam:GetAccountAuthorizationDetails and the other calls of IAM return it. The
// position of an error is that in the decoded text, but for an encoding that
// is broken.
func ParseEncoded(text string) (*Document, error) {
	if len(text) > 3*MaxDocumentSize {
		return nil, tooLarge(len(text), 3*MaxDocumentSize)
	}
	// A plus sign means itself: the encoding is that of RFC 3986.
	decoded, err := url.PathUnescape(text)
	if err != nil {
		r, at := &reader{data: []byte(text), line: 1, column: 1}, brokenEscape(text)
		return nil, r.errorAtOffset(at, "%s is no percent-encoding; a document that is not encoded is read without decoding",
			quote(text[at:min(at+3, len(text))]))
	}
	return Parse([]byte(decoded))
}

// brokenEscape returns where the first percent sign is that two hexadecimal
// digits do not follow.
func brokenEscape(text string) int {
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && (i+2 >= len(text) || !isHex(text[i+1]) || !isHex(text[i+2])) {
			return i
		}
	}
	return 0
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

// documentElements are the elements of a document.
var documentElements = []string{"Version", "Id", "Statement"}

// document reads the whole document.
func (r *reader) document() (*Document, error) {
	tok, err := r.token()
	if err != nil {
		return nil, err
	}
	doc := &Document{Version: version2008}
	if tok.kind != kindObject {
		return nil, r.wrongType(tok, "a policy document has to be an object")
	}
	hasStatement := false
	err = r.object(func(name token) error {
		switch name.text {
		case "Version":
			return r.version(doc)
		case "Id":
			doc.ID, err = r.text()
			return err
		case "Statement":
			hasStatement = true
			return r.statements(doc)
		}
		return r.unknownElement(name, "a policy document", documentElements)
	})
	if err != nil {
		return nil, err
	}
	if !hasStatement {
		return nil, r.errorAt(tok, `the document has no "Statement"; add a list of statements`)
	}
	return doc, nil
}

func (r *reader) version(doc *Document) error {
	tok, err := r.token()
	if err != nil {
		return err
	}
	if tok.kind != kindString {
		return r.wrongType(tok, "a version has to be a string")
	}
	if tok.text != version2008 && tok.text != version2012 {
		return r.errorAt(tok, "%s is no known version of the policy language; write %q (or %q, without variables)",
			quote(tok.text), version2012, version2008)
	}
	doc.Version = tok.text
	return nil
}

// statements reads one statement or a list of them.
func (r *reader) statements(doc *Document) error {
	tok, err := r.token()
	if err != nil {
		return err
	}
	switch tok.kind {
	case kindObject:
		s, err := r.statement(tok)
		doc.Statements = []Statement{s}
		return err
	case kindArray:
		doc.Statements = []Statement{}
		return r.array(func(item token) error {
			if item.kind != kindObject {
				return r.wrongType(item, "a statement has to be an object")
			}
			s, err := r.statement(item)
			doc.Statements = append(doc.Statements, s)
			return err
		})
	}
	return r.wrongType(tok, "Statement has to be an object or an array of objects")
}
