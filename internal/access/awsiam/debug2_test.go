package awsiam_test

import (
	"testing"

	"github.com/stowage-dev/stowage/internal/access/awsiam"
)

func TestDebug(t *testing.T) {
	for _, c := range []struct {
		seed uint64
		p, s string
	}{
		{25, "arn:aws:sts::222222222222:assumed-role/r1/session", "arn:aws:kms:eu-west-1:111111111111:key/k0"},
		{59, "arn:aws:iam::333333333333:role/app/r2", "arn:aws:s3:::blue-333333333333"},
		{45, "arn:aws:sts::222222222222:assumed-role/r1/session", "arn:aws:s3:::bucket-0"},
	} {
		r := newRandomEstate(c.seed)
		e := awsiam.NewEstate(storeTypes(t), randomBase(r))
		r.fill(t, e)
		e.Changed()
		println(c.seed)
		e.Debug(c.p, c.s)
	}
}
