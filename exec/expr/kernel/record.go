package kernel

import (
	"strconv"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/jsonb"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Rows as values: ROW(a, b), and what JSON is of one.
func init() {
	kernelsOf(map[uint32]Kernel{
		builtin.RowOfFields: rowOfFields, builtin.FieldOfRow: fieldOfRow,
		builtin.RowIsNull: rowTest(false), builtin.RowIsNotNull: rowTest(true),
	})
	kernels(map[string]Kernel{
		"record_eq": byOrder(func(c int) bool { return c == 0 }), "record_ne": byOrder(func(c int) bool { return c != 0 }),
		"record_lt": byOrder(func(c int) bool { return c < 0 }), "record_le": byOrder(func(c int) bool { return c <= 0 }),
		"record_gt": byOrder(func(c int) bool { return c > 0 }), "record_ge": byOrder(func(c int) bool { return c >= 0 }),
		"btrecordcmp": rowOrder,
		"row_to_json": eachRow(func(c *Call, dst []byte, row int32) ([]byte, Err) { return c.jsonValue(dst, c.Args[0], row), nil }),
	})
}

// byOrder is a comparison of two values of one type by its order.
func byOrder(is func(c int) bool) Kernel {
	return func(c *Call) {
		x, y := c.Args[0], c.Args[1]
		compare := sqltype.OpsOf(x.Type).Compare
		for _, i := range c.Sel {
			c.Out.Bools()[i] = b2u(is(compare(&x.Vec, i, &y.Vec, i)))
		}
	}
}

func rowOrder(c *Call) {
	x, y := c.Args[0], c.Args[1]
	compare := sqltype.OpsOf(x.Type).Compare
	for _, i := range c.Sel {
		fixed[int32](c.Out)[i] = int32(compare(&x.Vec, i, &y.Vec, i))
	}
}

func rowOfFields(c *Call) {
	types, fields := make([]sqltype.OID, len(c.Args)), make([]*sqltype.Vec, len(c.Args))
	for i, a := range c.Args {
		types[i], fields[i] = a.Type, &a.Vec
	}
	mod := sqltype.RecordMod(c.Type)
	for _, i := range c.Sel {
		if c.stopped() {
			return
		}
		size := 0
		for _, a := range c.Args {
			if a.Phys == sqltype.PhysBytes && !a.Null(i) {
				size += len(a.Bytes(i))
			}
		}
		dst, err := c.Out.Grow(c.Out.Start(i), size)
		c.take(i, sqltype.AppendRecord(dst, mod, types, fields, i), err)
	}
}

// fieldOfRow is a field by its place, which is the second argument.
func fieldOfRow(c *Call) {
	found := delta.NewBuilder(c.Type.OID)
	sel := make([]int32, 0, len(c.Sel))
	for _, i := range c.Sel {
		if c.stopped() {
			return
		}
		fields, at := sqltype.RecordFields(c.Args[0].Bytes(i)), delta.Values[int32](c.Args[1])[c.Args[1].At(i)]
		if int(at) >= len(fields) || fields[at].Null {
			c.Out.SetNull(i)
			continue
		}
		found.AppendFrom(&delta.Column{Type: fields[at].Type, Vec: fields[at].Vec}, 0)
		sel = append(sel, i)
	}
	values := found.Column()
	c.putRows(sel, &values)
}

// rowTest is row IS [NOT] NULL: whether all fields are, or none is. A row that is NULL has no field that is not.
func rowTest(not bool) Kernel {
	return func(c *Call) {
		for _, i := range c.Sel {
			is := true
			if c.Args[0].Null(i) {
				is = !not
			} else {
				for _, f := range sqltype.RecordFields(c.Args[0].Bytes(i)) {
					is = is && f.Null != not
				}
			}
			c.Out.Bools()[i] = 0
			if is {
				c.Out.Bools()[i] = 1
			}
		}
	}
}

// jsonRecord appends a record as an object; fields without names are f1, f2, …
func (c *Call) jsonRecord(dst []byte, a *delta.Column, row int32) []byte {
	shape := sqltype.RecordShape(a.Bytes(row))
	if sqltype.IsComposite(a.Type) {
		shape = sqltype.ShapeOf(sqltype.Of(a.Type))
	}
	dst = append(dst, '{')
	for i, f := range sqltype.RecordFields(a.Bytes(row)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		if i < len(shape) {
			dst = append(jsonb.AppendString(dst, []byte(shape[i].Name)), ':')
		} else {
			dst = append(strconv.AppendInt(append(dst, `"f`...), int64(i+1), 10), `":`...)
		}
		if f.Null {
			dst = append(dst, "null"...)
			continue
		}
		dst = c.jsonValue(dst, &delta.Column{Type: f.Type, Vec: f.Vec}, 0)
	}
	return append(dst, '}')
}
