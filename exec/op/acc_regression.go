package op

import (
	"encoding/binary"
	"math"
	"math/big"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/storage/state"
)

// regression is the aggregates of pairs (y, x): correlation, covariance, least squares. Five sums are kept exactly,
// products each as itself and what rounding left of it, so that rows can be taken back; the moments are rounded
// once, and put together as PostgreSQL does.
type regression struct {
	cellsOnly
	of   func(m *moments) (v float64, some bool)
	sums [sumsOfPairs]floatSum
}

// The sums, by cell.
const (
	sumX = iota
	sumY
	sumXX
	sumYY
	sumXY
	sumsOfPairs
)

// moments are sums over n pairs; sxx, syy and sxy are of the distances from the averages.
type moments struct {
	n                     float64
	sx, sy, sxx, syy, sxy float64
}

func addRegressions(out map[plan.FuncID]aggregate) {
	add := func(f plan.FuncID, of func(m *moments) (float64, bool)) {
		out[f] = aggregate{nulls: skipAny, make: func(int) accumulator { return &regression{of: of} }}
	}
	out[2818] = aggregate{nulls: skipAny, make: func(int) accumulator { return &countAcc{} }} // regr_count
	add(2819, func(m *moments) (float64, bool) { return m.sxx, true })                        // regr_sxx
	add(2820, func(m *moments) (float64, bool) { return m.syy, true })
	add(2821, func(m *moments) (float64, bool) { return m.sxy, true })
	add(2822, func(m *moments) (float64, bool) { return m.sx / m.n, true }) // regr_avgx
	add(2823, func(m *moments) (float64, bool) { return m.sy / m.n, true })
	add(2824, func(m *moments) (float64, bool) { // regr_r2
		if m.syy == 0 {
			return 1, m.sxx != 0
		}
		return m.sxy * m.sxy / (m.sxx * m.syy), m.sxx != 0
	})
	add(2825, func(m *moments) (float64, bool) { return m.sxy / m.sxx, m.sxx != 0 })                                // regr_slope
	add(2826, func(m *moments) (float64, bool) { return (m.sy - m.sx*m.sxy/m.sxx) / m.n, m.sxx != 0 })              // regr_intercept
	add(2827, func(m *moments) (float64, bool) { return m.sxy / m.n, true })                                        // covar_pop
	add(2828, func(m *moments) (float64, bool) { return m.sxy / (m.n - 1), m.n > 1 })                               // covar_samp
	add(2829, func(m *moments) (float64, bool) { return m.sxy / math.Sqrt(m.sxx*m.syy), m.sxx != 0 && m.syy != 0 }) // corr
}

func (c *regression) cells() []state.CellType {
	return []state.CellType{state.CellVar, state.CellVar, state.CellVar, state.CellVar, state.CellVar}
}

func (c *regression) open(env exec.Env, g *grouping, first int) error {
	err := c.cellsOnly.open(env, g, first)
	for i := range c.sums {
		err = errsFirst(err, c.sums[i].open(env, g, first+i))
	}
	return err
}

func (c *regression) add(a addition) error {
	ys, xs := delta.Values[float64](a.arg), delta.Values[float64](&a.more[0])
	for i, row := range a.rows {
		y, x := ys[a.arg.At(row)], xs[a.more[0].At(row)]
		s, w := a.slots[i], a.weight(row)
		err := errsFirst(c.sums[sumX].addOne(a.cells, s, x, w), c.sums[sumY].addOne(a.cells, s, y, w))
		err = errsFirst(err, c.sums[sumXX].addProduct(a.cells, s, x, x, w))
		err = errsFirst(err, c.sums[sumYY].addProduct(a.cells, s, y, y, w))
		if err = errsFirst(err, c.sums[sumXY].addProduct(a.cells, s, x, y, w)); err != nil {
			return err
		}
	}
	return nil
}

// addProduct adds x times y, exactly.
func (c *floatSum) addProduct(cells state.Cells, s state.Slot, x, y float64, w int64) error {
	product := x * y
	if err := c.addOne(cells, s, product, w); err != nil {
		return err
	}
	if rest := math.FMA(x, y, -product); rest != 0 && rest == rest && !math.IsInf(product, 0) {
		return c.addOne(cells, s, rest, w)
	}
	return nil
}

func (c *regression) result(slots []state.Slot, b *delta.Builder, fail func(int, *sqlerr.Error)) error {
	for i, s := range slots {
		m, err := c.momentsOf(s)
		if err != nil {
			b.AppendNull()
			fail(i, err)
			continue
		}
		if m.n > 0 {
			if v, some := c.of(&m); some {
				delta.Append(b, v)
				continue
			}
		}
		b.AppendNull()
	}
	return nil
}

// momentsOf reads the cells of a slot.
func (c *regression) momentsOf(s state.Slot) (m moments, err *sqlerr.Error) {
	var cells [sumsOfPairs][]byte
	for i := range cells {
		cells[i] = c.groups.Var(c.first+i, s)
	}
	if len(cells[sumX]) == 0 {
		return m, nil
	}
	n := int64(binary.LittleEndian.Uint64(cells[sumX]))
	if m.n = float64(n); n <= 0 {
		return m, nil
	}
	var finiteX, finiteY bool
	m.sx, finiteX = c.sums[sumX].total(cells[sumX])
	m.sy, finiteY = c.sums[sumY].total(cells[sumY])
	overflow := finiteX && math.IsInf(m.sx, 0) || finiteY && math.IsInf(m.sy, 0)
	for _, k := range []struct {
		to      *float64
		a, b, p int
		finite  bool
	}{{&m.sxx, sumX, sumX, sumXX, finiteX}, {&m.syy, sumY, sumY, sumYY, finiteY}, {&m.sxy, sumX, sumY, sumXY, finiteX && finiteY}} {
		if !k.finite {
			*k.to = math.NaN()
			continue
		}
		v, fits := centred(cells[k.a], cells[k.b], cells[k.p], n)
		*k.to, overflow = v, overflow || !fits
	}
	if overflow {
		return m, sqlerr.New(sqlerr.NumericValueOutOfRange, "value out of range: overflow")
	}
	return m, nil
}

// centred is the sum of products less what the averages make of it, (n products - a b) / n, rounded once; false:
// a product or the result is out of range.
func centred(aCell, bCell, products []byte, n int64) (float64, bool) {
	a, aAt, _ := cellTotal(aCell)
	b, bAt, _ := cellTotal(bCell)
	p, pAt, fits := cellTotal(products)
	if !fits {
		return 0, false
	}
	square, all := new(big.Int).Mul(a, b), new(big.Int).Mul(p, big.NewInt(n))
	unit := min(aAt+bAt, pAt)
	square.Lsh(square, uint(aAt+bAt-unit))
	all.Lsh(all, uint(pAt-unit))
	const digits = 256
	v := new(big.Float).SetPrec(digits).SetInt(all.Sub(all, square))
	v.SetMantExp(v, unit)
	out, _ := v.Quo(v, new(big.Float).SetInt64(n)).Float64()
	return out, !math.IsInf(out, 0)
}

func (c *regression) merge(cells state.Cells, other begunGroups) error {
	for i := range c.sums {
		if err := c.sums[i].merge(cells, other.part(i, i+1)); err != nil {
			return err
		}
	}
	return nil
}
