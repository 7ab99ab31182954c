package flow

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/meter"
	"github.com/tributary-db/tributary/planner/plan"
)

// Builder makes the parts of a flow from plan nodes.
type Builder struct {
	// Operator builds the operator of a node that has inputs, or of Values.
	Operator func(n plan.Node) (exec.Operator, error)
	// Source builds the source of a leaf.
	Source func(n plan.Node) (exec.Source, error)
	// Divide builds the sources of a leaf that so many shards read together, and Merge what puts
	// together what they have sorted. For Shards only.
	Divide func(n plan.Node, shards int, numbers *atomic.Int64) ([]exec.Source, error)
	Merge  func(x *plan.Exchange, inputs int) (Merger, error)
	// Crew helps a flow that ticks with its fronts; nil = nobody does.
	Crew Crew
}

// Flow is one dataflow. It is used by one goroutine at a time.
type Flow struct {
	root   *step
	states *States
	// spillers is how many operators share the work memory of a one-shot run.
	spillers int64
	opened   bool
	// broken after a failed tick: state may be half way, only Close is left.
	broken bool
	meter  *meter.Meter // nil = unbounded
}

// step is a plan node at work: an operator over its inputs, or a source.
type step struct {
	path string // place in the plan: "0", "0.1"
	op   exec.Operator
	src  exec.Source
	ins  []*step
	rows delta.Batch // a source's
	env  Env         // once open
	read int64       // rows that a source gave, ever
	wake time.Time   // when what the operator gave changes by itself; zero = it does not

	// Of Shards.
	from   *receiver // in place of a source: the way out of an exchange
	empty  bool      // in place of a source: it is another shard's
	others *barrier  // those that do the same; nil = nobody is waited for
	parted exec.Parted
	turn   func(part int64) error // of what is told which part comes

	// front is what begins at this step, the topmost of it; divides the one that this source is of.
	front, divides *front

	trace *stepTrace // of a run that is looked at

	// Of a source in a tick that is a part of the first (Backfill): it is not asked; or it begins like
	// this.
	rests bool
	begin func(ctx context.Context, t exec.Tick) error
}

// breathe is called between two batches.
func (s *step) breathe(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return s.env.Values.Meter.Breathe()
}

// New builds the operators and sources of a plan. States is where they keep their state;
// Open must be called before the first Run.
func New(root plan.Node, b Builder, states *States) (*Flow, error) {
	s, err := build(root, "0", b, true)
	if err != nil {
		return nil, err
	}
	return &Flow{root: s, states: states, spillers: s.spillers()}, nil
}

func (s *step) spillers() (n int64) {
	for _, in := range s.ins {
		n += in.spillers()
	}
	if op, ok := s.op.(exec.Spiller); ok && op.Spills() {
		n++
	}
	return n
}

// build makes the steps of n and below; top: n is not of a front that has begun above it.
func build(n plan.Node, path string, b Builder, top bool) (*step, error) {
	if b.Crew == nil || !top || !plan.Front(n) {
		return buildStep(n, path, b, top)
	}
	s, err := buildStep(n, path, b, false)
	if err == nil {
		s.begins(n, b)
	}
	return s, err
}

func buildStep(n plan.Node, path string, b Builder, top bool) (*step, error) {
	s := &step{path: path}
	inputs := n.Inputs()
	if len(inputs) == 0 {
		src, err := b.Source(n)
		s.src = src
		return s, err
	}
	op, err := b.Operator(n)
	if err != nil {
		return nil, err
	}
	s.op = op
	for i, in := range inputs {
		child, err := build(in, fmt.Sprintf("%s.%d", path, i), b, top)
		if err != nil {
			return nil, err
		}
		child.narrow(n)
		s.ins = append(s.ins, child)
	}
	return s, nil
}

// narrow tells a source what a filter right above it wants.
func (s *step) narrow(above plan.Node) {
	if f, ok := above.(*plan.Filter); ok {
		if src, ok := s.src.(exec.Narrower); ok {
			src.Narrow(f.Cond)
		}
	}
}

// Open opens every part; a second Open resets a flow for its next one-shot run.
func (f *Flow) Open(env Env) error {
	env.states = f.states
	f.meter.Close()
	if f.meter = env.Values.Meter; env.Values.Inner {
		f.meter = nil // it is begun and closed by the flow around
	}
	f.opened, f.broken = true, false
	if env.RunOnce && env.Values.Temp != nil && f.spillers > 0 {
		env.share = max(min(1, env.Values.WorkMemory), env.Values.WorkMemory/f.spillers)
	}
	f.root.traceIn(env.Values.Trace, nil)
	return f.root.open(env)
}

func (s *step) open(env Env) error {
	for _, in := range s.ins {
		if err := in.open(env); err != nil {
			return err
		}
	}
	env.path = s.path
	if env.held = nil; env.share > 0 || s.trace != nil {
		env.held = new(atomic.Int64)
	}
	if env.trace = s.trace; s.trace != nil {
		s.trace.held = env.held
	}
	s.env = env
	switch {
	case s.src != nil:
		return s.src.Open(&s.env)
	case s.op != nil:
		return s.op.Open(&s.env)
	case s.from != nil && s.from.merge != nil:
		return s.from.merge.Open(&s.env)
	}
	return nil
}

// Run moves the flow over t; everything it puts out goes to out, borrowed. An error leaves
// the flow unusable: its state may be half way.
func (f *Flow) Run(ctx context.Context, t exec.Tick, out exec.Out) (exec.Progress, error) {
	if !f.opened || f.broken {
		return exec.Progress{}, errors.New("flow: Run of a flow that is not open or has failed")
	}
	defer f.meter.Begin(ctx)()
	p, err := f.root.run(ctx, t, out)
	if err != nil {
		f.broken = true
	}
	return p, err
}

func (s *step) run(ctx context.Context, t exec.Tick, out exec.Out) (exec.Progress, error) {
	if s.front != nil {
		s.front.to, s.front.tight, out = out, false, s.front
	}
	if s.trace != nil {
		defer s.trace.enter()()
		out = tracedOut{s.trace, out}
	}
	switch {
	case s.src != nil:
		return s.pull(ctx, t, out)
	case s.from != nil:
		return exec.Progress{Watermark: exec.NoWatermark}, s.from.run(ctx, s, out)
	case s.empty:
		return exec.Progress{Watermark: exec.NoWatermark}, nil
	}
	if timed, ok := s.op.(exec.Timed); ok {
		timed.BeginTick(t)
	}
	for port, in := range s.ins {
		p, err := in.run(ctx, t, push{ctx: ctx, op: s.op, port: port, out: out})
		if err != nil {
			return exec.Progress{}, err
		}
		if err := s.op.EndInput(ctx, port, p, out); err != nil && !errors.Is(err, exec.ErrStop) {
			return exec.Progress{}, err
		}
	}
	if s.others != nil {
		if err := s.others.wait(ctx); err != nil {
			return exec.Progress{}, err
		}
	}
	for {
		next, err := s.op.EndTick(ctx, t, out)
		if err != nil && !errors.Is(err, exec.ErrStop) {
			return exec.Progress{}, err
		}
		if err != nil || !next.More {
			s.wake = next.Wake
			return next.Out, nil
		}
		if err := s.breathe(ctx); err != nil {
			return exec.Progress{}, err
		}
	}
}

// Wake is the earliest time at which what the flow gave changes though nothing comes in, as of the last tick; zero = never.
func (f *Flow) Wake() time.Time { return f.root.wakes() }

func (s *step) wakes() time.Time {
	at := s.wake
	if src, ok := s.src.(exec.Waker); ok {
		at = src.Wake()
	}
	for _, in := range s.ins {
		if w := in.wakes(); at.IsZero() || !w.IsZero() && w.Before(at) {
			at = w
		}
	}
	return at
}

// Read is how many rows the sources have given so far.
func (f *Flow) Read() int64 { return f.root.given() }

func (s *step) given() int64 {
	n := s.read
	for _, in := range s.ins {
		n += in.given()
	}
	return n
}

// pull moves a source over t.
func (s *step) pull(ctx context.Context, t exec.Tick, out exec.Out) (exec.Progress, error) {
	if s.rests {
		return exec.Progress{Watermark: exec.NoWatermark}, nil
	}
	begin := s.src.Begin
	if s.begin != nil {
		begin = s.begin
	}
	if err := begin(ctx, t); err != nil {
		return exec.Progress{}, err
	}
	before := s.read
	for {
		if s.divides != nil {
			shared, err := s.divides.share(ctx, s.read-before, out)
			if shared && (err == nil || errors.Is(err, exec.ErrStop)) {
				break
			}
			if err != nil {
				return exec.Progress{}, err
			}
		}
		more, err := s.src.Next(ctx, &s.rows)
		if err == nil && s.parted != nil {
			err = s.turn(s.parted.Part())
		}
		if err != nil {
			return exec.Progress{}, err
		}
		s.read += int64(s.rows.Rows())
		if s.rows.Rows() > 0 || len(s.rows.Errs) > 0 {
			if err := out.Emit(&s.rows); errors.Is(err, exec.ErrStop) {
				break
			} else if err != nil {
				return exec.Progress{}, err
			}
		}
		if !more {
			break
		}
		if err := s.breathe(ctx); err != nil {
			return exec.Progress{}, err
		}
	}
	if s.parted != nil {
		if err := s.turn(noPart); err != nil {
			return exec.Progress{}, err
		}
	}
	return s.src.Progress(), nil
}

// push is the edge from a child to a port of its parent.
type push struct {
	ctx  context.Context
	op   exec.Operator
	port int
	out  exec.Out
}

func (p push) Emit(d *delta.Batch) error { return p.op.Push(p.ctx, p.port, d, p.out) }

// EmitGroups implements exec.GroupsOut: below an aggregation is what has begun it.
func (p push) EmitGroups(d *delta.Batch) error { return p.op.(exec.Combiner).Combine(p.ctx, d, p.out) }

// Close closes every part and gives the memory of all but the states back. These stay with who gave them.
func (f *Flow) Close() error {
	err := f.root.close()
	f.meter.Close()
	return err
}

func (s *step) close() error {
	var errs []error
	closed := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	for _, in := range s.ins {
		closed(in.close())
	}
	if s.src != nil {
		closed(s.src.Close())
	}
	if s.op != nil {
		closed(s.op.Close())
	}
	return errors.Join(errs...)
}

// OutFunc is a function as an Out.
type OutFunc func(d *delta.Batch) error

// Emit calls the function.
func (f OutFunc) Emit(d *delta.Batch) error { return f(d) }
