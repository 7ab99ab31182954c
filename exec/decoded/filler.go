package decoded

import (
	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/decode"
	"github.com/tributary-db/tributary/exec/record"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/plan"
)

// filler decodes records into columns: those of the stream by their place in it, those of the record
// itself by plan.Meta….
type filler struct {
	decoder *decode.Decoder
	fill    []*delta.Builder // of the decoder, in its order
	outs    []*delta.Builder // as wanted
	meta    []metaColumn
	headers []recordbatch.RecordHeader
	text    []byte
}

// metaColumn is a column that comes from the record itself.
type metaColumn struct {
	what int
	out  *delta.Builder
}

// newFiller decodes want, which are distinct. Without columns to decode a record is still decoded as
// far as it takes to know that it is a row.
func newFiller(rel *catalog.Relation, want []int) (*filler, error) {
	f := &filler{}
	var columns []int
	for _, at := range want {
		var b *delta.Builder
		if at >= 0 {
			b = delta.NewBuilder(rel.Columns[at].Type.OID)
			columns = append(columns, at)
			f.fill = append(f.fill, b)
		} else {
			b = delta.NewBuilder(metaType(at))
			f.meta = append(f.meta, metaColumn{at, b})
		}
		f.outs = append(f.outs, b)
	}
	var err error
	f.decoder, err = NewDecoder(rel, columns)
	return f, err
}

// NewDecoder makes the decoder of a stream's records for some of its columns.
func NewDecoder(rel *catalog.Relation, want []int) (*decode.Decoder, error) {
	columns := make([]decode.Column, len(rel.Columns))
	for i, c := range rel.Columns {
		columns[i] = decode.Column{Name: c.FieldName(), Type: c.Type, NotNull: c.NotNull, Lenient: c.Later}
	}
	return decode.New(decode.Format(rel.Format.Name), columns, want, record.DecodeOptions(rel.Format))
}

func metaType(what int) sqltype.OID {
	switch what {
	case plan.MetaKey:
		return sqltype.Bytea
	case plan.MetaPartition:
		return sqltype.Int4
	case plan.MetaTimestamp:
		return sqltype.Timestamptz
	case plan.MetaHeaders:
		return sqltype.JSONB
	}
	return sqltype.Int8
}

// take decodes a record of a partition; true when it is a row.
func (f *filler) take(partition int32, rec *recordbatch.Record) bool {
	if _, ok := f.decoder.Decode(rec.Value, f.fill); !ok {
		return false
	}
	for _, m := range f.meta {
		switch m.what {
		case plan.MetaKey:
			if rec.Key == nil {
				m.out.AppendNull()
			} else {
				m.out.AppendBytes(rec.Key)
			}
		case plan.MetaPartition:
			delta.Append(m.out, partition)
		case plan.MetaOffset:
			delta.Append(m.out, rec.Offset)
		case plan.MetaTimestamp:
			AppendTimestamp(m.out, rec)
		case plan.MetaHeaders:
			f.appendHeaders(m.out, rec)
		}
	}
	return true
}

// size is the bytes of what was decoded.
func (f *filler) size() (n int) {
	for _, b := range f.outs {
		n += b.Size()
	}
	return n
}

func (f *filler) clear() {
	for _, b := range f.outs {
		b.Clear()
	}
}

// unixToPostgresMicros is 2000-01-01 in Unix microseconds.
const unixToPostgresMicros = 946_684_800_000_000

// AppendTimestamp appends the time of a record, NULL where it has none.
func AppendTimestamp(b *delta.Builder, rec *recordbatch.Record) {
	if rec.Timestamp < 0 {
		b.AppendNull()
		return
	}
	delta.Append(b, rec.Timestamp*1000-unixToPostgresMicros)
}

// appendHeaders writes headers as a JSON array of {"key":…,"value":…}, the values as text.
func (f *filler) appendHeaders(b *delta.Builder, rec *recordbatch.Record) {
	f.headers = rec.Headers(f.headers[:0])
	f.text = append(f.text[:0], '[')
	for i, h := range f.headers {
		if i > 0 {
			f.text = append(f.text, ", "...)
		}
		f.text = append(f.text, `{"key": `...)
		f.text = record.AppendText(f.text, h.Key)
		f.text = append(f.text, `, "value": `...)
		if h.Value == nil {
			f.text = append(f.text, "null"...)
		} else {
			f.text = record.AppendText(f.text, h.Value)
		}
		f.text = append(f.text, '}')
	}
	b.AppendBytes(append(f.text, ']'))
}
