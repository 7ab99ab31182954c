package flow

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/job"
	"github.com/tributary-db/tributary/planner/plan"
)

// Shards runs a plan with exchanges once. What lies between two exchanges is a fragment: it exists once
// a shard where its rows are divided, else once; each has a goroutine, the one above the topmost
// exchange that of the caller.
type Shards struct {
	builder Builder
	shards  int
	charge  func(int64) error

	root  *fragment
	rest  []*fragment
	edges []*edge
}

// fragment is one shard's part of a plan between exchanges.
type fragment struct {
	step   *step
	states *States
	out    *sender // nil: the topmost
}

// NewShards builds the parts of a plan that plan.Shard made. charge is where memory is charged; it is
// safe for concurrent use.
func NewShards(root plan.Node, b Builder, shards int, charge func(int64) error) (*Shards, error) {
	s := &Shards{builder: b, shards: shards, charge: charge}
	top, err := s.build(root, "0", 1, new(atomic.Int64))
	if err != nil {
		return nil, err
	}
	s.root = &fragment{step: top[0], states: NewStates(charge, nil)}
	return s, nil
}

// build makes count steps of one fragment for a node. Parts of its sources are numbered from numbers.
func (s *Shards) build(n plan.Node, path string, count int, numbers *atomic.Int64) ([]*step, error) {
	steps := make([]*step, count)
	for i := range steps {
		steps[i] = &step{path: path}
	}
	if x, ok := n.(*plan.Exchange); ok {
		return steps, s.buildExchange(x, path, steps)
	}
	inputs := n.Inputs()
	if len(inputs) == 0 {
		return steps, s.buildLeaf(n, steps, numbers)
	}
	var others *barrier
	if count > 1 && len(inputs) == 1 && !plan.RowByRow(n) {
		others = newBarrier(count)
	}
	for i := range steps {
		var err error
		steps[i].others = others
		if steps[i].op, err = s.builder.Operator(n); err != nil {
			return nil, err
		}
	}
	for i, in := range inputs {
		of := count
		if count > 1 && !plan.Divided(in) {
			of = 1 // the first shard's; to the others it is empty
		}
		children, err := s.build(in, fmt.Sprintf("%s.%d", path, i), of, numbers)
		if err != nil {
			return nil, err
		}
		for k := range steps {
			child := &step{path: path, empty: true}
			if k < of {
				child = children[k]
				child.narrow(n)
			}
			steps[k].ins = append(steps[k].ins, child)
		}
	}
	return steps, nil
}

func (s *Shards) buildLeaf(n plan.Node, steps []*step, numbers *atomic.Int64) error {
	if len(steps) == 1 {
		src, err := s.builder.Source(n)
		steps[0].src = src
		return err
	}
	sources, err := s.builder.Divide(n, len(steps), numbers)
	if err != nil {
		return err
	}
	for i := range steps {
		steps[i].src = sources[i]
	}
	return nil
}

// buildExchange makes the fragments below an exchange; receivers are the steps that stand for it above.
func (s *Shards) buildExchange(x *plan.Exchange, path string, receivers []*step) error {
	count := 1
	if plan.Divided(x.Input) {
		count = s.shards
	}
	below, err := s.build(x.Input, path+".0", count, new(atomic.Int64))
	if err != nil {
		return err
	}
	inboxes := len(receivers)
	if len(x.Order) > 0 {
		inboxes = 1 + count
	}
	e := newEdge(x.Kind, count, inboxes, s.charge)
	s.edges = append(s.edges, e)
	for i, in := range below {
		op, err := s.builder.Operator(x)
		if err != nil {
			return err
		}
		out := newSender(e, x, i)
		top := &step{path: path, op: op, ins: []*step{in}}
		top.tell(out.turn)
		s.rest = append(s.rest, &fragment{step: top, states: NewStates(s.charge, nil), out: out})
	}
	for i, r := range receivers {
		r.from = &receiver{e: e, at: i}
		if len(x.Order) > 0 {
			if r.from.merge, err = s.builder.Merge(x, count); err != nil {
				return err
			}
		}
	}
	return nil
}

// tell makes sources below s say which part they read.
func (s *step) tell(turn func(part int64) error) {
	if p, ok := s.src.(exec.Parted); ok {
		s.parted, s.turn = p, turn
	}
	for _, in := range s.ins {
		in.tell(turn)
	}
}

func (s *Shards) fragments() []*fragment { return append([]*fragment{s.root}, s.rest...) }

// Run opens every part, runs the plan over t and puts its rows out. It may be called once.
func (s *Shards) Run(ctx context.Context, env Env, t exec.Tick, out exec.Out) error {
	all, spillers := s.fragments(), int64(0)
	for _, f := range all {
		spillers += f.step.spillers()
	}
	if env.Values.Temp != nil && spillers > 0 {
		env.share = max(min(1, env.Values.WorkMemory), env.Values.WorkMemory/spillers)
	}
	for _, f := range all {
		env := env
		env.states = f.states
		if f.out != nil {
			env.Values.Meter = env.Values.Meter.Fork()
		}
		f.step.traceIn(env.Values.Trace, f.out)
		if err := f.step.open(env); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	for _, e := range s.edges {
		defer e.finishWith(ctx)()
	}
	var work sync.WaitGroup
	var panicked atomic.Pointer[string]
	for _, f := range s.rest {
		work.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					text := fmt.Sprintf("%v, in a shard:\n%s", p, debug.Stack())
					panicked.CompareAndSwap(nil, &text)
					cancel(errors.New("a shard panicked"))
				}
			}()
			job.Label("shard")
			if err := f.run(ctx, t); err != nil {
				cancel(err)
			}
		})
	}
	defer env.Values.Meter.Begin(ctx)()
	_, err := s.root.step.run(ctx, t, out)
	cancel(context.Canceled) // those whose rows nobody wants any more
	work.Wait()
	if p := panicked.Load(); p != nil {
		panic(*p) // the caller's to survive
	}
	return err
}

func (f *fragment) run(ctx context.Context, t exec.Tick) error {
	defer f.step.env.Values.Meter.Begin(ctx)()
	if _, err := f.step.run(ctx, t, f.out); err != nil {
		return err
	}
	return f.out.end()
}

// Close closes every part and gives its memory back.
func (s *Shards) Close() error {
	var errs []error
	for _, f := range s.fragments() {
		errs = append(errs, f.step.close())
		f.states.Drop()
	}
	return errors.Join(errs...)
}

// receiver is where rows leave an exchange.
type receiver struct {
	e     *edge
	at    int
	merge Merger // of rows that come in order; nil = as they come
}

// Merger puts the rows of several inputs, each in an order, into that order. next gives an input's next
// rows, which stay until it is asked again; false after the last.
type Merger interface {
	Open(env exec.Env) error
	Merge(next []func(d *delta.Batch) (bool, error), out exec.Out) error
}

// run takes what comes.
func (r *receiver) run(ctx context.Context, s *step, out exec.Out) error {
	if r.merge != nil {
		return r.runMerge(s, out)
	}
	for {
		m, err := r.e.receive(r.at)
		if m == nil || err != nil {
			return err
		}
		if m.groups {
			err = out.(exec.GroupsOut).EmitGroups(&m.rows)
		} else {
			err = out.Emit(&m.rows)
		}
		r.e.drop(m)
		if errors.Is(err, exec.ErrStop) {
			r.e.stop(r.at)
			return nil
		}
		if err == nil {
			err = s.breathe(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// runMerge merges the inboxes behind the first, which has the rows that failed: these come before all
// others, since a sort puts nothing out before it has seen everything.
func (r *receiver) runMerge(s *step, out exec.Out) error {
	inputs := len(r.e.mu.inboxes) - 1
	next := make([]func(*delta.Batch) (bool, error), inputs)
	for i := range next {
		var last *message
		next[i] = func(d *delta.Batch) (bool, error) {
			if last != nil {
				r.e.drop(last)
			}
			var err error
			if last, err = r.e.receiveFrom(1 + i); last == nil || err != nil {
				return false, err
			}
			*d = last.rows
			return true, nil
		}
	}
	err := r.merge.Merge(next, out)
	if errors.Is(err, errRowsFailed) {
		m, e := r.e.receive(0)
		if e != nil {
			return e
		}
		if err = out.Emit(&m.rows); err == nil {
			return nil
		}
	}
	if err == nil || errors.Is(err, exec.ErrStop) {
		for i := range r.e.mu.inboxes {
			r.e.stop(i)
		}
		return nil
	}
	return err
}
