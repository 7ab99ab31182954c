package op

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// rankCollector is the hypothetical-set aggregates: where among the rows of a group one would stand that has the
// direct arguments.
type rankCollector struct {
	kind    rankKind
	keys    []plan.SortKey
	compare []sqltype.Comparer
	cols    []delta.Column
	last    *delta.BatchBuilder // the row before, for dense_rank
	args    []delta.Column      // of the group, in row k
	k       int32

	rows, before int64 // all, and those in front of it
}

type rankKind uint8

const (
	rankOf rankKind = iota
	denseRankOf
	percentRankOf
	cumeDistOf
)

func newRankCollector(kind rankKind, a *plan.Aggregate) *rankCollector {
	c := &rankCollector{kind: kind, keys: a.Order}
	types := make([]sqltype.OID, len(a.Args))
	for i, e := range a.Args {
		types[i] = e.Type().OID
		c.compare = append(c.compare, sqltype.OpsOf(types[i]).Compare)
	}
	c.last = delta.NewBatchBuilder(types)
	return c
}

func (c *rankCollector) open(exec.Env) error { return nil }

func (c *rankCollector) load(args []delta.Column, _ int) error {
	c.cols = args
	return nil
}

func (c *rankCollector) begin() {
	c.rows, c.before = 0, 0
	c.last.Clear()
}

func (c *rankCollector) direct(args []delta.Column, k int32) { c.args, c.k = args, k }

func (c *rankCollector) row(i int32, times int64) *sqlerr.Error {
	c.rows += times
	by := c.order(c.cols, i, c.args, c.k)
	if by > 0 || by == 0 && c.kind != cumeDistOf {
		return nil
	}
	if c.kind != denseRankOf {
		c.before += times
		return nil
	}
	if last := c.last.Batch(); last.Len == 0 || c.order(last.Cols, 0, c.cols, i) != 0 {
		c.before++
		c.last.Clear()
		c.last.AppendRow(c.cols, i, 1)
	}
	return nil
}

// order compares two rows as ORDER BY does.
func (c *rankCollector) order(a []delta.Column, i int32, b []delta.Column, j int32) int {
	for n, k := range c.keys {
		x, y := &a[n], &b[n]
		switch nx, ny := x.Null(i), y.Null(j); {
		case nx && ny:
			continue
		case nx || ny:
			if nx == k.NullsFirst {
				return -1
			}
			return 1
		}
		if by := c.compare[n](&x.Vec, i, &y.Vec, j); by != 0 {
			if k.Desc {
				return -by
			}
			return by
		}
	}
	return 0
}

func (c *rankCollector) end(b *delta.Builder) *sqlerr.Error {
	switch c.kind {
	case percentRankOf:
		if c.rows == 0 {
			delta.Append(b, 0.0)
		} else {
			delta.Append(b, float64(c.before)/float64(c.rows))
		}
	case cumeDistOf:
		delta.Append(b, float64(c.before+1)/float64(c.rows+1))
	default:
		delta.Append(b, c.before+1)
	}
	return nil
}

func (c *rankCollector) size() int { return 0 }
