package gcpiam

import (
	"strings"
	"testing"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"github.com/stowage-dev/stowage/internal/access"
)

// evaluateCondition returns what remains of a condition in an allow policy.
func evaluateCondition(in Input, expression string) string {
	return newFacts(&in).condition(&Condition{Expression: expression}, failureFalse).String()
}

func TestConditions(t *testing.T) {
	t.Parallel()
	object := "//storage.googleapis.com/projects/_/buckets/acme-orders-aaa/objects/data_lake/orders/order_date=2019-11-03/aef87g87ae0876"
	tagged := func(in *Input) {
		in.Tags = &TagSet{Tags: []Tag{{Key: "9/env", Value: "prod", KeyID: "tagKeys/1", ValueID: "tagValues/2"}}}
	}
	for _, test := range []struct {
		name, resource, expression, want string
		change                           func(*Input)
	}{
		{name: "type", resource: object, expression: `resource.type == "storage.googleapis.com/Object"`, want: "always"},
		{name: "service", resource: object, expression: `resource.service == "storage.googleapis.com"`, want: "always"},
		{name: "name_ends", resource: object, expression: `resource.name.endsWith("0876")`, want: "always"},
		{name: "asset_name_of_bucket", resource: "//storage.googleapis.com/records", expression: `resource.name == "projects/_/buckets/records" && resource.type == "storage.googleapis.com/Bucket"`, want: "always"},
		{name: "secret_has_number", resource: "//secretmanager.googleapis.com/projects/shop/secrets/key", expression: `resource.name == "projects/123456789/secrets/key"`, want: "always"},
		{name: "table_has_id", resource: "//bigquery.googleapis.com/projects/123456789/datasets/d/tables/t", expression: `resource.name == "projects/shop/datasets/d/tables/t"`, want: "always"},
		{
			name: "number_not_known", resource: "//secretmanager.googleapis.com/projects/other/secrets/key", expression: `resource.name == "projects/5/secrets/key"`,
			want: "unknown: number of project other",
		},
		{name: "sql_instance", resource: "//cloudsql.googleapis.com/projects/shop/instances/i", expression: `resource.type == "sqladmin.googleapis.com/Instance"`, want: "always"},
		{name: "attribute_that_iam_does_not_have", resource: "//iam.googleapis.com/projects/shop/serviceAccounts/a@b", expression: `resource.name.endsWith("x")`, want: "never"},
		{name: "negation_of_an_attribute_that_iam_does_not_have", resource: "//iam.googleapis.com/projects/shop/serviceAccounts/a@b", expression: `!resource.name.endsWith("x")`, want: "never"},
		{
			name: "other_part_grants", resource: "//iam.googleapis.com/projects/shop/serviceAccounts/a@b", expression: `resource.name.endsWith("x") || request.time > timestamp("2020-01-01T00:00:00Z")`,
			want: "always", change: func(in *Input) { *in = in.at("2026-01-01T00:00:00Z") },
		},
		{name: "service_of_the_future", resource: "//new.googleapis.com/projects/shop/things/t", expression: `resource.type == "new.googleapis.com/Thing"`, want: `resource.type == "new.googleapis.com/Thing"`},
		{name: "context_overrides", resource: object, expression: `resource.type == "x"`, want: "always", change: func(in *Input) {
			in.Request.Context = in.Request.Context.With("resource.type", "x")
		}},
		{name: "extract_between", resource: object, expression: `resource.name.extract("/order_date={date}/") == "2019-11-03"`, want: "always"},
		{name: "extract_name", resource: object, expression: `resource.name.extract("buckets/{name}/") == "acme-orders-aaa"`, want: "always"},
		{name: "extract_empty", resource: object, expression: `resource.name.extract("/orders/{empty}order_date") == ""`, want: "always"},
		{name: "extract_start", resource: object, expression: `resource.name.extract("{start}/objects/data_lake") == "projects/_/buckets/acme-orders-aaa"`, want: "always"},
		{name: "extract_end", resource: object, expression: `resource.name.extract("orders/{end}") == "order_date=2019-11-03/aef87g87ae0876"`, want: "always"},
		{name: "extract_none", resource: object, expression: `resource.name.extract("/orders/{none}/order_date=") == ""`, want: "always"},
		{name: "extract_wrong_order", resource: object, expression: `resource.name.extract("/orders/order_date=2019-11-03/{id}/data_lake") == ""`, want: "always"},
		{name: "date", resource: object, expression: `date(resource.name.extract("/order_date={date}/")) < date("2020-01-01")`, want: "always"},
		{name: "tag", resource: object, expression: `resource.matchTag("9/env", "prod")`, want: "always", change: tagged},
		{name: "tag_of_another_value", resource: object, expression: `resource.matchTag("9/env", "dev")`, want: "never", change: tagged},
		{name: "tag_by_id", resource: object, expression: `resource.matchTagId("tagKeys/1", "tagValues/2") && resource.hasTagKeyId("tagKeys/1")`, want: "always", change: tagged},
		{name: "tag_key", resource: object, expression: `resource.hasTagKey("9/env") && !resource.hasTagKey("9/team")`, want: "always", change: tagged},
		{name: "tags_not_read", resource: object, expression: `!resource.matchTag("9/env", "prod")`, want: "unknown: tags of " + object, change: func(in *Input) { in.Tags = nil }},
		{name: "tag_known_by_id_only", resource: object, expression: `resource.matchTag("9/env", "prod")`, want: "unknown: names of the tags of " + object, change: func(in *Input) {
			in.Tags = &TagSet{Tags: []Tag{{KeyID: "tagKeys/1", ValueID: "tagValues/2"}}}
		}},
		{name: "destination_of_no_tunnel", resource: object, expression: `destination.port != 22`, want: "never"},
		{name: "access_levels_of_no_proxy", resource: object, expression: `"accessPolicies/1/accessLevels/Corp" in request.auth.access_levels`, want: "never"},
		{
			name: "host_not_known", resource: "//run.googleapis.com/projects/shop/locations/eu/services/s", expression: `request.host.endsWith(".example.com")`,
			want: `request.host.endsWith(".example.com")`, change: func(in *Input) { in.Request.Action = "run.routes.invoke" },
		},
		{name: "weekday", resource: object, expression: `request.time.getDayOfWeek("Europe/Berlin") == 6`, want: "always", change: func(in *Input) { *in = in.at("2026-11-28T12:00:00Z") }},
		{
			name: "residual_is_apart", resource: object, expression: `resource.service == "storage.googleapis.com" && (request.time < timestamp("2030-01-01T00:00:00Z") || resource.name == "x")`,
			want: `request.time < timestamp("2030-01-01T00:00:00Z")`,
		},
		{
			name: "roles_that_a_request_grants", resource: "//cloudresourcemanager.googleapis.com/projects/shop", expression: `api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly(["roles/pubsub.editor"])`,
			want: "always", change: func(in *Input) {
				in.Request.Action = "resourcemanager.projects.setIamPolicy"
				in.Request.Context = in.Request.Context.With("iam.googleapis.com/modifiedGrantsByRole", "roles/pubsub.editor")
			},
		},
		{
			name: "roles_that_another_request_grants", resource: "//cloudresourcemanager.googleapis.com/projects/shop", expression: `api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly(["roles/pubsub.editor"])`,
			want: "never", change: func(in *Input) {
				in.Request.Action = "resourcemanager.projects.setIamPolicy"
				in.Request.Context = in.Request.Context.With("iam.googleapis.com/modifiedGrantsByRole", "roles/owner")
			},
		},
		{
			name: "forwarding_rules", resource: object, expression: `!compute.isForwardingRuleCreationOperation() || compute.matchLoadBalancingSchemes(["INTERNAL"])`, want: "always",
		},
		{
			name: "forwarding_rule_of_unknown_scheme", resource: object, expression: `!compute.isForwardingRuleCreationOperation() || compute.matchLoadBalancingSchemes(["INTERNAL"])`,
			want: `compute.matchLoadBalancingSchemes(["INTERNAL"])`, change: func(in *Input) { in.Request.Action = "compute.forwardingRules.create" },
		},
		{name: "syntax_error", resource: object, expression: "resource.name ==\n ==", want: `unknown: condition "resource.name ==\n ==" is not understood: line 2, column 2: Syntax error: mismatched input '==' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}`},
		{name: "attribute_of_the_future", resource: object, expression: `request.mood == "good"`, want: `unknown: condition "request.mood == \"good\"" is not understood: line 1, column 8: undeclared reference to 'request.mood' (did you mean 'request.host'?)`},
		{name: "type_error", resource: object, expression: `request.time < 5`, want: `unknown: condition "request.time < 5" is not understood: line 1, column 14: found no matching overload for '_<_' applied to '(timestamp, int)'`},
		{name: "not_a_bool", resource: object, expression: `resource.name`, want: `unknown: condition "resource.name" is not understood: line 1, column 1: the expression is of type string, want bool`},
		{name: "invalid_time", resource: object, expression: `request.time < timestamp("tomorrow")`, want: `unknown: condition "request.time < timestamp(\"tomorrow\")" is not understood: line 1, column 26: invalid timestamp argument`},
		{name: "empty", resource: object, expression: ``, want: `unknown: condition "" is not understood: line 1, column 1: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}`},
		{name: "too_long", resource: object, expression: `"` + strings.Repeat("x", maxExpression) + `" == ""`, want: `unknown: condition "\"` + strings.Repeat("x", 199) + `…" is not understood: expression of 16392 bytes is longer than 16384`},
		{name: "loop", resource: object, expression: `[1, 2].exists(x, x == 1)`, want: `unknown: condition "[1, 2].exists(x, x == 1)" is not understood: line 1, column 14: undeclared reference to 'exists'`},
		{name: "regular_expression", resource: object, expression: `resource.name.matches("a+")`, want: `unknown: condition "resource.name.matches(\"a+\")" is not understood: line 1, column 22: undeclared reference to 'matches'`},
		{
			name: "too_costly", resource: object, expression: costly, want: `unknown: condition "` + strings.ReplaceAll(shorten(costly), `"`, `\"`) + `" costs too much to evaluate`,
			change: func(in *Input) {
				in.Request.Context = in.Request.Context.With("resource.name", strings.Repeat("x", 1<<16))
			},
		},
		{name: "nesting_bomb", resource: object, expression: strings.Repeat("(", 5000) + "true" + strings.Repeat(")", 5000), want: `unknown: condition "` + strings.Repeat("(", 200) + `…" is not understood: expression recursion limit exceeded: 100`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			in := request(app, "storage.objects.get", test.resource)
			if test.change != nil {
				test.change(&in)
			}
			if got := evaluateCondition(in, test.expression); got != test.want {
				t.Errorf("%s\n of %s is\n%s, want\n%s", test.expression, test.resource, got, test.want)
			}
		})
	}
}

// costly compares a name with a long text.
var costly = `resource.name.contains("` + strings.Repeat("x", 9000) + `y")`

// Questions about anything below a resource.
func TestConditionsBelow(t *testing.T) {
	t.Parallel()
	const prefix = "projects/_/buckets/records/objects/"
	for _, test := range []struct{ name, expression, want string }{
		{"starts_with_the_bucket", `resource.name.startsWith("projects/_/buckets/records")`, "always"},
		{"starts_with_more", `resource.name.startsWith("projects/_/buckets/records/objects/a")`, `resource.name.startsWith("projects/_/buckets/records/objects/a")`},
		{"starts_elsewhere", `resource.name.startsWith("projects/_/buckets/other")`, "never"},
		{"not_starts_elsewhere", `!resource.name.startsWith("projects/_/buckets/other")`, "always"},
		{"equals_the_bucket", `resource.name == "projects/_/buckets/records"`, "never"},
		{"differs_from_the_bucket", `"projects/_/buckets/records" != resource.name`, "always"},
		{"equals_an_object", `resource.name == "projects/_/buckets/records/objects/a"`, `resource.name == "projects/_/buckets/records/objects/a"`},
		{"in_other_buckets", `resource.name in ["a", "projects/_/buckets/b"]`, "never"},
		{"ends", `resource.name.endsWith(".jpg")`, `resource.name.endsWith(".jpg")`},
		{"contains", `resource.name.contains("records")`, "always"},
		{"extract_that_is_known", `resource.name.extract("buckets/{name}/") == "records"`, "always"},
		{"extract_that_is_known_ends", `resource.name.extract("buckets/{name}/").endsWith("cords")`, "always"},
		{"extract_of_another", `resource.name.extract("buckets/{name}/") == "other"`, "never"},
		{"extract_of_object", `resource.name.extract("objects/{name}") == "a"`, `resource.name.extract("objects/{name}") == "a"`},
		{"extract_that_starts", `resource.name.extract("buckets/{rest}").startsWith("records/")`, "always"},
		{"type_of_what_is_below", `resource.type == "storage.googleapis.com/Object"`, "always"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			in := request(app, "storage.objects.get", "//storage.googleapis.com/"+prefix)
			if got := evaluateCondition(in, test.expression); got != test.want {
				t.Errorf("%s is %s, want %s", test.expression, got, test.want)
			}
			if test.want != "always" && test.want != "never" {
				return
			}
			// What is decided of all is decided of each.
			for _, rest := range []string{"a", "b/c.jpg", "records", "projects/_/buckets/other"} {
				one := request(app, "storage.objects.get", "//storage.googleapis.com/"+prefix+rest)
				if got := evaluateCondition(one, test.expression); got != test.want {
					t.Errorf("%s of %s is %s, but of everything %s", test.expression, rest, got, test.want)
				}
			}
		})
	}
}

// What is below a bucket may be an object or a managed folder.
func TestConditionsBelowABucket(t *testing.T) {
	t.Parallel()
	in := request(app, "storage.objects.get", bucket)
	in.Request.Resource.Below = true
	for expression, want := range map[string]string{
		`resource.name.startsWith("projects/_/buckets/records")`: "always",
		`resource.type == "storage.googleapis.com/Bucket"`:       `resource.type == "storage.googleapis.com/Bucket"`,
		`resource.service == "storage.googleapis.com"`:           "always",
	} {
		if got := evaluateCondition(in, expression); got != want {
			t.Errorf("%s is %s, want %s", expression, got, want)
		}
	}
	in.Request.Resource.ID = "//bigquery.googleapis.com/projects/shop/datasets/sales/tables/"
	if got := evaluateCondition(in, `resource.type == "bigquery.googleapis.com/Table" && resource.name.startsWith("projects/shop/")`); got != "always" {
		t.Errorf("tables below a dataset are %s", got)
	}
}

// In a deny policy what cannot be evaluated applies, and in a boundary nobody
// knows.
func TestConditionsThatFail(t *testing.T) {
	t.Parallel()
	in := request(app, "iam.serviceAccounts.getAccessToken", "//iam.googleapis.com/projects/shop/serviceAccounts/a@b")
	for _, expression := range []string{`resource.name == "x"`, `resource.name != "x"`} {
		for onFailure, want := range map[failure]access.Verdict{failureFalse: access.Denied, failureTrue: access.Allowed, failureUnknown: access.Unknown} {
			if got := newFacts(&in).condition(&Condition{Expression: expression}, onFailure).Verdict(); got != want {
				t.Errorf("%s with failure %d is %s, want %s", expression, onFailure, got, want)
			}
		}
	}
}

func FuzzCondition(f *testing.F) {
	for _, s := range []string{
		`resource.name.startsWith("projects/_/buckets/records/") && request.time < timestamp("2026-01-01T00:00:00Z")`,
		`api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("x")`, `resource.matchTag("9/env", "prod")`, `resource.hasTagKeyId("tagKeys/1")`,
		`resource.name.extract("buckets/{name}/") in ["a", "b"]`, `[1, 2].exists(x, x == destination.port)`, `request.time.getHours("Europe/Berlin") > 8`,
		`!(resource.type != "x" || principal.subject == "")`, `true ? resource.name == "a" : false`, `date("2020-01-01") < request.time + duration("5s")`, `1 / 0 == 1`,
		`$tags == 1`, `!(resource.name == "a" && destination.port == 1) || !(request.path == "")`, `!(request.host == "x" || true) ? false : !(false && request.path == "y")`,
		`compute.matchLoadBalancingSchemes(["INTERNAL"])`, `has(resource.name)`, `"\u0000".matches("(a*)*b")`,
	} {
		f.Add(s, "records/objects/a")
	}
	f.Fuzz(func(t *testing.T, expression, object string) {
		below := request(app, "storage.objects.get", "//storage.googleapis.com/projects/_/buckets/records/objects/").at("2026-06-01T00:00:00Z")
		below.Request.Resource.Below = true
		c := &Condition{Expression: expression}
		all := newFacts(&below).condition(c, failureFalse)
		one := request(app, "storage.objects.get", "//storage.googleapis.com/projects/_/buckets/records/objects/"+object).at("2026-06-01T00:00:00Z")
		one.Request.Resource.Below = false
		facts := newFacts(&one)
		each := facts.condition(c, failureFalse)
		if value, known := each.Value(); known && value != granted(t, expression, facts) {
			t.Errorf("%q is %t by its parts, but not as a whole", expression, value)
		}
		if value, known := all.Value(); known {
			if of, ok := each.Value(); !ok || of != value {
				t.Errorf("%q of everything is %s, of %q %s", expression, all, object, each)
			}
		}
	})
}

// granted evaluates an expression as a whole. What cannot be evaluated does not
// grant.
func granted(t *testing.T, expression string, f *facts) bool {
	t.Helper()
	env, err := conditionEnv()
	if err != nil {
		t.Fatal(err)
	}
	checked, issues := env.Compile(expression)
	if issues.Err() != nil {
		t.Fatalf("%q is understood by its parts, but not as a whole: %v", expression, issues.Err())
	}
	program, err := env.Program(checked, cel.EvalOptions(cel.OptPartialEval))
	if err != nil {
		t.Fatal(err)
	}
	value, _, err := program.Eval(f.activation)
	return err == nil && value == types.True
}
