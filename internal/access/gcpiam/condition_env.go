package gcpiam

import (
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // Conditions name time zones, and small images have none.

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/env"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/stowage-dev/stowage/internal/access"
)

// The limits of an expression. IAM itself takes up to 12 logical operators.
const (
	maxExpression      = 16 << 10
	maxExpressionDepth = 100
	maxExpressionNodes = 4096
	maxExpressionCost  = 50_000
)

// The names behind the functions of IAM that ask for something else than their
// arguments. They are given as arguments that nobody can write: the language
// has no names with a "$".
const (
	tagsVariable    = "$tags"
	apiVariable     = "$api"
	schemesVariable = "$schemes"
	createsVariable = "$creates_forwarding_rule"
)

// conditionEnv is the language of conditions: variables and functions of
// https://cloud.google.com/iam/docs/conditions-attribute-reference. Loops and
// regular expressions are not among them.
var conditionEnv = sync.OnceValues(func() (*cel.Env, error) {
	text, boolean := cel.StringType, cel.BoolType
	item := cel.TypeParamType("T")
	return cel.NewCustomEnv(
		cel.StdLib(cel.StdLibSubset(env.NewLibrarySubset().SetDisableMacros(true).AddExcludedFunctions(env.NewFunction("matches")))),
		cel.ParserExpressionSizeLimit(maxExpression),
		cel.ParserRecursionLimit(maxExpressionDepth),
		cel.ExpressionNodeLimit(maxExpressionNodes),
		cel.EnableMacroCallTracking(),
		cel.ASTValidators(cel.ValidateTimestampLiterals(), cel.ValidateDurationLiterals()),
		cel.Variable("resource.name", text),
		cel.Variable("resource.type", text),
		cel.Variable("resource.service", text),
		cel.Variable("request.time", cel.TimestampType),
		cel.Variable("request.path", text),
		cel.Variable("request.host", text),
		cel.Variable("request.auth.access_levels", cel.ListType(text)),
		cel.Variable("destination.ip", text),
		cel.Variable("destination.port", cel.IntType),
		cel.Variable("principal.type", text),
		cel.Variable("principal.subject", text),
		cel.Variable(tagsVariable, cel.DynType),
		cel.Variable(apiVariable, cel.DynType),
		cel.Variable(schemesVariable, cel.DynType),
		cel.Variable(createsVariable, boolean),
		cel.Macros(
			hidden("resource", "matchTag", 2, tagsVariable), hidden("resource", "matchTagId", 2, tagsVariable),
			hidden("resource", "hasTagKey", 1, tagsVariable), hidden("resource", "hasTagKeyId", 1, tagsVariable),
			hidden("api", "getAttribute", 2, apiVariable),
			hidden("compute", "matchLoadBalancingSchemes", 1, schemesVariable),
			cel.ReceiverMacro("isForwardingRuleCreationOperation", 0, func(f cel.MacroExprFactory, target ast.Expr, _ []ast.Expr) (ast.Expr, *common.Error) {
				if target.Kind() != ast.IdentKind || target.AsIdent() != "compute" {
					return nil, nil
				}
				return f.NewIdent(createsVariable), nil
			}),
		),
		cel.Function("$matchTag", cel.Overload("match_tag", []*cel.Type{cel.DynType, text, text}, boolean,
			cel.FunctionBinding(tagFunction(func(t Tag) (string, string) { return t.Key, t.Value })))),
		cel.Function("$matchTagId", cel.Overload("match_tag_id", []*cel.Type{cel.DynType, text, text}, boolean,
			cel.FunctionBinding(tagFunction(func(t Tag) (string, string) { return t.KeyID, t.ValueID })))),
		cel.Function("$hasTagKey", cel.Overload("has_tag_key", []*cel.Type{cel.DynType, text}, boolean,
			cel.FunctionBinding(tagFunction(func(t Tag) (string, string) { return t.Key, t.Value })))),
		cel.Function("$hasTagKeyId", cel.Overload("has_tag_key_id", []*cel.Type{cel.DynType, text}, boolean,
			cel.FunctionBinding(tagFunction(func(t Tag) (string, string) { return t.KeyID, t.ValueID })))),
		cel.Function("$getAttribute", cel.Overload("get_attribute", []*cel.Type{cel.DynType, text, item}, item,
			cel.FunctionBinding(getAttribute))),
		cel.Function("$matchLoadBalancingSchemes", cel.Overload("match_schemes", []*cel.Type{cel.DynType, cel.ListType(text)}, boolean,
			cel.FunctionBinding(func(args ...ref.Val) ref.Val { return hasOnly(args[0], args[1]) }))),
		cel.Function("hasOnly", cel.MemberOverload("list_has_only", []*cel.Type{cel.ListType(item), cel.ListType(item)}, boolean,
			cel.BinaryBinding(hasOnly))),
		cel.Function("extract", cel.MemberOverload("string_extract", []*cel.Type{text, text}, text,
			cel.BinaryBinding(func(value, template ref.Val) ref.Val {
				return types.String(extract(string(value.(types.String)), string(template.(types.String))))
			}))),
		cel.Function("date", cel.Overload("string_to_date", []*cel.Type{text}, cel.TimestampType,
			cel.UnaryBinding(func(day ref.Val) ref.Val {
				t, err := time.Parse(time.DateOnly, string(day.(types.String)))
				if err != nil {
					return types.WrapErr(err)
				}
				return types.Timestamp{Time: t}
			}))),
	)
})

// hidden rewrites a call on a target that is no value, as "resource.matchTag",
// to one of a function that has a variable as its first argument.
func hidden(target, function string, args int, variable string) cel.Macro {
	return cel.ReceiverMacro(function, args, func(f cel.MacroExprFactory, on ast.Expr, args []ast.Expr) (ast.Expr, *common.Error) {
		if on.Kind() != ast.IdentKind || on.AsIdent() != target {
			return nil, nil
		}
		return f.NewCall("$"+function, append([]ast.Expr{f.NewIdent(variable)}, args...)...), nil
	})
}

// A hostValue carries a Go value into a function through a variable.
type hostValue[T any] struct {
	ref.Val
	value T
}

func host[T any](value T) ref.Val { return hostValue[T]{types.NullValue, value} }

// tagFunction returns a function of tags that compares keys, and values when it
// has a third argument. A tag without the way of naming that is asked for may
// be the one.
func tagFunction(names func(Tag) (key, value string)) func(...ref.Val) ref.Val {
	return func(args ...ref.Val) ref.Val {
		tags, ok := args[0].(hostValue[[]Tag])
		if !ok {
			return types.NewErr("no tags")
		}
		wanted, unsure := string(args[1].(types.String)), false
		for _, t := range tags.value {
			key, value := names(t)
			switch {
			case key == "":
				unsure = true
			case key != wanted:
			case len(args) == 2 || value == string(args[2].(types.String)):
				return types.True
			case value == "":
				unsure = true
			}
		}
		if unsure {
			return types.NewUnknown(0, nil)
		}
		return types.False
	}
}

// getAttribute returns an attribute of the API, or a value for requests that do
// not have it.
func getAttribute(args ...ref.Val) ref.Val {
	lookup, ok := args[0].(hostValue[func(string) access.Value])
	if !ok {
		return types.NewErr("no attributes of the API")
	}
	name := string(args[1].(types.String))
	v := lookup.value(name)
	switch {
	case v.State == access.Absent:
		return args[2]
	case v.State != access.Known:
		return types.NewUnknown(0, nil)
	}
	switch args[2].(type) {
	case traits.Lister:
		return types.DefaultTypeAdapter.NativeToValue(v.Values)
	case types.String:
		if len(v.Values) == 1 {
			return types.String(v.Values[0])
		}
	}
	return types.NewUnknown(0, nil)
}

// hasOnly reports whether all items of a list are in another one.
func hasOnly(list, allowed ref.Val) ref.Val {
	items, ok := list.(traits.Lister)
	of, ok2 := allowed.(traits.Lister)
	if !ok || !ok2 {
		return types.NewErr("hasOnly wants lists")
	}
	for i := items.Iterator(); i.HasNext() == types.True; {
		if of.Contains(i.Next()) != types.True {
			return types.False
		}
	}
	return types.True
}

// extract returns the part of a value that a template as "projects/{project}/"
// names, or nothing.
// https://cloud.google.com/iam/docs/conditions-attribute-reference#extract
func extract(value, template string) string {
	before, after, ok := cutTemplate(template)
	if !ok {
		return ""
	}
	_, rest, found := strings.Cut(value, before)
	if !found {
		return ""
	}
	if after == "" {
		return rest
	}
	part, _, found := strings.Cut(rest, after)
	if !found {
		return ""
	}
	return part
}

// cutTemplate returns what stands before and after the name in braces.
func cutTemplate(template string) (before, after string, ok bool) {
	before, rest, open := strings.Cut(template, "{")
	_, after, closed := strings.Cut(rest, "}")
	return before, after, open && closed
}
