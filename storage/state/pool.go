package state

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/tributary-db/tributary/internal/job"
)

// Pool merges the runs of arrangements beside those who write them. Small merges go before large
// ones: a large one does those that come up while it is at work, between two blocks, so one worker
// is enough for the newest runs of all arrangements to stay few. Safe for concurrent use.
type Pool struct {
	wake   chan struct{}
	tier   *Tier
	groups *GroupBudget
	mu     struct {
		sync.Mutex
		waiting []wanted // smallest first
		stats   PoolStats
	}
}

// wanted is an arrangement that asks for a merge of about so many rows.
type wanted struct {
	set  *RunSet
	rows int64
}

// PoolStats are counters and gauges of a Pool.
type PoolStats struct {
	Waiting int    // arrangements that ask for a merge
	Merges  uint64 // done
	Rows    uint64 // read by them
	Helped  uint64 // merges that a writer did itself, because the pool was behind
	Failed  uint64 // given up: no memory, or an error
}

// NewPool makes a pool at rest: Run or Step do its work. What memory has no room for goes to the
// tier (nil = nowhere).
func NewPool(tier *Tier) *Pool {
	p := &Pool{wake: make(chan struct{}, 1), tier: tier, groups: NewGroupBudget(0)}
	if tier != nil {
		p.groups.limit = tier.cfg.Limit / 4
	}
	return p
}

// Relieve puts rows of arrangements on disk until there is room for so many bytes, or nothing is left to put there.
func (p *Pool) Relieve(bytes int64) {
	if p != nil && p.tier != nil && bytes > 0 {
		p.tier.relieve(bytes)
	}
}

// relieved is an account whose bytes arrangements make room for.
func (p *Pool) relieved(account func(bytes int64) error) func(bytes int64) error {
	if p == nil || p.tier == nil || account == nil {
		return account
	}
	return func(bytes int64) error { return p.tier.charge(account, bytes) }
}

// Groups is the budget of all Groups whose rows behind the pool merges: a quarter of the tier's memory.
func (p *Pool) Groups() *GroupBudget {
	if p == nil {
		return NewGroupBudget(0)
	}
	return p.groups
}

// Run merges in so many goroutines until ctx ends.
func (p *Pool) Run(ctx context.Context, workers int) {
	var all sync.WaitGroup
	for range workers {
		all.Go(func() { p.work(ctx) })
	}
	all.Wait()
}

func (p *Pool) work(ctx context.Context) {
	job.Label("merge")
	for {
		for ctx.Err() == nil && (p.tier.step() || p.step(ctx, 1<<62) || p.tier.bringNearer()) {
		}
		select {
		case <-p.wake:
		case <-ctx.Done():
			return
		}
	}
}

// Step does one merge that is asked for, if there is one: a test drives a pool by it.
func (p *Pool) Step(ctx context.Context) bool { return p.step(ctx, 1<<62) }

// step does the smallest merge that is asked for, if it has less than so many rows.
func (p *Pool) step(ctx context.Context, below int64) bool {
	p.mu.Lock()
	if len(p.mu.waiting) == 0 || p.mu.waiting[0].rows >= below {
		p.mu.Unlock()
		return false
	}
	set := p.mu.waiting[0].set
	p.mu.waiting = slices.Delete(p.mu.waiting, 0, 1)
	more := len(p.mu.waiting) > 0
	p.mu.Unlock()
	if more {
		p.rouse()
	}
	set.mergeWanted(ctx, p)
	return true
}

// want asks for a merge of set. It has one place in the line.
func (p *Pool) want(set *RunSet, rows int64) {
	p.mu.Lock()
	at, _ := slices.BinarySearchFunc(p.mu.waiting, rows, func(w wanted, rows int64) int { return cmp.Compare(w.rows, rows) })
	p.mu.waiting = slices.Insert(p.mu.waiting, at, wanted{set, rows})
	p.mu.Unlock()
	p.rouse()
}

func (p *Pool) rouse() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Stats are the counters now.
func (p *Pool) Stats() PoolStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.mu.stats
	s.Waiting = len(p.mu.waiting)
	return s
}

func (p *Pool) count(add PoolStats) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mu.stats.Merges += add.Merges
	p.mu.stats.Rows += add.Rows
	p.mu.stats.Helped += add.Helped
	p.mu.stats.Failed += add.Failed
}

// errClosed ends the merge of an arrangement that is closed.
var errClosed = errors.New("arrangement is closed")
