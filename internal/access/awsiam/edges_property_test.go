package awsiam

import (
	"math/rand/v2"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

// When policies could not be read, every edge that they may leave is there, and
// none is plain that they could take away.
func TestEdges_of_what_was_not_read(t *testing.T) {
	t.Parallel()
	const missing = "was not read"
	statements := []string{
		allow("sts:AssumeRole", "*"), allow("iam:PassRole", "*"), allow(`["lambda:CreateFunction","lambda:InvokeFunction"]`, "*"),
		allow(`["ecs:RegisterTaskDefinition","ecs:RunTask"]`, "*"), allow("ssm:StartSession", "*"), allow("iam:UpdateAssumeRolePolicy", "*"),
		allow("iam:CreateAccessKey", "*"), allow("*", "*"), allow("s3:*", "*"), deny("iam:PassRole", idB), deny("sts:*", "*"),
		deny("lambda:*", "*", "Condition", `{"StringEquals":{"aws:SourceVpc":"vpc-1"}}`), deny("iam:*", "*"),
	}
	trustStatements := []string{
		trusts(aws("111122223333")), trusts(aws(idA)), trusts("*"), trusts(service("lambda.amazonaws.com")), trusts(service("ecs-tasks.amazonaws.com")),
		statementText("Deny", []string{"Principal", aws(idC), "Action", "sts:*"}),
	}
	random := rand.New(rand.NewPCG(5, 6))
	some := func(from []string, n int) PolicySet {
		var list []string
		for range n {
			list = append(list, from[random.IntN(len(from))])
		}
		return set(list...)
	}
	for round := range 200 {
		known := EdgeInput{
			Regions:  []string{"eu-west-1"},
			Accounts: map[string]Account{home: {ServiceControl: []PolicySet{some(append([]string{allow("*", "*")}, statements...), 3)}}},
			Running:  []Running{{Type: RunningInstance, ID: "arn:aws:ec2:eu-west-1:111122223333:instance/i-1", Account: home, Role: idB}},
		}
		for _, id := range []string{idA, idB, idC, idX, idU} {
			d := role(id)
			d.Policies = some(statements, 3)
			if random.IntN(4) == 0 {
				s := some(statements, 3)
				d.Boundary = &s
			}
			if d.Principal.Kind == Role {
				s := some(trustStatements, 2)
				d.Trust = &s
			}
			known.Identities = append(known.Identities, d)
		}
		unread := known
		unread.Identities = append([]Identity(nil), known.Identities...)
		one := &unread.Identities[random.IntN(len(unread.Identities))]
		switch random.IntN(4) {
		case 0:
			unread.Accounts = map[string]Account{home: {ServiceControl: []PolicySet{{Missing: missing}}}}
		case 1:
			one.Policies = PolicySet{Missing: missing}
		case 2:
			one.Boundary = &PolicySet{Missing: missing}
		case 3:
			one.Trust = &PolicySet{Missing: missing}
		}
		want, got := reached(known), reached(unread)
		for key, verdict := range want {
			if verdict > access.Unknown && got[key] == access.Denied {
				t.Fatalf("round %d: %v is %v, and not there when something was not read", round, key, verdict)
			}
		}
		for key, verdict := range got {
			if verdict == access.Allowed && want[key] != access.Allowed {
				t.Fatalf("round %d: %v is plain when something was not read, and %v when it was", round, key, want[key])
			}
		}
	}
}

// reached returns how certainly identities can reach others of the account, or
// its administration. An administrator reaches everybody.
func reached(in EdgeInput) map[[2]string]access.Verdict {
	edges, administrators := Edges(in)
	best := make(map[[2]string]access.Verdict)
	note := func(from, to string, v access.Verdict) { best[[2]string{from, to}] = max(best[[2]string{from, to}], v) }
	for _, e := range edges {
		note(e.From, e.To, e.Formula.Verdict())
	}
	for _, a := range administrators {
		note(a.ID, "administration", a.Formula.Verdict())
		for _, d := range in.Identities {
			if d.Principal.Account == a.Account && d.Principal.ID != a.ID {
				note(a.ID, d.Principal.ID, a.Formula.Verdict())
			}
		}
	}
	return best
}
