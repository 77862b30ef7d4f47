package gcpiam

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// An expression is a compiled condition: a tree of the logical operators over
// atoms, each of which is a program. Every atom is decided by itself, so that
// what remains of a condition is the atoms that are not known.
type expression struct {
	op    expressionOp
	parts []*expression
	atom  *atom
}

type expressionOp uint8

const (
	opAtom expressionOp = iota
	opAnd
	opOr
	opNot
)

// An atom is a part of a condition without logical operators at its top.
type atom struct {
	text      string
	program   cel.Program
	variables []string // that it uses, in order
	api       string   // the attribute of the API that it asks for
	name      *nameTest
}

// compileCondition returns the compiled expression, or an error that says where
// it is wrong.
func compileCondition(text string) (*expression, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("expression of %d bytes is longer than %d", len(text), maxExpression)
	}
	return compiled.get(text)
}

// compiled holds what was compiled. Policies share their conditions.
var compiled = expressionCache{entries: make(map[string]cacheEntry)}

// maxCached is how long the expressions may be that are kept, together. A
// compiled one takes a hundred times as much.
const maxCached = 1 << 20

type expressionCache struct {
	mu      sync.RWMutex
	entries map[string]cacheEntry
	size    int // of the texts
}

type cacheEntry struct {
	expression *expression
	err        error
}

func (c *expressionCache) get(text string) (*expression, error) {
	c.mu.RLock()
	e, ok := c.entries[text]
	c.mu.RUnlock()
	if !ok {
		e.expression, e.err = parseExpression(text)
		c.mu.Lock()
		if c.size > maxCached {
			clear(c.entries)
			c.size = 0
		}
		c.entries[text] = e
		c.size += len(text)
		c.mu.Unlock()
	}
	return e.expression, e.err
}

func parseExpression(text string) (*expression, error) {
	env, err := conditionEnv()
	if err != nil {
		return nil, err
	}
	checked, issues := env.Compile(text)
	if issues.Err() != nil {
		first := issues.Errors()[0]
		if first.Location.Line() < 1 {
			return nil, errors.New(first.Message) // Of the whole, as that it is too deep.
		}
		return nil, fmt.Errorf("line %d, column %d: %s", first.Location.Line(), max(first.Location.Column()+1, 1), first.Message)
	}
	if !checked.OutputType().IsExactType(cel.BoolType) {
		return nil, fmt.Errorf("line 1, column 1: the expression is of type %s, want bool", checked.OutputType())
	}
	c := compiler{env: env, whole: checked.NativeRep()}
	return c.compile(c.whole.Expr())
}

// A compiler takes a checked expression apart.
type compiler struct {
	env   *cel.Env
	whole *ast.AST
}

func (c *compiler) compile(e ast.Expr) (*expression, error) {
	if e.Kind() == ast.CallKind {
		if op, ok := logicalOperators[e.AsCall().FunctionName()]; ok {
			node := &expression{op: op}
			for _, arg := range e.AsCall().Args() {
				part, err := c.compile(arg)
				if err != nil {
					return nil, err
				}
				node.parts = append(node.parts, part)
			}
			return node, nil
		}
	}
	a, err := c.atom(e)
	if err != nil {
		return nil, err
	}
	return &expression{op: opAtom, atom: a}, nil
}

var logicalOperators = map[string]expressionOp{
	operators.LogicalAnd: opAnd,
	operators.LogicalOr:  opOr,
	operators.LogicalNot: opNot,
}

func (c *compiler) atom(e ast.Expr) (*atom, error) {
	text, err := cel.ExprToString(e, c.whole.SourceInfo())
	if err != nil {
		return nil, err
	}
	part := ast.NewCheckedAST(ast.NewAST(e, c.whole.SourceInfo()), c.whole.TypeMap(), c.whole.ReferenceMap())
	program, err := c.env.PlanProgram(part, cel.EvalOptions(cel.OptPartialEval), cel.CostLimit(maxExpressionCost))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	a := &atom{text: text, program: program, name: c.nameTest(e)}
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if name := c.variable(e); name != "" && !slices.Contains(a.variables, name) {
			a.variables = append(a.variables, name)
		}
		if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "$getAttribute" {
			a.api, _ = literal(e.AsCall().Args()[1])
		}
	}))
	return a, nil
}

// variable returns the name of the variable that an expression is, or nothing.
func (c *compiler) variable(e ast.Expr) string {
	if e.Kind() != ast.IdentKind && e.Kind() != ast.SelectKind {
		return ""
	}
	if r, ok := c.whole.ReferenceMap()[e.ID()]; ok {
		return r.Name
	}
	return ""
}

// literal returns the text that an expression is.
func literal(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}
