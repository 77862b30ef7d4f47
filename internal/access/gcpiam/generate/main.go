// Generate writes the table of the predefined roles of Google Cloud and their
// permissions from pages of the IAM API's roles.list with view=FULL
// (https://cloud.google.com/iam/docs/reference/rest/v1/roles/list): from files,
// or from the API with the access token in GOOGLE_OAUTH_ACCESS_TOKEN.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	log.SetFlags(0)
	source := flag.String("source", "", "where the pages are from, for the head of the table")
	date := flag.String("date", "", "the day of the pages, as 2026-08-22")
	out := flag.String("o", "", "the table to write")
	flag.Parse()
	if err := run(*source, *date, *out, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func run(source, date, out string, files []string) error {
	if out == "" {
		return errors.New("usage: generate -o <table> [-source <text> -date <day> <page>...]; make gcp-roles")
	}
	var pages [][]byte
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		pages = append(pages, data)
	}
	if len(files) == 0 {
		var err error
		if pages, err = fetchPages(os.Getenv("GOOGLE_OAUTH_ACCESS_TOKEN")); err != nil {
			return err
		}
		source, date = rolesURL, time.Now().UTC().Format(time.DateOnly)
	}
	table, err := convert(pages, source, date)
	if err != nil {
		return err
	}
	return os.WriteFile(out, table, 0o644)
}

// A page is one answer of roles.list.
type page struct {
	Roles []struct {
		Name                string
		Stage               string
		Deleted             bool
		IncludedPermissions []string
	}
	NextPageToken string
}

var (
	roleName       = regexp.MustCompile(`^roles/[a-zA-Z0-9_.]+$`)
	permissionName = regexp.MustCompile(`^[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*(/[a-zA-Z0-9_-]+)?\.[a-zA-Z0-9_-]+$`)
)

// convert returns the table of the roles on all pages.
func convert(pages [][]byte, source, date string) ([]byte, error) {
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return nil, fmt.Errorf("the day of the pages: %w", err)
	}
	if source == "" || strings.ContainsAny(source, "\r\n") {
		return nil, fmt.Errorf("source %q: want one line", source)
	}
	roles := make(map[string][]string)
	ids := make(map[string]int)
	for i, data := range pages {
		var p page
		if err := json.Unmarshal(data, &p); err != nil {
			return nil, fmt.Errorf("page %d: %w", i+1, err)
		}
		for _, r := range p.Roles {
			if !roleName.MatchString(r.Name) {
				return nil, fmt.Errorf("page %d: %q is no name of a predefined role", i+1, r.Name)
			}
			if _, ok := roles[r.Name]; ok {
				return nil, fmt.Errorf("page %d: role %s comes twice", i+1, r.Name)
			}
			if r.Deleted || r.Stage == "DISABLED" {
				r.IncludedPermissions = nil
			}
			roles[r.Name] = r.IncludedPermissions
			for _, permission := range r.IncludedPermissions {
				if !permissionName.MatchString(permission) {
					return nil, fmt.Errorf("role %s: %q is no permission", r.Name, permission)
				}
				ids[permission] = 0
			}
		}
	}
	if len(ids) == 0 {
		return nil, errors.New("no role has a permission: the pages have to be those of view=FULL")
	}
	if len(ids) > math.MaxUint16 {
		return nil, fmt.Errorf("%d permissions are more than the table can number", len(ids))
	}
	return compress(roles, ids, source, date)
}

// compress writes the permissions in order, then each role with the ranges of
// the numbers of its permissions.
func compress(roles map[string][]string, ids map[string]int, source, date string) ([]byte, error) {
	var text bytes.Buffer
	fmt.Fprintf(&text, "# Predefined roles of Google Cloud as of %s.\n# %s\n", date, source)
	permissions := sortedKeys(ids)
	for i, p := range permissions {
		ids[p] = i
		text.WriteString(p + "\n")
	}
	text.WriteByte('\n')
	for _, name := range sortedKeys(roles) {
		numbers := make([]int, 0, len(roles[name]))
		for _, p := range roles[name] {
			numbers = append(numbers, ids[p])
		}
		slices.Sort(numbers)
		text.WriteString(name + "\t" + ranges(slices.Compact(numbers)) + "\n")
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text.Bytes()); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// ranges writes numbers in order as "1,4-7".
func ranges(numbers []int) string {
	var parts []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		part := strconv.Itoa(numbers[i])
		if j > i {
			part += "-" + strconv.Itoa(numbers[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ",")
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
