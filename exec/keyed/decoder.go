package keyed

import (
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/decode"
	"github.com/tributary-db/tributary/exec/record"
	"github.com/tributary-db/tributary/internal/delta"
)

// BadKey is the reason of a record whose key is none of the table.
const BadKey decode.Reason = "key"

// Change is what a record does: at first the row of the key that was appended to the keys goes, then
// the row that was appended to the rows comes.
type Change struct{ Goes, Comes bool }

// Decoder reads the records of one table's topic.
type Decoder struct {
	columns []decode.Column
	primary []int // columns of the key, in its order
	keys    keyReader
	values  interface {
		read(d *Decoder, key, value []byte, keys, row []*delta.Builder) (Change, *decode.Fault)
	}
	// spare are builders for who only asks what is wrong.
	spareKeys, spareRow []*delta.Builder
}

// New makes the Decoder of a table over a topic.
func New(rel *catalog.Relation) (*Decoder, error) {
	d := &Decoder{primary: rel.PrimaryKey}
	for _, c := range rel.Columns {
		d.columns = append(d.columns, decode.Column{Name: c.FieldName(), Type: c.Type, NotNull: c.NotNull})
		d.spareRow = append(d.spareRow, delta.NewBuilder(c.Type.OID))
	}
	var keyColumns []decode.Column
	for _, c := range d.primary {
		keyColumns = append(keyColumns, d.columns[c])
		d.spareKeys = append(d.spareKeys, delta.NewBuilder(d.columns[c].Type.OID))
	}
	var err error
	if d.keys, err = newKeyReader(keyColumns, rel.Format.KeyFormat); err != nil {
		return nil, err
	}
	switch rel.Format.Name {
	case catalog.FormatDebezium:
		d.values, err = newDebezium(d)
	case catalog.FormatChangelog:
		d.values, err = newChangelog(d)
	default:
		d.values, err = newUpsert(d, rel)
	}
	return d, err
}

// all are the positions of n columns.
func all(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// Decode says what a record does. keys are builders of the primary key's columns, row those of all
// columns of the table: each gets one value for what the Change says, and none else. A fault is for the
// error relation; there may be a Change all the same.
func (d *Decoder) Decode(key, value []byte, keys, row []*delta.Builder) (Change, *decode.Fault) {
	return d.values.read(d, key, value, keys, row)
}

// Check says what is wrong with a record; true if nothing is.
func (d *Decoder) Check(key, value []byte) (decode.Fault, bool) {
	_, f := d.Decode(key, value, d.spareKeys, d.spareRow)
	for _, b := range slices.Concat(d.spareKeys, d.spareRow) {
		b.Clear()
	}
	if f != nil {
		return *f, false
	}
	return decode.Fault{}, true
}

// goes is the Change of a record that has no row, and why.
func (d *Decoder) goes(key []byte, keys []*delta.Builder, why *decode.Fault) (Change, *decode.Fault) {
	if f := d.keys.read(key, keys); f != nil {
		if why == nil {
			why = f
		}
		return Change{}, why
	}
	return Change{Goes: true}, why
}

// appendLast appends the last value of from.
func appendLast(to, from *delta.Builder) {
	col := from.Column()
	to.AppendFrom(&col, int32(from.Len()-1))
}

// dropLast takes the last value of each out again.
func dropLast(list []*delta.Builder) {
	for _, b := range list {
		b.Truncate(b.Len() - 1)
	}
}

// upsert reads records whose value is a row, or null.
type upsert struct {
	decoder *decode.Decoder
	rest    []int // the columns that it fills
	dst     []*delta.Builder
}

func newUpsert(d *Decoder, rel *catalog.Relation) (*upsert, error) {
	u, f := &upsert{}, rel.Format
	var columns []decode.Column
	var want []int
	for i, c := range d.columns {
		isKey := rel.IsKey(i)
		if !isKey {
			u.rest, want = append(u.rest, i), append(want, len(columns))
		}
		if isKey && decode.Format(f.Name) != decode.CSV {
			continue // it is read from the key
		}
		if c.NotNull = c.NotNull && !isKey; isKey {
			// Whatever stands there is read as text, which cannot fail.
			c.Type = textType
		}
		columns = append(columns, c)
	}
	u.dst = make([]*delta.Builder, len(u.rest))
	var err error
	u.decoder, err = decode.New(decode.Format(f.Name), columns, want, record.DecodeOptions(f))
	return u, err
}

func (u *upsert) read(d *Decoder, key, value []byte, keys, row []*delta.Builder) (Change, *decode.Fault) {
	if f := d.keys.read(key, keys); f != nil {
		return Change{}, f
	}
	if value == nil {
		return Change{Goes: true}, nil
	}
	for i, c := range u.rest {
		u.dst[i] = row[c]
	}
	if f, ok := u.decoder.Decode(value, u.dst); !ok {
		return Change{Goes: true}, &f
	}
	for i, c := range d.primary {
		appendLast(row[c], keys[i])
	}
	dropLast(keys)
	return Change{Comes: true}, nil
}
