package web

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

var accountFields = []field{{Name: "name", Label: "Account", Example: "part of name or number"}}

// accountsPerPage is how many accounts one page shows.
const accountsPerPage = 200

type accountsPage struct {
	list
	Items    []accountRow
	Matching int
	Empty    emptiness
}

// An accountRow is an account with the bar of its coverage.
type accountRow struct {
	view.Account
	Segments []segment
	Gaps     int
}

// A segment is the part of a coverage bar with one outcome, from 0 to 100.
type segment struct {
	Outcome  inventory.Outcome
	Count    int
	From, To int
}

// Width returns the length of the segment.
func (s segment) Width() int { return s.To - s.From }

// accounts filters and pages here: the store has a list of accounts only as a
// whole, which is never long.
func (s *site) accounts(r *http.Request) (page, error) {
	all, err := s.store.Accounts(r.Context(), view.AccountQuery{})
	if err != nil {
		return page{}, err
	}
	name := strings.ToLower(r.URL.Query().Get("name"))
	var matching []view.Account
	for _, a := range all {
		if strings.Contains(strings.ToLower(a.Name+" "+a.ID), name) {
			matching = append(matching, a)
		}
	}
	// A cursor that is no number of an account shows the first page.
	start, err := strconv.Atoi(r.URL.Query().Get("cursor"))
	if err != nil || start < 0 || start > len(matching) {
		start = 0
	}
	end, next := len(matching), ""
	if end > start+accountsPerPage {
		end = start + accountsPerPage
		next = strconv.Itoa(end)
	}
	d := accountsPage{list: newList(r, accountFields, next), Matching: len(matching)}
	for _, a := range matching[start:end] {
		d.Items = append(d.Items, newAccountRow(a))
	}
	if len(d.Items) == 0 {
		if d.Empty, err = s.empty(r, "account", d.list); err != nil {
			return page{}, err
		}
	}
	return page{Title: "Accounts", Section: "/accounts", Data: d}, nil
}

func newAccountRow(a view.Account) accountRow {
	row := accountRow{Account: a}
	total := 0
	for _, n := range a.Scopes {
		total += n
	}
	row.Gaps = total - a.Scopes[inventory.Complete]
	seen := 0
	for _, o := range outcomes {
		if n := a.Scopes[o]; n > 0 {
			row.Segments = append(row.Segments, segment{o, n, seen * 100 / total, (seen + n) * 100 / total})
			seen += n
		}
	}
	return row
}
