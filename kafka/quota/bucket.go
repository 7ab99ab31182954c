package quota

import (
	"sync"
	"time"
)

const (
	// burst is how much of its rate a client may have used at once before it has to wait.
	burst = time.Second
	// MaxWait is the longest wait that a client is told. What is used beyond it is forgotten: a
	// request larger than so much of the quota costs no more.
	MaxWait = 30 * time.Second
	// sweepEvery is the least time between two looks for buckets that are empty.
	sweepEvery = time.Second
)

// bucketKey finds a bucket.
type bucketKey struct {
	of Entity
	d  Direction
}

// bucket is what was used and has not drained.
type bucket struct {
	used float64
	at   time.Time
}

// buckets are those of the clients that a quota is for.
type buckets struct {
	mu    sync.Mutex
	byKey map[bucketKey]*bucket
	most  int
	swept time.Time
}

// charge adds n bytes to a bucket and returns how long its client has to wait. Clients beyond the
// most buckets there may be share that of their quota's entity.
func (b *buckets) charge(now time.Time, own, shared bucketKey, rate uint64, n int) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.findLocked(now, own, shared, n > 0)
	if k == nil {
		return 0
	}
	perSecond := float64(rate)
	k.drain(now, perSecond)
	k.used = min(k.used+float64(n), perSecond*(burst+MaxWait).Seconds())
	over := k.used - perSecond*burst.Seconds()
	return max(0, time.Duration(over/perSecond*float64(time.Second)))
}

// findLocked returns a client's bucket, or nil if it has none and none is to be made.
func (b *buckets) findLocked(now time.Time, own, shared bucketKey, create bool) *bucket {
	if k := b.byKey[own]; k != nil {
		return k
	}
	if len(b.byKey) >= b.most && now.Sub(b.swept) >= sweepEvery {
		b.swept = now
		for key, k := range b.byKey {
			// why not by its rate, which may have changed: at any rate nothing is left after so long.
			if now.Sub(k.at) > burst+MaxWait {
				delete(b.byKey, key)
			}
		}
	}
	key := own
	if len(b.byKey) >= b.most {
		if k := b.byKey[shared]; k != nil {
			return k
		}
		key = shared
	}
	if !create {
		return nil
	}
	k := &bucket{at: now}
	b.byKey[key] = k
	return k
}

func (k *bucket) drain(now time.Time, perSecond float64) {
	if d := now.Sub(k.at); d > 0 {
		k.used, k.at = max(0, k.used-perSecond*d.Seconds()), now
	}
}

func (b *buckets) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.byKey)
}
