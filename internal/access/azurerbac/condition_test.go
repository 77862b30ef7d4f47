package azurerbac

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stowage-dev/stowage/internal/access"
)

// eval evaluates a condition for reading a blob of the container "public".
func eval(t *testing.T, text string, attributes access.Context) access.Formula {
	t.Helper()
	c, err := ParseCondition(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c.evaluate(&evaluation{
		action: lowerASCII(readBlob), attributes: attributes, scope: public,
		subOperation: access.Value{State: access.Known, Values: []string{"Blob.List"}}, name: "condition",
	}, false)
}

func TestConditionOperators(t *testing.T) {
	t.Parallel()
	const format = docs + "role-based-access-control/conditions-format"
	known := access.Context{}
	for name, values := range map[string][]string{
		"@Resource[name1]": {"abcd"}, "@Request[n]": {"15"}, "@Request[on]": {"true"}, "@Request[none]": {},
		"@Request[time]": {"2022-06-01T00:00:00.0000000Z"}, "@Principal[team]": {"red", "blue"}, "@Request[numbers]": {"10", "20"},
		"@Request[id]":        {"5E467623-BB1F-42F4-A55D-6D525E11384B"},
		"@Request[tags:K]":    {"plain"},
		"@Environment[upper]": {"ÄB"}, "@Request[star]": {"a*b"},
		"@Request[tags:Project<$key_case_sensitive$>]": {"Cascade"},
	} {
		key, err := AttributeKey(name)
		if err != nil {
			t.Fatal(err)
		}
		known = known.With(key, values...)
	}
	known = known.WithAbsent("@request[absent]")

	for _, test := range []struct{ condition, want string }{
		// Functions and logic.
		{`ActionMatches{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'}`, "always"},
		{`actionmatches{'microsoft.storage/*/READ'}`, "always"},
		{`ActionMatches{'Microsoft.Authorization/roleDefinitions/*'}`, "never"},
		{`ActionMatches{'a', '*'}`, "unknown: condition: ActionMatches has several actions, of which " + lowerASCII(readBlob) + " is one"},
		{`SubOperationMatches{'Blob.List'}`, "always"},
		{`NOT SubOperationMatches{'Blob.Write.WithTagHeaders'}`, "always"},
		{`!(ActionMatches{'*'} AND SubOperationMatches{'Blob.List'}) || @Resource[name1] StringEquals 'abcd'`, "always"},
		{`(ActionMatches{'x'} && ActionMatches{'*'}) OR !!ActionMatches{'*'}`, "always"},
		{`Exists @Resource[name1]`, "always"},
		{`NOT Exists @Request[absent]`, "always"},
		{`Exists @Request[other]`, `@Request[other] Exists []`},
		// Strings.
		{`@Resource[name1] StringEquals 'abcd'`, "always"},
		{`@Resource[name1] StringEquals 'ABCD'`, "never"},
		{`@Resource[name1] StringEqualsIgnoreCase 'ABCD'`, "always"},
		{`@Resource[name1] StringNotEquals 'abcd'`, "never"},
		{`@Resource[name1] StringNotEqualsIgnoreCase 'other'`, "always"},
		{`@Resource[name1] StringStartsWith 'ab'`, "always"},
		{`@Resource[name1] StringNotStartsWith 'ab'`, "never"},
		{`@Resource[name1] StringStartsWithIgnoreCase 'AB'`, "always"},
		{`@Resource[name1] StringLike 'a*c?'`, "always"},
		{`@Resource[name1] StringLike 'A*C?'`, "never"},
		{`@Resource[name1] StringLike 'a*c'`, "never"},
		{`@Resource[name1] StringLikeIgnoreCase 'A*C?'`, "always"},
		{`@Resource[name1] StringNotLike 'a*'`, "never"},
		{`@Request[star] StringLike 'a\*b'`, "always"},
		{`@Resource[name1] StringLike 'a\*d'`, "never"},
		{`@Request[tags:Project<$key_case_sensitive$>] StringEquals 'Cascade'`, "always"},
		{
			`@Request[tags:project<$key_case_sensitive$>] StringEquals 'Cascade'`,
			`@Request[tags:project<$key_case_sensitive$>] StringEquals "Cascade"`,
		},
		// Numbers, times, truth, ids.
		{`@Request[n] NumericEquals 15`, "always"},
		{`@Request[n] NumericNotEquals 15`, "never"},
		{`@Request[n] NumericGreaterThan 14`, "always"},
		{`@Request[n] NumericGreaterThanEquals 15`, "always"},
		{`@Request[n] NumericLessThan -15`, "never"},
		{`@Request[n] NumericLessThanEquals 15`, "always"},
		{`@Request[time] DateTimeEquals '2022-06-01T00:00:00.0Z'`, "always"},
		{`@Request[time] DateTimeNotEquals '2022-06-01T00:00:00.0000001Z'`, "always"},
		{`@Request[time] DateTimeGreaterThan '2022-05-31T23:59:59.9999999Z'`, "always"},
		{`@Request[time] DateTimeLessThanEquals '2022-06-01T00:00:00Z'`, "always"},
		{`@Request[on] BoolEquals true`, "always"},
		{`@Request[on] boolequals True`, "always"},
		{`@Request[on] BoolNotEquals true`, "never"},
		{`@Request[id] GuidEquals 5e467623-bb1f-42f4-a55d-6d525e11384b`, "always"},
		{`@Request[id] GuidEquals '5e467623bb1f42f4a55d6d525e11384b'`, "always"},
		{`@Request[id] GuidNotEquals 00000000-bb1f-42f4-a55d-6d525e11384b`, "always"},
		// Cross products, with the examples of the page.
		{`{'red', 'blue'} ForAnyOfAnyValues:StringEquals {'blue', 'green'}`, "always"},
		{`{'red', 'blue'} ForAnyOfAnyValues:StringEquals {'orange', 'green'}`, "never"},
		{`{'red', 'blue'} ForAllOfAnyValues:StringEquals {'orange', 'red', 'blue'}`, "always"},
		{`{'red', 'blue'} ForAllOfAnyValues:StringEquals {'red', 'green'}`, "never"},
		{`{10, 20} ForAnyOfAllValues:NumericLessThan {15, 18}`, "always"},
		{`{10, 20} ForAllOfAllValues:NumericLessThan {5, 15, 18}`, "never"},
		{`{10, 20} ForAllOfAllValues:NumericLessThan {25, 30}`, "always"},
		{`{10, 20} ForAllOfAllValues:NumericLessThan {15, 25, 30}`, "never"},
		{`@Request[numbers] forallofallvalues:numericlessthan {25}`, "always"},
		{`@Principal[team] ForAllOfAllValues:StringNotEquals {'green', 'grey'}`, "always"},
		{`@Request[id] ForAnyOfAnyValues:GuidEquals{00000000000000000000000000000000, 5e467623bb1f42f4a55d6d525e11384b}`, "always"},
		{`@Request[none] ForAnyOfAnyValues:StringEquals {'a'}`, "never"},
		// What the resource id says.
		{`@Resource[Microsoft.Storage/storageAccounts:name] StringEquals 'records'`, "always"},
		{`@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'public'`, "always"},
		{`@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringNotEquals 'public'`, "never"},
		{
			`@Request[Microsoft.Storage/storageAccounts:name] StringEquals 'records'`,
			`@Request[Microsoft.Storage/storageAccounts:name] StringEquals "records"`,
		},
		// What is not known stays.
		{
			`@Request[x] StringEquals 'a' AND @Request[y] ForAnyOfAnyValues:StringLike {'b', 'c'}`,
			`@Request[x] StringEquals "a" and @Request[y] ForAnyOfAnyValues:StringLike ["b", "c"]`,
		},
		{`NOT @Request[x] StringEquals 'a'`, `not (@Request[x] StringEquals "a")`},
		{`@Principal[team] ForAnyOfAnyValues:StringEquals @Resource[x]`, `@Principal[team] ForAnyOfAnyValues:StringEquals @Resource[x]`},
		// An attribute that the request does not have.
		{`@Request[absent] StringEquals 'a'`, "never"},
		{
			`NOT @Request[absent] StringEquals 'a'`,
			"unknown: condition: not documented for a request without the attribute: @Request[absent] StringEquals 'a'",
		},
		{`@Request[absent] StringEquals 'a' OR NOT Exists @Request[absent]`, "always"},
	} {
		t.Run(test.condition, func(t *testing.T) {
			t.Parallel()
			if got := eval(t, test.condition, known).String(); got != test.want {
				t.Errorf("%s\n got %s\nwant %s", format, got, test.want)
			}
		})
	}

	for _, condition := range []string{
		`@Request[absent] StringNotEquals 'a'`,
		`@Request[absent] ForAllOfAnyValues:StringEquals {'a'}`,
		`@Request[none] ForAllOfAnyValues:StringEquals {'a'}`,
		`@Request[none] StringEquals 'a'`,
		`@Principal[team] StringEquals 'red'`,
		`@Resource[name1] StringEquals {'abcd', 'x'}`,
		`@Resource[name1] ForAnyOfAnyValues:StringEquals {}`,
		`@Resource[name1] StringEquals abcd`,
		`@Resource[name1] StringLike 'a\b'`,
		`@Resource[name1] NumericEquals 5`,
		`@Request[n] NumericEquals '15'`,
		`@Request[n] NumericEquals 99999999999999999999`,
		`@Request[time] DateTimeEquals '2022-06-01'`,
		`@Request[time] DateTimeEquals '2022-06-01T00:00:00+00:00'`,
		`@Request[on] BoolEquals 'true'`,
		`@Request[id] GuidEquals 'Owner'`,
		`@Environment[upper] StringEqualsIgnoreCase 'äb'`,
		`@Resource[name1] StringContains 'a'`,
		`@Resource[name1] ForSomeValues:StringEquals {'a'}`,
		`@Context[x] StringEquals 'a'`,
		`Exists @Context[x]`,
		`NotExists @Request[absent]`,
		`AddDays(@Request[time], (1))`,
		`Matches{'a', b}`,
		`ActionMatches{bare}`,
		`ActionMatches{'x'} AND ActionMatches{'x'} OR ActionMatches{'*'} AND ActionMatches{'x'} OR ActionMatches{'*'}`,
	} {
		t.Run("not_documented/"+condition, func(t *testing.T) {
			t.Parallel()
			for _, text := range []string{condition, "NOT (" + condition + ")"} {
				if got := eval(t, text, known); got.Verdict() != access.Unknown {
					t.Errorf("%s: %v, want unknown", text, got)
				}
			}
		})
	}
}

func TestConditionGrouping(t *testing.T) {
	t.Parallel()
	const yes, no = `ActionMatches{'*'}`, `ActionMatches{'x'}`
	for condition, want := range map[string]access.Verdict{
		// All readings agree.
		yes + " OR " + yes + " AND " + yes: access.Allowed,
		no + " OR " + no + " AND " + yes:   access.Denied,
		// (yes OR yes) AND no, or yes OR (yes AND no).
		yes + " OR " + yes + " AND " + no:                       access.Unknown,
		"(" + yes + " OR " + yes + ") AND " + no:                access.Denied,
		yes + " OR (" + yes + " AND " + no + ")":                access.Allowed,
		no + " AND " + no + " OR " + yes:                        access.Unknown,
		"(" + no + " AND " + no + ") || " + yes:                 access.Allowed,
		no + " && (" + no + " || " + yes + ")":                  access.Denied,
		"!" + yes + " OR " + no:                                 access.Denied,
		"NOT (" + yes + " AND NOT " + no + ")":                  access.Denied,
		strings.Repeat("(", 90) + yes + strings.Repeat(")", 90): access.Allowed,
	} {
		if got := eval(t, condition, access.Context{}); got.Verdict() != want {
			t.Errorf("%s: %v, want %v", condition, got, want)
		}
	}
}

func TestConditionErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, condition, want string }{
		{"empty", "", `line 1, column 1: the end: want an attribute or a value`},
		{"no_end", `(@Resource[a] StringEquals 'b'`, `line 1, column 31: the end: want )`},
		{"no_operator", "(\n  @Resource[a]\n)", `line 3, column 1: ")" after "@Resource[a]": want an operator as StringEquals`},
		{"no_value", `@Resource[a] StringEquals`, `line 1, column 26: the end: want an attribute or a value`},
		{
			"two_expressions", `ActionMatches{'a'} ActionMatches{'b'}`,
			`line 1, column 20: "ActionMatches" after a whole expression: want AND, OR or the end`,
		},
		{"open_string", `ActionMatches{'a}`, `line 1, column 15: string has no end: want a single quote after it`},
		{"double_quotes", `ActionMatches{"a"}`, `line 1, column 15: character '"' (U+0022) has no meaning here`},
		{
			"escaped_quote", `@Resource[a] StringEquals 'it\'s'`,
			`line 1, column 30: backslash before a single quote: whether that ends the string is not documented`,
		},
		{"doubled_quote", `@Resource[a] StringEquals 'it''s'`, `line 1, column 31: 's' after a whole expression: want AND, OR or the end`},
		{"open_attribute", `@Resource[a StringEquals 'b'`, `line 1, column 1: attribute has no end: want ] after its name`},
		{"attribute_without_name", `@Resource[] StringEquals 'b'`, `line 1, column 1: attribute has no name`},
		{"single_ampersand", `ActionMatches{'ä'} & x`, `line 1, column 20: want &&, not a single &`},
		{"look_alike", "ActionMatches{'a'} \u039fR ActionMatches{'b'}", "line 1, column 20: character 'Ο' (U+039F) has no meaning here"},
		{"no_break_space", "ActionMatches{'a'}\u00a0OR ActionMatches{'b'}", `line 1, column 19: character '\u00a0' (U+00A0) has no meaning here`},
		{"not_utf8", "ActionMatches{'\xff'}", `line 1, column 15: text is not UTF-8`},
		{"no_actions", `ActionMatches{}`, `line 1, column 1: ActionMatches has no values: want at least one`},
		{"set_without_comma", `ActionMatches{'a' 'b'}`, `line 1, column 19: 'b': want ,`},
		{"attribute_in_set", `ActionMatches{@Resource[a]}`, `line 1, column 15: "@Resource[a]" in a set: want a value`},
		{"deep_parentheses", strings.Repeat("(", 5000), `line 1, column 102: parentheses and negations are nested deeper than 100`},
		{"deep_negation", strings.Repeat("!", 5000), `line 1, column 102: parentheses and negations are nested deeper than 100`},
		{"long", strings.Repeat(" ", maxCondition+1), `line 1, column 1: condition has 65537 bytes: want at most 65536`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseCondition(test.condition)
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || err.Error() != "condition, "+test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestBuiltInConditionsParse(t *testing.T) {
	t.Parallel()
	conditions := builtInConditions(t)
	if len(conditions) < 20 {
		t.Fatalf("testdata has %d conditions", len(conditions))
	}
	for _, text := range conditions {
		c, err := ParseCondition(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		// None of them has anything that is not documented.
		if f := c.evaluate(&evaluation{action: lowerASCII(assignRole), name: "condition"}, false); f.Verdict() == access.Unknown {
			t.Errorf("%s: %v", text, f)
		}
	}
}

func TestHostileConditionsAreQuick(t *testing.T) {
	t.Parallel()
	many := strings.TrimSuffix(strings.Repeat("'a',", 15000), ",")
	rows := `@Request[x] BoolEquals true`
	for i := range 90 {
		rows = fmt.Sprintf("(%s) AND @Request[a%d] BoolEquals true OR @Request[b%d] BoolEquals true", rows, i, i)
	}
	wants := map[string]access.Verdict{
		"stars": access.Unknown, "pattern": access.Denied, "product": access.Unknown, "many_parts": access.Unknown,
		"many_stars": access.Unknown, "long_and_many": access.Unknown, "nested_rows": access.Unknown,
	}
	for name, condition := range map[string]string{
		"stars":      `'` + strings.Repeat("a", 20000) + `' StringLike '` + strings.Repeat("*a", 10000) + `b'`,
		"pattern":    `ActionMatches{'` + strings.Repeat("*a", 30000) + `'}`,
		"product":    `{` + many[:30000-1] + `} ForAllOfAllValues:StringEquals {` + many[:30000-1] + `}`,
		"many_parts": strings.TrimSuffix(strings.Repeat(`@A[x] B 'c' OR `, 4000), " OR "),
		"many_stars": `{` + strings.Repeat(`'`+strings.Repeat("a", 300)+`',`, 100) + `'a'} ForAnyOfAnyValues:StringLikeIgnoreCase {` +
			strings.Repeat(`'`+strings.Repeat("*a", 150)+`b',`, 100) + `'a'}`,
		"long_and_many": `'` + strings.Repeat("A", 30000) + `' ForAnyOfAnyValues:StringEqualsIgnoreCase {` + many[:30000-1] + `}`,
		"nested_rows":   rows,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			got := eval(t, condition, access.Context{})
			if got.Verdict() != wants[name] {
				t.Errorf("%v, want %v", got.Verdict(), wants[name])
			}
			if n := len(access.Not(got).String()); n > 8*maxCondition {
				t.Errorf("the answer has %d bytes", n)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestLongPathsAreQuick asks for names that a blob's path of many parts does not
// have.
func TestLongPathsAreQuick(t *testing.T) {
	t.Parallel()
	c, err := ParseCondition(strings.Repeat("@Resource[Microsoft.Storage/storageAccounts/x:name] StringEquals 'a' OR ", 800) + "ActionMatches{'x'}")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	c.evaluate(&evaluation{action: "a", scope: public + scope("/blobs/"+strings.Repeat("a/", 3500)+"b"), name: "condition"}, false)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func builtInConditions(t testing.TB) []string {
	t.Helper()
	data, err := os.ReadFile("testdata/built-in-conditions.json")
	if err != nil {
		t.Fatal(err)
	}
	var conditions []string
	if err := json.Unmarshal(data, &conditions); err != nil {
		t.Fatal(err)
	}
	return conditions
}

// TestConditionOnSensitivity is an example of the documentation: what is tagged
// as sensitive is read over private links only.
func TestConditionOnSensitivity(t *testing.T) {
	t.Parallel()
	const (
		doc = docs + "storage/blobs/storage-auth-abac-examples"
		tag = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:sensitivity<$key_case_sensitive$>]"
	)
	a := assign(t, "Storage Blob Data Reader", account)
	a.Condition = `(!(ActionMatches{'` + readBlob + `'} AND NOT SubOperationMatches{'Blob.List'})) OR
		((` + tag + ` StringEquals 'high' AND @Environment[isPrivateLink] BoolEquals true) OR
		` + tag + ` StringNotEquals 'high' OR NOT Exists ` + tag + `)`
	high, low := context(t, tag, "high"), context(t, tag, "low")
	none := access.NewContext(access.Absent)
	for _, test := range []struct {
		name    string
		context access.Context
		want    string
	}{
		{"not_tagged", none, "always"},
		{"low", low, "always"},
		{"high", high, `@Environment[isPrivateLink] BoolEquals "true"`},
		{"high_by_a_private_link", high.With("@environment[isprivatelink]", "true"), "always"},
		{"high_from_the_internet", high.With("@environment[isprivatelink]", "false"), "never"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			in := askData(assignments(a), readBlob, private)
			in.Request.Context, in.SubOperation = test.context, access.Value{State: access.Absent}
			if got := Evaluate(in).Formula.String(); got != test.want {
				t.Errorf("%s: %s, want %s", doc, got, test.want)
			}
		})
	}
}
