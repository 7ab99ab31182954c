package table

import (
	"strconv"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/record"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/recordbatch"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/internal/sqltype/codec"
)

// records is what the Tx did to the table as changelog records: first the rows that are gone
// (tombstones), then the new ones, each in the order they were written.
func (o *overlay) records(maxBatch int, nowMillis int64, breathe func() error) ([]byte, error) {
	w, err := o.t.changelog(o.tx.relation(o.t).Relation, maxBatch, nowMillis)
	if err != nil {
		return nil, err
	}
	defer o.t.encoders.Put(w.encoder)
	if err := w.addGone(o); err != nil {
		return nil, err
	}
	news := o.news.Batch()
	for i := range int32(news.Len) {
		if i%1024 == 1023 {
			if err := breathe(); err != nil {
				return nil, err
			}
		}
		if o.live(int(i)) {
			if err := w.add(news.Cols, i, false); err != nil {
				return nil, err
			}
		}
	}
	return w.recordBatches(), nil
}

// tombstones are the records of the rows that are gone alone.
func (o *overlay) tombstones(maxBatch int, nowMillis int64) ([]byte, error) {
	w, err := o.t.changelog(o.t.rel(), maxBatch, nowMillis)
	if err != nil {
		return nil, err
	}
	defer o.t.encoders.Put(w.encoder)
	if err := w.addGone(o); err != nil {
		return nil, err
	}
	return w.recordBatches(), nil
}

// changelog begins records of a definition of the table. Give its encoder back.
func (t *Table) changelog(rel *catalog.Relation, maxBatch int, nowMillis int64) (*changelog, error) {
	w := &changelog{t: t, batches: record.NewBatches(rel.Topic, 1, maxBatch), now: nowMillis, columns: len(rel.Columns)}
	if n := len(rel.Layouts); n > 0 {
		w.headers = []recordbatch.RecordHeader{{Key: []byte(LayoutHeader), Value: strconv.AppendInt(nil, int64(n), 10)}}
	}
	w.encoder, _ = t.encoders.Get().(*record.Encoder)
	if w.encoder == nil || w.encoder.Relation() != rel {
		var err error
		if w.encoder, err = record.NewEncoder(rel); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *changelog) recordBatches() []byte {
	appends := w.batches.Appends()
	if len(appends) == 0 {
		return nil
	}
	return appends[0].RecordBatches
}

// addGone adds the tombstones of the rows that are gone.
func (w *changelog) addGone(o *overlay) error {
	olds := o.olds.Batch()
	for i := range int32(olds.Len) {
		if o.gone(int(i)) {
			if err := w.add(olds.Cols, i, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// changelog writes the records of one table.
type changelog struct {
	t       *Table
	encoder *record.Encoder
	batches *record.Batches
	now     int64
	rowID   []byte
	exact   []byte
	columns int
	headers []recordbatch.RecordHeader // of all records
}

func (w *changelog) add(cols []delta.Column, row int32, tombstone bool) error {
	key, value, _, err := w.encoder.Row(cols, row)
	if err != nil {
		return err
	}
	if w.t.HasRowID() {
		id := &cols[len(cols)-1]
		w.rowID = append(w.rowID[:0], `{"`+RowIDColumn+`":`...)
		w.rowID = strconv.AppendInt(w.rowID, delta.Values[int64](id)[id.At(row)], 10)
		key = append(w.rowID, '}')
	}
	if tombstone {
		value = nil
	} else if w.exact = record.AppendExact(w.exact[:0], cols[:w.columns], row); len(w.exact) > 0 {
		exact := recordbatch.RecordHeader{Key: []byte(record.ExactHeader), Value: w.exact}
		return w.batches.AddHeaders(key, value, append(w.headers[:len(w.headers):len(w.headers)], exact), w.now)
	}
	if len(w.headers) > 0 {
		return w.batches.AddHeaders(key, value, w.headers, w.now)
	}
	return w.batches.Add(key, value, w.now)
}

// complete makes full rows of the columns given: live rows only, with row ids where the table
// has no primary key.
func (t *Table) complete(rows *delta.Batch) (delta.Batch, error) {
	full := delta.Batch{Len: rows.Rows()}
	for i := range t.rel().Columns {
		full.Cols = append(full.Cols, delta.Copy(&rows.Cols[i], rows.Sel))
	}
	if t.HasRowID() {
		n := int64(full.Len)
		next := t.nextRowID.Add(n) - n
		ids := delta.NewBuilder(sqltype.Int8)
		for i := range n {
			delta.Append(ids, next+i)
		}
		full.Cols = append(full.Cols, ids.Take())
	}
	return full, nil
}

// rowText is a row for a message: "1, abc".
func rowText(cols []delta.Column, row int32, null string) string {
	var out []byte
	for i := range cols {
		if i > 0 {
			out = append(out, ", "...)
		}
		if cols[i].Null(row) {
			out = append(out, null...)
			continue
		}
		out = codec.FormatText(out, &cols[i], row, codec.UTC)
	}
	return string(out)
}

// RowText is columns of a row as messages have them.
func RowText(cols []delta.Column, row int32) string { return rowText(cols, row, "null") }
