package columnar

import (
	"fmt"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// Wrapper shows batches of one row type as Arrow records. It keeps its memory from one batch
// to the next; not safe for concurrent use.
type Wrapper struct {
	fields []Field
	schema *arrow.Schema
	sel    []int32
	dense  []*delta.Builder // rows picked out of a column that cannot be wrapped as it is
	scrap  [][]byte         // buffers of converted columns
	last   arrow.Record
}

// NewWrapper is a wrapper of rows of fields for a format; 0A000 for a type without an Arrow form.
func NewWrapper(format Format, fields []Field) (*Wrapper, error) {
	schema, err := schemaOf(format, fields)
	if err != nil {
		return nil, err
	}
	w := &Wrapper{fields: fields, schema: schema, scrap: make([][]byte, len(fields))}
	for _, f := range fields {
		w.dense = append(w.dense, delta.NewBuilder(f.Type.OID))
	}
	return w, nil
}

// Schema of the records.
func (w *Wrapper) Schema() *arrow.Schema { return w.schema }

// Record shows the live rows of b, each as many times as its weight says. It borrows b, and is
// valid until the next call. The first row error of b is returned; a weight below zero is a bug.
func (w *Wrapper) Record(b *delta.Batch) (arrow.Record, error) {
	if len(b.Errs) > 0 {
		return nil, b.Errs[0].Err
	}
	sel, rows, err := w.rows(b)
	if err != nil {
		return nil, err
	}
	if w.last != nil {
		w.last.Release()
		w.last = nil
	}
	columns := make([]arrow.Array, len(w.fields))
	defer func() {
		for _, a := range columns {
			if a != nil {
				a.Release()
			}
		}
	}()
	for i := range w.fields {
		c := &b.Cols[i]
		if sel != nil || c.Const {
			w.dense[i].Clear()
			w.dense[i].Gather(c, sel)
			dense := w.dense[i].Column()
			c = &dense
		}
		if columns[i], err = w.array(i, c); err != nil {
			return nil, err
		}
	}
	w.last = array.NewRecord(w.schema, columns, int64(rows))
	return w.last, nil
}

// rows lists the rows to show; nil = all of b as they lie.
func (w *Wrapper) rows(b *delta.Batch) (sel []int32, n int, err error) {
	if b.Sel == nil && b.Weights == nil {
		return nil, b.Len, nil
	}
	w.sel = w.sel[:0]
	err = b.EachRow(func(row int32) error {
		weight := b.Weight(row)
		if weight < 0 {
			return fmt.Errorf("row with weight %d in a result", weight)
		}
		for ; weight > 0; weight-- {
			w.sel = append(w.sel, row)
		}
		return nil
	})
	if w.sel == nil {
		w.sel = []int32{} // nil would mean every row
	}
	return w.sel, len(w.sel), err
}

// array shows column i, which is no constant.
func (w *Wrapper) array(i int, c *delta.Column) (arrow.Array, error) {
	t := w.schema.Field(i).Type
	buffers := []*memory.Buffer{validity(c), nil}
	switch {
	case t.ID() == arrow.STRING && asItsText(w.fields[i].Type.OID):
		offsets, text, err := asText(w.scrap[i], c)
		if err != nil {
			return nil, err
		}
		w.scrap[i] = text
		buffers[1] = wrapBytes(offsets)
		buffers = append(buffers, wrapBytes(text))
	case w.fields[i].Type.OID.Phys() == sqltype.PhysBytes:
		offsets, bytes := w.fromZero(i, c)
		buffers[1] = wrapBytes(offsets)
		buffers = append(buffers, wrapBytes(bytes))
	case sameLayout(w.fields[i].Type.OID):
		buffers[1] = wrapBytes(c.Data)
	default:
		out, err := convert(w.scrap[i], t, c)
		if err != nil {
			return nil, err
		}
		w.scrap[i] = out
		buffers[1] = wrapBytes(out)
	}
	nulls := 0
	if c.Valid != nil {
		nulls = c.Len - delta.CountBits(c.Valid, c.Len)
	}
	data := array.NewData(t, c.Len, buffers, nil, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data), nil
}

// asItsText: a type whose Arrow form, a string, is the text that SQL shows, since its values are no text.
func asItsText(t sqltype.OID) bool {
	ops := sqltype.OpsOf(t)
	return ops.Phys != sqltype.PhysBytes || ops.Opaque || t == sqltype.Char
}

// fromZero is offsets and bytes of a column of bytes, the first offset 0: the library's IPC
// writer cuts bytes in front of it off without moving the offsets.
func (w *Wrapper) fromZero(i int, c *delta.Column) (offsets, bytes []byte) {
	o := delta.Offsets(c)
	if len(o) == 0 || o[0] == 0 {
		return c.Data, c.Var
	}
	out := w.scrap[i][:0]
	for _, v := range o {
		out = le.AppendUint32(out, uint32(v-o[0]))
	}
	w.scrap[i] = out
	return out, c.Var[o[0]:o[len(o)-1]]
}

// sameLayout tells whether the values of a fixed-width type lie in a column as in Arrow.
func sameLayout(t sqltype.OID) bool {
	switch t {
	case sqltype.Int2, sqltype.Int4, sqltype.Int8, sqltype.Float4, sqltype.Float8, sqltype.OIDType, sqltype.Regproc,
		sqltype.Time, sqltype.UUID:
		return true
	}
	return false
}

func wrapBytes(b []byte) *memory.Buffer { return memory.NewBufferBytes(b) }

// validity shows c's bitmap, which has Arrow's order of bits on a little-endian machine (the
// only kind this is built for).
func validity(c *delta.Column) *memory.Buffer {
	if c.Valid == nil {
		return nil
	}
	return wrapBytes(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(c.Valid))), 8*len(c.Valid)))
}
