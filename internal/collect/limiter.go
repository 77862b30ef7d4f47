package collect

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A Bucket is what a provider counts calls in.
type Bucket struct {
	Account, Region string
	// Class is [Call.Class].
	Class string
}

// A Limit is the rate that calls of one class may have in one bucket: below
// what the provider allows, as the owner's own automation shares its bucket.
type Limit struct {
	// Rate is in calls per second.
	Rate float64
	// Burst is how many calls may come at once.
	Burst int
}

// The reaction to throttling: halve at most once per holdoff, then one more
// call per second for each recovery interval without throttling, never below
// minRate.
const (
	holdoff  = time.Second
	recovery = 10 * time.Second
	minRate  = 0.5
)

// A Limiter holds the token buckets of a process. All runs share it, so that
// two collectors that the provider counts together wait for each other. The
// zero value is ready to use.
type Limiter struct {
	mu      sync.Mutex
	buckets map[Bucket]*bucket
	swept   time.Time
}

// bucket is one token bucket with additive increase, multiplicative decrease.
type bucket struct {
	limit   Limit
	tokens  *rate.Limiter
	current float64   // rate after the last throttling
	since   time.Time // of the last throttling
	used    time.Time
}

// Wait blocks until a call in the bucket may be made or ctx is done; it does
// not begin to wait past the deadline of ctx. The limit given with the first
// call of a bucket holds for its life; the zero limit is none.
func (l *Limiter) Wait(ctx context.Context, key Bucket, limit Limit) error {
	if limit == (Limit{}) {
		return ctx.Err()
	}
	err := l.bucket(key, limit).Wait(ctx)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("wait for the rate limit of %s in %s/%s: %w", key.Class, key.Account, key.Region, context.DeadlineExceeded)
	}
	return err
}

// Throttled tells that the provider refused a call in the bucket by rate.
func (l *Limiter) Throttled(key Bucket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := l.buckets[key]; ok {
		b.throttle(time.Now())
	}
}

// Rate returns the present rate of the bucket in calls per second, 0 for a
// bucket that is not in use.
func (l *Limiter) Rate(key Bucket) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.buckets[key]
	if !ok {
		return 0
	}
	return b.rate(time.Now())
}

// bucket returns the bucket's tokens, at the rate of now.
func (l *Limiter) bucket(key Bucket, limit Limit) *rate.Limiter {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	b, ok := l.buckets[key]
	if !ok {
		if l.buckets == nil {
			l.buckets = map[Bucket]*bucket{}
		}
		b = &bucket{limit: limit, current: limit.Rate, tokens: rate.NewLimiter(rate.Limit(limit.Rate), limit.Burst)}
		l.buckets[key] = b
	}
	b.used = now
	if r := rate.Limit(b.rate(now)); r != b.tokens.Limit() {
		b.tokens.SetLimitAt(now, r)
	}
	return b.tokens
}

// sweep drops, once a minute, the buckets that equal new ones: those at their
// full rate that had time to fill. Memory is bounded by what was used lately.
func (l *Limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Minute {
		return
	}
	l.swept = now
	for key, b := range l.buckets {
		if now.Sub(b.used) >= time.Minute && b.rate(now) == b.limit.Rate && b.tokens.TokensAt(now) >= float64(b.limit.Burst) {
			delete(l.buckets, key)
		}
	}
}

// rate returns the rate at now.
func (b *bucket) rate(now time.Time) float64 {
	return min(b.limit.Rate, b.current+float64(now.Sub(b.since)/recovery))
}

// throttle halves the rate and empties the bucket: the provider's is empty.
func (b *bucket) throttle(now time.Time) {
	if now.Sub(b.since) < holdoff {
		return
	}
	b.current = min(b.limit.Rate, max(minRate, b.rate(now)/2))
	b.since = now
	b.tokens.SetLimitAt(now, rate.Limit(b.current))
	if n := int(b.tokens.TokensAt(now)); n > 0 {
		b.tokens.AllowN(now, n)
	}
}
