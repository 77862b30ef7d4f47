package awsiam_test

import (
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
	"github.com/stowage-dev/stowage/internal/access/awsiam"
)

// FuzzEstate compares random estates with single requests.
func FuzzEstate(f *testing.F) {
	types := storeTypes(f)
	for seed := range uint64(5) {
		f.Add(9000 + seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := newRandomEstate(seed)
		e := awsiam.NewEstate(types, randomBase(r))
		pool, named := r.fill(t, e)
		estate := access.NewEstate(e)
		if _, err := estate.Update(t.Context()); err != nil {
			t.Fatal(err)
		}
		equalsEvaluate(t, r, e, estate)
		before := keptGrants(estate)
		r.change(t, e, pool, named)
		changes, err := estate.Update(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		equalsEvaluate(t, r, e, estate)
		equalsChanges(t, before, keptGrants(estate), changes)
	})
}

// FuzzEstateDocuments compares estates of any policies with single requests:
// two roles and a user with the first, and stores with the second.
func FuzzEstateDocuments(f *testing.F) {
	types := storeTypes(f)
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b-${aws:PrincipalTag/team}/*"}]}`,
		`{"Statement":{"Effect":"Allow","Principal":{"AWS":"111111111111"},"NotAction":"s3:Put*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"*r*"}}}}`)
	f.Add(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["*"],"Resource":"*"},{"Effect":"Deny","NotAction":"s3:*","NotResource":"arn:aws:s3",
		"Condition":{"ForAnyValue:StringNotEqualsIfExists":{"aws:ResourceTag/team":["${aws:PrincipalTag/team, 'x'}"]}}}]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:iam::111111111111:role/r0","111111111111"]},"Action":"s3:*","Resource":"*"},
		{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b-blue/p/*","arn:aws:s3:::b-*"],"Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/u"}}}]}`)
	f.Fuzz(func(t *testing.T, identity, resource string) {
		own, err := awsiam.Parse([]byte(identity))
		if err != nil {
			return
		}
		of, err := awsiam.Parse([]byte(resource))
		if err != nil {
			return
		}
		e := awsiam.NewEstate(types, access.NewContext(access.UnknownState))
		set := awsiam.PolicySet{Policies: []awsiam.Policy{{Name: "own", Document: own}}}
		on := awsiam.PolicySet{Policies: []awsiam.Policy{{Name: "of", Document: of}}}
		principals := []string{"arn:aws:iam::111111111111:role/r0", "arn:aws:iam::222222222222:role/r1", "arn:aws:iam::111111111111:user/u"}
		for i, id := range principals {
			p := &awsiam.EstatePrincipal{Principal: access.Principal{Kind: awsiam.Role, ID: id}, Identity: set}
			switch i {
			case 0:
				p.Context = p.Context.With("aws:PrincipalTag/team", "blue")
			case 1:
				p.Boundary, p.UniqueID = &set, "AROA1"
			case 2:
				p.Principal.Kind = awsiam.User
			}
			e.SetPrincipal(p)
		}
		e.SetAccount(awsiam.Account{ID: "222222222222", ServiceControl: []awsiam.PolicySet{set}, ResourceControl: []awsiam.PolicySet{on}})
		stores := []string{"arn:aws:s3:::b-blue", "arn:aws:s3:::b-red", "arn:aws:sqs:eu-west-1:222222222222:q"}
		for i, id := range stores {
			s := &awsiam.EstateStore{Store: access.Store{ID: id, Type: "aws.s3.bucket", Account: "111111111111", Settings: map[string]string{"kms_key": ""}}, Policy: &on}
			if i == 2 {
				s.Type, s.Account, s.Policy = "aws.sqs.queue", "222222222222", nil
			}
			if err := e.SetStore(s); err != nil {
				t.Fatal(err)
			}
		}
		estate := access.NewEstate(e)
		if _, err := estate.Update(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := keptGrants(estate)
		for _, principal := range principals {
			for _, store := range stores {
				if want, grants := e.Explain(principal, store, nil), got[[2]string{principal, store}]; !access.EqualGrants(want, grants) {
					t.Errorf("%s on %s: grants are\n%s\nwant\n%s", principal, store, grantsText(grants), grantsText(want))
				}
			}
		}
	})
}
