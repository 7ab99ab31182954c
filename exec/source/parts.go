package source

import (
	"context"
	"sync/atomic"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/decoded"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// Divide makes the sources of a leaf for a one-shot run on so many shards: each row is read by one of
// them. Parts are numbered from numbers, in the order of what they hold.
func Divide(n plan.Node, cfg Config, shards int, numbers *atomic.Int64) ([]exec.Source, error) {
	scan, ok := n.(*plan.Scan)
	if !ok || !scan.Divisible() {
		return nil, sqlerr.New(sqlerr.InternalError, "plan node %T cannot be divided", n)
	}
	out := make([]exec.Source, shards)
	if scan.Kind != plan.RelStream {
		parts := &contentParts{shards: int64(shards), numbers: numbers, turn: make(chan struct{}, 1)}
		for i := range out {
			out[i] = &contentsPart{contents: contents{node: scan, cfg: cfg}, parts: parts, number: -1}
		}
		return out, nil
	}
	rel, err := cfg.Inputs.Relation(scan.Relation)
	if err != nil {
		return nil, err
	}
	parts := decoded.NewParts(cfg.Log, rel.Topic, numbers)
	for i := range out {
		feed, err := decoded.OpenParts(parts, cfg.Log, rel, scan.Columns)
		if err != nil {
			return nil, err
		}
		out[i] = &streamPart{feed: feed}
	}
	return out, nil
}

// rowsPerPart is how many rows of a table or view are read at once by one shard. With few rows the parts
// are smaller, so that all shards have some.
const rowsPerPart = 16 << 10

// contentParts are the parts of a table or view at one version.
type contentParts struct {
	shards  int64
	numbers *atomic.Int64

	// turn holds a value while somebody uses what follows: to find the parts may be slow.
	turn chan struct{}
	view state.View // nil before the first Begin and after the last Close
	cuts [][]delta.Column
	next int // of the parts, which are one more than the cuts
}

// open opens the relation, once for all.
func (p *contentParts) open(ctx context.Context, c *contents, t exec.Tick) error {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-p.turn }()
	if p.view != nil {
		return nil
	}
	view, err := c.cfg.Inputs.Contents(c.node.Relation, 0, t.To)
	if err != nil {
		return err
	}
	p.view = view
	if d, ok := view.(state.Divider); ok {
		p.cuts, err = d.Cuts(ctx, min(rowsPerPart, 1+view.Rows()/(4*p.shards)))
	}
	return err
}

// take gives the next part; ok is false when there is none.
func (p *contentParts) take() (rng state.Range, number int64, ok bool) {
	p.turn <- struct{}{}
	defer func() { <-p.turn }()
	i := p.next
	if i > len(p.cuts) {
		return rng, 0, false
	}
	p.next++
	if i > 0 {
		rng.From = p.cuts[i-1]
	}
	if i < len(p.cuts) {
		rng.Before = p.cuts[i]
	}
	return rng, p.numbers.Add(1) - 1, true
}

// close lets the relation go. REQUIRES: no source is in a call.
func (p *contentParts) close() {
	if p.view != nil {
		p.view.Release()
		p.view = nil
	}
}

// contentsPart reads parts of a table or view. It has no rows that failed: such a view is not divided.
type contentsPart struct {
	contents
	parts  *contentParts
	wants  []state.Bound
	number int64
	over   bool // the part at hand has no more rows than were given
}

var _ exec.Parted = (*contentsPart)(nil)

func (c *contentsPart) Open(env exec.Env) error {
	c.bounds.open(env)
	return nil
}

func (c *contentsPart) Begin(ctx context.Context, t exec.Tick) error {
	c.end()
	var err error
	if c.wants, err = c.bounds.eval(); err != nil {
		return err
	}
	return c.parts.open(ctx, &c.contents, t)
}

func (c *contentsPart) Next(ctx context.Context, dst *delta.Batch) (bool, error) {
	*dst = delta.Batch{}
	if c.over {
		c.over = false
		c.end()
	}
	if c.cursor == nil {
		rng, number, ok := c.parts.take()
		if !ok {
			return false, nil
		}
		c.number, rng.Columns, rng.Bounds = number, c.wanted(), c.wants
		var err error
		if c.cursor, err = c.parts.view.Scan(ctx, rng); err != nil {
			return false, err
		}
	}
	more, err := c.pull(ctx, c.cursor, nil)
	if err != nil {
		return false, err
	}
	if !more {
		c.over = true
	}
	return true, c.shape(ctx, dst)
}

// Part implements exec.Parted.
func (c *contentsPart) Part() int64 { return c.number }

func (c *contentsPart) Close() error {
	c.end()
	c.parts.close()
	return nil
}

// streamPart reads parts of a stream in a one-shot run, where nobody asks for the watermark.
type streamPart struct {
	feed *decoded.PartFeed
	rows decoded.Rows
}

var _ exec.Parted = (*streamPart)(nil)

func (s *streamPart) Open(exec.Env) error { return nil }

func (s *streamPart) Begin(ctx context.Context, t exec.Tick) error {
	return s.feed.Begin(ctx, t.From, t.To)
}

func (s *streamPart) Next(ctx context.Context, dst *delta.Batch) (bool, error) {
	more, err := s.feed.Next(ctx, &s.rows)
	*dst = delta.Batch{Len: s.rows.Len, Cols: s.rows.Cols}
	return more, err
}

// Part implements exec.Parted.
func (s *streamPart) Part() int64 { return s.feed.Part() }

func (s *streamPart) Progress() exec.Progress {
	s.feed.End()
	return exec.Progress{Watermark: exec.NoWatermark}
}

func (s *streamPart) Close() error {
	s.feed.Close()
	return nil
}
