package kernel

import (
	"strconv"

	"github.com/tributary-db/tributary/catalog/builtin"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Rows as values: ROW(a, b), and what JSON is of one.
func init() {
	kernelsOf(map[uint32]Kernel{builtin.RowOfFields: rowOfFields})
	kernels(map[string]Kernel{
		"row_to_json": eachRow(func(c *Call, dst []byte, row int32) ([]byte, Err) { return c.jsonValue(dst, c.Args[0], row), nil }),
	})
}

func rowOfFields(c *Call) {
	types, fields := make([]sqltype.OID, len(c.Args)), make([]*sqltype.Vec, len(c.Args))
	for i, a := range c.Args {
		types[i], fields[i] = a.Type, &a.Vec
	}
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
		c.take(i, sqltype.AppendRecord(dst, types, fields, i), err)
	}
}

// jsonRecord appends a record as an object: its fields are f1, f2, …
func (c *Call) jsonRecord(dst []byte, a *delta.Column, row int32) []byte {
	dst = append(dst, '{')
	for i, f := range sqltype.RecordFields(a.Bytes(row)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(strconv.AppendInt(append(dst, `"f`...), int64(i+1), 10), `":`...)
		if f.Null {
			dst = append(dst, "null"...)
			continue
		}
		dst = c.jsonValue(dst, &delta.Column{Type: f.Type, Vec: f.Vec}, 0)
	}
	return append(dst, '}')
}
