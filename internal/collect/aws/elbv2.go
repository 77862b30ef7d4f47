package aws

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/exposure"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// elbv2 reads the load balancers of a region, what the internet-facing ones
// listen on, and the target groups.
var elbv2 = service{
	name:  "elbv2",
	kinds: []inventory.Kind{exposure.LoadBalancerKind, exposure.TargetGroupKind},
	calls: []collect.Call{
		{Action: "elasticloadbalancing:DescribeLoadBalancers", Class: "elasticloadbalancing"},
		{Action: "elasticloadbalancing:DescribeListeners", Class: "elasticloadbalancing"},
		{Action: "elasticloadbalancing:DescribeRules", Class: "elasticloadbalancing"},
		{Action: "elasticloadbalancing:DescribeTargetGroups", Class: "elasticloadbalancing"},
	},
	collect: collectELBv2,
}

// elbPage is the most that ELB returns in one page.
const elbPage = 400

func collectELBv2(ctx context.Context, s *session, out collect.Sink) error {
	client := elb.NewFromConfig(s.config)
	return errors.Join(emitBalancers(ctx, client, out), emitTargetGroups(ctx, client, out))
}

func emitBalancers(ctx context.Context, client *elb.Client, out collect.Sink) error {
	list := pages(ctx, client.DescribeLoadBalancers, &elb.DescribeLoadBalancersInput{PageSize: aws.Int32(elbPage)},
		func(in *elb.DescribeLoadBalancersInput, out *elb.DescribeLoadBalancersOutput) *string {
			in.Marker = out.NextMarker
			return in.Marker
		})
	for page, err := range list {
		if err != nil {
			return err
		}
		balancers := make([]balancer, 0, len(page.LoadBalancers))
		for _, b := range page.LoadBalancers {
			balancers = append(balancers, balancer{aws.ToString(b.LoadBalancerArn), aws.ToString(b.LoadBalancerName), exposure.LoadBalancer{
				Type: string(b.Type), Scheme: string(b.Scheme), DNSName: aws.ToString(b.DNSName),
				VPC: aws.ToString(b.VpcId), SecurityGroups: distinct(b.SecurityGroups),
			}})
		}
		page = nil // It is large, and what follows waits for the rate limit.
		for _, b := range balancers {
			if err := emitBalancer(ctx, client, b, out); err != nil {
				return err
			}
		}
	}
	return nil
}

// balancer is what is kept of a load balancer.
type balancer struct {
	arn, name string
	attrs     exposure.LoadBalancer
}

// emitBalancer emits a load balancer, with its listeners if the internet can
// connect to it.
func emitBalancer(ctx context.Context, client *elb.Client, b balancer, out collect.Sink) error {
	attrs := b.attrs
	if attrs.Scheme == exposure.InternetFacing {
		var err error
		attrs.Listeners, err = readListeners(ctx, client, b)
		if isError[*types.LoadBalancerNotFoundException](err) {
			return nil // Deleted since it was listed.
		}
		if err != nil {
			return err
		}
	}
	return emitResource(out, exposure.LoadBalancerKind, b.arn, b.name, attrs)
}

// readListeners returns the listeners of a load balancer, by port.
func readListeners(ctx context.Context, client *elb.Client, b balancer) ([]exposure.Listener, error) {
	var listeners []exposure.Listener
	list := pages(ctx, client.DescribeListeners, &elb.DescribeListenersInput{LoadBalancerArn: &b.arn, PageSize: aws.Int32(elbPage)},
		func(in *elb.DescribeListenersInput, out *elb.DescribeListenersOutput) *string {
			in.Marker = out.NextMarker
			return in.Marker
		})
	for page, err := range list {
		if err != nil {
			return nil, err
		}
		for _, l := range page.Listeners {
			listener := exposure.Listener{
				ARN: aws.ToString(l.ListenerArn), Port: int(aws.ToInt32(l.Port)), Protocol: string(l.Protocol),
				Forwards: forwards("", l.DefaultActions),
			}
			// Only application load balancers have rules.
			if b.attrs.Type == string(types.LoadBalancerTypeEnumApplication) {
				more, err := readRules(ctx, client, l.ListenerArn)
				if isError[*types.ListenerNotFoundException](err) {
					continue
				}
				if err != nil {
					return nil, err
				}
				listener.Forwards = append(listener.Forwards, more...)
			}
			listeners = append(listeners, listener)
		}
	}
	slices.SortFunc(listeners, func(a, b exposure.Listener) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), cmp.Compare(a.ARN, b.ARN))
	})
	return listeners, nil
}

// readRules returns where the rules of a listener forward to, the default one
// excepted, which is the listener's own.
func readRules(ctx context.Context, client *elb.Client, listener *string) ([]exposure.Forward, error) {
	var all []exposure.Forward
	list := pages(ctx, client.DescribeRules, &elb.DescribeRulesInput{ListenerArn: listener, PageSize: aws.Int32(elbPage)},
		func(in *elb.DescribeRulesInput, out *elb.DescribeRulesOutput) *string {
			in.Marker = out.NextMarker
			return in.Marker
		})
	for page, err := range list {
		if err != nil {
			return nil, err
		}
		for _, r := range page.Rules {
			if !aws.ToBool(r.IsDefault) {
				all = append(all, forwards(aws.ToString(r.RuleArn), r.Actions)...)
			}
		}
	}
	return all, nil
}

// forwards returns the target groups that actions forward to. Groups without
// weight get no requests.
func forwards(rule string, actions []types.Action) []exposure.Forward {
	slices.SortStableFunc(actions, func(a, b types.Action) int {
		return cmp.Compare(aws.ToInt32(a.Order), aws.ToInt32(b.Order))
	})
	var all []exposure.Forward
	authenticates := ""
	for _, a := range actions {
		switch a.Type {
		case types.ActionTypeEnumAuthenticateOidc, types.ActionTypeEnumAuthenticateCognito, types.ActionTypeEnumJwtValidation:
			authenticates = string(a.Type)
		case types.ActionTypeEnumForward:
			for _, group := range forwardGroups(a) {
				all = append(all, exposure.Forward{TargetGroup: group, Rule: rule, Authenticates: authenticates})
			}
		}
	}
	return all
}

// forwardGroups returns the target groups of a forward action.
func forwardGroups(a types.Action) []string {
	if a.ForwardConfig == nil || len(a.ForwardConfig.TargetGroups) == 0 {
		return []string{aws.ToString(a.TargetGroupArn)}
	}
	var groups []string
	for _, g := range a.ForwardConfig.TargetGroups {
		if g.Weight == nil || *g.Weight > 0 {
			groups = append(groups, aws.ToString(g.TargetGroupArn))
		}
	}
	slices.Sort(groups)
	return groups
}

func emitTargetGroups(ctx context.Context, client *elb.Client, out collect.Sink) error {
	list := pages(ctx, client.DescribeTargetGroups, &elb.DescribeTargetGroupsInput{PageSize: aws.Int32(elbPage)},
		func(in *elb.DescribeTargetGroupsInput, out *elb.DescribeTargetGroupsOutput) *string {
			in.Marker = out.NextMarker
			return in.Marker
		})
	for page, err := range list {
		if err != nil {
			return err
		}
		for _, g := range page.TargetGroups {
			err := emitResource(out, exposure.TargetGroupKind, aws.ToString(g.TargetGroupArn), aws.ToString(g.TargetGroupName), exposure.TargetGroup{
				Type: string(g.TargetType), Protocol: string(g.Protocol), Port: int(aws.ToInt32(g.Port)),
				VPC: aws.ToString(g.VpcId), LoadBalancers: distinct(g.LoadBalancerArns),
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
