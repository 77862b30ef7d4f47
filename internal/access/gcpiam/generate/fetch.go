package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const rolesURL = "https://iam.googleapis.com/v1/roles"

// The API has a few thousand roles in pages of up to a thousand.
const (
	maxPages    = 100
	maxPageSize = 64 << 20
)

// fetchPages asks the API for all pages.
func fetchPages(token string) ([][]byte, error) {
	if token == "" {
		return nil, errors.New("no pages and no token: name files of pages, or set GOOGLE_OAUTH_ACCESS_TOKEN to what `gcloud auth print-access-token` prints")
	}
	client := &http.Client{Timeout: time.Minute}
	var pages [][]byte
	next := ""
	for len(pages) < maxPages {
		data, err := fetchPage(client, token, next)
		if err != nil {
			return nil, fmt.Errorf("%s, page %d: %w", rolesURL, len(pages)+1, err)
		}
		pages = append(pages, data)
		var p page
		if err := json.Unmarshal(data, &p); err != nil {
			return nil, fmt.Errorf("%s, page %d: %w", rolesURL, len(pages), err)
		}
		if p.NextPageToken == "" {
			return pages, nil
		}
		next = p.NextPageToken
	}
	return nil, fmt.Errorf("%s: more than %d pages", rolesURL, maxPages)
}

func fetchPage(client *http.Client, token, next string) ([]byte, error) {
	query := url.Values{"view": {"FULL"}, "pageSize": {"1000"}}
	if next != "" {
		query.Set("pageToken", next)
	}
	request, err := http.NewRequest(http.MethodGet, rolesURL+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxPageSize+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxPageSize:
		return nil, fmt.Errorf("answer of more than %d bytes", maxPageSize)
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s: %.300s", response.Status, data)
	}
	return data, nil
}
