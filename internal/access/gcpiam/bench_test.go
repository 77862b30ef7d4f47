package gcpiam

import (
	"fmt"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

// A project of some size: 40 bindings with 50 members each, of which one is
// the principal's.
func benchmarkInput(condition *Condition) Input {
	in := request(app, "storage.objects.get", objectsOf).at("2026-06-01T00:00:00Z")
	for i := range 40 {
		b := Binding{Role: "roles/storage.objectViewer", Condition: condition}
		for j := range 50 {
			b.Members = append(b.Members, fmt.Sprintf("serviceAccount:app-%d-%d@shop.iam.gserviceaccount.com", i, j))
		}
		if i == 30 {
			b.Members[25] = app
		}
		in = in.bind(2, b)
	}
	return in
}

func BenchmarkEvaluate(b *testing.B) {
	for _, test := range []struct {
		name      string
		condition *Condition
		decide    func(Input) access.Formula
	}{
		{"evidence", nil, func(in Input) access.Formula { return Evaluate(in).Formula }},
		{"evidence_and_condition", &Condition{Expression: `resource.name.startsWith("projects/_/buckets/records/objects/a") && request.time < timestamp("2027-01-01T00:00:00Z")`}, func(in Input) access.Formula { return Evaluate(in).Formula }},
		{"decision", nil, Decide},
		{"decision_and_condition", &Condition{Expression: `resource.name.startsWith("projects/_/buckets/records/objects/a") && request.time < timestamp("2027-01-01T00:00:00Z")`}, Decide},
	} {
		b.Run(test.name, func(b *testing.B) {
			in := benchmarkInput(test.condition)
			if test.decide(in).IsFalse() {
				b.Fatal("nothing is granted")
			}
			b.ReportAllocs()
			for b.Loop() {
				test.decide(in)
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := parseExpression(`resource.type == "storage.googleapis.com/Object" && resource.name.startsWith("projects/_/buckets/records/objects/a")`); err != nil {
			b.Fatal(err)
		}
	}
}
