package op

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// clockCond is a condition that flips once as time passes, if at all. When it does is found by asking it at times between:
// so a row comes and goes exactly when a query with that now() would show it, whatever the condition computes. Times are
// those that commits can have.
type clockCond struct {
	cond   *scalar
	rises  bool
	clock  int // column of now(), behind those of the row
	column int // of a time in the row that the flip is a distance from, -1 = none is known
	// distance from there, of a row before.
	distance int64
	known    bool

	cols           []delta.Column
	sel, again     []int32
	holds          []bool
	before, behind []int64
	times          *delta.Builder
}

const (
	// clockStep is between two times of commits, in microseconds.
	clockStep = 1000
	// clockReach is how far ahead flips are looked for: 278 years.
	clockReach = clockStep << 43
)

func newClockCond(e plan.Expr, rises bool, width int) *clockCond {
	c := &clockCond{rises: rises, clock: width, column: -1, times: delta.NewBuilder(sqltype.Timestamptz)}
	plan.Walk(e, func(e plan.Expr) bool {
		if col, ok := e.(*plan.Column); ok && c.column < 0 && (col.T.OID == sqltype.Timestamp || col.T.OID == sqltype.Timestamptz) {
			c.column = col.Index
		}
		return true
	})
	c.cond = newScalar(plan.OverClock(e, &plan.Column{Index: width, T: sqltype.Of(sqltype.Timestamptz), Name: "now"}))
	return c
}

// at lists the rows for which the condition is true at a time.
func (c *clockCond) at(in *delta.Batch, sel []int32, now int64) ([]int32, delta.RowErrors, error) {
	return c.asked(in, sel, delta.Const(sqltype.Timestamptz, now, in.Len))
}

func (c *clockCond) asked(in *delta.Batch, sel []int32, now delta.Column) (true []int32, errs delta.RowErrors, err error) {
	d := *in
	c.cols = append(append(c.cols[:0], in.Cols...), now)
	d.Cols = c.cols
	c.sel, errs, err = c.cond.truth(&d, sel, c.sel)
	return c.sel, errs, err
}

// flips finds when the condition of rows becomes what it is not now, forEver if it does not.
func (c *clockCond) flips(env exec.Env, in *delta.Batch, rows []int32, now int64, at []int64) error {
	if len(rows) == 0 {
		return nil
	}
	for len(c.holds) < in.Len {
		c.holds, c.before, c.behind = append(c.holds, false), append(c.before, 0), append(c.behind, 0)
	}
	for _, row := range rows {
		c.before[row], c.behind[row] = now, now+clockReach
		at[row] = now + clockReach
	}
	if err := c.ask(in, rows, at); err != nil {
		return err
	}
	open := none(c.again)
	for _, row := range rows {
		if c.flipped(row) {
			open = append(open, row)
		} else {
			at[row] = forEver
		}
	}
	c.again = open
	if c.known {
		if err := c.guess(in, open, now, at); err != nil {
			return err
		}
	}
	for {
		left := open[:0]
		for _, row := range open {
			if c.behind[row]-c.before[row] > clockStep {
				at[row] = c.before[row] + (c.behind[row]-c.before[row])/(2*clockStep)*clockStep
				left = append(left, row)
			} else {
				at[row] = c.behind[row]
				c.learn(in, row, at[row])
			}
		}
		if open = left; len(open) == 0 {
			return nil
		}
		if err := env.Meter().Breathe(); err != nil {
			return err
		}
		if err := c.narrow(in, open, at); err != nil {
			return err
		}
	}
}

// narrow asks rows at their times, and brings one end of where they flip there.
func (c *clockCond) narrow(in *delta.Batch, rows []int32, at []int64) error {
	if err := c.ask(in, rows, at); err != nil {
		return err
	}
	for _, row := range rows {
		if c.flipped(row) {
			c.behind[row] = min(c.behind[row], at[row])
		} else {
			c.before[row] = max(c.before[row], at[row])
		}
	}
	return nil
}

// guess asks on both sides of where rows flip if they are like one before.
func (c *clockCond) guess(in *delta.Batch, rows []int32, now int64, at []int64) error {
	col := &in.Cols[c.column]
	times := delta.Values[int64](col)
	for _, side := range []int64{-clockStep, clockStep} {
		for _, row := range rows {
			at[row] = now
			if col.Null(row) || !exec.FiniteTime(times[col.At(row)]) {
				continue
			}
			if ahead := times[col.At(row)] + c.distance - now; ahead > 0 && ahead < clockReach-2*clockStep {
				at[row] = max(now, now+ahead/clockStep*clockStep+side)
			}
		}
		if err := c.narrow(in, rows, at); err != nil {
			return err
		}
	}
	return nil
}

// learn notes how far from its own time a row flips.
func (c *clockCond) learn(in *delta.Batch, row int32, at int64) {
	if c.column < 0 || c.known {
		return
	}
	col := &in.Cols[c.column]
	if v := delta.Values[int64](col); !col.Null(row) && exec.FiniteTime(v[col.At(row)]) {
		c.distance, c.known = at-v[col.At(row)], true
	}
}

// ask says in holds for which rows the condition is true at their times. What fails is not.
func (c *clockCond) ask(in *delta.Batch, rows []int32, at []int64) error {
	c.times.Clear()
	c.times.Extend(in.Len)
	times := delta.Filled[int64](c.times)
	for _, row := range rows {
		times[row], c.holds[row] = at[row], false
	}
	now, _, err := c.asked(in, rows, c.times.Column())
	for _, row := range now {
		c.holds[row] = true
	}
	return err
}

// flipped: the condition of a row is not what it is now at the time that was asked.
func (c *clockCond) flipped(row int32) bool { return c.holds[row] == c.rises }
