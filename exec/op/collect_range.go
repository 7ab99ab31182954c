package op

import (
	"unsafe"

	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/ranges"
	"github.com/tributary-db/tributary/planner/plan"
)

// rangeCollector is range_agg and range_intersect_agg, of ranges and of multiranges: their union as a multirange, or what all of them
// have.
type rangeCollector struct {
	*sqltype.RangeType
	multi     bool // the arguments are multiranges
	intersect bool
	col       delta.Column
	all       []ranges.Range
	some      bool
	normal    int // how many of all were left when they were last put together
}

func newRangeCollector(intersect bool) func(a *plan.Aggregate) collector {
	return func(a *plan.Aggregate) collector {
		t := a.Args[0].Type().OID
		r := sqltype.RangeOf(t)
		return &rangeCollector{RangeType: r, multi: t == r.Multi, intersect: intersect}
	}
}

func (c *rangeCollector) open(exec.Env) error { return nil }

func (c *rangeCollector) load(args []delta.Column, _ int) error {
	c.col = args[0]
	return nil
}

func (c *rangeCollector) begin() { c.all, c.some, c.normal = c.all[:0], false, 0 }

func (c *rangeCollector) row(i int32, _ int64) *sqlerr.Error {
	next := c.ranges(c.col.Bytes(i))
	switch {
	case !c.intersect:
		c.all = append(c.all, next...)
		// What is put together now need not be kept until the end.
		if c.some = true; len(c.all) < 2*c.normal+1024 {
			return nil
		}
		return c.normalize()
	case !c.some:
		c.all, c.some = append(c.all, next...), true
		return nil
	}
	both, err := ranges.IntersectMulti(c.Kind, c.all, next)
	if err != nil {
		return bugs(err)
	}
	c.all = append(c.all[:0], both...)
	return nil
}

// ranges are those of a value.
func (c *rangeCollector) ranges(v []byte) ranges.Multi { return ranges.DecodeMulti(c.Kind, v) }

func (c *rangeCollector) normalize() *sqlerr.Error {
	all, err := ranges.Normalize(c.Kind, c.all)
	if err != nil {
		return bugs(err)
	}
	c.all, c.normal = all, len(all)
	return nil
}

// bugs: ranges that are there have unions and intersections.
func bugs(err error) *sqlerr.Error {
	return &sqlerr.Error{Code: sqlerr.InternalError, Message: err.Error(), Cause: err}
}

func (c *rangeCollector) end(b *delta.Builder) *sqlerr.Error {
	if !c.some {
		b.AppendNull()
		return nil
	}
	if err := c.normalize(); err != nil {
		return err
	}
	if b.Type() == c.Multi {
		b.SetVar(ranges.AppendMulti(b.Var(), c.Kind, c.all))
	} else {
		one := ranges.Multi(c.all).Hull()
		b.SetVar(ranges.Append(b.Var(), c.Kind, &one))
	}
	b.EndBytes()
	return nil
}

func (c *rangeCollector) size() int { return cap(c.all) * int(unsafe.Sizeof(ranges.Range{})) }
