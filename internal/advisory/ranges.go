package advisory

import (
	"net/url"
	"slices"
	"strings"
)

// affected reads the ranges and versions of one package of a record. Without a
// package (the commits of a repository) nothing is affected here.
func affected(r *recordAffected) (Affected, error) {
	p := Affected{Ecosystem: NormalizeEcosystem(r.Package.Ecosystem)}
	if p.Ecosystem == "" && r.Package.Name == "" {
		return p, nil
	}
	if err := checkText("ecosystem", p.Ecosystem); err != nil {
		return p, err
	}
	if err := checkText("package name", r.Package.Name); err != nil {
		return p, err
	}
	p.Name = NormalizeName(p.Ecosystem, r.Package.Name)
	for _, rg := range r.Ranges {
		if rg.Type != "ECOSYSTEM" && rg.Type != "SEMVER" {
			continue
		}
		ranges, err := intervals(p.Ecosystem, withEpoch(p.Ecosystem, r.Package.PURL, rg.Events))
		if err != nil {
			return p, err
		}
		p.Ranges = append(p.Ranges, ranges...)
	}
	for _, v := range r.Versions {
		if err := checkText("version", v); err != nil {
			return p, err
		}
		p.Versions = append(p.Versions, v)
	}
	p.compact()
	return p, nil
}

// withEpoch returns the events with the epoch that Rocky Linux told only in the
// package URL for years: a version without one is of epoch 0.
func withEpoch(ecosystem, purl string, timeline []recordEvent) []recordEvent {
	_, qualifiers, _ := strings.Cut(purl, "?")
	q, err := url.ParseQuery(qualifiers)
	epoch := q.Get("epoch")
	if err != nil || !isNumber(epoch) || baseEcosystem(ecosystem) != "Rocky Linux" {
		return timeline
	}
	events := slices.Clone(timeline)
	for i := range events {
		if fixed := events[i].Fixed; fixed != "" && !strings.Contains(fixed, ":") {
			events[i].Fixed = epoch + ":" + fixed
		}
	}
	return events
}

// An event is one step of a range's timeline.
type event struct {
	kind    eventKind
	version string
}

type eventKind int

const (
	introduced eventKind = iota
	fixed
	lastAffected
)

// intervals turns a timeline of events into intervals, as the schema's
// evaluation algorithm walks it: in the order of versions, whatever the order
// in the record. Where versions cannot be compared, the record's order stands;
// such an interval matches nothing.
func intervals(ecosystem string, timeline []recordEvent) ([]Range, error) {
	events, limits, err := eventsOf(timeline)
	if err != nil {
		return nil, err
	}
	sortEvents(ecosystem, events)
	var found []Range
	var open *Range
	for _, e := range events {
		switch {
		case e.kind == introduced:
			if open == nil {
				open = &Range{Introduced: e.version}
			}
			continue
		case open == nil:
			continue
		case e.kind == fixed:
			open.Fixed = e.version
		case e.kind == lastAffected:
			open.LastAffected = e.version
		}
		found = append(found, *open)
		open = nil
	}
	if open != nil {
		found = append(found, *open)
	}
	if limit, ok := highest(ecosystem, limits); ok {
		found = limited(ecosystem, found, limit)
	}
	return found, nil
}

// eventsOf lists the events and the limits. "0" as introduced is no bound.
func eventsOf(timeline []recordEvent) (events []event, limits []string, err error) {
	add := func(kind eventKind, what, version string) {
		if version == "" {
			return
		}
		if e := checkText(what, version); e != nil {
			err = e
			return
		}
		if kind == introduced && version == "0" {
			version = ""
		}
		events = append(events, event{kind, version})
	}
	for _, e := range timeline {
		add(introduced, "introduced version", e.Introduced)
		add(fixed, "fixed version", e.Fixed)
		add(lastAffected, "last affected version", e.LastAffected)
		if e.Limit != "" {
			limits = append(limits, e.Limit)
			if e := checkText("limit", e.Limit); e != nil {
				err = e
			}
		}
	}
	return events, limits, err
}

// sortEvents orders events by version, those without a bound first. Events
// at the same version keep their order.
func sortEvents(ecosystem string, events []event) {
	ordered := true
	sorted := slices.Clone(events)
	slices.SortStableFunc(sorted, func(a, b event) int {
		switch {
		case a.version == "" && b.version == "":
			return 0
		case a.version == "":
			return -1
		case b.version == "":
			return +1
		}
		c, err := Compare(ecosystem, a.version, b.version)
		if err != nil {
			ordered = false
		}
		return c
	})
	if ordered {
		copy(events, sorted)
	}
}

// highest returns the highest of the limits; ok is false when there is none. A
// version is out only when it is past all of them, so that one which cannot be
// compared removes the limit.
func highest(ecosystem string, limits []string) (limit string, ok bool) {
	for i, l := range limits {
		if _, err := parseVersion(ecosystem, l); err != nil {
			return "", false
		}
		if i > 0 {
			if c, err := Compare(ecosystem, l, limit); err != nil {
				return "", false
			} else if c < 0 {
				continue
			}
		}
		limit = l
	}
	return limit, limit != ""
}

// limited cuts intervals at the limit.
func limited(ecosystem string, ranges []Range, limit string) []Range {
	var kept []Range
	for _, r := range ranges {
		before := func(version string) bool {
			c, err := Compare(ecosystem, version, limit)
			return err == nil && c < 0
		}
		switch {
		case r.Introduced != "" && !before(r.Introduced):
			continue
		case r.Fixed == limit, r.Fixed != "" && before(r.Fixed):
		case r.LastAffected != "" && before(r.LastAffected):
		default:
			r = Range{Introduced: r.Introduced, Limit: limit}
		}
		kept = append(kept, r)
	}
	return kept
}

// compact sorts the listed versions and drops those that a range holds anyway:
// nearly all, as publishers list what their ranges say. It changes no match.
func (p *Affected) compact() {
	slices.Sort(p.Versions)
	p.Versions = slices.DeleteFunc(slices.Compact(p.Versions), func(text string) bool {
		v, err := parseVersion(p.Ecosystem, text)
		return err == nil && slices.ContainsFunc(p.Ranges, func(r Range) bool {
			in, err := v.in(&r)
			return in && err == nil
		})
	})
	if len(p.Versions) == 0 {
		p.Versions = nil
	}
}

// in reports whether the version is in the range.
func (v *version) in(r *Range) (bool, error) {
	if r.Introduced != "" {
		if c, err := v.compare(r.Introduced); err != nil || c < 0 {
			return false, err
		}
	}
	switch {
	case r.Fixed != "":
		c, err := v.compare(r.Fixed)
		return err == nil && c < 0, err
	case r.LastAffected != "":
		c, err := v.compare(r.LastAffected)
		return err == nil && c <= 0, err
	case r.Limit != "":
		c, err := v.compare(r.Limit)
		return err == nil && c < 0, err
	}
	return true, nil
}
