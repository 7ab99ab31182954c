package session

import (
	"context"
	"slices"
	"strconv"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/flow"
	"github.com/tributary-db/tributary/exec/record"
	"github.com/tributary-db/tributary/exec/table"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/face"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/planner/bind"
	"github.com/tributary-db/tributary/planner/parse"
	"github.com/tributary-db/tributary/planner/plan"
	"github.com/tributary-db/tributary/planner/rewrite"
)

// dml is a planned INSERT, UPDATE or DELETE: exactly one of the three.
type dml struct {
	insert *bind.InsertPlan
	update *bind.UpdatePlan
	delete *bind.DeletePlan
	target *catalog.Relation
	query  *plan.Query
}

func (s *Session) planDML(body parse.Body, given []sqltype.OID) (*dml, error) {
	cat := s.db.Catalog.Now()
	o := bind.Options{Settings: s.set.derived, ParamTypes: given, Meter: s.planning}
	d := &dml{}
	var err error
	switch b := body.(type) {
	case *parse.Insert:
		if d.insert, err = bind.Insert(b, cat, o); err == nil {
			d.target, d.query = d.insert.Relation, d.insert.Source
		}
	case *parse.Update:
		if d.update, err = bind.Update(b, cat, o); err == nil {
			d.target, d.query = d.update.Relation, d.update.Source
		}
	case *parse.Delete:
		if d.delete, err = bind.Delete(b, cat, o); err == nil {
			d.target, d.query = d.delete.Relation, d.delete.Source
		}
	}
	if err != nil {
		return nil, err
	}
	d.query, err = rewrite.Query(d.query, cat, rewrite.Options{Folder: s.db.Folder, Meter: s.planning})
	return d, err
}

// runDML runs a planned INSERT, UPDATE or DELETE in the session's transaction.
func (s *Session) runDML(ctx context.Context, p *portal, w face.Writer) error {
	tx, err := s.writer(ctx, p.prepared.statement.Tag)
	if err != nil {
		return err
	}
	d := p.plan.dml
	var n int64
	tag := "INSERT 0 "
	switch {
	case d.insert != nil && d.target.Kind == catalog.KindStream:
		n, err = s.insertStream(ctx, tx, d, p.args)
	case d.insert != nil:
		n, err = s.insertTable(ctx, tx, d, p.args)
	case d.update != nil:
		tag = "UPDATE "
		n, err = s.modify(ctx, tx, d, p.args)
	default:
		tag = "DELETE "
		n, err = s.modify(ctx, tx, d, p.args)
	}
	if err != nil {
		return err
	}
	return w.Complete(tag + strconv.FormatInt(n, 10))
}

func (s *Session) insertTable(ctx context.Context, tx *table.Tx, d *dml, args []delta.Column) (int64, error) {
	t, err := s.db.Tables.Get(ctx, d.target.OID)
	if err != nil {
		return 0, err
	}
	// Rows are gathered before the first is written: INSERT … SELECT does not read its own rows.
	rows := s.newGathered(fieldTypes(d.query))
	defer rows.drop()
	if err := s.runQuery(ctx, d.query, args, flow.OutFunc(rows.add)); err != nil {
		return 0, err
	}
	n := int64(0)
	return n, rows.each(func(b *delta.Batch) error {
		more, err := tx.Insert(ctx, t, b)
		n += more
		return err
	})
}

// repeat appends the live rows of d, each as often as its weight says.
func repeat(rows *delta.BatchBuilder, d *delta.Batch, held *holding) error {
	if err := held.rows(d); err != nil {
		return err
	}
	add := func(row int32) error {
		w := d.Weight(row)
		if w < 0 {
			return sqlerr.New(sqlerr.InternalError, "a query gave a row with weight %d", w)
		}
		for range w {
			rows.AppendRow(d.Cols, row, 1)
		}
		return nil
	}
	return d.EachRow(add)
}

// modify runs an UPDATE or DELETE, again while others change its rows under it.
func (s *Session) modify(ctx context.Context, tx *table.Tx, d *dml, args []delta.Column) (int64, error) {
	t, err := s.db.Tables.Get(ctx, d.target.OID)
	if err != nil {
		return 0, err
	}
	width := len(t.Types())
	return tx.Modify(ctx, t, s.repeatable(), func() (*table.Change, error) {
		pin, free, err := s.snapshot(ctx, d.query.Relations)
		if err != nil {
			return nil, err
		}
		rows, held := delta.NewBatchBuilder(fieldTypes(d.query)), s.hold()
		done := func() {
			held.drop()
			free()
		}
		err = s.db.Runtime.Query(ctx, d.query, s.runAt(pin.Version(), args), flow.OutFunc(func(b *delta.Batch) error { return repeat(rows, b, held) }))
		if err != nil {
			done()
			return nil, err
		}
		all := rows.Batch()
		c := &table.Change{At: pin.Version(), Free: done, Old: delta.Batch{Len: all.Len, Cols: all.Cols[:width]}}
		if d.update != nil {
			c.New = delta.Batch{Len: all.Len, Cols: slices.Clone(all.Cols[d.update.New:])}
			if t.HasRowID() {
				c.New.Cols = append(c.New.Cols, all.Cols[d.update.RowID])
			}
		}
		return c, nil
	})
}

func fieldTypes(q *plan.Query) []sqltype.OID {
	types := make([]sqltype.OID, len(q.Fields))
	for i, f := range q.Fields {
		types[i] = f.Type.OID
	}
	return types
}

// insertStream writes rows as records of the stream's topic.
func (s *Session) insertStream(ctx context.Context, tx *table.Tx, d *dml, args []delta.Column) (int64, error) {
	w, err := s.newStreamWriter(d.target)
	if err != nil {
		return 0, err
	}
	w.key, w.timestamp = d.insert.Key, d.insert.Timestamp
	err = s.runQuery(ctx, d.query, args, flow.OutFunc(func(b *delta.Batch) error {
		if err := w.add(b); err != nil || w.batches.Size() < copyBytes {
			return err
		}
		return w.flush(ctx, tx)
	}))
	if err != nil {
		return 0, err
	}
	return w.rows, w.flush(ctx, tx)
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
