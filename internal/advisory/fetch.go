package advisory

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// A State tells what a feed was when it was last imported, so that it can be
// seen to be the same without reading it.
type State struct {
	// ETag and LastModified are the HTTP validators of the last answer.
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
	// SHA256 is the hash of the content, in hex; empty for a directory of
	// records, which is read each time.
	SHA256 string `json:"sha256,omitempty"`
	// Format is that of the hashes of the advisories. Another format makes an
	// unchanged feed worth reading again.
	Format int `json:"format,omitempty"`
}

// ErrUnchanged says that a feed still is what its state says.
var ErrUnchanged = errors.New("feed is unchanged")

// A Fetcher reads files, local or over HTTP. The zero value is ready to use.
type Fetcher struct {
	// Client makes the requests. Nil means one with the proxy of the
	// environment that does not follow a redirect from HTTPS to HTTP.
	Client *http.Client
	// TempDir is where downloads are kept while they are read; empty means the
	// system's.
	TempDir string

	// wait is between two tries; nil means a growing, random time.
	wait backoff.BackOff
	// stall is how long a server may send nothing; 0 means maxStall.
	stall time.Duration
}

const (
	// maxDownload limits a download, in bytes.
	maxDownload = 8 << 30
	maxStall    = 2 * time.Minute
	// maxTries includes the first.
	maxTries = 5
)

var defaultClient = &http.Client{CheckRedirect: func(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) >= 10:
		return errors.New("stopped after 10 redirects")
	case req.URL.Scheme == "http" && via[len(via)-1].URL.Scheme == "https":
		return errors.New("refused a redirect from HTTPS to HTTP")
	}
	return nil
}}

// A file is a fetched file, at its start. The state is what to remember once
// it has been used.
type file struct {
	*os.File
	size  int64
	state State
	// temporary files go when they are closed.
	temporary bool
}

// Close implements [io.Closer].
func (f *file) Close() error {
	err := f.File.Close()
	if f.temporary {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}

// fetch opens what is at a location, or returns ErrUnchanged with the state to
// remember. Downloads are tried again when that can help.
func (f *Fetcher) fetch(ctx context.Context, location string, last State) (*file, State, error) {
	if last.Format != hashFormat {
		last = State{}
	}
	var got *file
	var err error
	if isURL(location) {
		got, err = f.retry(ctx, location, last)
	} else {
		got, err = openFile(location)
	}
	if errors.Is(err, ErrUnchanged) {
		return nil, last, ErrUnchanged
	}
	if err != nil {
		return nil, last, fmt.Errorf("fetch %s: %w", redact(location), err)
	}
	got.state.Format = hashFormat
	if got.state.SHA256 == last.SHA256 {
		_ = got.Close()
		return nil, got.state, ErrUnchanged
	}
	return got, got.state, nil
}

func openFile(path string) (*file, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	got := &file{File: f}
	if err := got.rewind(f, io.Discard); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return got, nil
}

// rewind reads all of r, keeps a copy in w, and notes size and hash. The file
// is at its start then.
func (f *file) rewind(r io.Reader, w io.Writer) error {
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(hash, w), &limitedReader{r, maxDownload})
	if err != nil {
		return err
	}
	f.size, f.state.SHA256 = n, hex.EncodeToString(hash.Sum(nil))
	_, err = f.Seek(0, io.SeekStart)
	return err
}

func (f *Fetcher) retry(ctx context.Context, location string, last State) (*file, error) {
	wait := f.wait
	if wait == nil {
		wait = backoff.NewExponentialBackOff()
	}
	return backoff.Retry(ctx, func() (*file, error) { return f.download(ctx, location, last) },
		backoff.WithBackOff(wait), backoff.WithMaxTries(maxTries), backoff.WithMaxElapsedTime(0))
}

// download gets a URL into a temporary file.
func (f *Fetcher) download(ctx context.Context, location string, last State) (_ *file, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	patience := cmp.Or(f.stall, maxStall)
	stall := time.AfterFunc(patience, func() {
		cancel(fmt.Errorf("the server sent nothing for %v", patience))
	})
	defer stall.Stop()
	defer func() {
		if err != nil && errors.Is(err, context.Canceled) {
			err = context.Cause(ctx)
		}
	}()
	res, err := f.get(ctx, location, last)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	temp, err := os.CreateTemp(f.TempDir, "stowage-feed-*")
	if err != nil {
		return nil, backoff.Permanent(err)
	}
	got := &file{File: temp, temporary: true}
	got.state.ETag = res.Header.Get("ETag")
	got.state.LastModified = res.Header.Get("Last-Modified")
	body := readerFunc(func(p []byte) (int, error) {
		stall.Reset(patience)
		return res.Body.Read(p)
	})
	if err := got.rewind(body, temp); err != nil {
		return nil, errors.Join(fmt.Errorf("download: %w", err), got.Close())
	}
	return got, nil
}

// get asks for a URL, unless it still is what it was.
func (f *Fetcher) get(ctx context.Context, location string, last State) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil {
		return nil, backoff.Permanent(errors.New("not a usable URL"))
	}
	req.Header.Set("User-Agent", "stowage")
	if last.ETag != "" {
		req.Header.Set("If-None-Match", last.ETag)
	} else if last.LastModified != "" {
		req.Header.Set("If-Modified-Since", last.LastModified)
	}
	client := f.Client
	if client == nil {
		client = defaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		// The client's own error quotes the URL, with what may be a credential.
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err
		}
		return nil, err
	}
	if res.StatusCode == http.StatusOK {
		return res, nil
	}
	defer res.Body.Close()
	err = fmt.Errorf("the server answered %s", res.Status)
	switch {
	case res.StatusCode == http.StatusNotModified:
		return nil, backoff.Permanent(ErrUnchanged)
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode >= 500:
		if after, e := strconv.Atoi(res.Header.Get("Retry-After")); e == nil && after >= 0 && after <= 300 {
			err = errors.Join(err, backoff.RetryAfter(after))
		}
		return nil, err
	}
	return nil, backoff.Permanent(err)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// errTooLarge ends the reading of what is larger than it should be.
var errTooLarge = errors.New("too large")

// A limitedReader reads up to left bytes; more is an error, not an end.
type limitedReader struct {
	r    io.Reader
	left int64
}

// Read implements [io.Reader].
func (l *limitedReader) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	if l.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
