package awsiam

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/access"
)

// byGrants asks the grants of a key, which permit their operations without any
// policy.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
func (e *evaluation) byGrants(c claims) access.Formula {
	k := e.in.KMS
	if k == nil {
		return access.False()
	}
	l := e.layer("grants of the key")
	var found []access.Formula
	if k.Missing != "" {
		found = append(found, access.Missing("grants of the key: "+k.Missing))
	}
	for i := range k.Grants {
		f, why := e.grant(&k.Grants[i])
		found = append(found, f)
		l.grant("grant", k.Grants[i].ID, i, f, why)
	}
	f := access.Or(found...)
	if limit := access.And(c.boundary, c.session); !f.IsFalse() && !limit.IsTrue() {
		f = access.And(f, access.Or(limit, access.Missing("whether a permissions boundary or session policy limits grants of a key is not documented")))
	}
	e.end(l, f)
	return f
}

// grant returns what has to hold for a grant to permit the request.
func (e *evaluation) grant(g *KeyGrant) (f access.Formula, why string) {
	operation := slices.IndexFunc(g.Operations, func(o string) bool { return asciiLower(o) == e.r.name })
	if operation < 0 || e.r.service != "kms" {
		return access.False(), fmt.Sprintf("action %s is not among its operations %s", e.r.written, listText(g.Operations))
	}
	named := newPrincipalSet(&Principals{AWS: []string{g.Grantee}, Service: []string{g.Grantee}}, false).match(e.r)
	f = access.Or(named.direct, named.role)
	if !named.account.IsFalse() {
		f = access.Or(f, access.Missing("a grant names the account, whose effect is not documented"))
	}
	if f.IsFalse() {
		return f, fmt.Sprintf("its grantee is %s", g.Grantee)
	}
	f = access.And(f, e.constraints(g))
	switch {
	case f.IsFalse():
		return f, "its encryption context is another one"
	case !f.IsTrue():
		why = "depends on: " + f.String()
	}
	return f, why
}

// constraints returns what has to hold of the encryption context of a request.
//
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html
func (e *evaluation) constraints(g *KeyGrant) access.Formula {
	if g.EncryptionContextEquals == nil && g.EncryptionContextSubset == nil {
		return access.True()
	}
	switch {
	case e.r.name == "describekey" || e.r.name == "retiregrant":
		return access.True()
	case e.r.name == "creategrant":
		return access.Missing("the constraints of the grant that is created, which have to be as strict as those of the grant that permits it")
	}
	var all []access.Formula
	for _, pairs := range []map[string]string{g.EncryptionContextEquals, g.EncryptionContextSubset} {
		for _, key := range slices.Sorted(maps.Keys(pairs)) {
			all = append(all, e.requires("StringEquals", "", "kms:EncryptionContext:"+key, literal(pairs[key])))
		}
	}
	if g.EncryptionContextEquals != nil {
		keys := slices.Sorted(maps.Keys(g.EncryptionContextEquals))
		for i := range keys {
			keys[i] = literal(keys[i])
		}
		all = append(all, e.requires("StringEquals", forAllValues, "kms:EncryptionContextKeys", keys...))
	}
	return access.And(all...)
}

// byManagedKey returns what has to hold for a key that AWS manages to be used:
// only its own account can.
//
// https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key
func (e *evaluation) byManagedKey() access.Formula {
	of, by := e.r.resource.Account, e.r.principal.Account
	switch {
	case e.in.KMS == nil || !e.in.KMS.AWSManaged || e.r.principal.Kind == Service || of != "" && of == by:
		return access.True()
	case of == "" || by == "" && e.r.principal.Kind != Anonymous:
		return unknownAccounts()
	}
	e.note("key that AWS manages", access.False(), "other accounts cannot use a key that AWS manages")
	return access.False()
}

// requires returns what has to hold for a condition that no policy has written.
func (e *evaluation) requires(operator, set, key string, values ...string) access.Formula {
	c := newCondition(&Condition{Operator: operator, Set: set, Key: key, Values: values}, true)
	return c.holds(e.r)
}

// literal writes a text so that it has no variables.
func literal(s string) string { return strings.ReplaceAll(s, "${", "${$}{") }
