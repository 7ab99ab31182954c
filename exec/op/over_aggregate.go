package op

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// frameAggregate is an aggregate over frames. From one frame to the next the accumulator takes the rows
// that come and takes back those that go.
type frameAggregate struct {
	acc  accumulator
	flat *state.FlatSet
	typ  sqltype.OID

	// Of the partition at hand.
	list    counting
	slots   []state.Slot // the one slot, often enough
	minus   []int64      // -1, often enough
	lo, hi  int32        // rows in the accumulator
	results *delta.Builder
	which   []int32       // result of each row
	failed  *sqlerr.Error // of the last result
}

func newFrameAggregate(w *plan.WindowFunc, ordinal int) (windowKind, error) {
	acc, err := newAccumulator(&plan.Aggregate{Func: w.Func, Args: w.Args, T: w.T}, ordinal)
	if err != nil {
		return nil, err
	}
	list := counting{strict: aggregates[w.Func].nulls.strict(len(w.Args))}
	if e, ok := acc.(*extreme); ok {
		return &frameExtreme{max: e.max, typ: e.typ, list: list}, nil
	}
	if k, ok := acc.(*keptAcc); ok {
		return &frameRows{what: k.what, list: list, results: delta.NewBuilder(w.T.OID)}, nil
	}
	return &frameAggregate{acc: acc, list: list, typ: w.T.OID, results: delta.NewBuilder(w.T.OID)}, nil
}

func (a *frameAggregate) open(env exec.Env, _ *overFunc) error {
	if a.flat != nil {
		a.flat.Clear() // a run that failed left it
	}
	a.flat = state.NewFlat(nil, a.acc.cells(), state.Options{Account: env.Account})
	return a.acc.open(env, &grouping{flat: state.NewGroups(a.flat, nil, 0, nil), appendOnly: true}, 0)
}

func (a *frameAggregate) compute(p *partition, f *overFunc, args []delta.Column, b *delta.Builder) error {
	if err := a.begin(p, f, args); err != nil {
		return err
	}
	lo, hi := int32(-1), int32(-1)
	for row := range int32(p.n) {
		if row&1023 == 0 {
			if err := p.env.Meter().Breathe(); err != nil {
				return err
			}
		}
		from, to := f.frame.rows(row)
		if from != lo || to != hi || f.frame.exclude != plan.ExcludeNoOthers {
			lo, hi = from, to
			if err := a.frameResult(f.frame, row, lo, hi); err != nil {
				return err
			}
		}
		if a.failed != nil {
			p.fail(row, a.failed)
		}
		a.which = append(a.which, int32(a.results.Len()-1))
	}
	results := a.results.Column()
	b.Gather(&results, a.which)
	a.flat.Delete(a.slots[:1])
	return nil
}

// begin finds the rows of a partition that count.
func (a *frameAggregate) begin(p *partition, f *overFunc, args []delta.Column) error {
	if err := a.list.find(p, f, args); err != nil {
		return err
	}
	a.lo, a.hi = 0, 0
	a.results.Clear()
	a.which, a.failed = a.which[:0], nil
	one := make([]state.Slot, 1)
	if err := a.flat.Probe(nil, []int32{0}, true, one); err != nil {
		return err
	}
	if len(a.slots) > 0 && a.slots[0] != one[0] {
		a.slots = a.slots[:0]
	}
	for len(a.slots) < max(1, len(a.list.rows)) {
		a.slots = append(a.slots, one[0])
	}
	for len(a.minus) < p.n {
		a.minus = append(a.minus, -1)
	}
	return nil
}

// frameResult appends the result over the rows [lo, hi) without what the frame of row excludes.
func (a *frameAggregate) frameResult(f *frame, row, lo, hi int32) error {
	if err := a.move(lo, hi); err != nil {
		return err
	}
	from, to := f.excluded(row)
	from, to = max(from, lo), min(to, hi)
	some := from < to
	if some {
		if err := a.exclude(f, row, from, to, true); err != nil {
			return err
		}
	}
	a.failed = nil
	err := a.acc.result(a.slots[:1], a.results, func(_ int, err *sqlerr.Error) { a.failed = err })
	if err == nil && some {
		err = a.exclude(f, row, from, to, false)
	}
	return err
}

// exclude takes rows back that are in the accumulator, of ties all but row, or has them in it again.
func (a *frameAggregate) exclude(f *frame, row, from, to int32, back bool) error {
	if f.exclude != plan.ExcludeTies || row < from || row >= to {
		return a.take(from, to, back)
	}
	if err := a.take(from, row, back); err != nil {
		return err
	}
	return a.take(row+1, to, back)
}

// move makes [lo, hi) the rows in the accumulator.
func (a *frameAggregate) move(lo, hi int32) error {
	if lo >= a.hi || hi <= a.lo {
		err := errsFirst(a.take(a.lo, a.hi, true), a.take(lo, hi, false))
		a.lo, a.hi = lo, hi
		return err
	}
	err := a.take(lo, a.lo, false)
	err = errsFirst(err, a.take(a.hi, hi, false))
	err = errsFirst(err, a.take(a.lo, lo, true))
	err = errsFirst(err, a.take(hi, a.hi, true))
	a.lo, a.hi = lo, hi
	return err
}

// take adds rows [from, to) to the accumulator, or takes them back.
func (a *frameAggregate) take(from, to int32, back bool) error {
	rows := a.list.between(from, to)
	if len(rows) == 0 {
		return nil
	}
	slots := a.slots[:len(rows)]
	add := addition{rows: rows, slots: slots, size: a.list.n, cells: a.flat.Write(slots[:1]), arg: a.list.arg, more: a.list.more}
	if back {
		add.weights = a.minus
	}
	return a.acc.add(add)
}

// counting are the rows of a partition that an aggregate counts.
type counting struct {
	n      int
	rows   []int32       // those whose filter is true, and whose arguments are not NULL
	before []int32       // how many of them stand before each row, and before the end
	strict int           // of so many arguments none may be NULL
	arg    *delta.Column // nil = count(*)
	more   []delta.Column
	filter []int32
}

func (c *counting) find(p *partition, f *overFunc, args []delta.Column) error {
	c.n, c.rows, c.before, c.arg = p.n, c.rows[:0], c.before[:0], nil
	if len(args) > 0 {
		c.arg, c.more = &args[0], args[1:]
	}
	all := p.all
	if f.filter != nil {
		var err error
		if c.filter, _, err = f.filter.truth(p.batch(), p.all, c.filter); err != nil { // a column does not fail
			return err
		}
		all = c.filter
	}
	for _, row := range all {
		if anyNull(args[:c.strict], row) {
			continue
		}
		c.reach(row)
		c.rows = append(c.rows, row)
	}
	c.reach(int32(p.n))
	return nil
}

// reach fills in before up to row.
func (c *counting) reach(row int32) {
	for int32(len(c.before)) <= row {
		c.before = append(c.before, int32(len(c.rows)))
	}
}

// between are the rows that count among [from, to).
func (c *counting) between(from, to int32) []int32 {
	if from >= to {
		return nil
	}
	return c.rows[c.before[from]:c.before[to]]
}
