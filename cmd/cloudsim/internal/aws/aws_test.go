package aws

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/content"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/estate"
	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/fault"
)

// A cloud is a server under test.
type cloud struct {
	*Server
	url string
}

// newCloud starts a server over an estate.
func newCloud(t testing.TB, cfg estate.Config, change func(*Options)) *cloud {
	t.Helper()
	contents := content.Catalog()
	e, err := estate.New(cfg, contents)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Estate: e, Contents: contents, Faults: new(fault.Set), RegistryURL: "http://127.0.0.1:5000",
		Cluster: func(name string) (string, []byte) { return "https://127.0.0.1:6443/" + name, []byte("certificate") },
	}
	if change != nil {
		change(&o)
	}
	s := New(o)
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	return &cloud{s, h.URL}
}

// config returns the settings of a client with the long-lived key.
func (c *cloud) config(region string) awssdk.Config {
	return awssdk.Config{
		Region: region, BaseEndpoint: &c.url, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(AccessKeyID, SecretAccessKey, ""),
	}
}

// in returns the settings of a client in another account.
func (c *cloud) in(account int, region string) awssdk.Config {
	cfg := c.config(region)
	id := c.Estate.Account(account).ID
	to := caller{Account: id, ARN: "arn:aws:sts::" + id + ":assumed-role/test/test", UserID: "AROA:test", Expires: time.Now().Add(time.Hour)}
	cfg.Credentials = credentials.NewStaticCredentialsProvider(temporaryKey(id), SecretAccessKey, to.token())
	return cfg
}

// cell returns the first cell that satisfies a condition, with its account's
// number and region.
func (c *cloud) cell(t *testing.T, what string, ok func(*estate.Cell) bool) (*estate.Cell, int) {
	t.Helper()
	for i := range c.Estate.Accounts() {
		for _, r := range c.Estate.Regions() {
			if cell := c.Estate.Cell(c.Estate.Account(i).ID, r); ok(cell) {
				return cell, i
			}
		}
	}
	t.Fatalf("no account and region has %s", what)
	return nil, 0
}

// wantCode fails unless err is an API error with the code.
func wantCode(t *testing.T, what string, err error, code string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code {
		t.Errorf("%s: got error %v, want %s", what, err, code)
	}
}

// wantMessage fails unless err is an API error with the message.
func wantMessage(t *testing.T, what string, err error, message string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorMessage() != message {
		t.Errorf("%s: got error %v, want the message %q", what, err, message)
	}
}

// value returns what a pointer of the SDK points to.
func value[T any](p *T) T {
	var zero T
	if p == nil {
		return zero
	}
	return *p
}

// digest returns the digest of bytes.
func digest(b []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(b)) }

// background is the context of calls in tests.
var background = context.Background()
