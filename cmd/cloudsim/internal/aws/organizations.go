package aws

import "github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"

// organizations serves AWS Organizations. Its limits are not published; these
// are what users report.
var organizations = &service{
	name: "organizations", protocol: jsonProtocol, prefix: "AWSOrganizationsV20161128", global: true,
	faults: func() faultCodes {
		f := jsonFaults
		f.throttled = &apiError{
			Code: "TooManyRequestsException", Status: 400, Fields: map[string]string{"Type": "RATE"},
			Message: "AWS Organizations can't complete your request because another request is already in progress. Try again later.",
		}
		f.internal = &apiError{Code: "ServiceException", Message: "AWS Organizations can't complete your request because of an internal service error. Try again later.", Status: 500}
		return f
	}(),
	limits: map[string]limit{"": {8, 4}},
	operations: map[string]operation{
		"DescribeOrganization": {handle: (*call).orgDescribe},
		"ListAccounts":         {handle: (*call).orgListAccounts},
		"DescribeAccount":      {handle: (*call).orgDescribeAccount},
		"ListRoots":            {handle: (*call).orgListRoots},
	},
}

// managementOnly refuses callers of other accounts than the management account.
func (c *call) managementOnly() error {
	if c.account() == c.Estate.Account(0).ID {
		return nil
	}
	return &apiError{Code: "AccessDeniedException", Message: "You don't have permissions to access this resource.", Status: 400}
}

func (c *call) orgDescribe() (any, error) {
	main := c.Estate.Account(0)
	type organization struct {
		ID                   string `json:"Id"`
		ARN                  string `json:"Arn"`
		FeatureSet           string
		MasterAccountARN     string `json:"MasterAccountArn"`
		MasterAccountID      string `json:"MasterAccountId"`
		MasterAccountEmail   string
		AvailablePolicyTypes []string
	}
	return struct{ Organization organization }{organization{
		ID: estate.OrganizationID, ARN: "arn:aws:organizations::" + main.ID + ":organization/" + estate.OrganizationID,
		FeatureSet: "ALL", MasterAccountARN: main.ARN(), MasterAccountID: main.ID, MasterAccountEmail: main.Email,
		AvailablePolicyTypes: []string{},
	}}, nil
}

// An orgAccount is an account as Organizations writes it.
type orgAccount struct {
	ID              string `json:"Id"`
	ARN             string `json:"Arn"`
	Name            string
	Email           string
	Status          string
	State           string
	JoinedMethod    string
	JoinedTimestamp timestamp
}

func newOrgAccount(a estate.Account) orgAccount {
	return orgAccount{a.ID, a.ARN(), a.Name, a.Email, "ACTIVE", "ACTIVE", "CREATED", timestamp(a.Joined)}
}

func (c *call) orgListAccounts() (any, error) {
	var in struct {
		MaxResults int
		NextToken  string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.managementOnly(); err != nil {
		return nil, err
	}
	if in.MaxResults < 0 || in.MaxResults > 20 {
		return nil, &apiError{Code: "InvalidInputException", Message: "You specified an invalid value for MaxResults.", Status: 400, Fields: map[string]string{"Reason": "MAX_VALUE_EXCEEDED"}}
	}
	if in.MaxResults == 0 {
		in.MaxResults = 20
	}
	numbers := make([]int, c.Estate.Accounts())
	for i := range numbers {
		numbers[i] = i
	}
	numbers, next, err := page(numbers, in.NextToken, in.MaxResults)
	if err != nil {
		return nil, &apiError{Code: "InvalidInputException", Message: "You specified an invalid NextToken.", Status: 400, Fields: map[string]string{"Reason": "INVALID_NEXT_TOKEN"}}
	}
	accounts := make([]orgAccount, len(numbers))
	for i, n := range numbers {
		accounts[i] = newOrgAccount(c.Estate.Account(n))
	}
	return struct {
		Accounts  []orgAccount
		NextToken string `json:",omitempty"`
	}{accounts, next}, nil
}

func (c *call) orgDescribeAccount() (any, error) {
	var in struct {
		AccountID string `json:"AccountId"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := c.managementOnly(); err != nil {
		return nil, err
	}
	a, ok := c.Estate.FindAccount(in.AccountID)
	if !ok {
		return nil, &apiError{Code: "AccountNotFoundException", Message: "You specified an account that doesn't exist.", Status: 400}
	}
	return struct{ Account orgAccount }{newOrgAccount(a)}, nil
}

func (c *call) orgListRoots() (any, error) {
	if err := c.managementOnly(); err != nil {
		return nil, err
	}
	type root struct {
		ID          string `json:"Id"`
		ARN         string `json:"Arn"`
		Name        string
		PolicyTypes []string
	}
	return struct{ Roots []root }{[]root{{
		estate.RootID, "arn:aws:organizations::" + c.account() + ":root/" + estate.OrganizationID + "/" + estate.RootID, "Root", []string{},
	}}}, nil
}
