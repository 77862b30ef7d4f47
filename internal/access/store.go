package access

import "strings"

// A Store is a data store of an estate: what principals may have access to.
type Store struct {
	// ID is the ARN, Azure resource id or GCP full resource name.
	ID string
	// Type is the id of its StoreType, as "aws.s3.bucket".
	Type string
	// Account is the AWS account, Azure subscription or GCP project that owns it.
	Account string
	// Region of the store; empty when it has none.
	Region string
	// Settings of the store that its type asks for. One that is known not to
	// be set is there and empty; one that is not there is not known.
	Settings map[string]string
}

// A StoreType says what the operations of a cloud mean for the content of one
// type of data stores.
type StoreType struct {
	ID   string
	Name string
	// Source is the vendor's page that the rules are from.
	Source string
	// NetworkOnly says, for a store whose content the cloud's policies do not
	// protect, who decides instead; empty for all others.
	NetworkOnly string
	Notes       []string
	// Settings of its stores that the rules read, by name, and what they are.
	Settings map[string]string
	Rules    []Rule
}

// A Rule says which operations give access to the content of a store, at which
// levels and by which channel.
type Rule struct {
	Levels  []Level
	Channel Channel
	Demand
	// Needs are what has to be permitted, too.
	Needs []Demand
	// Gates are settings of the store without which the operations give nothing.
	Gates []Gate
	// Unread names an input that decides, too, and is never read: permission
	// alone makes the answer unknown.
	Unread string
	Note   string
}

// A Demand is operations on a resource, of which one is enough.
type Demand struct {
	AnyOf []string
	// Data: they are operations on content, which Azure tells apart from those
	// on the store.
	Data     bool
	Resource ResourceForm
	// IfSet is a setting of the store. The rule gives nothing, and the need is
	// none, when it is empty.
	IfSet string
}

// A ResourceForm says how the resource that an operation names is made from
// the store.
type ResourceForm struct {
	// Template is the resource with variables in braces: id, account, region,
	// partition (of an ARN), name (what follows the id's last "/" or ":"), path
	// (what follows its first "/"), and settings of the store.
	Template string
	// Below: any object below it is meant.
	Below bool
}

// A Gate is a condition on a setting of a store. One of Is and Not is set.
type Gate struct {
	Setting string
	// Is has the values of which the setting has to have one; Not those that it
	// must not have.
	Is, Not []string
}

// Variables are the variables of every ResourceForm.
var Variables = []string{"id", "account", "region", "partition", "name", "path"}

// Resource returns what the form makes of a store. When a setting that it
// names is not known, missing says so, and the resource is anything that
// begins like it.
func (f ResourceForm) Resource(s *Store) (r Resource, missing string) {
	r = Resource{Account: s.Account, Below: f.Below}
	if !strings.Contains(f.Template, "{") {
		r.ID = f.Template
		return r, ""
	}
	var b strings.Builder
	rest := f.Template
	for {
		text, after, ok := strings.Cut(rest, "{")
		b.WriteString(text)
		if !ok {
			break
		}
		name, tail, _ := strings.Cut(after, "}")
		value, known := s.variable(name)
		if !known {
			r.ID, r.Below = b.String(), true
			return r, s.missing(name)
		}
		b.WriteString(value)
		rest = tail
	}
	r.ID = b.String()
	return r, ""
}

// Open returns what has to hold for the gate to be open.
func (g Gate) Open(s *Store) Formula {
	value, known := s.Settings[g.Setting]
	if !known {
		return Missing(s.missing(g.Setting))
	}
	for _, v := range g.Not {
		if v == value {
			return False()
		}
	}
	for _, v := range g.Is {
		if v == value {
			return True()
		}
	}
	return Of(len(g.Is) == 0)
}

// Set returns whether a demand's setting is set; true for one without.
func (d Demand) Set(s *Store) Formula {
	if d.IfSet == "" {
		return True()
	}
	value, known := s.Settings[d.IfSet]
	if !known {
		return Missing(s.missing(d.IfSet))
	}
	return Of(value != "")
}

// missing is the text of a setting that is not known. It does not name the
// store: stores that differ by their names alone have the same grants.
func (s *Store) missing(setting string) string { return "setting " + setting + " of the store" }

func (s *Store) variable(name string) (value string, known bool) {
	switch name {
	case "id":
		return s.ID, true
	case "account":
		return s.Account, true
	case "region":
		return s.Region, true
	case "partition":
		_, rest, _ := strings.Cut(s.ID, ":")
		partition, _, _ := strings.Cut(rest, ":")
		return partition, true
	case "name":
		return s.ID[strings.LastIndexAny(s.ID, "/:")+1:], true
	case "path":
		_, path, _ := strings.Cut(s.ID, "/")
		return path, true
	}
	value, known = s.Settings[name]
	return value, known
}
