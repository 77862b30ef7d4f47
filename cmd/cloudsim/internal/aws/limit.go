package aws

import (
	"sync"

	"golang.org/x/time/rate"

	"github.com/stowage-dev/stowage/cmd/cloudsim/internal/meter"
)

// A limit is a token bucket: how many requests at once, and how many a second.
type limit struct {
	burst int
	rate  rate.Limit
}

// unpublished is the limit assumed for services that do not tell theirs.
var unpublished = limit{20, 10}

// A bucketKey names a token bucket. Every account and region has its own.
type bucketKey struct {
	account, region, service, class string
}

// limits are the token buckets in use.
type limits struct {
	mu      sync.Mutex
	buckets map[bucketKey]*rate.Limiter
}

// bucket returns the token bucket of the call and its limit.
func (c *call) bucket(op operation) (bucketKey, limit) {
	key := bucketKey{c.account(), c.region, c.service.name, op.class}
	if op.class == "" {
		key.class = c.action
	}
	limit, ok := c.service.limits[key.class]
	if !ok {
		limit, ok = c.service.limits[""]
	}
	if !ok {
		limit = unpublished
	}
	return key, limit
}

// request returns the call as the meter counts it.
func (c *call) request(op operation) meter.Request {
	key, limit := c.bucket(op)
	return meter.Request{
		Account: key.account, Region: key.region, Action: c.permission(),
		Bucket: key.service + "/" + key.class, Burst: limit.burst, Rate: float64(limit.rate),
	}
}

// allow takes a token for the call and reports whether there was one.
func (l *limits) allow(c *call, op operation) bool {
	key, limit := c.bucket(op)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buckets == nil {
		l.buckets = map[bucketKey]*rate.Limiter{}
	}
	b := l.buckets[key]
	if b == nil {
		b = rate.NewLimiter(limit.rate, limit.burst)
		l.buckets[key] = b
	}
	return b.AllowN(c.Now(), 1)
}
