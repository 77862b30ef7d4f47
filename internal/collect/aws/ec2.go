package aws

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/exposure"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// ec2Service reads the network of a region as far as it leads the internet to
// containers: security groups, interfaces with public addresses, and which
// subnets route to the internet.
var ec2Service = service{
	name:  "ec2",
	kinds: []inventory.Kind{exposure.SecurityGroupKind, exposure.NetworkInterfaceKind, exposure.SubnetKind},
	calls: []collect.Call{
		{Action: "ec2:DescribeSecurityGroups", Class: "ec2/describe-security-groups"},
		{Action: "ec2:DescribeNetworkInterfaces", Class: "ec2/describe-network-interfaces"},
		{Action: "ec2:DescribeSubnets", Class: "ec2/describe-subnets"},
		{Action: "ec2:DescribeRouteTables", Class: "ec2/describe-route-tables"},
	},
	collect: collectEC2,
}

// ec2Page is how many groups and interfaces are asked for at a time: a quarter
// of what EC2 allows, as an answer is decoded as a whole, many at a time.
const ec2Page = 250

func collectEC2(ctx context.Context, s *session, out collect.Sink) error {
	client := ec2.NewFromConfig(s.config)
	// What one call is denied the others still tell.
	return errors.Join(
		emitSecurityGroups(ctx, client, out),
		emitInterfaces(ctx, client, out),
		emitSubnets(ctx, client, out),
	)
}

func emitSecurityGroups(ctx context.Context, client *ec2.Client, out collect.Sink) error {
	list := pages(ctx, client.DescribeSecurityGroups, &ec2.DescribeSecurityGroupsInput{MaxResults: aws.Int32(ec2Page)},
		func(in *ec2.DescribeSecurityGroupsInput, out *ec2.DescribeSecurityGroupsOutput) *string {
			in.NextToken = out.NextToken
			return in.NextToken
		})
	for page, err := range list {
		if err != nil {
			return err
		}
		for _, g := range page.SecurityGroups {
			attrs := exposure.SecurityGroup{VPC: aws.ToString(g.VpcId)}
			for _, p := range g.IpPermissions {
				attrs.Ingress = append(attrs.Ingress, ingressRule(p))
			}
			if err := emitResource(out, exposure.SecurityGroupKind, aws.ToString(g.GroupId), aws.ToString(g.GroupName), attrs); err != nil {
				return err
			}
		}
	}
	return nil
}

// ingressRule returns a permission with all its sources, sorted: EC2 gives
// them in any order.
func ingressRule(p types.IpPermission) exposure.Rule {
	r := exposure.Rule{Protocol: aws.ToString(p.IpProtocol), From: int(aws.ToInt32(p.FromPort)), To: int(aws.ToInt32(p.ToPort))}
	for _, v := range p.IpRanges {
		r.Sources = append(r.Sources, aws.ToString(v.CidrIp))
	}
	for _, v := range p.Ipv6Ranges {
		r.Sources = append(r.Sources, aws.ToString(v.CidrIpv6))
	}
	for _, v := range p.UserIdGroupPairs {
		r.Sources = append(r.Sources, aws.ToString(v.GroupId))
	}
	for _, v := range p.PrefixListIds {
		r.Sources = append(r.Sources, aws.ToString(v.PrefixListId))
	}
	r.Sources = distinct(r.Sources)
	return r
}

// emitInterfaces emits the interfaces with a public address. EC2 has no filter
// for either of two address families, so all are listed.
func emitInterfaces(ctx context.Context, client *ec2.Client, out collect.Sink) error {
	list := pages(ctx, client.DescribeNetworkInterfaces, &ec2.DescribeNetworkInterfacesInput{MaxResults: aws.Int32(ec2Page)},
		func(in *ec2.DescribeNetworkInterfacesInput, out *ec2.DescribeNetworkInterfacesOutput) *string {
			in.NextToken = out.NextToken
			return in.NextToken
		})
	for page, err := range list {
		if err != nil {
			return err
		}
		for _, n := range page.NetworkInterfaces {
			attrs := exposure.NetworkInterface{Subnet: aws.ToString(n.SubnetId)}
			if n.Association != nil {
				attrs.PublicIP = aws.ToString(n.Association.PublicIp)
			}
			for _, a := range n.Ipv6Addresses {
				attrs.IPv6 = append(attrs.IPv6, aws.ToString(a.Ipv6Address))
			}
			if attrs.PublicIP == "" && len(attrs.IPv6) == 0 {
				continue
			}
			if n.Attachment != nil {
				attrs.Instance = aws.ToString(n.Attachment.InstanceId)
			}
			for _, g := range n.Groups {
				attrs.SecurityGroups = append(attrs.SecurityGroups, aws.ToString(g.GroupId))
			}
			attrs.IPv6, attrs.SecurityGroups = distinct(attrs.IPv6), distinct(attrs.SecurityGroups)
			id := aws.ToString(n.NetworkInterfaceId)
			if err := emitResource(out, exposure.NetworkInterfaceKind, id, id, attrs); err != nil {
				return err
			}
		}
	}
	return nil
}

// emitSubnets emits the subnets with the internet gateway that they route to.
func emitSubnets(ctx context.Context, client *ec2.Client, out collect.Sink) error {
	routes, err := readRoutes(ctx, client)
	if err != nil {
		return err
	}
	list := pages(ctx, client.DescribeSubnets, &ec2.DescribeSubnetsInput{MaxResults: aws.Int32(1000)},
		func(in *ec2.DescribeSubnetsInput, out *ec2.DescribeSubnetsOutput) *string {
			in.NextToken = out.NextToken
			return in.NextToken
		})
	for page, err := range list {
		if err != nil {
			return err
		}
		for _, n := range page.Subnets {
			id, vpc := aws.ToString(n.SubnetId), aws.ToString(n.VpcId)
			table, ok := routes[id]
			if !ok { // Subnets without a table of their own use the VPC's main one.
				table = routes[vpc]
			}
			err := emitResource(out, exposure.SubnetKind, id, id, exposure.Subnet{VPC: vpc, RouteTable: table.id, InternetGateway: table.gateway})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// routeTable is where a table's default route leads.
type routeTable struct {
	id, gateway string
}

// readRoutes returns the route tables by the subnet, or by the VPC whose main
// table it is.
func readRoutes(ctx context.Context, client *ec2.Client) (map[string]routeTable, error) {
	routes := map[string]routeTable{}
	list := pages(ctx, client.DescribeRouteTables, &ec2.DescribeRouteTablesInput{MaxResults: aws.Int32(100)},
		func(in *ec2.DescribeRouteTablesInput, out *ec2.DescribeRouteTablesOutput) *string {
			in.NextToken = out.NextToken
			return in.NextToken
		})
	for page, err := range list {
		if err != nil {
			return nil, err
		}
		for _, t := range page.RouteTables {
			table := routeTable{aws.ToString(t.RouteTableId), internetGateway(t.Routes)}
			for _, a := range t.Associations {
				switch {
				case aws.ToBool(a.Main):
					routes[aws.ToString(t.VpcId)] = table
				case a.SubnetId != nil:
					routes[*a.SubnetId] = table
				}
			}
		}
	}
	return routes, nil
}

// internetGateway returns the internet gateway that routes lead to, or "".
func internetGateway(routes []types.Route) string {
	for _, r := range routes {
		if gateway := aws.ToString(r.GatewayId); strings.HasPrefix(gateway, "igw-") && r.State != types.RouteStateBlackhole {
			return gateway
		}
	}
	return ""
}
