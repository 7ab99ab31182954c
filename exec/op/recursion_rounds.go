package op

import (
	"context"
	"errors"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/log"
)

// errNoEnd: there are rows after the most rounds.
var errNoEnd = errors.New("op: recursion has not ended")

// rounds computes a recursive query once. The term's flow is told of the working rows as of a relation that changes:
// those of the round before go, which a linear term need not know, since it makes no row of two of them.
type rounds struct {
	node  *plan.Recursive
	env   exec.Env
	types []sqltype.OID
	most  int // rounds; 0 = any number
	give  func(input int) (rowReader, error)

	working, gone *rowChunks
	seen          rowSet // of UNION: what was put out
	made          *rowChunks
	errs          failures
	round         int
}

func (r *recursion) newRounds() *rounds {
	s := &rounds{node: r.node, env: r.env, types: r.types}
	s.working, s.gone, s.made = newRowChunks(r.env, r.types), newRowChunks(r.env, r.types), newRowChunks(r.env, r.types)
	s.seen.open(r.env, r.types, false)
	return s
}

func (s *rounds) builder() flow.Builder {
	return flow.Builder{Operator: Build, Source: func(n plan.Node) (exec.Source, error) {
		if g, ok := n.(*plan.Given); ok {
			return &roundSource{of: s, input: g.Index}, nil
		}
		return &roundSource{of: s}, nil
	}}
}

// open makes the term's flow.
func (s *rounds) open() (*flow.Flow, *flow.States, error) {
	states := flow.NewStates(s.env.Account, nil)
	f, err := flow.New(s.node.Step, s.builder(), states)
	if err != nil {
		return nil, states, err
	}
	return f, states, f.Open(flow.Env{Values: flow.Values{
		Session: s.env.Settings(), Args: s.env.Params(), Meter: s.env.Meter(), Inner: true,
	}})
}

func (s *rounds) check() error {
	f, states, err := s.open()
	if f != nil {
		err = errors.Join(err, f.Close())
	}
	states.Drop()
	return err
}

// run gives the rows of one round after the other to out.
func (s *rounds) run(ctx context.Context, out func(*delta.Batch) error) (err error) {
	f, states, err := s.open()
	defer states.Drop()
	if err != nil {
		return err
	}
	defer f.Close()
	defer s.clear()
	first, err := s.give(0)
	if err != nil {
		return err
	}
	if err := s.read(ctx, first); err != nil {
		return err
	}
	for {
		if err := s.end(out); err != nil {
			return err
		}
		if s.working.empty() {
			return nil
		}
		if s.round++; s.most > 0 && s.round > s.most {
			return errNoEnd
		}
		t := exec.Tick{From: log.CommitSeq(s.round - 1), To: log.CommitSeq(s.round)}
		if _, err := f.Run(ctx, t, flow.OutFunc(s.take)); err != nil {
			return err
		}
		if err := s.env.Meter().Breathe(); err != nil {
			return err
		}
	}
}

func (s *rounds) clear() {
	for _, c := range []*rowChunks{s.working, s.gone, s.made} {
		_ = c.clear() // giving back never fails
	}
	_ = s.seen.clear()
}

// read takes the rows of the non-recursive term.
func (s *rounds) read(ctx context.Context, from rowReader) error {
	defer from.close()
	for {
		var d delta.Batch
		more, err := from.next(ctx, &d)
		if err != nil {
			return err
		}
		if err := s.take(&d); err != nil {
			return err
		}
		if !more {
			return nil
		}
		if err := s.env.Meter().Breathe(); err != nil {
			return err
		}
	}
}

// take gathers what a round gives.
func (s *rounds) take(d *delta.Batch) error {
	for _, e := range d.Errs {
		s.errs.add(e.Err, d.Weight(e.Row))
	}
	rows := *d
	rows.Errs = nil
	return s.made.add(&rows)
}

// end puts a round out and makes its rows those that the next one works on.
func (s *rounds) end(out func(*delta.Batch) error) error {
	if err := s.made.settle(); err != nil {
		return err
	}
	s.working, s.gone = s.gone, s.working
	if err := s.working.clear(); err != nil {
		return err
	}
	var err error
	if s.node.Distinct {
		err = s.made.each(s.takeNew)
	} else {
		err = s.made.each(s.working.add)
	}
	if err != nil {
		return err
	}
	if err := s.errs.emit(s.types, out); err != nil {
		return err
	}
	if s.round == 0 || s.node.Linear {
		s.errs = s.errs[:0]
		if err := s.made.clear(); err != nil {
			return err
		}
	}
	return s.working.each(out)
}

// takeNew adds the rows of a round that no round had. Of rows that are equal but look different the first in order counts.
func (s *rounds) takeNew(d *delta.Batch) error {
	var all []int32
	from := s.seen.len()
	if err := s.seen.add(d.Cols, d.Len, liveRows(d, &all)); err != nil || s.seen.len() == from {
		return err
	}
	cols, n := s.seen.slice(from, s.seen.len()-from)
	return s.working.add(&delta.Batch{Len: n, Cols: cols})
}

// roundSource gives what the term reads: an input, in the first round; or the working rows (input 0).
type roundSource struct {
	of    *rounds
	input int
	from  []rowReader
	minus []bool
}

func (s *roundSource) Open(exec.Env) error { return nil }

func (s *roundSource) Begin(_ context.Context, t exec.Tick) error {
	s.from, s.minus = s.from[:0], s.minus[:0]
	if s.input > 0 {
		if t.From > 0 {
			return nil
		}
		r, err := s.of.give(s.input)
		s.from, s.minus = append(s.from, r), append(s.minus, false)
		return err
	}
	if !s.of.node.Linear {
		s.from, s.minus = append(s.from, s.of.gone.reader()), append(s.minus, true)
	}
	s.from, s.minus = append(s.from, s.of.working.reader()), append(s.minus, false)
	return nil
}

func (s *roundSource) Next(ctx context.Context, dst *delta.Batch) (bool, error) {
	*dst = delta.Batch{}
	if len(s.from) == 0 {
		return false, nil
	}
	more, err := s.from[0].next(ctx, dst)
	if err != nil {
		return false, err
	}
	if s.minus[0] && dst.Len > 0 {
		*dst = *negated(dst)
	}
	if !more {
		s.from[0].close()
		s.from, s.minus = s.from[1:], s.minus[1:]
	}
	return len(s.from) > 0, nil
}

func (s *roundSource) Progress() exec.Progress { return exec.Progress{Watermark: exec.NoWatermark} }

func (s *roundSource) Close() error {
	for _, r := range s.from {
		r.close()
	}
	s.from = nil
	return nil
}
