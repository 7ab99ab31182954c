package plan

import (
	"slices"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Derive fills the properties of n's output edge, all but Fields, from its inputs'. Those of a
// Scan are the relation's and stay.
func Derive(n Node) {
	p := n.Props()
	keep := p.Fields
	switch n := n.(type) {
	case *Scan:
		return
	case *Values:
		*p = Props{AppendOnly: true, Watermark: -1, MayFail: anyMayFail(slices.Concat(n.Rows...))}
		if len(n.Rows) == 1 {
			p.UniqueKey = [][]int{{}}
		}
	case *Filter:
		*p = *n.Input.Props()
		p.MayFail = p.MayFail || MayFail(n.Cond)
	case *Project:
		*p = deriveProject(n)
	case *Hop:
		in := n.Input.Props()
		*p = *in
		p.UniqueKey = nil
		for _, k := range in.UniqueKey {
			p.UniqueKey = append(p.UniqueKey, append(slices.Clone(k), len(in.Fields)))
		}
		p.MayFail = p.MayFail || MayFail(n.Time)
	case *Join:
		*p = deriveJoin(n)
	case *GroupBy:
		*p = deriveGroupBy(n)
	case *Distinct:
		in := n.Input.Props()
		*p = Props{AppendOnly: in.AppendOnly, Watermark: in.Watermark, MayFail: in.MayFail, UniqueKey: [][]int{allColumns(len(in.Fields))}}
	case *Sort:
		*p = *n.Input.Props()
		p.Stateless = false
	case *TopN:
		in := n.Input.Props()
		*p = Props{Watermark: -1, UniqueKey: in.UniqueKey, MayFail: in.MayFail || keysMayFail(n.Keys)}
	case *UnionAll:
		*p = deriveUnion(n)
	case *Exchange:
		*p = *n.Input.Props()
	}
	p.Fields = keep
}

func deriveProject(n *Project) Props {
	in := n.Input.Props()
	p := Props{AppendOnly: in.AppendOnly, Watermark: -1, Stateless: in.Stateless, MayFail: in.MayFail || anyMayFail(n.Exprs)}
	at := map[int]int{} // input column -> first output column that is it
	for i, e := range n.Exprs {
		if c, ok := stripRelabel(e).(*Column); ok {
			if _, seen := at[c.Index]; !seen {
				at[c.Index] = i
			}
		}
	}
	if to, ok := at[in.Watermark]; ok && in.Watermark >= 0 {
		p.Watermark = to
	}
	for _, key := range in.UniqueKey {
		if mapped, ok := mapKey(key, at); ok {
			p.UniqueKey = append(p.UniqueKey, mapped)
		}
	}
	return p
}

// stripRelabel looks through casts that keep the value.
func stripRelabel(e Expr) Expr {
	for {
		r, ok := e.(*Relabel)
		if !ok {
			return e
		}
		e = r.Arg
	}
}

func mapKey(key []int, at map[int]int) ([]int, bool) {
	out := make([]int, len(key))
	for i, c := range key {
		to, ok := at[c]
		if !ok {
			return nil, false
		}
		out[i] = to
	}
	return out, true
}

func deriveJoin(n *Join) Props {
	l, r := n.Left.Props(), n.Right.Props()
	p := Props{
		AppendOnly: l.AppendOnly && r.AppendOnly && n.Kind == JoinInner, Watermark: -1,
		MayFail: l.MayFail || r.MayFail || MayFail(n.Residual),
	}
	if n.Kind != JoinInner {
		return p
	}
	width := len(l.Fields)
	shift := func(key []int) []int {
		out := make([]int, len(key))
		for i, c := range key {
			out[i] = c + width
		}
		return out
	}
	if covered(r.UniqueKey, n.RightKeys) {
		p.UniqueKey = append(p.UniqueKey, l.UniqueKey...)
	}
	if covered(l.UniqueKey, n.LeftKeys) {
		for _, k := range r.UniqueKey {
			if len(k) > 0 || !covered(p.UniqueKey, nil) {
				p.UniqueKey = append(p.UniqueKey, shift(k))
			}
		}
	}
	if len(p.UniqueKey) == 0 && len(l.UniqueKey) > 0 && len(r.UniqueKey) > 0 {
		p.UniqueKey = [][]int{append(slices.Clone(l.UniqueKey[0]), shift(r.UniqueKey[0])...)}
	}
	return p
}

// covered reports whether some key lies within columns: at most one row has their values.
func covered(keys [][]int, columns []int) bool {
	return slices.ContainsFunc(keys, func(k []int) bool {
		return !slices.ContainsFunc(k, func(c int) bool { return !slices.Contains(columns, c) })
	})
}

func deriveGroupBy(n *GroupBy) Props {
	p := Props{Watermark: -1, MayFail: n.Input.Props().MayFail, AppendOnly: n.OnClose != nil, UniqueKey: [][]int{allColumns(len(n.Keys))}}
	for i := range n.Aggs {
		a := &n.Aggs[i]
		f := builtin.FuncByOID(uint32(a.Func))
		p.MayFail = p.MayFail || anyMayFail(a.Args) || MayFail(a.Filter) || f == nil || aggMayFail(f)
	}
	return p
}

// aggMayFail: counting, comparing and exact sums never refuse; sums of fixed width overflow.
func aggMayFail(f *builtin.Func) bool {
	switch f.Name {
	case "count", "min", "max", "bool_and", "bool_or", "every":
		return false
	case "sum", "avg":
		// Summed as numeric, without a bound.
		in := f.Args[0]
		return in == sqltype.Float4 || in == sqltype.Float8 || in == sqltype.Interval || f.Ret == sqltype.Int8
	}
	return true
}

func deriveUnion(n *UnionAll) Props {
	p := Props{AppendOnly: true, Stateless: true, Watermark: -1}
	for i, in := range n.Ins {
		q := in.Props()
		p.AppendOnly = p.AppendOnly && q.AppendOnly
		p.Stateless = p.Stateless && q.Stateless
		p.MayFail = p.MayFail || q.MayFail
		if i == 0 {
			p.Watermark = q.Watermark
		} else if p.Watermark != q.Watermark {
			p.Watermark = -1
		}
	}
	return p
}

func allColumns(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func keysMayFail(keys []SortKey) bool {
	return slices.ContainsFunc(keys, func(k SortKey) bool { return MayFail(k.Expr) })
}

func anyMayFail(exprs []Expr) bool { return slices.ContainsFunc(exprs, MayFail) }

// MayFail reports whether evaluating e can refuse a row.
func MayFail(e Expr) bool {
	found := false
	Walk(e, func(e Expr) bool {
		switch e := e.(type) {
		case *Call:
			f := builtin.FuncByOID(uint32(e.Func))
			found = found || f == nil || f.MayFail
		case *CoerceIO:
			found = found || !isText(e.T.OID)
		}
		return !found
	})
	return found
}

func isText(t sqltype.OID) bool {
	return t == sqltype.Text || t == sqltype.Varchar || t == sqltype.BPChar
}

// Volatile reports whether e may give another value when it is evaluated again.
func Volatile(e Expr) bool {
	found := false
	Walk(e, func(e Expr) bool {
		if c, ok := e.(*Call); ok {
			f := builtin.FuncByOID(uint32(c.Func))
			found = found || f == nil || f.Volatile == 'v'
		}
		return !found
	})
	return found
}
