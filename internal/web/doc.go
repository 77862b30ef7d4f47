// Package web serves the pages for people: HTML made on the server, without
// scripts. Each page is one Go file, which reads the store, and one template
// of the same name. Filters have the names that the API gives them.
package web
