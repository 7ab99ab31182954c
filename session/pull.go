package session

import (
	"context"
	"errors"

	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/log"
)

// pull is a query that runs in a goroutine and stands still while nobody takes its rows.
type pull struct {
	rows   chan *delta.Batch // borrowed until taken is sent to
	taken  chan struct{}
	err    error // valid once rows is closed
	cancel context.CancelFunc
	now    *delta.Batch // batch at hand
	sel    []int32      // its rows, as often as their weights say
	next   int          // of sel, what was taken
	// settled: the query has ended and its rows lie in now, on the account of held.
	settled bool
	held    *holding
	// Of a subscription: where it stands when it waits for a commit, and what was heard of that last.
	stands  stands
	standAt log.CommitSeq
}

var errPortalClosed = errors.New("portal closed")

// startPull begins the query of a portal.
func (s *Session) startPull(ctx context.Context, p *portal) (*pull, error) {
	if p.subscribes() {
		stands := make(stands, 1)
		run := s.pullOf(ctx, func(ctx context.Context, give func(*delta.Batch) error) error {
			w := &changeWriter{rows: give, flush: func() error { return nil }, idle: stands.say}
			return s.changes(ctx, p.plan.query, p.args, w)
		})
		run.stands = stands
		return run, nil
	}
	pin, free, err := s.pinned(ctx, p.plan.query)
	if err != nil {
		return nil, err
	}
	at := s.runAt(pin.Version(), p.args)
	return s.pullOf(ctx, func(ctx context.Context, give func(*delta.Batch) error) error {
		defer free()
		return s.db.Runtime.Query(ctx, p.plan.query, at, flow.OutFunc(give))
	}), nil
}

// pullOf has rows, which gives them, stand still while nobody takes some.
func (s *Session) pullOf(ctx context.Context, rows func(ctx context.Context, give func(*delta.Batch) error) error) *pull {
	// The run outlives this Execute; closing the portal ends it.
	run := &pull{rows: make(chan *delta.Batch), taken: make(chan struct{}), held: s.hold()}
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	run.cancel = func() { cancel(errPortalClosed) }
	go func() {
		defer close(run.rows)
		give := func(d *delta.Batch) error {
			select {
			case run.rows <- d:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			select {
			case <-run.taken:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		run.err = rows(ctx, give)
	}()
	return run
}

// begin makes d, which the run has just given, what is at hand.
func (r *pull) begin(d *delta.Batch) {
	r.now, r.next = d, 0
	r.sel = eachRow(r.sel[:0], d)
}

// doneWithNow lets the run go on once all rows at hand were taken.
func (r *pull) doneWithNow() {
	if r.now != nil && r.next >= len(r.sel) {
		r.now = nil
		if !r.settled {
			r.taken <- struct{}{}
		}
	}
}

// take gives up to limit rows (0 = all at hand), nil at the end. ctx is this Execute's: when it
// ends the run is of no more use.
func (r *pull) take(ctx context.Context, limit int) (*delta.Batch, error) {
	r.doneWithNow()
	if r.now == nil {
		select {
		case d, ok := <-r.rows:
			if !ok {
				return nil, nil
			}
			r.begin(d)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	n := len(r.sel) - r.next
	if limit > 0 && n > limit {
		n = limit
	}
	part := *r.now
	part.Sel, part.Weights = r.sel[r.next:r.next+n:r.next+n], nil
	r.next += n
	return &part, nil
}

// idle: no rows are at hand.
func (r *pull) idle() bool { return r.now == nil || r.next >= len(r.sel) }

// prime waits until the query stands at its first rows, or has ended.
func (r *pull) prime(ctx context.Context) error {
	select {
	case d, ok := <-r.rows:
		if ok {
			r.begin(d)
		}
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// settle runs the query to its end and keeps the rows: what the transaction writes from now on
// is not in a portal that was opened before.
func (r *pull) settle(ctx context.Context) error {
	if r.settled {
		return nil
	}
	var held *delta.BatchBuilder
	for {
		part, err := r.take(ctx, 0)
		if err != nil {
			return err
		}
		if part == nil {
			break
		}
		if err := r.held.rows(part); err != nil {
			return err
		}
		if held == nil {
			held = delta.NewBatchBuilder(columnTypes(part))
		}
		held.AppendBatch(part)
	}
	r.settled = true
	if held != nil {
		all := held.Batch()
		r.now, r.sel, r.next = &all, eachRow(r.sel[:0], &all), 0
	}
	return nil
}

func columnTypes(d *delta.Batch) []sqltype.OID {
	types := make([]sqltype.OID, len(d.Cols))
	for i := range d.Cols {
		types[i] = d.Cols[i].Type
	}
	return types
}

// eachRow appends the live rows of d, each as often as its weight says. It is never nil.
func eachRow(sel []int32, d *delta.Batch) []int32 {
	if sel == nil {
		sel = []int32{}
	}
	add := func(row int32) {
		for range d.Weight(row) {
			sel = append(sel, row)
		}
	}
	if d.Sel != nil {
		for _, row := range d.Sel {
			add(row)
		}
		return sel
	}
	for row := range int32(d.Len) {
		add(row)
	}
	return sel
}

// stop ends the run and waits for it.
func (r *pull) stop() {
	r.cancel()
	for range r.rows { // until it has ended
	}
	r.held.drop()
}
