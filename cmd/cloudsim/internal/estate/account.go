package estate

import (
	"fmt"
	"strconv"
	"time"
)

// The identifiers of account i are firstAccount + i*accountStride: unlike each
// other, yet an account is found from its identifier without a table.
const (
	firstAccount  = 210_000_000_017
	accountStride = 7_000_003
	maxAccounts   = 100_000
)

// OrganizationID is the AWS organization's.
const OrganizationID = "o-meridian42"

// RootID is the identifier of the organization's root.
const RootID = "r-mer1"

// An Account is an AWS account of the organization.
type Account struct {
	Index  int
	ID     string
	Name   string
	Email  string
	Joined time.Time
}

// ARN returns the account's ARN in its organization.
func (a Account) ARN() string {
	return fmt.Sprintf("arn:aws:organizations::%s:account/%s/%s", accountID(0), OrganizationID, a.ID)
}

// Accounts returns the number of accounts; account 0 is the management account.
func (e *Estate) Accounts() int { return e.cfg.Accounts }

// Account returns the i-th account.
func (e *Estate) Account(i int) Account {
	p := e.root.in("account").at(i)
	name := fmt.Sprintf("meridian-%s-%d", pick(p, []string{"shop", "data", "web", "retail", "supply", "labs"}), i)
	if i < len(firstAccounts) {
		name = firstAccounts[i]
	}
	return Account{
		Index:  i,
		ID:     accountID(i),
		Name:   name,
		Email:  "aws+" + name + "@meridian.example",
		Joined: epoch.Add(-time.Duration(500+p.in("age").below(1500)) * 24 * time.Hour),
	}
}

// firstAccounts are the names of the first accounts.
var firstAccounts = []string{"meridian-main", "meridian-platform", "meridian-staging"}

// FindAccount returns the account with the given identifier.
func (e *Estate) FindAccount(id string) (Account, bool) {
	n, err := strconv.Atoi(id)
	if err != nil || len(id) != 12 {
		return Account{}, false
	}
	i := (n - firstAccount) / accountStride
	if i < 0 || i >= e.cfg.Accounts || accountID(i) != id {
		return Account{}, false
	}
	return e.Account(i), true
}

// accountID returns the identifier of the i-th account.
func accountID(i int) string { return strconv.Itoa(firstAccount + i*accountStride) }

// registryHost returns the host of the private registry of an account and region.
func registryHost(account, region string) string {
	return account + ".dkr.ecr." + region + ".amazonaws.com"
}

// sharedRegistry returns the host of the registry that the first accounts share:
// that of the platform account in the first region.
func (e *Estate) sharedRegistry() string {
	return registryHost(accountID(min(1, e.cfg.Accounts-1)), regions[0])
}

// Repositories returns the paths of the private repositories of an account
// and region, in order.
func (e *Estate) Repositories(account, region string) []string {
	a, ok := e.FindAccount(account)
	if !ok {
		return nil
	}
	team := func(a app) string { return a.team }
	switch {
	case registryHost(account, region) == e.sharedRegistry():
	case a.Index >= len(firstAccounts) && e.inUse(region):
		team = func(app) string { return teamOf(a.Index) }
	default:
		return nil
	}
	var paths []string
	for _, list := range [][]app{apps, lambdaApps} {
		for _, app := range list {
			paths = append(paths, team(app)+"/"+app.name)
		}
	}
	return paths
}

// inUse reports whether workloads run in the region.
func (e *Estate) inUse(region string) bool {
	for _, r := range e.Regions() {
		if r == region {
			return true
		}
	}
	return false
}

// image returns the version of an app that the workloads of a cell ask for:
// from the shared registry in the first accounts, from their own registry in
// the others.
func (e *Estate) image(cell int, a app, v version) Image {
	img := Image{Host: e.sharedRegistry(), Repository: a.team + "/" + a.name, Tag: v.tag, Content: byContent[v.content]}
	if account := cell / e.cfg.Regions; cell < e.awsCells() && account >= len(firstAccounts) {
		img.Host = registryHost(accountID(account), regions[cell%e.cfg.Regions])
		img.Repository = teamOf(account) + "/" + a.name
	}
	return img
}

// teamOf names the team of an account: see [isTeam].
func teamOf(account int) string { return "t" + strconv.Itoa(account) }

// arn returns an ARN of the standard partition.
func arn(service, region, account, resource string) string {
	return "arn:aws:" + service + ":" + region + ":" + account + ":" + resource
}
