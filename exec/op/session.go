package op

import (
	"math"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
	"github.com/tributary-db/tributary/planner/plan"
)

// newSession computes sessions as an over does window functions: a row that comes or goes may lengthen a session,
// join two or cut one, and the rows of a partition whose session is another are put out again.
func newSession(n *plan.SessionWindow) (exec.Operator, error) {
	if n.OnClose != nil {
		return newSessionClose(n)
	}
	at := n.Input.Props().Fields[n.Time]
	time := &plan.Column{Index: n.Time, T: at.Type, Name: at.Name}
	o := &plan.Over{P: n.P, Input: n.Input, Partition: n.Partition, Order: []plan.SortKey{{Expr: time}}}
	over, err := newOverOf(o)
	if err != nil {
		return nil, err
	}
	gap := n.Gap.Microseconds()
	for _, f := range []rowFunc{sessionStart(gap), sessionEnd(gap)} {
		over.funcs = append(over.funcs, &overFunc{args: newScalars([]plan.Expr{time}), frame: newFrame(&plan.Frame{}, false), kind: f})
	}
	return over, nil
}

// joins: two times one after the other are in one session.
func joins(before, at, gap int64) bool { return at-before <= gap }

// timed is the range of rows with a finite time: those with -infinity stand before it, with infinity and NULL behind.
func timed(n int, col *delta.Column) (from, to int) {
	times := delta.Values[int64](col)
	for from < n && !col.Null(int32(from)) && times[col.At(int32(from))] == math.MinInt64 {
		from++
	}
	for to = n; to > from && (col.Null(int32(to-1)) || times[col.At(int32(to-1))] == math.MaxInt64); {
		to--
	}
	return from, to
}

func sessionStart(gap int64) rowFunc {
	return func(p *partition, _ *frame, args []delta.Column, b *delta.Builder) {
		at := &args[0]
		from, to := timed(p.n, at)
		times, start := delta.Values[int64](at), int64(0)
		for row := range p.n {
			if row < from || row >= to {
				b.AppendFrom(at, int32(row))
				continue
			}
			now := times[at.At(int32(row))]
			if row == from || !joins(times[at.At(int32(row-1))], now, gap) {
				start = now
			}
			delta.Append(b, start)
		}
	}
}

func sessionEnd(gap int64) rowFunc {
	return func(p *partition, _ *frame, args []delta.Column, b *delta.Builder) {
		at := &args[0]
		from, to := timed(p.n, at)
		times := delta.Values[int64](at)
		for row := 0; row < p.n; {
			if row < from || row >= to {
				b.AppendFrom(at, int32(row))
				row++
				continue
			}
			last := row
			for last+1 < to && joins(times[at.At(int32(last))], times[at.At(int32(last+1))], gap) {
				last++
			}
			end, err := endOfSession(times[at.At(int32(last))], gap)
			for ; row <= last; row++ {
				if err != nil {
					p.fail(int32(row), err)
				}
				delta.Append(b, end)
			}
		}
	}
}

// endOfSession is last + gap, as PostgreSQL would add them.
func endOfSession(last, gap int64) (int64, *sqlerr.Error) {
	if last > math.MaxInt64-gap || !datetime.ValidTimestamp(last+gap) {
		return last, sqlerr.New(sqlerr.DatetimeFieldOverflow, "timestamp out of range")
	}
	return last + gap, nil
}
