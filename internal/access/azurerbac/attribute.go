package azurerbac

import (
	"errors"
	"fmt"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// sources of attributes, by their names in lower case.
var sources = map[string]string{
	"resource": "Resource", "request": "Request", "principal": "Principal", "environment": "Environment",
}

// AttributeKey returns the name by which a context knows an attribute of
// conditions, as that of "@Environment[isPrivateLink]". It is the attribute as
// it is written, but that a key of a blob index tag, which differs by case,
// keeps its case apart.
func AttributeKey(attribute string) (string, error) {
	a, err := parseAttribute(attribute)
	if err != nil {
		return "", err
	}
	if !a.known() {
		return "", fmt.Errorf("attribute %q: want one of @Resource, @Request, @Principal, @Environment", attribute)
	}
	return a.key, nil
}

// An attribute of a request, as "@Resource[Microsoft.Storage/storageAccounts:name]".
type attribute struct {
	text   string // as it is written
	source string // empty for one that is not known
	name   string // in lower case
	key    string // of the context
}

func parseAttribute(text string) (attribute, error) {
	source, name, ok := strings.Cut(text, "[")
	if !ok || !strings.HasPrefix(source, "@") || !strings.HasSuffix(name, "]") {
		return attribute{}, fmt.Errorf("attribute %q: want @Source[name]", shorten(text))
	}
	name = strings.TrimSpace(strings.TrimSuffix(name, "]"))
	if name == "" {
		return attribute{}, errors.New("attribute has no name")
	}
	source = strings.TrimSpace(source[1:])
	a := attribute{text: text, source: sources[lowerASCII(source)], name: lowerASCII(name)}
	a.key = "@" + lowerASCII(source) + "[" + lowerASCII(markCase(name)) + "]"
	return a, nil
}

// caseSensitiveKey ends the name of a blob index tag.
const caseSensitiveKey = "<$key_case_sensitive$>"

// markCase sets a caret before the capitals of a key that differs by case, so
// that it can still be told apart in lower case.
func markCase(name string) string {
	if len(name) < len(caseSensitiveKey) {
		return name
	}
	i := len(name) - len(caseSensitiveKey)
	if !equalASCII(name[i:], caseSensitiveKey) {
		return name
	}
	from := strings.LastIndexByte(name[:i], ':') + 1
	var b strings.Builder
	for _, c := range []byte(name[from:i]) {
		if 'A' <= c && c <= 'Z' || c == '^' {
			b.WriteByte('^')
		}
		b.WriteByte(c)
	}
	return name[:from] + b.String() + name[i:]
}

func (a attribute) known() bool { return a.source != "" }

// found is what is known of an attribute.
type found struct {
	state  access.State
	values []value
}

// lookup returns what the resource id says of an attribute, or else the
// context.
func (a attribute) lookup(e *evaluation) found {
	if v, ok := a.inScope(e.scope); ok {
		return found{access.Known, []value{v}}
	}
	v := e.attributes.Lookup(a.key)
	if v.State == access.Absent && e.below && a.source == "Resource" {
		v.State = access.UnknownState // of one object among many
	}
	if v.State != access.Known {
		return found{state: v.State}
	}
	values := make([]value, len(v.Values))
	for i, text := range v.Values {
		values[i] = value{text: text}
	}
	return found{access.Known, values}
}

const (
	storageAccounts = "microsoft.storage/storageaccounts"
	blobType        = storageAccounts + "/blobservices/containers/blobs"
	blobPath        = blobType + ":path"
)

// inScope returns the name of a resource, or the path of a blob, that an id
// has. Ids do not keep the case of names, but the names of storage accounts
// and of what is directly in them have no capitals.
func (a attribute) inScope(s scope) (value, bool) {
	if a.source != "Resource" || s == "" {
		return value{}, false
	}
	if a.name == blobPath {
		path, ok := s.after(blobType)
		return value{text: path, folded: true}, ok
	}
	resourceType, ok := strings.CutSuffix(a.name, ":name")
	if !ok {
		return value{}, false
	}
	name, ok := s.nameOf(resourceType)
	if !ok {
		return value{}, false
	}
	if strings.HasPrefix(resourceType, storageAccounts) && isASCII(name) {
		return value{text: lowerASCII(name)}, true
	}
	return value{text: name, folded: true}, true
}
