package web

import (
	"fmt"

	"github.com/stowage-dev/stowage/internal/inventory"
	"github.com/stowage-dev/stowage/internal/view"
)

// An emptiness explains why a list is empty: "nothing there" and "could not
// look" must never be confused.
type emptiness struct {
	Title  string
	Detail string
	// Links lead to what to do.
	Links []link
}

// whyEmpty explains a list of things, such as "workload", that is empty;
// filtered when the list has filters, which clear leads away from.
func whyEmpty(s view.Status, thing string, filtered bool, clear string) emptiness {
	total, gaps := scopeCounts(s)
	coverage := link{"See coverage", "/coverage"}
	var e emptiness
	switch {
	case total == 0:
		return emptiness{
			Title: "Nothing was collected yet",
			Detail: "Stowage first looks for accounts with the credentials it was started with. If this stays, it found none: " +
				"run `stowage doctor` where it runs.",
			Links: []link{coverage},
		}
	case filtered:
		e = emptiness{Title: fmt.Sprintf("No %s matches these filters", thing), Links: []link{{"Clear the filters", clear}}}
	case !s.FirstPass:
		e = emptiness{
			Title:  fmt.Sprintf("No %s was found so far", thing),
			Detail: "The first pass is still running.",
			Links:  []link{{"See its progress", "/"}},
		}
	default:
		e = emptiness{Title: fmt.Sprintf("No %s was found", thing)}
	}
	if gaps > 0 {
		e.Detail += fmt.Sprintf(" %s of %s could not be read or were not read yet: what is there is not known.", number(gaps), plural(total, "scope"))
		e.Links = append(e.Links, coverage)
	} else if s.FirstPass {
		e.Detail = fmt.Sprintf("Stowage read all of %s completely.", plural(total, "scope"))
	}
	return e
}

// scopeCounts returns how many scopes there are and how many of them are not
// complete.
func scopeCounts(s view.Status) (total, gaps int) {
	for outcome, n := range s.Scopes {
		total += n
		if outcome != inventory.Complete {
			gaps += n
		}
	}
	return total, gaps
}
