package web

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/stowage-dev/stowage/internal/api"
	"github.com/stowage-dev/stowage/internal/export"
)

// A list is what a page with a list has around its table.
type list struct {
	Path string
	// Fields are the filters; More are those that show on demand.
	Fields, More []field
	// Chips are the filters that are set.
	Chips []chip
	// First and Next are the addresses of other pages of the list; empty when
	// this is the first or the last.
	First, Next string
	// Exports are the whole list as files.
	Exports []link
	query   url.Values
}

// A field is one filter of a list.
type field struct {
	// Name is the parameter's name in the API.
	Name  string
	Label string
	// Options are the choices; without them it is free text.
	Options []option
	// Example is shown in an empty field.
	Example string
	// Date asks for a day.
	Date bool
	// More fields show on demand, hidden ones only as a chip: links set them.
	More, Hidden bool
	Value        string
}

// An option is one choice of a field.
type option struct{ Value, Label string }

// A chip is a filter that is set, with the address of the list without it.
type chip struct{ Label, Remove string }

// A link is an address with its text.
type link struct{ Label, URL string }

var (
	anySeverity = []option{{"", "any"}, {"critical", "critical"}, {"high", "high or worse"}, {"medium", "medium or worse"}, {"low", "low or worse"}}
	anyProvider = []option{{"", "any"}, {"aws", "AWS"}, {"azure", "Azure"}, {"gcp", "GCP"}, {"kubernetes", "Kubernetes"}}
	yesOrNo     = []option{{"", "any"}, {"true", "yes"}, {"false", "no"}}
	// yesNoUnknown is for what could not be read everywhere.
	yesNoUnknown = append(slices.Clip(yesOrNo), option{"unknown", "not known"})
)

// newList returns the surroundings of the list at the request's path; next is
// the cursor of the next page.
func newList(r *http.Request, fields []field, next string) list {
	query := url.Values{}
	l := list{Path: r.URL.Path, query: query}
	for _, f := range fields {
		if f.Value = r.URL.Query().Get(f.Name); f.Value != "" {
			query.Set(f.Name, f.Value)
		}
		if f.More {
			l.More = append(l.More, f)
		} else {
			l.Fields = append(l.Fields, f)
		}
	}
	for _, f := range fields {
		if value := query.Get(f.Name); value != "" {
			l.Chips = append(l.Chips, chip{fmt.Sprintf("%s: %s", f.Label, f.text(value)), address(l.Path, query, f.Name, "")})
		}
	}
	if r.URL.Query().Get("cursor") != "" {
		l.First = address(l.Path, query, "cursor", "")
	}
	if next != "" {
		l.Next = address(l.Path, query, "cursor", next)
	}
	return l
}

// without returns a query without one parameter.
func without(query url.Values, name string) url.Values {
	rest := url.Values{}
	maps.Copy(rest, query)
	rest.Del(name)
	return rest
}

// exportLinks returns the addresses of a dataset as a file of each format.
func exportLinks(dataset string, query url.Values) []link {
	var links []link
	for _, f := range export.Formats {
		links = append(links, link{f.Name, address(api.Prefix+"/export/"+dataset, query, "format", f.Name)})
	}
	return links
}

// MoreSet reports whether one of the fields that show on demand is set.
func (l list) MoreSet() bool {
	for _, f := range l.More {
		if f.Value != "" {
			return true
		}
	}
	return false
}

// text returns how a person reads a value of the field.
func (f field) text(value string) string {
	for _, o := range f.Options {
		if o.Value == value {
			return o.Label
		}
	}
	return value
}

// PlainDate reports whether the value is a day, or nothing: a browser's date
// field would drop a time.
func (f field) PlainDate() bool {
	return f.Date && (f.Value == "" || len(f.Value) == len("2006-01-02"))
}

// address returns a path with a query of which one parameter is changed, or
// left out when its value is empty.
func address(path string, query url.Values, name, value string) string {
	changed := without(query, name)
	if value != "" {
		changed.Set(name, value)
	}
	if len(changed) == 0 {
		return path
	}
	return path + "?" + changed.Encode()
}
