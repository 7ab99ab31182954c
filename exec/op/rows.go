package op

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// outRows is how many rows an operator puts into one batch of its own making.
const outRows = 1024

func fieldTypes(p *plan.Props) []sqltype.OID {
	types := make([]sqltype.OID, len(p.Fields))
	for i, f := range p.Fields {
		types[i] = f.Type.OID
	}
	return types
}

// liveRows lists the live rows of b; scratch is reused when b has no selection.
func liveRows(b *delta.Batch, scratch *[]int32) []int32 {
	if b.Sel != nil {
		return b.Sel
	}
	for i := len(*scratch); i < b.Len; i++ {
		*scratch = append(*scratch, int32(i))
	}
	return (*scratch)[:b.Len]
}

// none empties a selection for reuse. It is never nil, which would select every row.
func none(sel []int32) []int32 {
	if sel == nil {
		return make([]int32, 0, 64)
	}
	return sel[:0]
}

// without is sel less the rows of errs; both ascend. It reuses dst.
func without(dst, sel []int32, errs delta.RowErrors) []int32 {
	if len(errs) == 0 {
		return sel
	}
	dst = none(dst)
	for _, row := range sel {
		for len(errs) > 0 && errs[0].Row < row {
			errs = errs[1:]
		}
		if len(errs) == 0 || errs[0].Row != row {
			dst = append(dst, row)
		}
	}
	return dst
}

// joinErrors merges two ordered lists; a row in both keeps a's.
func joinErrors(a, b delta.RowErrors) delta.RowErrors {
	if len(b) == 0 {
		return a
	}
	if len(a) == 0 {
		return b
	}
	out := make(delta.RowErrors, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].Row < b[0].Row:
			out, a = append(out, a[0]), a[1:]
		case a[0].Row > b[0].Row:
			out, b = append(out, b[0]), b[1:]
		default:
			out, a, b = append(out, a[0]), a[1:], b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// errorsOnly is the part of b that is errors, as a batch; false if there are none.
func errorsOnly(b *delta.Batch, errs delta.RowErrors, cols []delta.Column) (delta.Batch, bool) {
	return delta.Batch{Len: b.Len, Cols: cols, Sel: []int32{}, Weights: b.Weights, Errs: errs}, len(errs) > 0
}

// nullColumns are columns for a batch that has errors only.
func nullColumns(types []sqltype.OID, n int) []delta.Column {
	cols := make([]delta.Column, len(types))
	for i, t := range types {
		cols[i] = delta.NullColumn(t, n)
	}
	return cols
}

// sameError: two errors look the same to a user.
func sameError(a, b *sqlerr.Error) bool {
	return a.Code == b.Code && a.Message == b.Message && a.Detail == b.Detail
}

func hasNegative(b *delta.Batch, sel []int32) bool {
	if b.Weights == nil {
		return false
	}
	for _, row := range sel {
		if b.Weights[row] < 0 {
			return true
		}
	}
	return false
}

// notNull lists the rows of sel in which no key column is NULL. It reuses dst.
func notNull(dst []int32, keys []delta.Column, sel []int32) []int32 {
	plain := true
	for i := range keys {
		plain = plain && keys[i].Valid == nil
	}
	if plain {
		return sel
	}
	dst = none(dst)
rows:
	for _, row := range sel {
		for i := range keys {
			if keys[i].Null(row) {
				continue rows
			}
		}
		dst = append(dst, row)
	}
	return dst
}

func pickColumns(cols []delta.Column, at []int) []delta.Column {
	out := make([]delta.Column, len(at))
	for i, c := range at {
		out[i] = cols[c]
	}
	return out
}
