package aws

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/stowage-dev/stowage/internal/collect"
	"github.com/stowage-dev/stowage/internal/exposure"
	"github.com/stowage-dev/stowage/internal/inventory"
)

// elbv2 reads the load balancers of a region, what those listen on that the
// internet can connect to, and the target groups with their instances.
var elbv2 = service{
	name:  "elbv2",
	kinds: []inventory.Kind{exposure.LoadBalancerKind, exposure.TargetGroupKind},
	calls: []collect.Call{
		{Action: "elasticloadbalancing:DescribeLoadBalancers", Class: "elasticloadbalancing"},
		{Action: "elasticloadbalancing:DescribeListeners", Class: "elasticloadbalancing"},
		{Action: "elasticloadbalancing:DescribeRules", Class: "elasticloadbalancing"},
		{Action: "elasticloadbalancing:DescribeTargetGroups", Class: "elasticloadbalancing"},
		{Action: "elasticloadbalancing:DescribeTargetHealth", Class: "elasticloadbalancing"},
	},
	collect: collectELBv2,
}

// elbPage is the most that ELB returns in one page.
const elbPage = 400

func collectELBv2(ctx context.Context, s *session, out collect.Sink) error {
	client := elb.NewFromConfig(s.config)
	balancers, err := listBalancers(ctx, client)
	if err != nil {
		// The target groups still tell which there are.
		return errors.Join(err, emitTargetGroups(ctx, client, &reach{}, out))
	}
	reached := &reach{open: map[string]bool{}}
	for _, b := range balancers {
		reached.open[b.arn] = b.attrs.Scheme == exposure.InternetFacing
	}
	// What one call is denied the others still tell.
	return errors.Join(
		emitTargetGroups(ctx, client, reached, out),
		emitBalancers(ctx, client, balancers, reached, out),
	)
}

// reach is what the internet can connect to, as far as it was read.
type reach struct {
	// open are load balancers, by ARN.
	open map[string]bool
}

// groupOpen reports whether a target group is one of a load balancer that the
// internet can connect to.
func (r *reach) groupOpen(g types.TargetGroup) bool {
	return slices.ContainsFunc(g.LoadBalancerArns, func(arn string) bool { return r.open[arn] })
}

func listBalancers(ctx context.Context, client *elb.Client) ([]balancer, error) {
	var all []balancer
	list := pages(ctx, client.DescribeLoadBalancers, &elb.DescribeLoadBalancersInput{PageSize: aws.Int32(elbPage)},
		func(in *elb.DescribeLoadBalancersInput, out *elb.DescribeLoadBalancersOutput) *string {
			in.Marker = out.NextMarker
			return in.Marker
		})
	for page, err := range list {
		if err != nil {
			return nil, err
		}
		for _, b := range page.LoadBalancers {
			all = append(all, balancer{text(b.LoadBalancerArn), text(b.LoadBalancerName), exposure.LoadBalancer{
				Type: string(b.Type), Scheme: string(b.Scheme), DNSName: text(b.DNSName),
				VPC: text(b.VpcId), SecurityGroups: texts(distinct(b.SecurityGroups)),
			}})
		}
	}
	return all, nil
}

// balancer is what is kept of a load balancer: the answers are large, and what
// follows waits for the rate limit.
type balancer struct {
	arn, name string
	attrs     exposure.LoadBalancer
}

// emitBalancers emits the load balancers, with the listeners of those that the
// internet can connect to.
func emitBalancers(ctx context.Context, client *elb.Client, all []balancer, reached *reach, out collect.Sink) error {
	for _, b := range all {
		attrs := b.attrs
		if reached.open[b.arn] {
			var err error
			attrs.Listeners, err = readListeners(ctx, client, b)
			if isError[*types.LoadBalancerNotFoundException](err) {
				continue // Deleted since it was listed.
			}
			if err != nil {
				return err
			}
		}
		if err := emitResource(out, exposure.LoadBalancerKind, b.arn, b.name, attrs); err != nil {
			return err
		}
	}
	return nil
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

// emitTargetGroups emits the target groups, those first that lead from one load
// balancer to another, which is then reached too.
func emitTargetGroups(ctx context.Context, client *elb.Client, reached *reach, out collect.Sink) error {
	var groups []types.TargetGroup
	list := pages(ctx, client.DescribeTargetGroups, &elb.DescribeTargetGroupsInput{PageSize: aws.Int32(elbPage)},
		func(in *elb.DescribeTargetGroupsInput, out *elb.DescribeTargetGroupsOutput) *string {
			in.Marker = out.NextMarker
			return in.Marker
		})
	for page, err := range list {
		if err != nil {
			return err
		}
		groups = append(groups, page.TargetGroups...)
	}
	between := func(g types.TargetGroup) bool { return g.TargetType == types.TargetTypeEnumAlb }
	others := slices.DeleteFunc(slices.Clone(groups), between)
	first := slices.DeleteFunc(groups, func(g types.TargetGroup) bool { return !between(g) })
	for _, g := range slices.Concat(first, others) {
		attrs := exposure.TargetGroup{
			Type: string(g.TargetType), Protocol: string(g.Protocol), Port: int(aws.ToInt32(g.Port)),
			VPC: aws.ToString(g.VpcId), LoadBalancers: distinct(g.LoadBalancerArns),
		}
		if targetsNeeded[g.TargetType] && reached.groupOpen(g) {
			var err error
			attrs.Targets, err = readTargets(ctx, client, g.TargetGroupArn)
			if isError[*types.TargetGroupNotFoundException](err) {
				continue // Deleted since it was listed.
			}
			if err != nil {
				return err
			}
		}
		if attrs.Type == exposure.BalancerTarget {
			for _, t := range attrs.Targets {
				reached.open[t.ID] = true
			}
		}
		if err := emitResource(out, exposure.TargetGroupKind, aws.ToString(g.TargetGroupArn), aws.ToString(g.TargetGroupName), attrs); err != nil {
			return err
		}
	}
	return nil
}

// targetsNeeded are the types of target groups whose targets do not say
// themselves where they are registered.
var targetsNeeded = map[types.TargetTypeEnum]bool{
	types.TargetTypeEnumAlb: true, types.TargetTypeEnumInstance: true, types.TargetTypeEnumLambda: true,
}

// functionARN returns the ARN of a function without its version or alias.
func functionARN(arn string) string {
	if parts := strings.Split(arn, ":"); len(parts) > 7 && parts[2] == "lambda" {
		return strings.Join(parts[:7], ":")
	}
	return arn
}

// readTargets returns what is registered in a target group, whatever its
// health: an unhealthy target gets requests when all are.
func readTargets(ctx context.Context, client *elb.Client, group *string) ([]exposure.Target, error) {
	described, err := client.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: group})
	if err != nil {
		return nil, err
	}
	var targets []exposure.Target
	for _, d := range described.TargetHealthDescriptions {
		if d.Target == nil || d.TargetHealth != nil && d.TargetHealth.State == types.TargetHealthStateEnumDraining {
			continue
		}
		targets = append(targets, exposure.Target{ID: functionARN(aws.ToString(d.Target.Id)), Port: int(aws.ToInt32(d.Target.Port))})
	}
	slices.SortFunc(targets, func(a, b exposure.Target) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Port, b.Port))
	})
	return slices.Compact(targets), nil
}
