package rewrite

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// ranks puts a TopN below window functions of which a condition above wants the first rows of each
// partition only: no row behind those has a part in what they are. The condition stays.
//
//	Filter: row_number < 3              Filter: row_number < 3
//	  WindowAgg: row_number()     ─►      WindowAgg: row_number()
//	    …                                   TopN: 3 of each partition
//	                                          …
func ranks(n plan.Node) plan.Node {
	return plan.Transform(n, func(n plan.Node) plan.Node {
		f, ok := n.(*plan.Filter)
		if !ok {
			return n
		}
		over, ok := f.Input.(*plan.Over)
		if !ok || !onlyRanks(over) {
			return n
		}
		for _, cond := range plan.Conjuncts(f.Cond) {
			column, most, ok := atMost(cond)
			at := column - len(over.Input.Props().Fields)
			if !ok || at < 0 || over.Funcs[at].Func == plan.FuncDenseRank {
				continue
			}
			top := &plan.TopN{
				Input: over.Input, Groups: over.Partition, Keys: over.Order,
				Count: &plan.Const{T: sqltype.Of(sqltype.Int8), Value: delta.Const(sqltype.Int8, most, 1)},
				Ties:  over.Funcs[at].Func == plan.FuncRank,
			}
			top.P.Fields = over.Input.Props().Fields
			plan.Derive(top)
			return plan.WithInputs(f, []plan.Node{plan.WithInputs(over, []plan.Node{top})})
		}
		return n
	})
}

// onlyRanks: every function depends on the rows in front only, of which a TopN knows too.
func onlyRanks(n *plan.Over) bool {
	if len(n.Partition)+len(n.Order) == 0 {
		return false // a LIMIT without an order takes any rows
	}
	for i := range n.Funcs {
		switch n.Funcs[i].Func {
		case plan.FuncRowNumber, plan.FuncRank, plan.FuncDenseRank:
		default:
			return false
		}
	}
	return true
}

// atMost reads a condition that bounds a column from above by a constant.
func atMost(cond plan.Expr) (column int, most int64, ok bool) {
	c, isCall := cond.(*plan.Call)
	if !isCall || len(c.Args) != 2 {
		return 0, 0, false
	}
	left, right, op := c.Args[0], c.Args[1], c.Op
	if _, flipped := left.(*plan.Const); flipped {
		left, right = right, left
		op = map[string]string{">=": "<=", ">": "<", "=": "="}[op]
	}
	col, isColumn := left.(*plan.Column)
	k, isConst := right.(*plan.Const)
	if !isColumn || !isConst || k.Value.Null(0) {
		return 0, 0, false
	}
	switch k.T.OID {
	case sqltype.Int2:
		most = int64(delta.Values[int16](&k.Value)[0])
	case sqltype.Int4:
		most = int64(delta.Values[int32](&k.Value)[0])
	case sqltype.Int8:
		most = delta.Values[int64](&k.Value)[0]
	default:
		return 0, 0, false
	}
	switch op {
	case "<":
		most--
	case "<=", "=":
	default:
		return 0, 0, false
	}
	return col.Index, max(0, most), true
}
