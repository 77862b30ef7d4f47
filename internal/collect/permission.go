package collect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/inventory"
)

// A Document is a file that is generated from the collectors' declarations.
type Document struct {
	// Path is relative to the root of the repository.
	Path    string
	Content []byte
}

// Documents returns every generated file. The files in the repository are
// compared with it by a test of the package that knows all collectors.
func Documents(collectors []Collector) ([]Document, error) {
	policy, err := IAMPolicy(collectors)
	if err != nil {
		return nil, err
	}
	role, err := RoleTemplate(collectors)
	if err != nil {
		return nil, err
	}
	return []Document{
		{"docs/permissions.md", PermissionsPage(collectors)},
		{"deploy/iam/aws-readonly.json", policy},
		{"deploy/iam/aws-role.json", role},
		{"deploy/kubernetes/clusterrole.yaml", ClusterRole(collectors)},
	}, nil
}

// dataReads are AWS actions that read the customer's data rather than what
// describes it. The generated policy denies them, so that they stay denied
// when a wider policy is attached to the role as well.
var dataReads = []string{
	"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PartiQLSelect", "dynamodb:Query", "dynamodb:Scan",
	"kms:Decrypt",
	"rds-data:ExecuteStatement",
	"s3:GetObject", "s3:GetObjectVersion",
	"secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue",
	"sqs:ReceiveMessage",
	"ssm:GetParameter", "ssm:GetParameterHistory", "ssm:GetParameters", "ssm:GetParametersByPath",
}

// statement is one statement of an IAM policy.
type statement struct {
	Sid      string   `json:"Sid"`
	Effect   string   `json:"Effect"`
	Action   []string `json:"Action"`
	Resource string   `json:"Resource"`
}

// IAMPolicy returns the AWS policy document that allows what the AWS
// collectors declare and denies to read data. An action that is not of the
// form service:Action is an error.
func IAMPolicy(collectors []Collector) ([]byte, error) {
	var allowed []string
	for _, c := range collectors {
		if c.Provider != inventory.AWS {
			continue
		}
		for _, call := range c.Calls {
			service, action, ok := strings.Cut(call.Action, ":")
			if !ok || service == "" || action == "" || strings.ContainsAny(call.Action, " *") {
				return nil, fmt.Errorf("collector %s: %q is not an IAM action", c.Name, call.Action)
			}
			allowed = append(allowed, call.Action)
		}
	}
	slices.Sort(allowed)
	policy := struct {
		Version   string      `json:"Version"`
		Statement []statement `json:"Statement"`
	}{"2012-10-17", []statement{
		{"StowageRead", "Allow", slices.Compact(allowed), "*"},
		{"NeverReadData", "Deny", dataReads, "*"},
	}}
	data, err := json.MarshalIndent(policy, "", "  ")
	return append(data, '\n'), err
}

// rule is one rule of a Kubernetes role. The fields sort rules of one shape
// together.
type rule struct {
	group, verbs string
	nonResource  bool
}

// ClusterRole returns the Kubernetes role, as YAML, that allows what the
// Kubernetes collector declares: "list pods", "list apps/deployments",
// "get /version".
func ClusterRole(collectors []Collector) []byte {
	verbs := map[string][]string{} // by group/resource or path
	for _, c := range collectors {
		if c.Provider != inventory.Kubernetes {
			continue
		}
		for _, call := range c.Calls {
			verb, object, _ := strings.Cut(call.Action, " ")
			verbs[object] = append(verbs[object], verb)
		}
	}
	rules := map[rule][]string{} // resources or paths
	for object, vs := range verbs {
		slices.Sort(vs)
		r := rule{verbs: strings.Join(slices.Compact(vs), ", ")}
		name := object
		if strings.HasPrefix(object, "/") {
			r.nonResource = true
		} else if group, resource, ok := strings.Cut(object, "/"); ok {
			r.group, name = group, resource
		}
		rules[r] = append(rules[r], name)
	}
	order := make([]rule, 0, len(rules))
	for r := range rules {
		order = append(order, r)
	}
	slices.SortFunc(order, func(a, b rule) int {
		if a.nonResource != b.nonResource {
			return map[bool]int{false: -1, true: 1}[a.nonResource]
		}
		return strings.Compare(a.group+" "+a.verbs, b.group+" "+b.verbs)
	})

	var b bytes.Buffer
	b.WriteString(`# Generated from the collectors' declarations by "make generate".
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: stowage-read
rules:
`)
	for _, r := range order {
		names := rules[r]
		slices.Sort(names)
		if r.nonResource {
			fmt.Fprintf(&b, "  - nonResourceURLs: [%s]\n", strings.Join(names, ", "))
		} else {
			fmt.Fprintf(&b, "  - apiGroups: [%q]\n    resources: [%s]\n", r.group, strings.Join(names, ", "))
		}
		fmt.Fprintf(&b, "    verbs: [%s]\n", r.verbs)
	}
	return b.Bytes()
}

// PermissionsPage returns the page, in Markdown, that tells what each
// collector asks for and what is lost without it.
func PermissionsPage(collectors []Collector) []byte {
	var b bytes.Buffer
	b.WriteString(`# Permissions

Generated from the collectors' declarations by ` + "`make generate`" + `. Stowage only reads: the policy in
[deploy/iam/aws-readonly.json](../deploy/iam/aws-readonly.json) and the role in
[deploy/kubernetes/clusterrole.yaml](../deploy/kubernetes/clusterrole.yaml) allow exactly the calls below. The AWS
policy also denies to read data (objects, items, secret values, parameters), whatever else is attached to the role.

How to give them to Stowage: [permissions-setup.md](permissions-setup.md). What it runs as also needs
` + "`sts:AssumeRole`" + ` on the roles that it reads other accounts by; that is in no policy here.

An *optional* call may be denied: its scope is complete without it, and lacks only what the call tells. Any other
denied call makes its scope *denied*, which the coverage page shows with the missing permission; the other scopes go on.
Calls of one rate limit class share a bucket with the provider, and so with Stowage.
`)
	all := slices.Clone(collectors)
	sortCollectors(all)
	for i, c := range all {
		if i == 0 || all[i-1].Provider != c.Provider {
			fmt.Fprintf(&b, "\n## %s\n\n| collector | call | needed | rate limit class |\n|---|---|---|---|\n", c.Provider)
		}
		for _, call := range c.Calls {
			needed := "yes"
			if call.Optional {
				needed = "optional"
			}
			fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", c.Name, call.Action, needed, call.Class)
		}
	}
	return b.Bytes()
}
