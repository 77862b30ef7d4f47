package datastore

import (
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/stowage-dev/stowage/internal/access"
)

func (p *parser) rule(n *yaml.Node, settings map[string]string) access.Rule {
	var r access.Rule
	keys := append([]string{"levels", "channel", "needs", "gates", "unread", "note"}, demandKeys...)
	p.mapping(n, "a rule", keys, func(key string, value *yaml.Node) {
		switch key {
		case "levels":
			p.list(value, key, 4, func(item *yaml.Node) {
				var l access.Level
				if err := l.UnmarshalText([]byte(p.text(item, key))); err != nil {
					p.fail(item, key, "%v", err)
				}
				r.Levels = append(r.Levels, l)
			})
		case "channel":
			if err := r.Channel.UnmarshalText([]byte(p.text(value, key))); err != nil {
				p.fail(value, key, "%v", err)
			}
		case "needs":
			p.list(value, key, maxList, func(item *yaml.Node) {
				var d access.Demand
				p.mapping(item, "a need", demandKeys, func(key string, value *yaml.Node) {
					p.demand(&d, key, value, settings)
				}, "any_of", "resource")
				r.Needs = append(r.Needs, d)
			})
		case "gates":
			p.list(value, key, maxList, func(item *yaml.Node) { r.Gates = append(r.Gates, p.gate(item, settings)) })
		case "unread":
			r.Unread = p.text(value, key)
		case "note":
			r.Note = p.text(value, key)
		default:
			p.demand(&r.Demand, key, value, settings)
		}
	}, "levels", "channel", "any_of", "resource")
	operations := len(r.AnyOf)
	for i := range r.Needs {
		operations += len(r.Needs[i].AnyOf)
	}
	if operations > maxOperations {
		p.fail(n, "any_of", "the rule and its needs have %d operations, which is more than %d: make several rules of it", operations, maxOperations)
	}
	return r
}

var demandKeys = []string{"any_of", "data", "resource", "below", "if_set"}

func (p *parser) demand(d *access.Demand, key string, n *yaml.Node, settings map[string]string) {
	switch key {
	case "any_of":
		d.AnyOf = p.texts(n, key)
		for _, op := range d.AnyOf {
			if strings.ContainsAny(op, "*? ${}") {
				p.fail(n, key, "%q is no operation: name each one, without wildcards", op)
			}
		}
	case "data":
		d.Data = p.flag(n, key)
	case "resource":
		d.Resource.Template = p.text(n, key)
		p.template(n, d.Resource.Template, settings)
	case "below":
		d.Resource.Below = p.flag(n, key)
	case "if_set":
		d.IfSet = p.text(n, key)
		p.known(n, key, d.IfSet, settings)
	}
}

func (p *parser) gate(n *yaml.Node, settings map[string]string) access.Gate {
	var g access.Gate
	p.mapping(n, "a gate", []string{"setting", "is", "is_not"}, func(key string, value *yaml.Node) {
		switch key {
		case "setting":
			g.Setting = p.text(value, key)
			p.known(value, key, g.Setting, settings)
		case "is":
			g.Is = p.texts(value, key)
		case "is_not":
			g.Not = p.texts(value, key)
		}
	}, "setting")
	if (len(g.Is) == 0) == (len(g.Not) == 0) {
		p.fail(n, "gates", "want one of is and is_not with the values of %q", g.Setting)
	}
	return g
}

// template checks the variables of a form.
func (p *parser) template(n *yaml.Node, template string, settings map[string]string) {
	rest := template
	for {
		text, after, ok := strings.Cut(rest, "{")
		if strings.Contains(text, "}") {
			p.fail(n, "resource", "%q has a } without {", template)
			return
		}
		if !ok {
			return
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			p.fail(n, "resource", "%q has a { without }", template)
			return
		}
		if !slices.Contains(access.Variables, name) {
			p.known(n, "resource", name, settings)
		}
		rest = tail
	}
}

func (p *parser) known(n *yaml.Node, key, setting string, settings map[string]string) {
	if _, ok := settings[setting]; !ok {
		p.fail(n, key, "%q is not among the settings of the type, which are %q: add it there",
			setting, slices.Sorted(maps.Keys(settings)))
	}
}
