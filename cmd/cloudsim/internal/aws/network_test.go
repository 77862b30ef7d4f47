package aws

import (
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	awselb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
)

func TestEC2Regions(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{}, nil)
	client := awsec2.NewFromConfig(c.config("us-east-1"))
	enabled, err := client.DescribeRegions(background, &awsec2.DescribeRegionsInput{})
	if err != nil || len(enabled.Regions) != len(c.Estate.EnabledRegions()) {
		t.Errorf("enabled regions = %+v, %v, want %d", enabled, err, len(c.Estate.EnabledRegions()))
	}
	all, err := client.DescribeRegions(background, &awsec2.DescribeRegionsInput{AllRegions: awssdk.Bool(true)})
	if err != nil || len(all.Regions) != len(enabled.Regions)+len(c.Estate.OptInRegions()) || value(all.Regions[len(all.Regions)-1].OptInStatus) != "not-opted-in" {
		t.Errorf("all regions = %+v, %v, want those that are not enabled too", all, err)
	}
}

func TestEC2InterfacesOverPages(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{}, nil)
	client := awsec2.NewFromConfig(c.config("eu-west-1"))
	want := c.Estate.Cell(c.Estate.Account(0).ID, "eu-west-1").Network
	got, pages := map[string]ec2types.NetworkInterface{}, 0
	for p := awsec2.NewDescribeNetworkInterfacesPaginator(client, &awsec2.DescribeNetworkInterfacesInput{MaxResults: awssdk.Int32(5)}); p.HasMorePages(); pages++ {
		page, err := p.NextPage(background)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range page.NetworkInterfaces {
			got[*i.NetworkInterfaceId] = i
		}
	}
	if len(got) != len(want.Interfaces) || pages < 2 {
		t.Errorf("got %d interfaces over %d pages, want %d over several", len(got), pages, len(want.Interfaces))
	}
	public := 0
	for _, w := range want.Interfaces {
		i := got[w.ID]
		ip := ""
		if i.Association != nil {
			ip = value(i.Association.PublicIp)
			public++
		}
		if ip != w.PublicIP || value(i.PrivateIpAddress) != w.PrivateIP || value(i.SubnetId) != w.Subnet || len(i.Groups) != len(w.Groups) {
			t.Errorf("interface %+v, want %+v", i, w)
		}
	}
	if public == 0 {
		t.Error("no interface has a public address")
	}
	one, err := client.DescribeNetworkInterfaces(background, &awsec2.DescribeNetworkInterfacesInput{Filters: []ec2types.Filter{{Name: awssdk.String("private-ip-address"), Values: []string{want.Interfaces[3].PrivateIP}}}})
	if err != nil || len(one.NetworkInterfaces) != 1 || value(one.NetworkInterfaces[0].NetworkInterfaceId) != want.Interfaces[3].ID {
		t.Errorf("by address = %+v, %v, want one interface", one, err)
	}
	_, err = client.DescribeNetworkInterfaces(background, &awsec2.DescribeNetworkInterfacesInput{NetworkInterfaceIds: []string{"eni-0"}})
	wantCode(t, "unknown interface", err, "InvalidNetworkInterfaceID.NotFound")
	_, err = client.DescribeNetworkInterfaces(background, &awsec2.DescribeNetworkInterfacesInput{MaxResults: awssdk.Int32(1001)})
	wantCode(t, "1001 results", err, "InvalidParameterValue")
	_, err = client.DescribeNetworkInterfaces(background, &awsec2.DescribeNetworkInterfacesInput{MaxResults: awssdk.Int32(5), NetworkInterfaceIds: []string{want.Interfaces[0].ID}})
	wantCode(t, "results and identifiers", err, "InvalidParameterCombination")
	_, err = client.DescribeNetworkInterfaces(background, &awsec2.DescribeNetworkInterfacesInput{Filters: []ec2types.Filter{{Name: awssdk.String("mood"), Values: []string{"good"}}}})
	wantCode(t, "unknown filter", err, "InvalidParameterValue")
}

func TestEC2GroupsSubnetsAndRoutes(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{}, nil)
	client := awsec2.NewFromConfig(c.config("eu-west-1"))
	groups, err := client.DescribeSecurityGroups(background, &awsec2.DescribeSecurityGroupsInput{Filters: []ec2types.Filter{{Name: awssdk.String("group-name"), Values: []string{"legacy-admin", "storefront"}}}})
	if err != nil || len(groups.SecurityGroups) != 2 {
		t.Fatalf("groups = %+v, %v, want two", groups, err)
	}
	for _, g := range groups.SecurityGroups {
		rule := g.IpPermissions[0]
		switch *g.GroupName {
		case "legacy-admin":
			if value(rule.FromPort) != 22 || value(rule.IpRanges[0].CidrIp) != "0.0.0.0/0" {
				t.Errorf("legacy-admin admits %+v, want the world on port 22", rule)
			}
		case "storefront":
			if value(rule.FromPort) != 8080 || len(rule.UserIdGroupPairs) != 1 {
				t.Errorf("storefront admits %+v, want the load balancer's group on 8080", rule)
			}
		}
	}
	subnets, err := client.DescribeSubnets(background, &awsec2.DescribeSubnetsInput{})
	if err != nil || len(subnets.Subnets) != 4 {
		t.Fatalf("subnets = %+v, %v, want four", subnets, err)
	}
	tables, err := client.DescribeRouteTables(background, &awsec2.DescribeRouteTablesInput{Filters: []ec2types.Filter{{Name: awssdk.String("association.subnet-id"), Values: []string{*subnets.Subnets[0].SubnetId}}}})
	if err != nil || len(tables.RouteTables) != 1 {
		t.Fatalf("route tables = %+v, %v, want one", tables, err)
	}
	if route := tables.RouteTables[0].Routes[1]; value(route.DestinationCidrBlock) != "0.0.0.0/0" || value(route.GatewayId)[:4] != "igw-" {
		t.Errorf("route of a public subnet = %+v, want the internet gateway", route)
	}
}

func TestELBLeadsFromTheBalancerToTheService(t *testing.T) {
	t.Parallel()
	c := newCloud(t, estate.Config{Workloads: 1500, Accounts: 3}, nil)
	client := awselb.NewFromConfig(c.config("eu-west-1"))
	cell := c.Estate.Cell(c.Estate.Account(0).ID, "eu-west-1")
	balancers, pages := map[string]elbtypes.LoadBalancer{}, 0
	for p := awselb.NewDescribeLoadBalancersPaginator(client, &awselb.DescribeLoadBalancersInput{PageSize: awssdk.Int32(10)}); p.HasMorePages(); pages++ {
		page, err := p.NextPage(background)
		if err != nil {
			t.Fatal(err)
		}
		for _, lb := range page.LoadBalancers {
			balancers[*lb.LoadBalancerArn] = lb
		}
	}
	if len(balancers) != len(cell.Network.Balancers) || pages < 2 {
		t.Errorf("got %d load balancers over %d pages, want %d over several", len(balancers), pages, len(cell.Network.Balancers))
	}
	groups, err := client.DescribeTargetGroups(background, &awselb.DescribeTargetGroupsInput{})
	if err != nil {
		t.Fatal(err)
	}
	ofGroup := map[string]elbtypes.LoadBalancer{}
	outer := map[string]bool{} // load balancers that are the target of an internet-facing one
	for _, g := range groups.TargetGroups {
		lb := balancers[g.LoadBalancerArns[0]]
		ofGroup[*g.TargetGroupArn] = lb
		if g.TargetType != elbtypes.TargetTypeEnumAlb {
			continue
		}
		health, err := client.DescribeTargetHealth(background, &awselb.DescribeTargetHealthInput{TargetGroupArn: g.TargetGroupArn})
		if err != nil || len(health.TargetHealthDescriptions) != 1 {
			t.Fatalf("targets of %s = %+v, %v, want one", *g.TargetGroupName, health, err)
		}
		outer[value(health.TargetHealthDescriptions[0].Target.Id)] = lb.Scheme == elbtypes.LoadBalancerSchemeEnumInternetFacing
	}
	if len(outer) == 0 {
		t.Error("no load balancer stands behind another")
	}
	rules := 0
	for _, s := range cell.Services {
		if s.Target == nil {
			continue
		}
		lb := ofGroup[s.Target.ARN]
		if s.Exposed && lb.Scheme != elbtypes.LoadBalancerSchemeEnumInternetFacing && !outer[*lb.LoadBalancerArn] {
			t.Errorf("%s is exposed behind a load balancer that is %s", s.Name, lb.Scheme)
		}
		listeners, err := client.DescribeListeners(background, &awselb.DescribeListenersInput{LoadBalancerArn: lb.LoadBalancerArn})
		if err != nil || len(listeners.Listeners) != 1 {
			t.Fatalf("listeners of %s = %+v, %v, want one", s.Name, listeners, err)
		}
		l := listeners.Listeners[0]
		target := l.DefaultActions[0].TargetGroupArn
		if l.DefaultActions[0].Type == elbtypes.ActionTypeEnumFixedResponse {
			out, err := client.DescribeRules(background, &awselb.DescribeRulesInput{ListenerArn: l.ListenerArn})
			if err != nil || len(out.Rules) != 2 {
				t.Fatalf("rules of %s = %+v, %v, want two", s.Name, out, err)
			}
			rules++
			target = out.Rules[0].Actions[0].TargetGroupArn
		}
		if value(target) != s.Target.ARN {
			t.Errorf("the listener of %s leads to %s, want %s", s.Name, value(target), s.Target.ARN)
		}
	}
	if rules == 0 {
		t.Error("no service is reached through a rule")
	}
	_, err = client.DescribeLoadBalancers(background, &awselb.DescribeLoadBalancersInput{LoadBalancerArns: []string{"arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/x/1"}})
	wantCode(t, "unknown load balancer", err, "LoadBalancerNotFound")
	_, err = client.DescribeLoadBalancers(background, &awselb.DescribeLoadBalancersInput{PageSize: awssdk.Int32(401)})
	wantCode(t, "401 results", err, "ValidationError")
	_, err = client.DescribeTargetGroups(background, &awselb.DescribeTargetGroupsInput{TargetGroupArns: []string{"x"}})
	wantCode(t, "unknown target group", err, "TargetGroupNotFound")
	_, err = client.DescribeRules(background, &awselb.DescribeRulesInput{ListenerArn: awssdk.String("x")})
	wantCode(t, "unknown listener", err, "ListenerNotFound")
	_, err = client.DescribeListeners(background, &awselb.DescribeListenersInput{})
	wantCode(t, "neither", err, "ValidationError")
}
