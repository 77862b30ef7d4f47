package awsiam

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stowage-dev/stowage/internal/access"
)

// TestHostileDocuments checks that documents of almost the largest size that is
// read are decided in time: what takes the square of their size takes minutes.
func TestHostileDocuments(t *testing.T) {
	t.Parallel()
	const most = 5 * time.Second
	long := strings.Repeat("x", 256)
	many := func(s string) string { return strings.Repeat(s, 100_000) }
	each := func(statement func(condition string) string) (all []string) {
		for i := range 5_000 {
			all = append(all, statement(fmt.Sprintf(`{"StringLike":{"a:k%d":"x*"}}`, i)))
		}
		return append(all, allow("*", "*"))
	}
	unknown := access.NewContext(access.UnknownState)
	for name, in := range map[string]Input{
		"variables_of_a_condition": read(aRole, "a:v", long, "a:k", "y").
			identity(allow("s3:*", "*", "Condition", `{"StringLike":{"a:k":"`+many("x${a:v}")+`"}}`)),
		"variables_of_a_resource": read(aRole, "a:v", long).identity(allow("s3:*", "arn:aws:s3:::r"+many("x${a:v}"))),
		"variables_that_are_not_known": read(aRole, "a:k", "y").identity(allow("s3:*", "*", "Condition", `{"StringLike":{"a:k":"`+many("x*${a:v}")+`"}}`)).
			with(func(in *Input) { in.Request.Context = in.Request.Context.WithUnknown("a:v") }),
		"stars_and_variables_that_are_not_known": read(aRole).identity(allow("s3:*", "arn:"+many("a*${a:v}"))).context(unknown),
		"patterns": ask(aRole, "s3:GetObject", "arn:aws:s3:::"+strings.Repeat("a", 1024)).
			identity(allow("s3:*", `["`+strings.Repeat(`arn:aws:s3:::*a*a*a*a*a*a*b","`, 30_000)+`x"]`)),
		"conditions_that_are_not_known": read(aRole).context(unknown).
			identity(each(func(c string) string { return allow("s3:*", "*", "Condition", c) })...),
		"denials_that_are_not_known": read(aRole).context(unknown).
			identity(each(func(c string) string { return deny("s3:*", "*", "Condition", c) })...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			Evaluate(in)
			if took := time.Since(start); took > most {
				t.Errorf("took %v, more than %v", took, most)
			}
		})
	}
}

// TestTextTooLongWithItsVariables checks that a text that its variables make
// too long is not compared, and that nothing is decided by it.
func TestTextTooLongWithItsVariables(t *testing.T) {
	t.Parallel()
	in := readIf("StringNotEquals", "a:k", list(strings.Repeat("${a:v}", 10_000)), "a:k", "y", "a:v", strings.Repeat("x", 256))
	d := Evaluate(in)
	if d.Verdict() != access.Unknown || !strings.Contains(d.Formula.String(), "characters in the place of its variables") {
		t.Error(explain(d))
	}
}
