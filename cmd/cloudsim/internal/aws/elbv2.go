package aws

import (
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

// elbv2 serves Elastic Load Balancing version 2. Its limits are not published.
var elbv2 = &service{
	name: "elasticloadbalancing", protocol: queryProtocol, namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/", faults: queryFaults,
	limits: map[string]limit{"": {40, 10}},
	operations: map[string]operation{
		"DescribeLoadBalancers": {handle: (*call).elbDescribeBalancers},
		"DescribeTargetGroups":  {handle: (*call).elbDescribeTargetGroups},
		"DescribeListeners":     {handle: (*call).elbDescribeListeners},
		"DescribeRules":         {handle: (*call).elbDescribeRules},
		"DescribeTargetHealth":  {handle: (*call).elbDescribeTargetHealth},
	},
}

// elbPage cuts the page of a list that the request asks for, of at most 400.
func elbPage[T any](c *call, items []T) ([]T, string, error) {
	limit, err := integer(c.form.Get("PageSize"))
	if err != nil {
		return nil, "", err
	}
	if limit < 0 || limit > 400 {
		return nil, "", &apiError{Code: "ValidationError", Message: "1 validation error detected: Value at 'pageSize' failed to satisfy constraint: Member must have value less than or equal to 400", Status: 400}
	}
	if limit == 0 {
		limit = 400
	}
	items, next, err := page(items, c.form.Get("Marker"), limit)
	if err != nil {
		return nil, "", &apiError{Code: "ValidationError", Message: "Invalid marker.", Status: 400}
	}
	return items, next, nil
}

// An elbBalancer is a load balancer as DescribeLoadBalancers writes it.
type elbBalancer struct {
	ARN     string    `xml:"LoadBalancerArn"`
	DNSName string    `xml:"DNSName"`
	Name    string    `xml:"LoadBalancerName"`
	Scheme  string    `xml:"Scheme"`
	VPC     string    `xml:"VpcId"`
	State   string    `xml:"State>Code"`
	Type    string    `xml:"Type"`
	IPType  string    `xml:"IpAddressType"`
	Groups  []string  `xml:"SecurityGroups>member"`
	Zones   []elbZone `xml:"AvailabilityZones>member"`
	Created string    `xml:"CreatedTime"`
}

type elbZone struct {
	Name   string `xml:"ZoneName"`
	Subnet string `xml:"SubnetId"`
}

func (c *call) elbDescribeBalancers() (any, error) {
	arns, names := c.members("LoadBalancerArns.member"), c.members("Names.member")
	n := c.cell().Network
	var items []elbBalancer
	for _, lb := range n.Balancers {
		if len(arns) > 0 && !slices.Contains(arns, lb.ARN) || len(names) > 0 && !slices.Contains(names, lb.Name) {
			continue
		}
		out := elbBalancer{
			ARN: lb.ARN, DNSName: lb.DNSName, Name: lb.Name, Scheme: "internet-facing", VPC: n.VPC, State: "active", Type: lb.Type,
			IPType: "ipv4", Created: xmlTime(c.Estate.Account(0).Joined),
		}
		subnets := n.Public
		if lb.Internal {
			out.Scheme, subnets = "internal", n.Private
		}
		if lb.Group != nil {
			out.Groups = []string{lb.Group.ID}
		}
		for _, s := range subnets {
			out.Zones = append(out.Zones, elbZone{s.Zone, s.ID})
		}
		items = append(items, out)
	}
	if len(items) < len(arns)+len(names) {
		return nil, &apiError{Code: "LoadBalancerNotFound", Message: "One or more load balancers not found", Status: 400}
	}
	items, next, err := elbPage(c, items)
	if err != nil {
		return nil, err
	}
	return struct {
		Items []elbBalancer `xml:"LoadBalancers>member"`
		Next  string        `xml:"NextMarker,omitempty"`
	}{items, next}, nil
}

// An elbTargetGroup is a target group as DescribeTargetGroups writes it.
type elbTargetGroup struct {
	ARN       string   `xml:"TargetGroupArn"`
	Name      string   `xml:"TargetGroupName"`
	Protocol  string   `xml:"Protocol"`
	Port      int      `xml:"Port"`
	VPC       string   `xml:"VpcId"`
	Type      string   `xml:"TargetType"`
	Balancers []string `xml:"LoadBalancerArns>member"`
}

func (c *call) elbDescribeTargetGroups() (any, error) {
	arns, balancer := c.members("TargetGroupArns.member"), c.form.Get("LoadBalancerArn")
	n := c.cell().Network
	var items []elbTargetGroup
	for _, lb := range n.Balancers {
		g := lb.Target
		if len(arns) > 0 && !slices.Contains(arns, g.ARN) || balancer != "" && balancer != lb.ARN {
			continue
		}
		items = append(items, elbTargetGroup{g.ARN, g.Name, g.Protocol, g.Port, n.VPC, g.Type, []string{lb.ARN}})
	}
	if len(items) < len(arns) {
		return nil, &apiError{Code: "TargetGroupNotFound", Message: "One or more target groups not found", Status: 400}
	}
	items, next, err := elbPage(c, items)
	if err != nil {
		return nil, err
	}
	return struct {
		Items []elbTargetGroup `xml:"TargetGroups>member"`
		Next  string           `xml:"NextMarker,omitempty"`
	}{items, next}, nil
}

// An elbAction is what a listener or rule does with requests.
type elbAction struct {
	Type    string      `xml:"Type"`
	Order   int         `xml:"Order"`
	Group   string      `xml:"TargetGroupArn,omitempty"`
	Forward *elbForward `xml:"ForwardConfig"`
	Fixed   *elbFixed   `xml:"FixedResponseConfig"`
}

type elbForward struct {
	Groups []elbWeighted `xml:"TargetGroups>member"`
}

type elbWeighted struct {
	ARN    string `xml:"TargetGroupArn"`
	Weight int    `xml:"Weight"`
}

type elbFixed struct {
	Status string `xml:"StatusCode"`
	Type   string `xml:"ContentType"`
}

// defaultAction returns what the listener of a load balancer does by default.
func defaultAction(lb *estate.LoadBalancer) elbAction {
	if lb.PathRule {
		return elbAction{Type: "fixed-response", Order: 1, Fixed: &elbFixed{"404", "text/plain"}}
	}
	return forward(lb.Target)
}

// forward returns the action that sends requests to a target group.
func forward(g *estate.TargetGroup) elbAction {
	return elbAction{Type: "forward", Order: 1, Group: g.ARN, Forward: &elbForward{[]elbWeighted{{g.ARN, 1}}}}
}

// An elbListener is a listener as DescribeListeners writes it.
type elbListener struct {
	ARN      string      `xml:"ListenerArn"`
	Balancer string      `xml:"LoadBalancerArn"`
	Port     int         `xml:"Port"`
	Protocol string      `xml:"Protocol"`
	Actions  []elbAction `xml:"DefaultActions>member"`
}

func (c *call) elbDescribeListeners() (any, error) {
	balancer, arns := c.form.Get("LoadBalancerArn"), c.members("ListenerArns.member")
	if balancer == "" && len(arns) == 0 {
		return nil, &apiError{Code: "ValidationError", Message: "You must specify either listener ARNs or a load balancer ARN", Status: 400}
	}
	var items []elbListener
	found := false
	for _, lb := range c.cell().Network.Balancers {
		if lb.ARN != balancer && !slices.Contains(arns, lb.ListenerARN) {
			continue
		}
		found = true
		items = append(items, elbListener{lb.ListenerARN, lb.ARN, lb.ListenerPort, lb.Protocol, []elbAction{defaultAction(lb)}})
	}
	if !found {
		return nil, &apiError{Code: "LoadBalancerNotFound", Message: "One or more load balancers not found", Status: 400}
	}
	items, next, err := elbPage(c, items)
	if err != nil {
		return nil, err
	}
	return struct {
		Items []elbListener `xml:"Listeners>member"`
		Next  string        `xml:"NextMarker,omitempty"`
	}{items, next}, nil
}

// An elbRule is a rule as DescribeRules writes it.
type elbRule struct {
	ARN        string         `xml:"RuleArn"`
	Priority   string         `xml:"Priority"`
	Default    bool           `xml:"IsDefault"`
	Conditions []elbCondition `xml:"Conditions>member"`
	Actions    []elbAction    `xml:"Actions>member"`
}

type elbCondition struct {
	Field  string   `xml:"Field"`
	Values []string `xml:"Values>member"`
}

func (c *call) elbDescribeRules() (any, error) {
	listener := c.form.Get("ListenerArn")
	balancers := c.cell().Network.Balancers
	i := slices.IndexFunc(balancers, func(lb *estate.LoadBalancer) bool { return lb.ListenerARN == listener })
	if i < 0 {
		return nil, &apiError{Code: "ListenerNotFound", Message: "One or more listeners not found", Status: 400}
	}
	lb := balancers[i]
	arn := strings.Replace(listener, ":listener/", ":listener-rule/", 1)
	var items []elbRule
	if lb.PathRule {
		items = append(items, elbRule{arn + "/1", "1", false, []elbCondition{{"path-pattern", []string{"/*"}}}, []elbAction{forward(lb.Target)}})
	}
	items = append(items, elbRule{arn + "/0", "default", true, nil, []elbAction{defaultAction(lb)}})
	items, next, err := elbPage(c, items)
	if err != nil {
		return nil, err
	}
	return struct {
		Items []elbRule `xml:"Rules>member"`
		Next  string    `xml:"NextMarker,omitempty"`
	}{items, next}, nil
}
