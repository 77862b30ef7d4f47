package awsiamtest

import (
	"encoding/json"
	"regexp"

	"github.com/stowage-dev/stowage/internal/access/awsiam"
)

// A Policy is a policy document as it is written.
type Policy struct {
	Version   string      `json:"Version,omitempty"`
	Statement []Statement `json:"Statement"`
}

// A Statement is a statement as it is written.
type Statement struct {
	Effect       string      `json:"Effect"`
	Principal    *Principals `json:"Principal,omitempty"`
	NotPrincipal *Principals `json:"NotPrincipal,omitempty"`
	Action       Strings     `json:"Action,omitempty"`
	NotAction    Strings     `json:"NotAction,omitempty"`
	Resource     Strings     `json:"Resource,omitempty"`
	NotResource  Strings     `json:"NotResource,omitempty"`
	// Condition holds values by operator and key.
	Condition map[string]map[string]Strings `json:"Condition,omitempty"`
}

// Principals are whom a statement names. Everybody is AWS "*", or Any.
type Principals struct {
	Any          bool
	AWS, Service Strings
}

// Strings are written as a string when there is one.
type Strings []string

// Document parses the policy.
func (p Policy) Document() (*awsiam.Document, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return awsiam.Parse(data)
}

// MarshalJSON returns a string or a list of them.
func (s Strings) MarshalJSON() ([]byte, error) {
	if len(s) == 1 {
		return json.Marshal(s[0])
	}
	return json.Marshal([]string(s))
}

// UnmarshalJSON reads what MarshalJSON returns.
func (s *Strings) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*s = Strings{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(s))
}

// named is how a statement names principals.
type named struct {
	AWS     Strings `json:"AWS,omitempty"`
	Service Strings `json:"Service,omitempty"`
}

// MarshalJSON returns "*" or an object.
func (p Principals) MarshalJSON() ([]byte, error) {
	if p.Any {
		return json.Marshal("*")
	}
	return json.Marshal(named{p.AWS, p.Service})
}

// UnmarshalJSON reads what MarshalJSON returns.
func (p *Principals) UnmarshalJSON(data []byte) error {
	if string(data) == `"*"` {
		*p = Principals{Any: true}
		return nil
	}
	var n named
	if err := json.Unmarshal(data, &n); err != nil {
		return err
	}
	*p = Principals{AWS: n.AWS, Service: n.Service}
	return nil
}

// variablePattern matches a policy variable, with or without a default.
var variablePattern = regexp.MustCompile(`\$\{([^},]+)(?:, *'[^']*')?\}`)

// Variables returns the context keys that a text takes values from.
func Variables(text string) []string {
	var keys []string
	for _, match := range variablePattern.FindAllStringSubmatch(text, -1) {
		if key := match[1]; key != "*" && key != "?" && key != "$" {
			keys = append(keys, key)
		}
	}
	return keys
}
