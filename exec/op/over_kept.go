package op

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
)

// frameRows is an aggregate of its rows over frames: it is given the rows of each frame in the order of the
// partition. A frame that goes on from the one before adds only what is new.
type frameRows struct {
	what collector
	list counting

	results *delta.Builder
	which   []int32 // result of each row
	failed  *sqlerr.Error
	charged int64
}

func (a *frameRows) open(env exec.Env, _ *overFunc) error {
	a.charged = 0
	return a.what.open(env)
}

func (a *frameRows) compute(p *partition, f *overFunc, args []delta.Column, b *delta.Builder) error {
	if err := a.list.find(p, f, args); err != nil {
		return err
	}
	if err := a.what.load(args, p.n); err != nil {
		return err
	}
	a.results.Clear()
	a.which, a.failed = a.which[:0], nil
	a.what.begin()
	lo, hi := int32(0), int32(0)
	for row := range int32(p.n) {
		if err := p.env.Meter().Breathe(); err != nil {
			return err
		}
		from, to := f.frame.rows(row)
		switch {
		case f.frame.exclude != plan.ExcludeNoOthers:
			a.what.begin()
			a.failed = nil
			for _, s := range f.frame.segments(row) {
				a.take(s[0], s[1])
			}
			a.result()
		case row > 0 && from == lo && to == hi || from >= to && lo >= hi && row > 0:
			// as for the row before
		default:
			if from != lo || to < hi {
				a.what.begin()
				a.failed, hi = nil, from
			}
			a.take(hi, to)
			lo, hi = from, to
			a.result()
		}
		if a.failed != nil {
			p.fail(row, a.failed)
		}
		a.which = append(a.which, int32(a.results.Len()-1))
		if err := a.charge(p.env, int64(a.what.size()+2*a.results.Size())); err != nil {
			return err
		}
	}
	results := a.results.Column()
	b.Gather(&results, a.which)
	a.results.Clear()
	return a.charge(p.env, 0)
}

// take adds the rows [from, to).
func (a *frameRows) take(from, to int32) {
	for _, row := range a.list.between(from, to) {
		if a.failed == nil {
			a.failed = a.what.row(row, 1)
		}
	}
}

// result appends what the rows make.
func (a *frameRows) result() {
	if a.failed == nil {
		a.failed = a.what.end(a.results)
	}
	if a.failed != nil {
		a.results.AppendNull()
	}
}

func (a *frameRows) charge(env exec.Env, now int64) error {
	if now != 0 && now-a.charged < chargeStep {
		return nil
	}
	err := env.Account(now - a.charged)
	if err == nil {
		a.charged = now
	}
	return err
}
