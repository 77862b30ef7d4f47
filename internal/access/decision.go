package access

// A Decision is the answer to a request.
type Decision struct {
	// Formula is what has to hold for the request to succeed.
	Formula Formula
	// Evidence says why, when it was asked for.
	Evidence Evidence
}

// Verdict returns the short form of the decision.
func (d Decision) Verdict() Verdict { return d.Formula.Verdict() }

// Evidence is how a decision came about: what each layer of policies said, in
// the order in which the cloud asks them.
type Evidence struct {
	Layers []Layer `json:"layers"`
}

// Deciding returns the statements that made the decision what it is: those
// that deny when one denies, else those that allow, of every layer.
func (e Evidence) Deciding() []Statement {
	for _, denying := range []bool{true, false} {
		var found []Statement
		for _, l := range e.Layers {
			for _, s := range l.Statements {
				if s.Denies == denying && s.Applies.Verdict() == Allowed {
					found = append(found, s)
				}
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// A Layer is one kind of policies that bear on a request, as "resource policy"
// or "permissions boundary".
type Layer struct {
	Name string `json:"name"`
	// Result is what has to hold for the layer to let the request through.
	Result Formula `json:"result"`
	// Note says in words what the layer did, as "no session policy: does not
	// limit" or why it could not be read.
	Note string `json:"note,omitempty"`
	// Statements that were looked at, in the order of their policies.
	Statements []Statement `json:"statements,omitempty"`
}

// A Statement is one statement, binding or assignment of a policy and whether
// it applies to the request.
type Statement struct {
	// Policy is the name, ARN or id of the policy.
	Policy string `json:"policy"`
	// ID is the Sid of a statement, or the id of an assignment, if it has one.
	ID string `json:"id,omitempty"`
	// Index of the statement in its policy, from 0.
	Index int `json:"index"`
	// Line of the statement in its document, from 1; 0 when it has none.
	Line int `json:"line,omitempty"`
	// Denies: the statement takes access away when it applies.
	Denies bool `json:"denies,omitempty"`
	// Applies is what has to hold for the statement to apply.
	Applies Formula `json:"applies"`
	// Reason says in words why the statement does not apply, or on what it
	// depends, as "resource arn:aws:s3:::logs/* does not match".
	Reason string `json:"reason,omitempty"`
}
