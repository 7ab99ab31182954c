package session

import (
	"context"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/record"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
)

// insertStream writes rows as records of the stream's topic.
func (s *Session) insertStream(ctx context.Context, tx *table.Tx, d *dml, args []delta.Column, returned *gathered) (int64, error) {
	w, err := s.newStreamWriter(d.target)
	if err != nil {
		return 0, err
	}
	w.key, w.timestamp = d.insert.Key, d.insert.Timestamp
	err = s.runQuery(ctx, d.query, args, flow.OutFunc(func(b *delta.Batch) error {
		if returned != nil {
			if err := returned.add(some(b, d.insert.Returning.At, d.insert.Returning.End())); err != nil {
				return err
			}
		}
		if err := w.add(b); err != nil || w.batches.Size() < copyBytes {
			return err
		}
		return w.flush(ctx, tx)
	}))
	if err != nil {
		return 0, err
	}
	if err := w.flush(ctx, tx); err != nil {
		return 0, err
	}
	return w.rows, s.withParts(ctx)
}

// streamWriter turns rows into records of a stream.
type streamWriter struct {
	s       *Session
	encoder *record.Encoder
	batches *record.Batches
	width   int
	rows    int64
	// key and timestamp are columns behind the row that override the record's, -1 = none.
	key, timestamp int
}

func (s *Session) newStreamWriter(rel *catalog.Relation) (*streamWriter, error) {
	topic, ok := s.db.Log.TopicByID(rel.Topic)
	if !ok {
		return nil, sqlerr.New(sqlerr.UndefinedObject, "topic %q does not exist", rel.TopicName)
	}
	enc, err := record.NewEncoder(rel)
	if err != nil {
		return nil, err
	}
	return &streamWriter{
		s: s, encoder: enc, batches: record.NewBatches(topic.ID, topic.Partitions, MaxRecordBatch),
		width: len(rel.Columns), key: -1, timestamp: -1,
	}, nil
}

func (w *streamWriter) add(d *delta.Batch) error {
	now := w.s.db.Clock.Now().UnixMilli()
	one := func(row int32) error {
		key, value, ts, err := w.encoder.Row(d.Cols[:w.width], row)
		if err != nil {
			return err
		}
		key, ts = w.metaOf(d, row, key, ts)
		if ts < 0 {
			ts = now
		}
		for range d.Weight(row) {
			if err := w.batches.Add(key, value, ts); err != nil {
				return err
			}
			w.rows++
		}
		return nil
	}
	return d.EachRow(one)
}

// metaOf lets the metadata columns of an INSERT override key and timestamp.
func (w *streamWriter) metaOf(d *delta.Batch, row int32, key []byte, ts int64) ([]byte, int64) {
	if w.key >= 0 && !d.Cols[w.key].Null(row) {
		key = d.Cols[w.key].Bytes(row)
	}
	if w.timestamp >= 0 && !d.Cols[w.timestamp].Null(row) {
		c := &d.Cols[w.timestamp]
		ts = max(delta.Values[int64](c)[c.At(row)]/1000+record.UnixToPostgresMillis, 0)
	}
	return key, ts
}

// flush hands the records to the transaction.
func (w *streamWriter) flush(ctx context.Context, tx *table.Tx) error {
	for _, a := range w.batches.Appends() {
		if err := tx.Produce(ctx, a.Partition, a.RecordBatches); err != nil {
			return err
		}
	}
	return nil
}
