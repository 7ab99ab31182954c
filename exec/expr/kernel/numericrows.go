package kernel

import (
	"github.com/tributary-db/tributary/internal/decimal"
	"github.com/tributary-db/tributary/internal/delta"
)

// numericRows is what calls over columns of numerics keep: the rows that are left to the general function.
type numericRows struct{ rest []int32 }

// numericChunk is how many rows are computed between two looks at whether to go on.
const numericChunk = 4096

// byRows computes small numbers in a loop over columns, and what that leaves by the general kernel.
func byRows(general Kernel, loop func(c *Call, a, b []decimal.Num, sa, sb int, sel, rest []int32) []int32) Kernel {
	return func(c *Call) {
		st, _ := c.State.(*numericRows)
		if st == nil {
			st = &numericRows{}
			c.State = st
		}
		a, sa := numsOf(c.Args[0])
		b, sb := numsOf(c.Args[1])
		rest := st.rest[:0]
		for from := 0; from < len(c.Sel); from += numericChunk {
			if c.stopped() {
				return
			}
			rest = loop(c, a, b, sa, sb, c.Sel[from:min(from+numericChunk, len(c.Sel))], rest)
		}
		st.rest = rest
		if len(rest) > 0 {
			all := c.Sel
			c.Sel = rest
			general(c)
			c.Sel = all
		}
	}
}

// numsOf is a column's values and how far apart those of two rows are: 0 of a constant.
func numsOf(c *delta.Column) ([]decimal.Num, int) {
	if c.Const {
		return delta.Values[decimal.Num](c), 0
	}
	return delta.Values[decimal.Num](c), 1
}

// arithmetic is an operator with a loop for small numbers.
func arithmetic(f func(a, b dec) (dec, error), rows func(dst, a, b []decimal.Num, sa, sb int, sel, rest []int32) []int32) Kernel {
	return byRows(decimals(f), func(c *Call, a, b []decimal.Num, sa, sb int, sel, rest []int32) []int32 {
		return rows(fixed[decimal.Num](c.Out), a, b, sa, sb, sel, rest)
	})
}

// comparison is a comparison with a loop for small numbers.
func comparison(general Kernel, want [3]uint8) Kernel {
	return byRows(general, func(c *Call, a, b []decimal.Num, sa, sb int, sel, rest []int32) []int32 {
		return decimal.CmpRows(c.Out.Bools(), want, a, b, sa, sb, sel, rest)
	})
}

// compareNumerics are the six comparisons.
func compareNumerics() map[string]Kernel {
	cmp := func(of func(int) bool) Kernel {
		return comparison(fn2(func(a, b dec) bool { return of(decimal.Cmp(a, b)) }), [3]uint8{b2u(of(-1)), b2u(of(0)), b2u(of(1))})
	}
	return map[string]Kernel{
		"numeric_eq": cmp(func(c int) bool { return c == 0 }),
		"numeric_ne": cmp(func(c int) bool { return c != 0 }),
		"numeric_lt": cmp(func(c int) bool { return c < 0 }),
		"numeric_le": cmp(func(c int) bool { return c <= 0 }),
		"numeric_gt": cmp(func(c int) bool { return c > 0 }),
		"numeric_ge": cmp(func(c int) bool { return c >= 0 }),
	}
}
