package lane

import (
	"cmp"
	"context"

	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/storage/state"
)

// crew gives the large ticks of a member helpers: shards that no statement and no other member uses, each with a
// token while it works. It takes one that is free; who waits for one gets it in turn.
type crew struct {
	r       *Runtime
	m       *member
	helpers []*helper
	jobs    *flow.Jobs
}

func newCrew(r *Runtime, m *member) *crew {
	c := &crew{r: r, m: m}
	c.jobs = flow.NewJobs(m.ctx, c, r.cfg.SortRows)
	return c
}

// beside is who works for m's arrangements, nil where a tick has one processor.
func (m *member) beside() state.Beside {
	if m.crew == nil {
		return nil
	}
	return m.crew.jobs
}

var _ flow.Crew = (*crew)(nil)

// partBytes of the log, as they lie there, are some thousand rows, a few milliseconds of work.
const partBytes = 128 << 10

// Sizes implements flow.Crew.
func (c *crew) Sizes() (minRows int64, bytes int) {
	return c.r.cfg.MinTickRows, cmp.Or(c.r.cfg.PartBytes, partBytes)
}

// Ask implements flow.Crew.
func (c *crew) Ask() int {
	spare := c.r.tokens.spare()
	if spare == 0 {
		return 0
	}
	return int(c.r.takeShards(int64(min(spare, c.r.cfg.Shards-1))))
}

// Release implements flow.Crew.
func (c *crew) Release(n int, shared bool) {
	if shared {
		c.r.shards.ticks.Add(1)
	}
	c.r.shards.busy.Add(-int64(n))
}

// Spare implements flow.Crew.
func (c *crew) Spare() (flow.Helper, *meter.Meter) {
	if c.r.takeShards(1) == 0 {
		return nil, nil
	}
	h := &helper{r: c.r, worker: worker{of: c.m}}
	m := h.Meter()
	if !h.Try() {
		c.Release(1, false)
		return nil, nil
	}
	return h, m
}

// Did implements flow.Crew.
func (c *crew) Did() { c.r.shards.sorts.Add(1) }

// Jobs implements flow.Crew.
func (c *crew) Jobs() *flow.Jobs { return c.jobs }

// Helper implements flow.Crew.
func (c *crew) Helper(i int) flow.Helper {
	for len(c.helpers) <= i {
		c.helpers = append(c.helpers, &helper{r: c.r, worker: worker{of: c.m}})
	}
	return c.helpers[i]
}

// Without implements flow.Crew.
func (c *crew) Without(_ context.Context, wait func() error) error {
	return c.r.withoutToken(c.m, wait)
}

// helper is a goroutine's beside a member's own.
type helper struct {
	r      *Runtime
	worker worker
	holds  bool // a token
}

// Meter implements flow.Helper.
func (h *helper) Meter() *meter.Meter {
	h.worker.meter = meter.New(h.r.cfg.Memory.Owner(), h.pause)
	h.worker.meter.RelievedBy(h.r.cfg.Merges.Relieve)
	return h.worker.meter
}

// Try implements flow.Helper.
func (h *helper) Try() bool {
	h.holds = h.r.tokens.try(&h.worker)
	return h.holds
}

// Take implements flow.Helper. What the member needs is waited for by who waits for the member.
func (h *helper) Take(ctx context.Context) error {
	h.r.mu.Lock()
	hurried := h.r.neededLocked(h.worker.of)
	h.r.mu.Unlock()
	err := h.r.tokens.take(ctx, &h.worker, hurried)
	h.holds = err == nil
	return err
}

// Give implements flow.Helper.
func (h *helper) Give() {
	if h.holds {
		h.holds = false
		h.r.tokens.give(&h.worker)
	}
}

// pause lets others go first.
func (h *helper) pause(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !h.holds || !h.r.tokens.waiting() {
		return nil
	}
	h.Give()
	return h.Take(ctx)
}
