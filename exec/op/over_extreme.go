package op

import (
	"github.com/tributary-db/tributary/exec"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// frameExtreme is min or max over frames. Nothing can be taken back from an extreme: a tree over the
// rows that count has the best of each range, and any frame is O(log n) of them.
type frameExtreme struct {
	max    bool
	typ    sqltype.OID
	better sqltype.Comparer
	list   counting
	tree   []int32 // of rows; -1 = none
	leaves int
}

func (e *frameExtreme) open(exec.Env, *overFunc) error {
	e.better = sqltype.OpsOf(e.typ).Image
	return nil
}

func (e *frameExtreme) compute(p *partition, f *overFunc, args []delta.Column, b *delta.Builder) error {
	if err := e.list.find(p, f, args); err != nil {
		return err
	}
	e.plant()
	last, best := [2]int32{-1, -1}, int32(-1)
	for row := range int32(p.n) {
		if row&1023 == 0 {
			if err := p.env.Meter().Breathe(); err != nil {
				return err
			}
		}
		segments := f.frame.segments(row)
		if f.frame.exclude != plan.ExcludeNoOthers || segments[0] != last {
			last, best = segments[0], -1
			for _, s := range segments {
				if s[0] < s[1] {
					best = e.best(best, e.query(e.list.before[s[0]], e.list.before[s[1]]))
				}
			}
		}
		if best < 0 {
			b.AppendNull()
		} else {
			b.AppendFrom(e.list.arg, best)
		}
	}
	return nil
}

// plant builds the tree: leaf i is row i of those that count, a node the best of its two.
func (e *frameExtreme) plant() {
	e.leaves = len(e.list.rows)
	e.tree = append(e.tree[:0], make([]int32, 2*e.leaves)...)
	copy(e.tree[e.leaves:], e.list.rows)
	for i := e.leaves - 1; i > 0; i-- {
		e.tree[i] = e.best(e.tree[2*i], e.tree[2*i+1])
	}
}

// query is the best of leaves [from, to), -1 of none.
func (e *frameExtreme) query(from, to int32) int32 {
	best := int32(-1)
	for i, j := int(from)+e.leaves, int(to)+e.leaves; i < j; i, j = i/2, j/2 {
		if i&1 == 1 {
			best = e.best(best, e.tree[i])
			i++
		}
		if j&1 == 1 {
			j--
			best = e.best(best, e.tree[j])
		}
	}
	return best
}

func (e *frameExtreme) best(a, b int32) int32 {
	switch {
	case a < 0:
		return b
	case b < 0:
		return a
	}
	by := e.better(&e.list.arg.Vec, a, &e.list.arg.Vec, b)
	if by > 0 != e.max && by != 0 {
		return b
	}
	return a
}
