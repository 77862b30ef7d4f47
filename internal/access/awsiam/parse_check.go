package awsiam

import (
	"fmt"
	"strings"
)

// A PolicyType is the use of a document, which decides about what it may and
// has to say.
type PolicyType string

// The types of policies.
const (
	// IdentityPolicy is one of a user, group or role; permissions boundaries
	// and session policies are written the same way.
	IdentityPolicy PolicyType = "identity"
	// ResourcePolicy is one of a bucket, key, secret or queue.
	ResourcePolicy PolicyType = "resource"
	// TrustPolicy is the one of a role that says who may assume it.
	TrustPolicy PolicyType = "trust"
	// ServiceControlPolicy and ResourceControlPolicy are those of an
	// organisation.
	ServiceControlPolicy  PolicyType = "service-control"
	ResourceControlPolicy PolicyType = "resource-control"
)

// A Severity says how bad a problem is.
type Severity string

// The severities.
const (
	// Error: AWS does not take the document, or the element has no effect.
	Error Severity = "error"
	// Warning: it probably does not do what was meant.
	Warning Severity = "warning"
)

// A Problem is something in a document that follows the grammar and is wrong
// all the same.
type Problem struct {
	Severity Severity `json:"severity"`
	// Path of the element, as "Statement[2].Action[0]".
	Path string `json:"path"`
	// Line and Column are the position of the element when the text was
	// checked, and else of the statement or condition that it is in.
	Line   int `json:"line"`
	Column int `json:"column"`
	// Message is the cause and the remedy.
	Message string `json:"message"`
}

// String returns position, path and message.
func (p Problem) String() string {
	return fmt.Sprintf("line %d, column %d: %s: %s: %s", p.Line, p.Column, p.Severity, p.Path, p.Message)
}

// MaxProblems is how many problems of a document are told at most.
const MaxProblems = 1000

// Check returns what is wrong with a document of a type. A decision does not
// need it: what AWS ignores, Evaluate ignores too.
//
//   - Which elements a type has:
//     https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html#policies-grammar-notes,
//     https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html,
//     https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html
//   - The rest:
//     https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html
func Check(doc *Document, t PolicyType) []Problem {
	c := &checker{doc: doc, policyType: t}
	c.document()
	return c.problems
}

// CheckText parses a document and checks it. The problems have the positions
// of the very values that they are about.
func CheckText(data []byte, t PolicyType) (*Document, []Problem, error) {
	r, err := newReader(data)
	if err != nil {
		return nil, nil, err
	}
	r.positions = make(map[string]position)
	doc, err := r.document()
	if err != nil {
		return nil, nil, err
	}
	problems := Check(doc, t)
	for i := range problems {
		if at, ok := r.locate(problems[i].Path); ok {
			problems[i].Line, problems[i].Column = at.line, at.column
		}
	}
	return doc, problems, nil
}

// locate returns the position of the value with a path, whether a list of one
// was written as a list or not.
func (r *reader) locate(path string) (position, bool) {
	if _, listed := r.positions["Statement[0]"]; !listed {
		path = strings.Replace(path, "Statement[0]", "Statement", 1)
	}
	for path != "" {
		if at, ok := r.positions[path]; ok {
			return at, true
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return position{}, false
}

// A checker collects the problems of one document.
type checker struct {
	doc        *Document
	policyType PolicyType
	problems   []Problem

	// The statement that is being checked.
	statement *Statement
	index     int
}

// report adds a problem of the element of the statement with a path, "" for
// the statement itself.
func (c *checker) report(severity Severity, path, format string, args ...any) {
	if len(c.problems) == MaxProblems {
		return
	}
	p := Problem{Severity: severity, Path: path, Line: 1, Column: 1, Message: fmt.Sprintf(format, args...)}
	if c.statement != nil {
		p.Path, p.Line, p.Column = fmt.Sprintf("Statement[%d]", c.index), c.statement.Line, c.statement.Column
		if path != "" {
			p.Path += "." + path
		}
	}
	c.problems = append(c.problems, p)
}

func (c *checker) document() {
	if c.doc.ID != "" && c.policyType == IdentityPolicy {
		c.report(Error, "Id", `policies of identities have no "Id"; remove it, or use the Sid of a statement`)
	}
	if c.doc.Version != version2012 && c.policyType == ResourceControlPolicy {
		c.report(Error, "Version", "resource control policies have version %q; write it", version2012)
	}
	if len(c.doc.Statements) == 0 {
		c.report(Warning, "Statement", "the document has no statements and does nothing; add one")
	}
	sids := make(map[string]int)
	for i := range c.doc.Statements {
		c.index, c.statement = i, &c.doc.Statements[i]
		c.sid(sids)
		c.elements()
		c.principals("Principal", c.statement.Principal)
		c.principals("NotPrincipal", c.statement.NotPrincipal)
		c.actions("Action", c.statement.Action)
		c.actions("NotAction", c.statement.NotAction)
		c.resources("Resource", c.statement.Resource)
		c.resources("NotResource", c.statement.NotResource)
		c.conditions()
	}
}

func (c *checker) sid(seen map[string]int) {
	sid := c.statement.Sid
	if sid == "" {
		return
	}
	ofIAM := c.policyType != ResourcePolicy // other services have other rules
	if ofIAM && !isPlain(sid) {
		c.report(Error, "Sid", "the Sid %s has other characters than letters and digits; remove them", quote(sid))
	}
	if first, twice := seen[sid]; twice {
		severity := Warning
		if ofIAM {
			severity = Error
		}
		c.report(severity, "Sid", "the Sid %s is that of Statement[%d], too; give each statement its own", quote(sid), first)
		return
	}
	seen[sid] = c.index
}

// elements checks which elements the statement has.
func (c *checker) elements() {
	s := c.statement
	hasPrincipal, hasResource := s.Principal != nil || s.NotPrincipal != nil, s.Resource != nil || s.NotResource != nil
	principal, resource := "Principal", "Resource"
	if s.NotPrincipal != nil {
		principal = "NotPrincipal"
	}
	if s.NotResource != nil {
		resource = "NotResource"
	}
	switch c.policyType {
	case IdentityPolicy, ServiceControlPolicy:
		if hasPrincipal {
			c.report(Error, principal, "policies of this type apply to what they are attached to; remove %q", principal)
		}
		if !hasResource {
			c.report(Error, "", `the statement has neither "Resource" nor "NotResource"; write "Resource": "*" if it is about all`)
		}
	case ResourcePolicy:
		if !hasPrincipal {
			c.report(Error, "", `the statement has neither "Principal" nor "NotPrincipal"; say whom it is about, "*" for everybody`)
		}
	case TrustPolicy:
		if s.Principal == nil {
			c.report(Error, "", `the statement of a trust policy has no "Principal"; say who may assume the role`)
		}
		if s.NotPrincipal != nil {
			c.report(Error, "NotPrincipal", `trust policies have no "NotPrincipal"; list those who may assume the role in "Principal"`)
		}
		if hasResource {
			c.report(Error, resource, "trust policies are about their role alone; remove %q", resource)
		}
	case ResourceControlPolicy:
		c.resourceControl()
	}
	if s.NotPrincipal != nil && !s.Deny {
		c.report(Warning, "NotPrincipal", `"Allow" with "NotPrincipal" also allows those without an account; list whom to allow in "Principal"`)
	}
	if s.Principal != nil && s.Principal.Any && !s.Deny && c.policyType == TrustPolicy && len(s.Conditions) == 0 {
		c.report(Warning, "Principal", "everybody in all accounts may assume the role; name principals, or add a condition")
	}
}

func (c *checker) resourceControl() {
	s := c.statement
	switch {
	case s.NotPrincipal != nil:
		c.report(Error, "NotPrincipal", `resource control policies have no "NotPrincipal"; write "Principal": "*" and a condition on aws:PrincipalArn`)
	case s.Principal == nil || !s.Principal.Any || len(s.Principal.AWS)+len(s.Principal.Service)+len(s.Principal.Federated)+len(s.Principal.CanonicalUser) > 0:
		c.report(Error, "Principal", `the principal of a resource control policy is "*"; write that, and a condition on whom it is about`)
	}
	if s.NotAction != nil {
		c.report(Error, "NotAction", `resource control policies have no "NotAction"; list what to deny in "Action"`)
	}
	if s.Resource == nil && s.NotResource == nil {
		c.report(Error, "", `the statement has neither "Resource" nor "NotResource"; write "Resource": "*" if it is about all`)
	}
	full := len(s.Action) == 1 && s.Action[0] == "*" && len(s.Resource) == 1 && s.Resource[0] == "*" && len(s.Conditions) == 0
	if !s.Deny && !full {
		c.report(Error, "Effect", `only the policy RCPFullAWSAccess of AWS allows; write "Effect": "Deny"`)
	}
}
