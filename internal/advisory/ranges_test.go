package advisory

import (
	"fmt"
	"strings"
	"testing"
)

// TestRanges has for each ecosystem timelines, and versions with whether they
// are vulnerable: "+version>fix" or "-version". "?" marks what cannot be
// decided.
func TestRanges(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, ecosystem, events, versions string
		want                              string
	}{
		{"no_lower_bound", "Go", "introduced:0 fixed:1.2.0", "", "+v0.0.0-20180101000000-aaaaaaaaaaaa>1.2.0 +0.0.0-0>1.2.0 +1.2.0-rc.1>1.2.0 -1.2.0 -v1.2.0+incompatible"},
		{
			"pseudo_version_fix", "Go", "introduced:0 fixed:0.0.0-20220906165146-f3363e06e74c", "",
			"+0.0.0-20210101000000-bbbbbbbbbbbb>0.0.0-20220906165146-f3363e06e74c -0.0.0-20220906165146-f3363e06e74c -0.1.0",
		},
		{"no_fix", "Go", "introduced:0", "", "+1.0.0 +99.0.0 ?(devel)"},
		{
			"two_branches", "Go", "introduced:0 fixed:1.18.6 introduced:1.19.0-0 fixed:1.19.1", "",
			"+1.18.5>1.18.6 -1.18.6 -1.18.10 +1.19.0>1.19.1 +1.19.0-rc.1>1.19.1 -1.19.1",
		},
		{"out_of_order", "npm", "fixed:2.1.0 introduced:2.0.0 fixed:1.5.0 introduced:0", "", "+1.0.0>1.5.0 -1.9.0 +2.0.0>2.1.0 -2.1.0"},
		{"last_affected", "npm", "introduced:1.0.0 last_affected:1.4.2", "", "-0.9.9 +1.0.0 +1.4.2 -1.4.3 +1.4.2-rc.1 ?latest"},
		{"fixed_later_branch", "npm", "introduced:0 last_affected:1.4.2 introduced:2.0.0 fixed:2.3.0", "", "+1.4.0>2.3.0 +2.0.0>2.3.0 -1.5.0"},
		{"limit", "npm", "introduced:1.0.0 limit:2.0.0", "", "+1.9.9 -2.0.0 -0.1.0"},
		{"limit_before_fix", "npm", "introduced:1.0.0 fixed:3.0.0 limit:2.0.0", "", "+1.9.9 -2.0.0 -2.5.0"},
		{"limit_after_fix", "npm", "introduced:1.0.0 fixed:1.5.0 introduced:3.0.0 limit:2.0.0", "", "+1.2.0>1.5.0 -1.5.0 -3.1.0"},
		{"highest_limit", "npm", "introduced:1.0.0 limit:2.0.0 limit:4.0.0 limit:3.0.0", "", "+3.9.9 -4.0.0"},
		{"no_limit", "npm", "introduced:1.0.0 limit:2.0.0 limit:*", "", "+9.0.0"},
		{"introduced_twice", "npm", "introduced:1.0.0 introduced:1.2.0 fixed:1.5.0", "", "+1.1.0>1.5.0 -1.5.0"},
		{"fix_without_introduction", "npm", "fixed:1.5.0", "", "-1.0.0"},
		{"nothing", "Alpine:v3.19", "introduced:0 fixed:0", "", "-1.0-r0"},
		{"listed", "PyPI", "", "0.5 1.0.dev+weird_", "+0.5 -0.5.0 -0.6 +1.0.dev+weird_"},
		{"listed_and_range", "PyPI", "introduced:1.0 fixed:1.1", "0.5 2.0", "+0.5>1.1 +1.0.5>1.1 -1.1 +2.0"},
		{"listed_without_version", "Maven", "introduced:0 fixed:2", "RELEASE", "+RELEASE ?LATEST"},
		{"pep440", "PyPI", "introduced:1.0 fixed:2.0", "", "-1.0rc1 +1.0.0>2.0 +1.0.post1>2.0 +2.0.dev1>2.0 +2.0a1>2.0 -2.0.0 -1!1.5"},
		{"debian", "Debian:12", "introduced:0 fixed:1.1.1n-0+deb11u4", "", "+1.1.1n-0+deb11u3>1.1.1n-0+deb11u4 +1.1.1n-0~deb11u5>1.1.1n-0+deb11u4 -1.1.1n-0+deb11u4 -1:0.1-1 -1.1.1n-1"},
		{"debian_end_of_life", "Debian:9", "introduced:0 fixed:<end-of-life>", "", "?1.0-1"},
		{"ubuntu", "Ubuntu:22.04:LTS", "introduced:0 fixed:3.0.2-0ubuntu1.10", "", "+3.0.2-0ubuntu1.9>3.0.2-0ubuntu1.10 -3.0.2-0ubuntu1.10"},
		{"alpine", "Alpine:v3.19", "introduced:0 fixed:1.2.4-r10", "", "+1.2.4-r9>1.2.4-r10 +1.2.4_rc1-r20>1.2.4-r10 -1.2.4-r10 -1.2.4_p1-r0 -1.2.10-r0"},
		{"rpm", "Rocky Linux:9", "introduced:0 fixed:1:3.0.7-25.el9", "", "+3.5.0-1.el9>1:3.0.7-25.el9 +1:3.0.7-24.el9>1:3.0.7-25.el9 -1:3.0.7-25.el9"},
		{"maven", "Maven", "introduced:2.0-beta9 fixed:2.15.0", "", "-2.0-beta8 +2.0-beta9>2.15.0 +2.0-rc1>2.15.0 +2.14.1>2.15.0 +2.15.0-rc1>2.15.0 -2.15.0 -2.15.0.Final"},
		{"rubygems", "RubyGems", "introduced:1.0 fixed:1.2.0", "", "-1.0.0.rc1 +1.0.0>1.2.0 +1.2.0.beta2>1.2.0 -1.2"},
		{"unknown_ecosystem", "Android", "introduced:0 fixed:12", "13", "?11 +13"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := NewIndex()
			x.Put(mustParse(t, recordOf(tt.ecosystem, tt.events, tt.versions)))
			var got []string
			for _, expected := range strings.Fields(tt.want) {
				version, _, _ := strings.Cut(expected[1:], ">")
				hits, undecided := x.Match(Package{NormalizeEcosystem(tt.ecosystem), "pkg", version})
				switch {
				case len(hits) > 0 && hits[0].Fixed != "":
					got = append(got, "+"+version+">"+hits[0].Fixed)
				case len(hits) > 0:
					got = append(got, "+"+version)
				case undecided > 0:
					got = append(got, "?"+version)
				default:
					got = append(got, "-"+version)
				}
			}
			if g := strings.Join(got, " "); g != tt.want {
				t.Errorf("got  %s\nwant %s", g, tt.want)
			}
		})
	}
}

// recordOf returns a record of one package from "kind:version" events.
func recordOf(ecosystem, events, versions string) string {
	var timeline []string
	for _, e := range strings.Fields(events) {
		kind, version, _ := strings.Cut(e, ":")
		timeline = append(timeline, fmt.Sprintf("{%q: %q}", kind, version))
	}
	var listed []string
	for _, v := range strings.Fields(versions) {
		listed = append(listed, fmt.Sprintf("%q", v))
	}
	return fmt.Sprintf(`{"id": "X-1", "affected": [{"package": {"ecosystem": %q, "name": "pkg"},
		"ranges": [{"type": "ECOSYSTEM", "events": [%s]}], "versions": [%s]}]}`,
		ecosystem, strings.Join(timeline, ", "), strings.Join(listed, ", "))
}
