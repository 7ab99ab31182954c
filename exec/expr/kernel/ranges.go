package kernel

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/ranges"
)

// rangeCall is a call of a function of ranges: what its range types are made of, and its arguments by row.
type rangeCall struct {
	*Call
	*sqltype.RangeType
	row int32
}

// one is argument i, a range.
func (c *rangeCall) one(i int) *ranges.Range {
	r, _ := ranges.Decode(c.Kind, c.Args[i].Bytes(c.row))
	return &r
}

// opened is how many times as much memory as its bytes a multirange takes to look at.
const opened = 16

// multi is argument i, a multirange; nothing where there is no memory for it, which the call is told of.
func (c *rangeCall) multi(i int) ranges.Multi {
	v := c.Args[i].Bytes(c.row)
	if len(v) > step/opened && c.Scratch(opened*len(v)) != nil {
		return nil
	}
	return ranges.DecodeMulti(c.Kind, v)
}

// hull is argument i, a range, or the smallest that has a multirange.
func (c *rangeCall) hull(i int) *ranges.Range {
	if c.Args[i].Type == c.Multi {
		h := c.multi(i).Hull()
		return &h
	}
	return c.one(i)
}

// all are the ranges of argument i, a range or a multirange.
func (c *rangeCall) all(i int) ranges.Multi {
	if c.Args[i].Type == c.Multi {
		return c.multi(i)
	}
	if r := c.one(i); !r.Empty {
		return ranges.Multi{*r}
	}
	return nil
}

// value is argument i, a value of what the ranges are of.
func (c *rangeCall) value(i int) *ranges.Bound {
	b := c.BoundAt(&c.Args[i].Vec, c.row)
	return &b
}

// eachRange is the loop of functions of ranges. The ranges' type is that of an argument, or of the result.
func eachRange(f func(c *rangeCall)) Kernel {
	return func(c *Call) {
		t := sqltype.RangeOf(c.Type.OID)
		for _, a := range c.Args {
			if r := sqltype.RangeOf(a.Type); r != nil {
				t = r
			}
		}
		x := &rangeCall{Call: c, RangeType: t}
		for _, i := range c.Sel {
			if c.stopped() {
				return
			}
			x.row = i
			f(x)
		}
	}
}

func rangeTest(is func(c *rangeCall) bool) Kernel {
	return eachRange(func(c *rangeCall) { c.Out.Bools()[c.row] = b2u(is(c)) })
}

func rangeInt(f func(c *rangeCall) int) Kernel {
	return eachRange(func(c *rangeCall) { fixed[int32](c.Out)[c.row] = int32(f(c)) })
}

// rangeResult is a function that gives a range.
func rangeResult(f func(c *rangeCall) (ranges.Range, error)) Kernel {
	return eachRange(func(c *rangeCall) {
		r, err := f(c)
		if err != nil {
			c.finish(c.row, asErr(err))
			return
		}
		c.take(c.row, ranges.Append(c.Out.Start(c.row), c.Kind, &r), nil)
	})
}

func multiResult(f func(c *rangeCall) (ranges.Multi, error)) Kernel {
	return eachRange(func(c *rangeCall) {
		m, err := f(c)
		if err != nil {
			c.finish(c.row, asErr(err))
			return
		}
		c.take(c.row, ranges.AppendMulti(c.Out.Start(c.row), c.Kind, m), nil)
	})
}

// pairResult is a function of two ranges that gives one.
func pairResult(f func(k ranges.Kind, a, b *ranges.Range) (ranges.Range, error)) Kernel {
	return rangeResult(func(c *rangeCall) (ranges.Range, error) { return f(c.Kind, c.one(0), c.one(1)) })
}

func pairMulti(f func(k ranges.Kind, a, b ranges.Multi) (ranges.Multi, error)) Kernel {
	return multiResult(func(c *rangeCall) (ranges.Multi, error) { return f(c.Kind, c.multi(0), c.multi(1)) })
}

func init() {
	for i, s := range longNames {
		is := [6]func(int) bool{
			func(n int) bool { return n == 0 }, func(n int) bool { return n != 0 }, func(n int) bool { return n < 0 },
			func(n int) bool { return n <= 0 }, func(n int) bool { return n > 0 }, func(n int) bool { return n >= 0 },
		}[i]
		kernels(map[string]Kernel{
			"range" + s: rangeTest(func(c *rangeCall) bool { return is(ranges.Compare(c.Kind, c.one(0), c.one(1))) }),
			"multirange" + s: rangeTest(func(c *rangeCall) bool {
				return is(ranges.CompareMulti(c.Kind, c.multi(0), c.multi(1)))
			}),
		})
	}
	kernels(map[string]Kernel{
		"range_cmp":      rangeInt(func(c *rangeCall) int { return ranges.Compare(c.Kind, c.one(0), c.one(1)) }),
		"multirange_cmp": rangeInt(func(c *rangeCall) int { return ranges.CompareMulti(c.Kind, c.multi(0), c.multi(1)) }),

		"multirange_constructor0": multiResult(func(*rangeCall) (ranges.Multi, error) { return nil, nil }),
		"multirange_constructor2": multiResult(constructMulti),

		"range_union":     pairResult(ranges.Union),
		"range_intersect": pairResult(ranges.Intersect),
		"range_minus":     pairResult(ranges.Minus),
		"range_merge":     pairResult(ranges.Merge),
		"range_merge_from_multirange": rangeResult(func(c *rangeCall) (ranges.Range, error) {
			return c.multi(0).Hull(), nil
		}),
		"multirange_union":     pairMulti(ranges.UnionMulti),
		"multirange_intersect": pairMulti(ranges.IntersectMulti),
		"multirange_minus":     pairMulti(ranges.MinusMulti),
	})
	constructors()
	rangeFacts()
	rangeContainment()
	rangePlaces()
}

// constructors have one symbol for bounds of any form: they are told by OID.
func constructors() {
	of := func(k Kernel, oids ...uint32) {
		for _, f := range oids {
			kernelsOf(map[uint32]Kernel{f: k})
		}
	}
	of(rangeResult(func(c *rangeCall) (ranges.Range, error) { return c.construct("[)") }), 3840, 3844, 3933, 3937, 3941, 3945)
	of(rangeResult(constructFlags), 3841, 3845, 3934, 3938, 3942, 3946)
	of(multiResult(func(c *rangeCall) (ranges.Multi, error) { return c.all(0), nil }), 4281, 4284, 4287, 4290, 4293, 4296, 4298)
}

// rangeFacts are functions of one range, or of the hull of one multirange.
func rangeFacts() {
	bound := func(of func(r *ranges.Range) ranges.Bound) Kernel {
		return eachRange(func(c *rangeCall) {
			r := c.hull(0)
			b := of(r)
			if r.Empty || b.Infinite {
				c.Out.SetNull(c.row)
				return
			}
			putValue(c, c.Value(&b))
		})
	}
	fact := func(is func(r *ranges.Range) bool) Kernel {
		return rangeTest(func(c *rangeCall) bool { return is(c.hull(0)) })
	}
	for _, p := range []string{"range_", "multirange_"} {
		kernels(map[string]Kernel{
			p + "lower":     bound(func(r *ranges.Range) ranges.Bound { return r.Lower }),
			p + "upper":     bound(func(r *ranges.Range) ranges.Bound { return r.Upper }),
			p + "empty":     fact(func(r *ranges.Range) bool { return r.Empty }),
			p + "lower_inc": fact(func(r *ranges.Range) bool { return r.Lower.Inclusive }),
			p + "upper_inc": fact(func(r *ranges.Range) bool { return r.Upper.Inclusive }),
			p + "lower_inf": fact(func(r *ranges.Range) bool { return r.Lower.Infinite }),
			p + "upper_inf": fact(func(r *ranges.Range) bool { return r.Upper.Infinite }),
		})
	}
}

// putValue writes the value of a bound.
func putValue(c *rangeCall, v *sqltype.Vec) {
	switch v.Phys {
	case sqltype.PhysNumeric:
		c.Out.PutNumeric(c.row, v.Numeric(0))
	case sqltype.PhysInt32:
		fixed[int32](c.Out)[c.row] = sqltype.Values[int32](v)[0]
	default:
		fixed[int64](c.Out)[c.row] = sqltype.Values[int64](v)[0]
	}
}

// rangeContainment: what one side has that is in the other.
func rangeContainment() {
	kernels(map[string]Kernel{
		"range_contains":     rangeTest(func(c *rangeCall) bool { return c.one(0).Contains(c.Kind, c.one(1)) }),
		"range_contained_by": rangeTest(func(c *rangeCall) bool { return c.one(1).Contains(c.Kind, c.one(0)) }),
		"range_overlaps":     rangeTest(func(c *rangeCall) bool { return c.one(0).Overlaps(c.Kind, c.one(1)) }),

		"range_contains_elem":          rangeTest(func(c *rangeCall) bool { return c.one(0).ContainsValue(c.Kind, c.value(1)) }),
		"elem_contained_by_range":      rangeTest(func(c *rangeCall) bool { return c.one(1).ContainsValue(c.Kind, c.value(0)) }),
		"multirange_contains_elem":     rangeTest(func(c *rangeCall) bool { return c.multi(0).ContainsValue(c.Kind, c.value(1)) }),
		"elem_contained_by_multirange": rangeTest(func(c *rangeCall) bool { return c.multi(1).ContainsValue(c.Kind, c.value(0)) }),

		"multirange_contains_range":          rangeTest(func(c *rangeCall) bool { return c.multi(0).Contains(c.Kind, c.one(1)) }),
		"range_contained_by_multirange":      rangeTest(func(c *rangeCall) bool { return c.multi(1).Contains(c.Kind, c.one(0)) }),
		"multirange_contains_multirange":     rangeTest(func(c *rangeCall) bool { return c.multi(0).ContainsMulti(c.Kind, c.multi(1)) }),
		"multirange_contained_by_multirange": rangeTest(func(c *rangeCall) bool { return c.multi(1).ContainsMulti(c.Kind, c.multi(0)) }),
		"range_contains_multirange":          rangeTest(func(c *rangeCall) bool { return c.one(0).Contains(c.Kind, c.hull(1)) }),
		"multirange_contained_by_range":      rangeTest(func(c *rangeCall) bool { return c.one(1).Contains(c.Kind, c.hull(0)) }),

		"multirange_overlaps_range":      rangeTest(func(c *rangeCall) bool { return c.multi(0).Overlaps(c.Kind, c.one(1)) }),
		"range_overlaps_multirange":      rangeTest(func(c *rangeCall) bool { return c.multi(1).Overlaps(c.Kind, c.one(0)) }),
		"multirange_overlaps_multirange": rangeTest(func(c *rangeCall) bool { return c.multi(0).OverlapsMulti(c.Kind, c.multi(1)) }),
	})
}

// rangePlaces: where one is beside the other. Of a multirange its hull counts.
func rangePlaces() {
	for name, is := range map[string]func(k ranges.Kind, a, b *ranges.Range) bool{
		"before":    func(k ranges.Kind, a, b *ranges.Range) bool { return a.Before(k, b) },
		"after":     func(k ranges.Kind, a, b *ranges.Range) bool { return b.Before(k, a) },
		"overleft":  func(k ranges.Kind, a, b *ranges.Range) bool { return a.OverLeft(k, b) },
		"overright": func(k ranges.Kind, a, b *ranges.Range) bool { return a.OverRight(k, b) },
		"adjacent":  func(k ranges.Kind, a, b *ranges.Range) bool { return a.Adjacent(k, b) },
	} {
		k := rangeTest(func(c *rangeCall) bool { return is(c.Kind, c.hull(0), c.hull(1)) })
		kernels(map[string]Kernel{
			"range_" + name: k, "range_" + name + "_multirange": k,
			"multirange_" + name + "_range": k, "multirange_" + name + "_multirange": k,
		})
	}
}

// construct makes a range of the first two arguments, of which NULL is no bound.
func (c *rangeCall) construct(flags string) (ranges.Range, error) {
	lower, upper := c.value(0), c.value(1)
	lower.Inclusive, upper.Inclusive = flags[0] == '[', flags[1] == ']'
	return ranges.Make(c.Kind, *lower, *upper)
}

func constructFlags(c *rangeCall) (ranges.Range, error) {
	if c.Args[2].Null(c.row) {
		return ranges.None, sqlerr.New(sqlerr.DataException, "range constructor flags argument must not be null")
	}
	switch flags := string(c.Args[2].Bytes(c.row)); flags {
	case "[]", "[)", "(]", "()":
		return c.construct(flags)
	}
	return ranges.None, sqlerr.New(sqlerr.SyntaxError, "invalid range bound flags").
		WithHint(`Valid values are "[]", "[)", "(]", and "()".`)
}

// constructMulti makes a multirange of an array of ranges.
func constructMulti(c *rangeCall) (ranges.Multi, error) {
	a := arrayOf(c.Args[0], c.row)
	if a.NDim > 1 {
		return nil, sqlerr.New(sqlerr.CardinalityViolation, "multiranges cannot be constructed from multidimensional arrays")
	}
	all := make([]ranges.Range, 0, a.Elems.Len)
	elems := delta.Column{Type: c.Range, Vec: a.Elems}
	for k := range int32(elems.Len) {
		if elems.Null(k) {
			return nil, sqlerr.New(sqlerr.NullValueNotAllowed, "multirange values cannot contain null members")
		}
		r, _ := ranges.Decode(c.Kind, elems.Bytes(k))
		all = append(all, r)
	}
	return ranges.Normalize(c.Kind, all)
}
