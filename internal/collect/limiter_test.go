package collect

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

var (
	testBucket = Bucket{Account: "111122223333", Region: "eu-west-1", Class: "ecs/cluster-resource-read"}
	testLimit  = Limit{Rate: 8, Burst: 10}
)

func TestLimiterWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l Limiter
		start := time.Now()
		for range 10 + 16 {
			if err := l.Wait(t.Context(), testBucket, testLimit); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := time.Since(start).Round(time.Millisecond), 2*time.Second; got != want {
			t.Errorf("26 calls took %v, want %v: a burst of 10, then 8 a second", got, want)
		}
		other := testBucket
		other.Account = "444455556666"
		start = time.Now()
		if err := l.Wait(t.Context(), other, testLimit); err != nil || time.Since(start) > 0 {
			t.Errorf("another account's bucket waited %v, error %v", time.Since(start), err)
		}
	})
}

func TestLimiterThrottled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l Limiter
		l.Throttled(testBucket) // A bucket that is not in use has no rate to lower.
		rate := func() float64 {
			t.Helper()
			if err := l.Wait(t.Context(), testBucket, testLimit); err != nil {
				t.Fatal(err)
			}
			return l.Rate(testBucket)
		}
		steps := []struct {
			after    time.Duration
			throttle int
			want     float64
		}{
			{0, 0, 8},
			{0, 5, 4}, // Five refusals within a second count once.
			{2 * time.Second, 1, 2},
			{10 * time.Second, 0, 3},
			{20 * time.Second, 0, 5},
			{time.Hour, 0, 8},
		}
		for i, step := range steps {
			time.Sleep(step.after)
			for range step.throttle {
				l.Throttled(testBucket)
			}
			if got := rate(); got != step.want {
				t.Errorf("step %d: rate = %v, want %v", i, got, step.want)
			}
		}
		for range 10 {
			time.Sleep(2 * time.Second)
			l.Throttled(testBucket)
		}
		if got := l.Rate(testBucket); got != minRate {
			t.Errorf("rate after endless throttling = %v, want %v", got, minRate)
		}
	})
}

func TestLimiterThrottledEmptiesBucket(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l Limiter
		if err := l.Wait(t.Context(), testBucket, testLimit); err != nil {
			t.Fatal(err)
		}
		l.Throttled(testBucket)
		start := time.Now()
		if err := l.Wait(t.Context(), testBucket, testLimit); err != nil {
			t.Fatal(err)
		}
		if got, want := time.Since(start), 250*time.Millisecond; got != want {
			t.Errorf("the call after throttling waited %v, want %v", got, want)
		}
	})
}

func TestLimiterDropsIdle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l Limiter
		for i := range 1000 {
			if err := l.Wait(t.Context(), Bucket{Account: strconv.Itoa(i)}, testLimit); err != nil {
				t.Fatal(err)
			}
		}
		l.Throttled(Bucket{Account: "7"})
		time.Sleep(61 * time.Second)
		if err := l.Wait(t.Context(), testBucket, testLimit); err != nil {
			t.Fatal(err)
		}
		if got, want := len(l.buckets), 1; got != want {
			t.Errorf("%d buckets after a minute of rest, want %d", got, want)
		}
	})
}

func TestLimiterCanceled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l Limiter
		ctx, cancel := context.WithCancel(t.Context())
		limit := Limit{Rate: 0.001, Burst: 1}
		if err := l.Wait(ctx, testBucket, limit); err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(time.Second)
			cancel()
		}()
		if err := l.Wait(ctx, testBucket, limit); !errors.Is(err, context.Canceled) {
			t.Errorf("Wait after cancel = %v, want %v", err, context.Canceled)
		}
	})
}

func TestLimiterDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var l Limiter
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		limit := Limit{Rate: 0.1, Burst: 1}
		if err := l.Wait(ctx, testBucket, limit); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := l.Wait(ctx, testBucket, limit); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 0 {
			t.Errorf("Wait past the deadline = %v after %v, want %v at once", err, time.Since(start), context.DeadlineExceeded)
		}
		if err := l.Wait(ctx, Bucket{}, Limit{}); err != nil {
			t.Errorf("Wait without a limit = %v", err)
		}
	})
}

func BenchmarkLimiterWait(b *testing.B) {
	var l Limiter
	limit := Limit{Rate: 1e12, Burst: 1 << 30}
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Wait(b.Context(), testBucket, limit); err != nil {
			b.Fatal(err)
		}
	}
}
