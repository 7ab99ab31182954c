package op

import (
	"fmt"
	"math"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/datetime"
	"github.com/tributary-db/tributary/planner/plan"
)

// addWithin adds the aggregates of WITHIN GROUP: their arguments are what the rows are ordered by, and what stands
// in the parentheses is given once a group.
func addWithin(out map[plan.FuncID]aggregate) {
	percentile := func(at percentileAt) aggregate {
		return aggregate{collect: func(a *plan.Aggregate) collector {
			return &percentileCollector{at: at, values: delta.NewBuilder(a.Args[0].Type().OID)}
		}}
	}
	for _, f := range []plan.FuncID{3972, 3978} {
		out[f] = percentile(discrete)
	}
	for _, f := range []plan.FuncID{3974, 3980} {
		out[f] = percentile(betweenFloats)
	}
	for _, f := range []plan.FuncID{3976, 3982} {
		out[f] = percentile(betweenIntervals)
	}
	out[3984] = aggregate{collect: func(a *plan.Aggregate) collector { return newModeCollector(a.Args[0].Type().OID) }}
	for f, kind := range map[plan.FuncID]rankKind{3986: rankOf, 3988: percentRankOf, 3990: cumeDistOf, 3992: denseRankOf} {
		out[f] = aggregate{nulls: keepNulls, collect: func(a *plan.Aggregate) collector { return newRankCollector(kind, a) }}
	}
}

// directed is a collector with arguments that are one value for each group.
type directed interface {
	collector
	// direct is called behind begin with the arguments of the group: row k.
	direct(args []delta.Column, k int32)
}

// percentileCollector is percentile_cont and percentile_disc, of one fraction or of an array of them.
type percentileCollector struct {
	at        percentileAt
	values    *delta.Builder
	col       delta.Column
	fractions *delta.Column
	k         int32
}

// percentileAt appends what stands at a fraction of the values, of which there are some.
type percentileAt func(values *delta.Column, fraction float64, b *delta.Builder) *sqlerr.Error

func (c *percentileCollector) open(exec.Env) error { return nil }

func (c *percentileCollector) load(args []delta.Column, _ int) error {
	c.col = args[0]
	return nil
}

func (c *percentileCollector) begin() { c.values.Clear() }

func (c *percentileCollector) direct(args []delta.Column, k int32) { c.fractions, c.k = &args[0], k }

func (c *percentileCollector) row(i int32, times int64) *sqlerr.Error {
	for range times {
		if c.col.Phys == sqltype.PhysBytes {
			if err := checkRoom(c.values.VarLen(), len(c.col.Bytes(i)), 1); err != nil {
				return err
			}
		}
		c.values.AppendFrom(&c.col, i)
	}
	return nil
}

func (c *percentileCollector) end(b *delta.Builder) *sqlerr.Error {
	if c.fractions.Null(c.k) {
		b.AppendNull()
		return nil
	}
	if elem := c.fractions.Type.Elem(); elem != sqltype.Invalid {
		return c.endArray(sqltype.OpenArray(elem.Phys(), c.fractions.Bytes(c.k)), b)
	}
	fraction := delta.Values[float64](c.fractions)[c.fractions.At(c.k)]
	if err := checkFraction(fraction); err != nil {
		return err
	}
	if c.values.Len() == 0 {
		b.AppendNull()
		return nil
	}
	values := c.values.Column()
	return c.at(&values, fraction, b)
}

// endArray appends an array of the form that the fractions have.
func (c *percentileCollector) endArray(fractions sqltype.Array, b *delta.Builder) *sqlerr.Error {
	if c.values.Len() == 0 {
		b.AppendNull()
		return nil
	}
	values, out := c.values.Column(), delta.NewBuilder(c.values.Type())
	for i := range int32(fractions.Elems.Len) {
		if fractions.Elems.Null(i) {
			out.AppendNull()
			continue
		}
		fraction := sqltype.Values[float64](&fractions.Elems)[i]
		if err := checkFraction(fraction); err != nil {
			return err
		}
		if err := c.at(&values, fraction, out); err != nil {
			return err
		}
	}
	col := out.Column()
	b.SetVar(sqltype.AppendArray(b.Var(), fractions.Dims(), &col.Vec))
	b.EndBytes()
	return nil
}

func (c *percentileCollector) size() int { return c.values.Size() }

func checkFraction(f float64) *sqlerr.Error {
	if f < 0 || f > 1 || f != f {
		text := fmt.Sprintf("%.6g", f)
		if f != f {
			text = "nan"
		} else if math.IsInf(f, 0) {
			text = map[bool]string{true: "inf", false: "-inf"}[f > 0]
		}
		return sqlerr.New(sqlerr.NumericValueOutOfRange, "percentile value %s is not between 0 and 1", text)
	}
	return nil
}

func discrete(values *delta.Column, fraction float64, b *delta.Builder) *sqlerr.Error {
	at := int32(math.Ceil(fraction * float64(values.Len)))
	b.AppendFrom(values, max(at, 1)-1)
	return nil
}

// neighbours are the values that a fraction lies between, and how far it is from the first.
func neighbours(n int, fraction float64) (first, second int32, part float64) {
	at := fraction * float64(n-1)
	first, second = int32(math.Floor(at)), int32(math.Ceil(at))
	return first, second, at - float64(first)
}

func betweenFloats(values *delta.Column, fraction float64, b *delta.Builder) *sqlerr.Error {
	first, second, part := neighbours(values.Len, fraction)
	v := delta.Values[float64](values)
	out := v[first]
	if second != first {
		out += part * (v[second] - v[first])
	}
	delta.Append(b, out)
	return nil
}

func betweenIntervals(values *delta.Column, fraction float64, b *delta.Builder) *sqlerr.Error {
	first, second, part := neighbours(values.Len, fraction)
	v := delta.Values[delta.Interval](values)
	if first == second {
		delta.Append(b, v[first])
		return nil
	}
	out := datetime.Interval(v[first])
	by, err := datetime.Interval(v[second]).Sub(out)
	if err == nil {
		by, err = by.Mul(part)
	}
	if err == nil {
		out, err = by.Add(out)
	}
	if err != nil {
		return userError(err)
	}
	delta.Append(b, delta.Interval(out))
	return nil
}

// modeCollector is mode: the first of the most frequent values, which come in order.
type modeCollector struct {
	equal      sqltype.Comparer
	col        delta.Column
	last, mode *delta.Builder // one value each
	times      int64          // of last
	most       int64          // of mode
}

func newModeCollector(typ sqltype.OID) *modeCollector {
	return &modeCollector{equal: sqltype.OpsOf(typ).Compare, last: delta.NewBuilder(typ), mode: delta.NewBuilder(typ)}
}

func (c *modeCollector) open(exec.Env) error { return nil }

func (c *modeCollector) load(args []delta.Column, _ int) error {
	c.col = args[0]
	return nil
}

func (c *modeCollector) begin() { c.times, c.most = 0, 0 }

func (c *modeCollector) row(i int32, times int64) *sqlerr.Error {
	last := c.last.Column()
	if c.times == 0 || c.equal(&last.Vec, 0, &c.col.Vec, i) != 0 {
		c.last.Clear()
		c.last.AppendFrom(&c.col, i)
		c.times = 0
	}
	if c.times += times; c.times > c.most {
		c.most = c.times
		last = c.last.Column()
		c.mode.Clear()
		c.mode.AppendFrom(&last, 0)
	}
	return nil
}

func (c *modeCollector) end(b *delta.Builder) *sqlerr.Error {
	if c.most == 0 {
		b.AppendNull()
		return nil
	}
	mode := c.mode.Column()
	b.AppendFrom(&mode, 0)
	return nil
}

func (c *modeCollector) size() int { return c.last.Size() + c.mode.Size() }
