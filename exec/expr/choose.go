package expr

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// caseNode is a searched CASE. conds[i] is evaluated on the rows that no earlier condition
// took, thens[i] on the rows that conds[i] takes.
type caseNode struct {
	conds, thens []node
	otherwise    node // nil = NULL
	merge        *merger
	rest         []int32
	taken        [][]int32 // per arm: its selection must live as long as its column
}

func (c *compiler) caseExpr(e *plan.Case) (node, error) {
	if len(e.Whens) >= maxSources {
		return nil, errTooMany("CASE arms")
	}
	d := &caseNode{merge: c.merger(e.T.OID), taken: make([][]int32, len(e.Whens))}
	for _, w := range e.Whens {
		pair, err := c.exprs([]plan.Expr{w.Cond, w.Then})
		if err != nil {
			return nil, err
		}
		d.conds, d.thens = append(d.conds, pair[0]), append(d.thens, pair[1])
	}
	if e.Else == nil {
		return d, nil
	}
	var err error
	d.otherwise, err = c.expr(e.Else)
	return d, err
}

func errTooMany(what string) error {
	return sqlerr.New(sqlerr.StatementTooComplex, "statement too complex").WithDetail("Too many %s.", what)
}

func (d *caseNode) eval(x *run, sel []int32) *delta.Column {
	d.merge.begin(x.n, sel)
	rest := append(d.rest[:0], sel...)
	for i, cond := range d.conds {
		if len(rest) == 0 {
			break
		}
		c := cond.eval(x, rest)
		if x.failures > 0 {
			rest = x.live(rest[:0], rest)
		}
		d.taken[i] = selectTrue(d.taken[i][:0], rest, c)
		if len(d.taken[i]) == 0 {
			continue
		}
		rest = selectRest(rest, d.taken[i])
		d.merge.add(d.thens[i].eval(x, d.taken[i]), d.taken[i])
	}
	if d.otherwise != nil && len(rest) > 0 {
		d.merge.add(d.otherwise.eval(x, rest), rest)
	}
	d.rest = rest
	return d.merge.column(x.n, sel)
}

// selectRest removes taken, a subsequence of rest, from rest in place.
func selectRest(rest, taken []int32) []int32 {
	kept := rest[:0]
	for _, row := range rest {
		if len(taken) > 0 && taken[0] == row {
			taken = taken[1:]
			continue
		}
		kept = append(kept, row)
	}
	return kept
}

// coalesceNode is the first argument that is not NULL.
type coalesceNode struct {
	args  []node
	merge *merger
	rest  []int32
	taken []int32
}

func (c *compiler) coalesce(e *plan.Coalesce) (node, error) {
	if len(e.Args) >= maxSources {
		return nil, errTooMany("COALESCE arguments")
	}
	args, err := c.exprs(e.Args)
	return &coalesceNode{args: args, merge: c.merger(e.T.OID)}, err
}

func (d *coalesceNode) eval(x *run, sel []int32) *delta.Column {
	d.merge.begin(x.n, sel)
	rest := append(d.rest[:0], sel...)
	for _, a := range d.args {
		if len(rest) == 0 {
			break
		}
		c := a.eval(x, rest)
		if x.failures > 0 {
			rest = x.live(rest[:0], rest)
		}
		d.taken = d.taken[:0]
		kept := rest[:0]
		for _, row := range rest {
			if c.Null(row) {
				kept = append(kept, row)
			} else {
				d.taken = append(d.taken, row)
			}
		}
		rest = kept
		if len(d.taken) > 0 {
			d.merge.add(c, d.taken)
		}
	}
	d.rest = rest
	return d.merge.column(x.n, sel)
}

// nullIfNode is NULL where left equals right, else left.
type nullIfNode struct {
	left, eqLeft, right node
	same                heldNode // left, where it is compared as it is
	held                [2]heldNode
	eq                  *callNode
	merge               *merger
	rest, taken         []int32
}

func (c *compiler) nullIf(e *plan.NullIf) (node, error) {
	nodes, err := c.exprs([]plan.Expr{e.Left, e.Right})
	if err != nil {
		return nil, err
	}
	d := &nullIfNode{left: nodes[0], right: nodes[1], merge: c.merger(e.Type().OID)}
	if d.eqLeft = &d.same; e.EqLeft != e.Left {
		if d.eqLeft, err = c.expr(e.EqLeft); err != nil {
			return nil, err
		}
	}
	d.eq, err = c.equality(e.Eq, &d.held[0], &d.held[1])
	return d, err
}

func (d *nullIfNode) eval(x *run, sel []int32) *delta.Column {
	d.merge.begin(x.n, sel)
	left := d.left.eval(x, sel)
	d.same.col = left
	rest := append(d.rest[:0], sel...)
	for i, arg := range []node{d.eqLeft, d.right} {
		rest = x.live(rest[:0], rest)
		d.held[i].col = arg.eval(x, rest)
	}
	rest = x.live(rest[:0], rest)
	equal := d.eq.eval(x, rest)
	rest = x.live(rest[:0], rest)
	d.taken = selectTrue(d.taken[:0], rest, equal)
	rest = selectRest(rest, d.taken)
	d.merge.add(left, rest)
	d.rest = rest
	return d.merge.column(x.n, sel)
}

// distinctNode is IS [NOT] DISTINCT FROM.
type distinctNode struct {
	args  [2]node
	held  [2]heldNode
	eq    *callNode
	not   bool
	merge *merger
	rest  []int32
}

func (c *compiler) distinctFrom(e *plan.DistinctFrom) (node, error) {
	left, err := c.expr(e.Left)
	if err != nil {
		return nil, err
	}
	right, err := c.expr(e.Right)
	if err != nil {
		return nil, err
	}
	d := &distinctNode{args: [2]node{left, right}, not: e.Not, merge: c.merger(sqltype.Bool)}
	d.eq, err = c.equality(e.Eq, &d.held[0], &d.held[1])
	return d, err
}

func (d *distinctNode) eval(x *run, sel []int32) *delta.Column {
	rest := append(d.rest[:0], sel...)
	for i, arg := range d.args {
		d.held[i].col = arg.eval(x, rest)
		rest = x.live(rest[:0], rest)
	}
	left, right := d.held[0].col, d.held[1].col
	equal := d.eq.eval(x, rest)
	rest = x.live(rest[:0], rest)
	d.rest = rest
	d.merge.out.Reset(sqltype.Bool, x.n, false)
	out := d.merge.out.Bools()
	for _, row := range rest {
		var distinct bool
		if ln, rn := left.Null(row), right.Null(row); ln || rn {
			distinct = ln != rn
		} else {
			distinct = equal.Data[equal.At(row)] == 0
		}
		out[row] = b2u(distinct != d.not)
	}
	return d.merge.out.Column()
}
