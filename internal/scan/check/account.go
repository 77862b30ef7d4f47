package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowage-dev/stowage/internal/finding"
	"github.com/stowage-dev/stowage/internal/image"
)

var accountPasswordEmpty = imageCheck{
	Check: finding.Check{
		ID:          "image/account-password-empty",
		Title:       "An account needs no password",
		Severity:    finding.High,
		Why:         "Whoever gets any foothold in the container becomes this account with su or a login service, without a secret.",
		Remediation: "Lock the account in the build: passwd -l NAME, or usermod -p '!' NAME.",
		References:  []string{"Dockle DKL-LI-0001", "NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) {
		for _, u := range in.Inventory.Users {
			if u.Password == image.PasswordEmpty {
				report.add(fmt.Sprintf("The account %q (number %d) has an empty password.", u.Name, u.UID))
			}
		}
	},
}

var accountPasswordSet = imageCheck{
	Check: finding.Check{
		ID:       "image/account-password-set",
		Title:    "The hash of a password is in the image",
		Severity: finding.Medium,
		Why: "Everyone who may pull the image can try passwords on the hash, and all containers of the image share the password. " +
			"In /etc/passwd every process can read it: that is high.",
		Remediation: "Lock the account (passwd -l NAME): containers are entered through the platform, not by logging in.",
		References:  []string{"Dockle DKL-LI-0001", "CIS Docker 4.10", "NIST SP 800-190 4.1.4"},
	},
	find: func(in *Input, report *reporter) {
		for _, u := range in.Inventory.Users {
			switch u.Password {
			case image.PasswordSet:
				report.add(fmt.Sprintf("The account %q has a password in /etc/shadow.", u.Name))
			case image.PasswordPublic:
				report.addFinding(finding.CheckFinding{
					Severity: finding.High, Layer: fromConfig, Detail: fmt.Sprintf("The account %q has a password in /etc/passwd.", u.Name),
				})
			}
		}
	},
}

var accountRootExtra = imageCheck{
	Check: finding.Check{
		ID:          "image/account-root-extra",
		Title:       "An account besides root is root",
		Severity:    finding.High,
		Why:         "The number is what counts: an account with the number 0 has all rights, and hides behind another name.",
		Remediation: "Remove the account, or give it a number of its own.",
		References:  []string{"Dockle DKL-LI-0002", "NIST SP 800-190 4.1.2"},
	},
	find: func(in *Input, report *reporter) {
		for _, u := range in.Inventory.Users {
			if u.UID == 0 && u.Name != "root" {
				report.add(fmt.Sprintf("The account %q has the number 0.", u.Name))
			}
		}
	},
}

var accountDuplicate = imageCheck{
	Check: finding.Check{
		ID:          "image/account-duplicate",
		Title:       "Accounts or groups share a number or a name",
		Severity:    finding.Low,
		Why:         "The kernel knows numbers alone: what one account owns belongs to the other as well, whatever their names suggest.",
		Remediation: "Give each account and group a number and a name of its own.",
		References:  []string{"Dockle DKL-LI-0002"},
	},
	find: func(in *Input, report *reporter) {
		var users, groups []namedNumber
		for _, u := range in.Inventory.Users {
			if u.UID != 0 || u.Name == "root" { // Others with 0 have a check of their own.
				users = append(users, namedNumber{u.Name, u.UID})
			}
		}
		for _, g := range in.Inventory.Groups {
			groups = append(groups, namedNumber{g.Name, g.GID})
		}
		reportShared(report, "accounts", users)
		reportShared(report, "groups", groups)
	},
}

type namedNumber struct {
	name   string
	number int
}

// reportShared reports numbers with several names and names that are there
// several times.
func reportShared(report *reporter, what string, all []namedNumber) {
	names := make(map[int][]string)
	times := make(map[string]int)
	var numbers []int
	for _, a := range all {
		if times[a.name]++; times[a.name] == 2 {
			report.add(fmt.Sprintf("Several %s have the name %q.", what, a.name))
		}
		if names[a.number] == nil {
			numbers = append(numbers, a.number)
		}
		if !slices.Contains(names[a.number], a.name) && len(names[a.number]) <= maxNamed {
			names[a.number] = append(names[a.number], a.name)
		}
	}
	for _, n := range numbers {
		if len(names[n]) > 1 {
			report.add(fmt.Sprintf("The %s %s have the number %d.", what, enumerate(names[n]), n))
		}
	}
}

// maxNamed bounds how many names a detail spells out.
const maxNamed = 8

// enumerate joins names, the first of which stand for many.
func enumerate(names []string) string {
	if more := len(names) - maxNamed; more > 0 {
		names = append(slices.Clone(names[:maxNamed]), fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}
