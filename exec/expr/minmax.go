package expr

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// minMaxNode is GREATEST or LEAST: every argument is evaluated, NULLs are ignored, the first of
// equals stays.
type minMaxNode struct {
	args    []node
	sign    int // of compare(candidate, best) that replaces best
	compare sqltype.Comparer
	merge   *merger
	alive   []int32
}

func (c *compiler) minMax(e *plan.MinMax) (node, error) {
	if len(e.Args) >= maxSources {
		return nil, errTooMany("arguments")
	}
	args, err := c.exprs(e.Args)
	if err != nil {
		return nil, err
	}
	d := &minMaxNode{args: args, sign: -1, compare: sqltype.OpsOf(e.T.OID).Compare, merge: c.merger(e.T.OID)}
	if e.Greatest {
		d.sign = 1
	}
	return d, nil
}

func (d *minMaxNode) eval(x *run, sel []int32) *delta.Column {
	d.merge.begin(x.n, sel)
	alive := append(d.alive[:0], sel...)
	for _, a := range d.args {
		c := a.eval(x, alive)
		alive = x.live(alive[:0], alive)
		d.merge.add(c, nil)
		for _, row := range alive {
			if c.Null(row) {
				continue
			}
			best := d.merge.from[row]
			if best == noSource || d.better(c, d.merge.sources[best], row) {
				d.merge.from[row] = uint16(len(d.merge.sources) - 1)
			}
		}
	}
	d.alive = alive
	return d.merge.column(x.n, sel)
}

func (d *minMaxNode) better(candidate, best *delta.Column, row int32) bool {
	order := d.compare(&candidate.Vec, row, &best.Vec, row)
	return order*d.sign > 0
}
