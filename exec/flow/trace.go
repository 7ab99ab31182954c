package flow

import (
	"sync/atomic"
	"time"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/planner/plan"
)

// Trace tells what each node of a plan did in one run (EXPLAIN ANALYZE). Every edge between two steps is a place
// where the clock of one stops and that of the other goes on, so that the times of all steps of a
// goroutine add up to its time. A run that nobody looks at has no such edges.
//
// Made before the run, read behind it.
type Trace struct {
	now   func() time.Time
	steps map[string][]*stepTrace // by place in the plan
}

// NewTrace makes a trace with a clock.
func NewTrace(now func() time.Time) *Trace {
	return &Trace{now: now, steps: map[string][]*stepTrace{}}
}

// Node is what the node at a place in the plan did ("0" is the root, "0.1" its second input).
func (t *Trace) Node(path string) plan.Actual {
	var n plan.Actual
	for _, s := range t.steps[path] {
		n.Self = max(n.Self, s.self)
		n.Memory += s.memory
		n.Temp += s.temp.Load()
		if s.src != nil {
			read, skipped := s.src.Blocks()
			n.BlocksRead, n.BlocksSkipped = n.BlocksRead+read, n.BlocksSkipped+skipped
		}
		if s.sends {
			continue
		}
		n.Shards++
		n.Rows += s.rows
		if s.first > 0 && (n.First == 0 || s.first < n.First) {
			n.First = s.first
		}
	}
	return n
}

// stepTrace is what one step did.
type stepTrace struct {
	clock  *clock
	parent *stepTrace // whom its rows go to; nil = out of the goroutine
	ins    []*stepTrace
	sends  bool // its rows go into an exchange, which counts them where they come out
	held   *atomic.Int64
	src    exec.BlockReader // nil: it reads no blocks

	rows        int64
	first, self time.Duration
	memory      int64
	temp        atomic.Int64
}

// clock is the one that runs in a goroutine: for one step at a time.
type clock struct {
	trace *Trace
	of    *stepTrace
	since time.Time
}

// switchTo lets the clock run for another step; nil = for none.
func (c *clock) switchTo(s *stepTrace) {
	now := c.trace.now()
	if was := c.of; was != nil {
		was.self += now.Sub(c.since)
		was.memory = max(was.memory, was.held.Load())
	}
	c.of, c.since = s, now
}

// traceIn prepares s and all below it, which run in one goroutine; out is where its rows leave that, nil for who
// asked. Without a trace it does nothing.
func (s *step) traceIn(t *Trace, out *sender) {
	if t == nil {
		return
	}
	s.traceBelow(&clock{trace: t}, nil)
	s.trace.sends = out != nil
}

func (s *step) traceBelow(c *clock, parent *stepTrace) {
	if s.empty {
		return
	}
	s.trace = &stepTrace{clock: c, parent: parent}
	s.trace.src, _ = s.src.(exec.BlockReader)
	c.trace.steps[s.path] = append(c.trace.steps[s.path], s.trace)
	for _, in := range s.ins {
		if in.traceBelow(c, s.trace); in.trace != nil {
			s.trace.ins = append(s.trace.ins, in.trace)
		}
	}
}

// enter lets the clock run for s; leave lets it run for who had it.
func (s *stepTrace) enter() (leave func()) {
	was := s.clock.of
	s.clock.switchTo(s)
	return func() { s.clock.switchTo(was) }
}

// gives notes rows that leave the step.
func (s *stepTrace) gives(d *delta.Batch) {
	if s.first == 0 {
		s.clock.switchTo(s) // so that its time is known
		s.first = max(1, s.total())
	}
	_ = d.EachRow(func(row int32) error {
		s.rows += d.Weight(row)
		return nil
	})
}

// total is the time in the step and in those below it, of this goroutine.
func (s *stepTrace) total() time.Duration {
	sum := s.self
	for _, in := range s.ins {
		sum += in.total()
	}
	return sum
}

// tracedOut is the edge above a step that is looked at.
type tracedOut struct {
	from *stepTrace
	to   exec.Out
}

func (o tracedOut) Emit(d *delta.Batch) error {
	o.from.gives(d)
	o.from.clock.switchTo(o.from.parent)
	err := o.to.Emit(d)
	o.from.clock.switchTo(o.from)
	return err
}

// EmitGroups implements exec.GroupsOut, for who is above an exchange.
func (o tracedOut) EmitGroups(d *delta.Batch) error {
	o.from.gives(d)
	o.from.clock.switchTo(o.from.parent)
	err := o.to.(exec.GroupsOut).EmitGroups(d)
	o.from.clock.switchTo(o.from)
	return err
}
