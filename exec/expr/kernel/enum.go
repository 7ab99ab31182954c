package kernel

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Functions of enums. Their values are numbers that order as the labels do.
func init() {
	compareNumbers[int64]("enum", longNames)
	kernels(map[string]Kernel{
		"enum_cmp":     threeWay(cmpOrdered[int64]),
		"enum_larger":  fn2(func(a, b int64) int64 { return max(a, b) }),
		"enum_smaller": fn2(func(a, b int64) int64 { return min(a, b) }),
		"enum_first":   enumEnd(func(l []sqltype.Label) sqltype.Label { return l[0] }),
		"enum_last":    enumEnd(func(l []sqltype.Label) sqltype.Label { return l[len(l)-1] }),
		"enum_range_all": arrayMaker(func(c *Call, _ int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
			return enumRange(c, elems, nil, nil), nil
		}),
		"enum_range_bounds": arrayMaker(func(c *Call, row int32, elems *delta.Builder) ([]sqltype.Dim, Err) {
			return enumRange(c, elems, bound(c.Args[0], row), bound(c.Args[1], row)), nil
		}),
	})
}

// enumEnd is a label of the argument's type, whatever the argument is.
func enumEnd(of func([]sqltype.Label) sqltype.Label) Kernel {
	return func(c *Call) {
		labels := labelsOf(c)
		for _, i := range c.Sel {
			if len(labels) == 0 {
				c.Fail(i, sqlerr.New(sqlerr.ObjectNotInPrerequisiteState, "enum %s contains no values", c.Args[0].Type))
				continue
			}
			fixed[int64](c.Out)[i] = of(labels).Key
		}
	}
}

// bound is an end of a range, nil where it has none.
func bound(a *delta.Column, row int32) *int64 {
	if a.Null(row) {
		return nil
	}
	return &delta.Values[int64](a)[a.At(row)]
}

func enumRange(c *Call, elems *delta.Builder, from, to *int64) []sqltype.Dim {
	for _, l := range labelsOf(c) {
		if (from == nil || l.Key >= *from) && (to == nil || l.Key <= *to) {
			delta.Append(elems, l.Key)
		}
	}
	return vectorDims(elems)
}

// labelsOf are those of the first argument's type; none if it was dropped behind a plan that still runs.
func labelsOf(c *Call) []sqltype.Label {
	e := sqltype.EnumOf(c.Args[0].Type)
	if e == nil {
		return nil
	}
	return e.Labels()
}
