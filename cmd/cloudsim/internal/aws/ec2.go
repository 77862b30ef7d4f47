package aws

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

// ec2 serves the network part of Amazon EC2. Every action has its own token
// bucket; see https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html.
var ec2 = &service{
	name: "ec2", protocol: ec2Protocol, namespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
	faults: faultCodes{
		throttled:    &apiError{Code: "RequestLimitExceeded", Message: "Request limit exceeded.", Status: 503},
		internal:     &apiError{Code: "InternalError", Message: "An internal error has occurred", Status: 500},
		missing:      &apiError{Code: "MissingParameter", Message: "The request must contain the parameter AWSAccessKeyId", Status: 400},
		invalidKey:   &apiError{Code: "AuthFailure", Message: "AWS was not able to validate the provided access credentials", Status: 401},
		expired:      &apiError{Code: "RequestExpired", Message: "Request has expired.", Status: 400},
		deniedCode:   "UnauthorizedOperation",
		deniedStatus: 403,
	},
	limits: map[string]limit{"": {100, 20}},
	operations: map[string]operation{
		"DescribeRegions":           {handle: (*call).ec2DescribeRegions},
		"DescribeNetworkInterfaces": {handle: (*call).ec2DescribeInterfaces},
		"DescribeSecurityGroups":    {handle: (*call).ec2DescribeGroups},
		"DescribeSubnets":           {handle: (*call).ec2DescribeSubnets},
		"DescribeRouteTables":       {handle: (*call).ec2DescribeRouteTables},
	},
}

func (c *call) ec2DescribeRegions() (any, error) {
	type region struct {
		Name     string `xml:"regionName"`
		Endpoint string `xml:"regionEndpoint"`
		Status   string `xml:"optInStatus"`
	}
	var out struct {
		Regions []region `xml:"regionInfo>item"`
	}
	add := func(names []string, status string) {
		for _, n := range names {
			out.Regions = append(out.Regions, region{n, "ec2." + n + ".amazonaws.com", status})
		}
	}
	add(c.Estate.EnabledRegions(), "opt-in-not-required")
	if c.form.Get("AllRegions") == "true" {
		add(c.Estate.OptInRegions(), "not-opted-in")
	}
	return out, nil
}

// A selector is what a Describe request of EC2 asks for.
type selector struct {
	ids     []string
	filters map[string][]string
}

// selector reads the identifiers and filters of the request. Filters that the
// simulator does not know are refused rather than ignored.
func (c *call) selector(idParameter string, known ...string) (selector, error) {
	s := selector{ids: c.members(idParameter), filters: map[string][]string{}}
	for i := 1; c.form.Has("Filter." + strconv.Itoa(i) + ".Name"); i++ {
		prefix := "Filter." + strconv.Itoa(i)
		name := c.form.Get(prefix + ".Name")
		if !slices.Contains(known, name) {
			return s, &apiError{Code: "InvalidParameterValue", Message: fmt.Sprintf("The filter '%s' is invalid", name), Status: 400}
		}
		s.filters[name] = c.members(prefix + ".Value")
	}
	return s, nil
}

// matches reports whether an object with the identifier and the properties is
// asked for.
func (s selector) matches(id string, properties map[string][]string) bool {
	if len(s.ids) > 0 && !slices.Contains(s.ids, id) {
		return false
	}
	for name, wanted := range s.filters {
		if !slices.ContainsFunc(properties[name], func(v string) bool { return slices.Contains(wanted, v) }) {
			return false
		}
	}
	return true
}

// ec2Page cuts the page of a list that the request asks for: of 5 to 1000
// results, or everything if no size is given. Identifiers exclude paging.
func ec2Page[T any](c *call, s selector, items []T) ([]T, string, error) {
	limit, err := integer(c.form.Get("MaxResults"))
	if err != nil {
		return nil, "", err
	}
	switch {
	case limit == 0:
		limit = max(1, len(items))
	case limit < 5 || limit > 1000:
		return nil, "", &apiError{Code: "InvalidParameterValue", Message: fmt.Sprintf("Value ( %d ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.", limit), Status: 400}
	case len(s.ids) > 0:
		return nil, "", &apiError{Code: "InvalidParameterCombination", Message: "The parameter maxResults cannot be used with resource IDs.", Status: 400}
	}
	items, next, err := page(items, c.form.Get("NextToken"), limit)
	if err != nil {
		return nil, "", &apiError{Code: "InvalidNextToken", Message: "The specified next token is not valid.", Status: 400}
	}
	return items, next, nil
}

// notFound returns the error about an identifier that names nothing.
func notFound(code, what string, s selector, found int) error {
	if len(s.ids) <= found {
		return nil
	}
	return &apiError{Code: code, Message: fmt.Sprintf("The %s ID '%s' does not exist", what, s.ids[0]), Status: 400}
}

// An ec2Interface is a network interface as EC2 writes it.
type ec2Interface struct {
	ID          string          `xml:"networkInterfaceId"`
	Subnet      string          `xml:"subnetId"`
	VPC         string          `xml:"vpcId"`
	Zone        string          `xml:"availabilityZone"`
	Description string          `xml:"description"`
	Owner       string          `xml:"ownerId"`
	Managed     bool            `xml:"requesterManaged"`
	Status      string          `xml:"status"`
	MAC         string          `xml:"macAddress"`
	PrivateIP   string          `xml:"privateIpAddress"`
	Type        string          `xml:"interfaceType"`
	Association *ec2Association `xml:"association"`
	Attachment  *ec2Attachment  `xml:"attachment"`
	Groups      []ec2GroupName  `xml:"groupSet>item"`
	Addresses   []ec2Address    `xml:"privateIpAddressesSet>item"`
}

type ec2Association struct {
	PublicIP string `xml:"publicIp"`
	DNSName  string `xml:"publicDnsName"`
	Owner    string `xml:"ipOwnerId"`
}

type ec2Attachment struct {
	Instance string `xml:"instanceId"`
	Owner    string `xml:"instanceOwnerId"`
	Status   string `xml:"status"`
}

type ec2GroupName struct {
	ID   string `xml:"groupId"`
	Name string `xml:"groupName"`
}

type ec2Address struct {
	IP          string          `xml:"privateIpAddress"`
	Primary     bool            `xml:"primary"`
	Association *ec2Association `xml:"association"`
}

func (c *call) ec2DescribeInterfaces() (any, error) {
	s, err := c.selector("NetworkInterfaceId", "network-interface-id", "private-ip-address", "addresses.private-ip-address", "group-id", "subnet-id", "vpc-id", "association.public-ip", "status", "interface-type")
	if err != nil {
		return nil, err
	}
	n := c.cell().Network
	names := map[string]string{}
	for _, g := range n.Groups {
		names[g.ID] = g.Name
	}
	var items []ec2Interface
	for _, i := range n.Interfaces {
		if !s.matches(i.ID, map[string][]string{
			"network-interface-id": {i.ID}, "private-ip-address": {i.PrivateIP}, "addresses.private-ip-address": {i.PrivateIP}, "group-id": i.Groups,
			"subnet-id": {i.Subnet}, "vpc-id": {n.VPC}, "association.public-ip": {i.PublicIP}, "status": {"in-use"}, "interface-type": {i.Type},
		}) {
			continue
		}
		out := ec2Interface{
			ID: i.ID, Subnet: i.Subnet, VPC: n.VPC, Zone: i.Zone, Description: i.Description, Owner: c.account(), Managed: true,
			Status: "in-use", MAC: "0a:00:00:00:00:01", PrivateIP: i.PrivateIP, Type: i.Type,
		}
		if i.PublicIP != "" {
			out.Association = &ec2Association{i.PublicIP, "", "amazon"}
		}
		if i.Instance != "" {
			out.Managed, out.Attachment = false, &ec2Attachment{i.Instance, c.account(), "attached"}
		}
		out.Addresses = []ec2Address{{i.PrivateIP, true, out.Association}}
		for _, g := range i.Groups {
			out.Groups = append(out.Groups, ec2GroupName{g, names[g]})
		}
		items = append(items, out)
	}
	if err := notFound("InvalidNetworkInterfaceID.NotFound", "networkInterface", s, len(items)); err != nil {
		return nil, err
	}
	items, next, err := ec2Page(c, s, items)
	if err != nil {
		return nil, err
	}
	return struct {
		Items []ec2Interface `xml:"networkInterfaceSet>item"`
		Next  string         `xml:"nextToken,omitempty"`
	}{items, next}, nil
}

// An ec2Group is a security group as EC2 writes it.
type ec2Group struct {
	Owner       string          `xml:"ownerId"`
	ID          string          `xml:"groupId"`
	Name        string          `xml:"groupName"`
	Description string          `xml:"groupDescription"`
	VPC         string          `xml:"vpcId"`
	Ingress     []ec2Permission `xml:"ipPermissions>item"`
	Egress      []ec2Permission `xml:"ipPermissionsEgress>item"`
}

type ec2Permission struct {
	Protocol string         `xml:"ipProtocol"`
	From     *int           `xml:"fromPort"`
	To       *int           `xml:"toPort"`
	Groups   []ec2GroupPair `xml:"groups>item"`
	Ranges   []ec2Range     `xml:"ipRanges>item"`
}

type ec2GroupPair struct {
	Owner string `xml:"userId"`
	ID    string `xml:"groupId"`
}

type ec2Range struct {
	CIDR string `xml:"cidrIp"`
}

func (c *call) ec2DescribeGroups() (any, error) {
	s, err := c.selector("GroupId", "group-id", "group-name", "vpc-id")
	if err != nil {
		return nil, err
	}
	n := c.cell().Network
	var items []ec2Group
	for _, g := range n.Groups {
		if !s.matches(g.ID, map[string][]string{"group-id": {g.ID}, "group-name": {g.Name}, "vpc-id": {n.VPC}}) {
			continue
		}
		items = append(items, c.newEC2Group(n, g))
	}
	if err := notFound("InvalidGroup.NotFound", "security group", s, len(items)); err != nil {
		return nil, err
	}
	items, next, err := ec2Page(c, s, items)
	if err != nil {
		return nil, err
	}
	return struct {
		Items []ec2Group `xml:"securityGroupInfo>item"`
		Next  string     `xml:"nextToken,omitempty"`
	}{items, next}, nil
}

// newEC2Group writes a security group. A rule without ports has the protocol
// "-1" and no port range.
func (c *call) newEC2Group(n *estate.Network, g *estate.SecurityGroup) ec2Group {
	out := ec2Group{
		Owner: c.account(), ID: g.ID, Name: g.Name, Description: g.Description, VPC: n.VPC,
		Egress: []ec2Permission{{Protocol: "-1", Ranges: []ec2Range{{estate.World}}}},
	}
	for _, r := range g.Ingress {
		p := ec2Permission{Protocol: "-1"}
		if r.Port != 0 {
			p.Protocol, p.From, p.To = "tcp", &r.Port, &r.Port
		}
		if r.CIDR != "" {
			p.Ranges = []ec2Range{{r.CIDR}}
		}
		if r.Group != "" {
			p.Groups = []ec2GroupPair{{c.account(), r.Group}}
		}
		out.Ingress = append(out.Ingress, p)
	}
	return out
}

func (c *call) ec2DescribeSubnets() (any, error) {
	s, err := c.selector("SubnetId", "subnet-id", "vpc-id", "availability-zone")
	if err != nil {
		return nil, err
	}
	type subnet struct {
		ID       string `xml:"subnetId"`
		State    string `xml:"state"`
		VPC      string `xml:"vpcId"`
		CIDR     string `xml:"cidrBlock"`
		Zone     string `xml:"availabilityZone"`
		PublicIP bool   `xml:"mapPublicIpOnLaunch"`
		Owner    string `xml:"ownerId"`
	}
	n := c.cell().Network
	var items []subnet
	for _, list := range [][]estate.Subnet{n.Public, n.Private} {
		for _, v := range list {
			if s.matches(v.ID, map[string][]string{"subnet-id": {v.ID}, "vpc-id": {n.VPC}, "availability-zone": {v.Zone}}) {
				items = append(items, subnet{v.ID, "available", n.VPC, v.CIDR, v.Zone, false, c.account()})
			}
		}
	}
	if err := notFound("InvalidSubnetID.NotFound", "subnet", s, len(items)); err != nil {
		return nil, err
	}
	items, next, err := ec2Page(c, s, items)
	if err != nil {
		return nil, err
	}
	return struct {
		Items []subnet `xml:"subnetSet>item"`
		Next  string   `xml:"nextToken,omitempty"`
	}{items, next}, nil
}

func (c *call) ec2DescribeRouteTables() (any, error) {
	s, err := c.selector("RouteTableId", "route-table-id", "vpc-id", "association.subnet-id", "association.main")
	if err != nil {
		return nil, err
	}
	type association struct {
		ID     string `xml:"routeTableAssociationId"`
		Table  string `xml:"routeTableId"`
		Subnet string `xml:"subnetId"`
		Main   bool   `xml:"main"`
	}
	type route struct {
		CIDR    string `xml:"destinationCidrBlock"`
		Gateway string `xml:"gatewayId,omitempty"`
		NAT     string `xml:"natGatewayId,omitempty"`
		State   string `xml:"state"`
		Origin  string `xml:"origin"`
	}
	type table struct {
		ID           string        `xml:"routeTableId"`
		VPC          string        `xml:"vpcId"`
		Owner        string        `xml:"ownerId"`
		Routes       []route       `xml:"routeSet>item"`
		Associations []association `xml:"associationSet>item"`
	}
	n := c.cell().Network
	var items []table
	add := func(subnets []estate.Subnet, world route) {
		t := table{ID: subnets[0].RouteTable, VPC: n.VPC, Owner: c.account(), Routes: []route{
			{CIDR: "10.0.0.0/8", Gateway: "local", State: "active", Origin: "CreateRouteTable"}, world,
		}}
		var ids []string
		for _, v := range subnets {
			ids = append(ids, v.ID)
			t.Associations = append(t.Associations, association{"rtbassoc-" + v.ID[len("subnet-"):], t.ID, v.ID, false})
		}
		if s.matches(t.ID, map[string][]string{"route-table-id": {t.ID}, "vpc-id": {n.VPC}, "association.subnet-id": ids, "association.main": {"false"}}) {
			items = append(items, t)
		}
	}
	add(n.Public, route{CIDR: estate.World, Gateway: n.InternetGateway, State: "active", Origin: "CreateRoute"})
	add(n.Private, route{CIDR: estate.World, NAT: n.NATGateway, State: "active", Origin: "CreateRoute"})
	if err := notFound("InvalidRouteTableID.NotFound", "routeTable", s, len(items)); err != nil {
		return nil, err
	}
	items, next, err := ec2Page(c, s, items)
	if err != nil {
		return nil, err
	}
	return struct {
		Items []table `xml:"routeTableSet>item"`
		Next  string  `xml:"nextToken,omitempty"`
	}{items, next}, nil
}
