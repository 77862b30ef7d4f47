package web

import (
	"embed"
	"html/template"
	"strings"
	"time"
)

//go:embed templates
var templateFiles embed.FS

// shared are the templates that all pages are made with.
var shared = []string{
	"templates/layout.html", "templates/parts.html", "templates/filters.html", "templates/workloadtable.html",
}

// pages are the names of the templates with a page each.
var pages = []string{
	"overview", "workloads", "workload", "images", "image", "unresolved", "vulnerabilities", "vulnerability", "coverage", "accounts", "scans", "error",
}

// templates are the pages' templates by name, each with the shared ones.
var templates = parseTemplates()

func parseTemplates() map[string]*template.Template {
	base := template.Must(template.New("").Option("missingkey=error").Funcs(functions).ParseFS(templateFiles, shared...))
	parsed := map[string]*template.Template{}
	for _, name := range pages {
		t := template.Must(base.Clone())
		parsed[name] = template.Must(t.ParseFS(templateFiles, "templates/"+name+".html"))
	}
	return parsed
}

// functions are what templates may call.
var functions = template.FuncMap{
	"asset":            assetURL,
	"bytes":            bytesOf,
	"capital":          capital,
	"indented":         indented,
	"join":             func(s []string) string { return strings.Join(s, " ") },
	"kind":             kindName,
	"last":             lastPart,
	"number":           number,
	"plural":           plural,
	"short":            shortDigest,
	"since":            func(t time.Time) string { return relative(time.Now(), t) },
	"stamp":            func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	"replicas":         replicas,
	"reference":        shortReference,
	"scanned":          scanned,
	"rfc3339":          func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"took":             func(ms int) string { return (time.Duration(ms) * time.Millisecond).String() },
	"truncate":         truncate,
	"list":             listURL,
	"imageURL":         imageURL,
	"vulnerabilityURL": vulnerabilityURL,
	"workloadURL":      workloadURL,
	"workloadThen":     workloadThen,
}
