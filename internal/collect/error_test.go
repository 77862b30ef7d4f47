package collect

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/stowage-dev/stowage/internal/inventory"
)

func TestResult(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		err  error
		want inventory.ScopeResult
	}{
		{"complete", nil, inventory.ScopeResult{Outcome: inventory.Complete}},
		{
			"denied",
			fmt.Errorf("list: %w", &Error{Outcome: inventory.Denied, Action: "ecs:ListClusters", On: "111122223333/eu-west-1", Err: errors.New("AccessDenied: long story")}),
			inventory.ScopeResult{
				Outcome: inventory.Denied, Permission: "ecs:ListClusters",
				Reason: "ecs:ListClusters denied in 111122223333/eu-west-1",
				Remedy: "add ecs:ListClusters to the role that Stowage uses",
			},
		},
		{
			"denied_by_policy",
			&Error{Outcome: inventory.Denied, Action: "ecs:ListClusters", On: "1/eu-west-1", Cause: "by a service control policy", Remedy: "change it"},
			inventory.ScopeResult{
				Outcome: inventory.Denied, Permission: "ecs:ListClusters",
				Reason: "ecs:ListClusters denied in 1/eu-west-1 by a service control policy", Remedy: "change it",
			},
		},
		{
			"failed_says_why",
			&Error{Outcome: inventory.Failed, Action: "eks:DescribeCluster", On: "1/eu-west-1", Err: errors.New("500: oh\n no")},
			inventory.ScopeResult{Outcome: inventory.Failed, Reason: "eks:DescribeCluster failed in 1/eu-west-1: 500: oh no"},
		},
		{
			"unclassified",
			fmt.Errorf("decode task: %w", errors.New("unexpected EOF")),
			inventory.ScopeResult{Outcome: inventory.Failed, Reason: "decode task: unexpected EOF"},
		},
		{
			"deadline",
			fmt.Errorf("list pods: %w", context.DeadlineExceeded),
			inventory.ScopeResult{
				Outcome: inventory.Unreachable, Reason: "list pods: context deadline exceeded",
				Remedy: "check the network path, DNS, proxy and CA certificates from here to the endpoint",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, Result(test.err)); diff != "" {
				t.Errorf("Result(%v) mismatch (-want +got):\n%s", test.err, diff)
			}
		})
	}
}

func TestResultBoundsReason(t *testing.T) {
	t.Parallel()
	got := Result(errors.New(strings.Repeat("é", 4000))).Reason
	if len(got) > maxReason || !utf8.ValidString(got) {
		t.Errorf("reason has %d bytes, valid UTF-8 %t", len(got), utf8.ValidString(got))
	}
}
