package record

import "github.com/tributary-db/tributary/internal/delta"

// Row is one row of some columns.
type Row struct {
	Cols []delta.Column
	At   int32
}

// Event encodes a change as Debezium does: op c has a row after it, d one before it, u both. The bytes are
// valid until the next call.
func (e *Encoder) Event(op string, before, after *Row) []byte {
	v := append(e.valueBuf[:0], `{"before":`...)
	v = append(e.appendRow(v, before), `,"after":`...)
	v = append(e.appendRow(v, after), `,"op":"`...)
	e.valueBuf = append(append(v, op...), `"}`...)
	return e.valueBuf
}

// Op encodes that a row came (+I, +U) or went (-D, -U). The bytes are valid until the next call.
func (e *Encoder) Op(op string, row Row) []byte {
	v := append(append(e.valueBuf[:0], `{"op":"`...), op...)
	v = append(v, `","data":`...)
	e.valueBuf = append(e.appendRow(v, &row), '}')
	return e.valueBuf
}

func (e *Encoder) appendRow(dst []byte, row *Row) []byte {
	if row == nil {
		return append(dst, "null"...)
	}
	return AppendJSON(dst, e.names, row.Cols[:len(e.names)], row.At)
}

// Timestamp is the row's event time as a Kafka timestamp, or NoTimestamp.
func (e *Encoder) Timestamp(row Row) int64 { return e.timestamp(row.Cols, row.At) }
