package awsiam

import "strings"

// statementElements are the elements of a statement.
var statementElements = []string{
	"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
}

// statement reads the rest of a statement after its opening brace.
func (r *reader) statement(open token) (Statement, error) {
	s := Statement{Line: open.line, Column: open.column}
	hasEffect := false
	err := r.object(func(name token) (err error) {
		if err := r.exclusive(name, s); err != nil {
			return err
		}
		switch name.text {
		case "Sid":
			s.Sid, err = r.text()
		case "Effect":
			hasEffect = true
			s.Deny, err = r.effect()
		case "Principal":
			s.Principal, err = r.principals()
		case "NotPrincipal":
			s.NotPrincipal, err = r.principals()
		case "Action":
			s.Action, err = r.texts()
		case "NotAction":
			s.NotAction, err = r.texts()
		case "Resource":
			s.Resource, err = r.texts()
		case "NotResource":
			s.NotResource, err = r.texts()
		case "Condition":
			s.Conditions, err = r.conditions()
		default:
			err = r.unknownElement(name, "a statement", statementElements)
		}
		return err
	})
	switch {
	case err != nil:
		return s, err
	case !hasEffect:
		return s, r.errorAt(open, `the statement has no "Effect"; write "Effect": "Allow" or "Effect": "Deny"`)
	case s.Action == nil && s.NotAction == nil:
		return s, r.errorAt(open, `the statement has neither "Action" nor "NotAction"; add the actions that it is about`)
	}
	return s, nil
}

// exclusive returns an error when a statement has both an element and its
// negation.
func (r *reader) exclusive(name token, s Statement) error {
	var other string
	switch {
	case name.text == "Principal" && s.NotPrincipal != nil, name.text == "Action" && s.NotAction != nil,
		name.text == "Resource" && s.NotResource != nil:
		other = "Not" + name.text
	case name.text == "NotPrincipal" && s.Principal != nil, name.text == "NotAction" && s.Action != nil,
		name.text == "NotResource" && s.Resource != nil:
		other = strings.TrimPrefix(name.text, "Not")
	default:
		return nil
	}
	return r.errorAt(name, "the statement has %q and %q; a statement can have one of them, so remove one or write two statements",
		other, name.text)
}

func (r *reader) effect() (deny bool, err error) {
	tok, err := r.token()
	switch {
	case err != nil:
		return false, err
	case tok.kind != kindString:
		return false, r.wrongType(tok, "an effect has to be a string")
	case tok.text == "Allow":
		return false, nil
	case tok.text == "Deny":
		return true, nil
	}
	return false, r.errorAt(tok, `%s is no effect; write "Allow" or "Deny", in exactly these letters`, quote(tok.text))
}

// principalKinds are the kinds of principals.
var principalKinds = []string{"AWS", "Service", "Federated", "CanonicalUser"}

// principals reads the value of Principal or NotPrincipal.
func (r *reader) principals() (*Principals, error) {
	tok, err := r.token()
	if err != nil {
		return nil, err
	}
	p := &Principals{}
	switch {
	case tok.kind == kindString && tok.text == "*":
		p.Any = true
		return p, nil
	case tok.kind == kindString:
		return nil, r.errorAt(tok, `the only principal that is a plain string is "*", not %s; name the kind of principal, as {"AWS": …}, {"Service": …}`,
			quote(tok.text))
	case tok.kind != kindObject:
		return nil, r.wrongType(tok, `principals have to be "*" or an object`)
	}
	err = r.object(func(name token) (err error) {
		switch name.text {
		case "AWS":
			var ids []string
			ids, err = r.texts()
			p.AWS = without(ids, "*")
			p.Any = len(p.AWS) < len(ids)
		case "Service":
			p.Service, err = r.texts()
		case "Federated":
			p.Federated, err = r.texts()
		case "CanonicalUser":
			p.CanonicalUser, err = r.texts()
		default:
			err = r.unknownElement(name, "a list of principals", principalKinds)
		}
		return err
	})
	return p, err
}

// without returns the list without a value.
func without(list []string, value string) []string {
	var rest []string
	for _, v := range list {
		if v != value {
			rest = append(rest, v)
		}
	}
	return rest
}
