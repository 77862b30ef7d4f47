package aws

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

// iam serves AWS IAM. Its limits are not published.
var iam = &service{
	name: "iam", protocol: queryProtocol, namespace: "https://iam.amazonaws.com/doc/2010-05-08/", faults: queryFaults, global: true,
	operations: map[string]operation{
		"GetAccountAuthorizationDetails": {handle: (*call).iamAuthorizationDetails},
		"GetPolicy":                      {handle: (*call).iamGetPolicy},
		"GetPolicyVersion":               {handle: (*call).iamGetPolicyVersion},
		"ListAccountAliases":             {handle: (*call).iamListAliases},
	},
}

func (c *call) iamListAliases() (any, error) {
	a, _ := c.Estate.FindAccount(c.account()) // authenticate saw it
	return struct {
		Aliases     []string `xml:"AccountAliases>member"`
		IsTruncated bool
	}{[]string{a.Name}, false}, nil
}

// A roleDetail is a role as GetAccountAuthorizationDetails writes it.
type roleDetail struct {
	Path       string
	RoleName   string
	RoleID     string `xml:"RoleId"`
	ARN        string `xml:"Arn"`
	CreateDate string
	Trust      string           `xml:"AssumeRolePolicyDocument"`
	Inline     []policyDocument `xml:"RolePolicyList>member"`
	Attached   []attachedPolicy `xml:"AttachedManagedPolicies>member"`
	Boundary   *boundary        `xml:"PermissionsBoundary"`
	Tags       []tag            `xml:"Tags>member"`
	LastUsed   struct{}         `xml:"RoleLastUsed"`
}

type policyDocument struct {
	PolicyName     string
	PolicyDocument string
}

type attachedPolicy struct {
	PolicyName string
	PolicyARN  string `xml:"PolicyArn"`
}

type boundary struct {
	Type string `xml:"PermissionsBoundaryType"`
	ARN  string `xml:"PermissionsBoundaryArn"`
}

type tag struct {
	Key   string
	Value string
}

// A policyDetail is a managed policy as GetAccountAuthorizationDetails writes it.
type policyDetail struct {
	PolicyName       string
	PolicyID         string `xml:"PolicyId"`
	ARN              string `xml:"Arn"`
	Path             string
	DefaultVersionID string `xml:"DefaultVersionId"`
	AttachmentCount  int
	IsAttachable     bool
	CreateDate       string
	UpdateDate       string
	Versions         []policyVersion `xml:"PolicyVersionList>member"`
}

type policyVersion struct {
	VersionID        string `xml:"VersionId"`
	IsDefaultVersion bool
	CreateDate       string
	Document         string
}

func (c *call) iamAuthorizationDetails() (any, error) {
	limit, err := integer(c.form.Get("MaxItems"))
	if err != nil {
		return nil, err
	}
	if limit < 0 || limit > 1000 {
		return nil, &apiError{Code: "ValidationError", Message: "1 validation error detected: Value at 'maxItems' failed to satisfy constraint: Member must have value less than or equal to 1000", Status: 400}
	}
	if limit == 0 {
		limit = 100
	}
	wanted := map[string]bool{}
	for _, f := range c.members("Filter.member") {
		wanted[f] = true
	}
	all := len(wanted) == 0
	var items []any
	if all || wanted["Role"] {
		for _, r := range c.Estate.Roles(c.account()) {
			items = append(items, r)
		}
	}
	if all || wanted["LocalManagedPolicy"] {
		for _, p := range c.localPolicies() {
			items = append(items, p)
		}
	}
	if all || wanted["AWSManagedPolicy"] {
		for _, p := range awsPolicies() {
			items = append(items, p)
		}
	}
	items, next, err := page(items, c.form.Get("Marker"), limit)
	if err != nil {
		return nil, &apiError{Code: "ValidationError", Message: "Invalid Marker.", Status: 400}
	}
	out := struct {
		IsTruncated bool
		Marker      string         `xml:",omitempty"`
		Roles       []roleDetail   `xml:"RoleDetailList>member"`
		Policies    []policyDetail `xml:"Policies>member"`
	}{IsTruncated: next != "", Marker: next}
	for _, item := range items {
		switch v := item.(type) {
		case estate.Role:
			out.Roles = append(out.Roles, newRoleDetail(v))
		case policyDetail:
			out.Policies = append(out.Policies, v)
		}
	}
	return out, nil
}

// newRoleDetail writes a role.
func newRoleDetail(r estate.Role) roleDetail {
	out := roleDetail{
		Path: "/", RoleName: r.Name, RoleID: r.ID, ARN: r.ARN(), CreateDate: xmlTime(r.CreatedAt), Trust: encodeDocument(r.Trust),
	}
	for _, p := range r.Inline {
		out.Inline = append(out.Inline, policyDocument{p.Name, encodeDocument(p.Document)})
	}
	for _, arn := range r.Attached {
		out.Attached = append(out.Attached, attachedPolicy{lastPart(arn), arn})
	}
	if r.Boundary != "" {
		out.Boundary = &boundary{"Policy", r.Boundary}
	}
	for k, v := range r.Tags {
		out.Tags = append(out.Tags, tag{k, v})
	}
	return out
}

// localPolicies returns the customer-managed policies of the account.
func (c *call) localPolicies() []policyDetail {
	var out []policyDetail
	for _, p := range c.Estate.Policies(c.account()) {
		out = append(out, newPolicyDetail("arn:aws:iam::"+c.account()+":policy/", p))
	}
	return out
}

// awsPolicies returns the policies of AWS.
func awsPolicies() []policyDetail {
	var out []policyDetail
	for _, p := range estate.AWSPolicies() {
		out = append(out, newPolicyDetail("arn:aws:iam::aws:policy/", p))
	}
	return out
}

// policy finds the managed policy that the request names.
func (c *call) policy() (policyDetail, error) {
	arn := c.form.Get("PolicyArn")
	for _, p := range append(c.localPolicies(), awsPolicies()...) {
		if p.ARN == arn {
			return p, nil
		}
	}
	return policyDetail{}, noEntity("Policy " + arn + " was not found.")
}

// noEntity returns the error about something that does not exist.
func noEntity(message string) error {
	return &apiError{Code: "NoSuchEntity", Message: message, Status: 404}
}

func (c *call) iamGetPolicy() (any, error) {
	p, err := c.policy()
	if err != nil {
		return nil, err
	}
	p.Versions = nil
	return struct{ Policy policyDetail }{p}, nil
}

func (c *call) iamGetPolicyVersion() (any, error) {
	p, err := c.policy()
	if err != nil {
		return nil, err
	}
	if v := c.form.Get("VersionId"); v != p.DefaultVersionID {
		return nil, noEntity("Policy version " + v + " does not exist or is not attachable.")
	}
	return struct{ PolicyVersion policyVersion }{p.Versions[0]}, nil
}

// policyCreated is when every managed policy was written.
var policyCreated = time.Date(2024, time.March, 1, 12, 0, 0, 0, time.UTC)

// newPolicyDetail writes a managed policy.
func newPolicyDetail(prefix string, p estate.NamedPolicy) policyDetail {
	path := "/"
	if i := strings.LastIndexByte(p.Name, '/'); i >= 0 {
		path = "/" + p.Name[:i+1]
	}
	return policyDetail{
		PolicyName: lastPart(p.Name), PolicyID: fmt.Sprintf("ANPA%017X", len(p.Name)), ARN: prefix + p.Name, Path: path, DefaultVersionID: "v1",
		AttachmentCount: 1, IsAttachable: true, CreateDate: xmlTime(policyCreated), UpdateDate: xmlTime(policyCreated),
		Versions: []policyVersion{{"v1", true, xmlTime(policyCreated), encodeDocument(p.Document)}},
	}
}

// encodeDocument writes a policy document as IAM does: URL-encoded, with %20
// for spaces (RFC 3986).
func encodeDocument(d estate.Document) string {
	return strings.ReplaceAll(url.QueryEscape(d.String()), "+", "%20")
}
