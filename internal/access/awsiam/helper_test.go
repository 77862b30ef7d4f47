package awsiam

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stowage-dev/stowage/internal/access"
)

// The accounts and principals of the tests.
const (
	account = "111122223333"
	other   = "444455556666"
	roleARN = "arn:aws:iam::111122223333:role/service/app"
	sessARN = "arn:aws:sts::111122223333:assumed-role/app/one"
	userARN = "arn:aws:iam::111122223333:user/people/ana"
)

func aRole() access.Principal { return access.Principal{Kind: Role, ID: roleARN, Account: account} }
func aSession() access.Principal {
	return access.Principal{Kind: Session, ID: sessARN, Parent: roleARN, Account: account}
}
func aUser() access.Principal { return access.Principal{Kind: User, ID: userARN, Account: account} }
