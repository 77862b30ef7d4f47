package awsiam

import "strings"

// conditions reads the value of Condition, in the order of the document.
func (r *reader) conditions() ([]Condition, error) {
	tok, err := r.token()
	if err != nil {
		return nil, err
	}
	if tok.kind != kindObject {
		return nil, r.wrongType(tok, "Condition has to be an object of operators")
	}
	var found []Condition
	err = r.object(func(operator token) error {
		tok, err := r.token()
		if err != nil {
			return err
		}
		if tok.kind != kindObject {
			return r.wrongType(tok, "an operator has to be an object of condition keys")
		}
		c := splitOperator(operator.text)
		return r.object(func(key token) (err error) {
			c.Key, c.Line, c.Column = key.text, key.line, key.column
			c.Values, err = r.scalars()
			found = append(found, c)
			return err
		})
	})
	return found, err
}

// splitOperator takes the modifiers off an operator. One that is not known is
// not split: what its parts mean is not known either.
func splitOperator(written string) Condition {
	c := Condition{Operator: written}
	for _, set := range []string{"ForAllValues", "ForAnyValue"} {
		if rest, ok := strings.CutPrefix(c.Operator, set+":"); ok {
			c.Set, c.Operator = set, rest
			break
		}
	}
	// Null has no IfExists.
	if rest, ok := strings.CutSuffix(c.Operator, "IfExists"); ok && rest != "Null" {
		c.IfExists, c.Operator = true, rest
	}
	if _, known := operators[c.Operator]; !known {
		return Condition{Operator: written}
	}
	return c
}
