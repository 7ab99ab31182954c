package lane

import (
	"context"
	"fmt"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/record"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/memory"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/log"
	"github.com/tributary-db/tributary/storage/state"
)

// sinkOut turns what a sink's flow puts out into records. An append-only sink writes rows as
// they come; an updating one gathers a tick and writes one record a record key: the new row,
// or a tombstone; or what changed, in the formats that say that. Records beyond a piece go ahead of the commit; gathered rows lie on the local disk when
// memory is short. INVARIANT: the topic folded by key bytes is the query's result at the sink's
// frontier (TestFoldOfUpserts, the random walk).
type sinkOut struct {
	name    string // of its progress in the log
	format  string
	keyed   bool // a key names each row; else rows are gathered by all columns, and their records have a key if asked for
	encoder *record.Encoder
	batches *record.Batches
	key     []int // of an updating sink, positions in the row
	width   int
	clock   clock.Clock

	rows *state.RunSet // an updating sink's tick, in its head
	// group is the rows of the key at hand; of these, those that are gone and those that are new.
	group      *delta.BatchBuilder
	gone, made []int32
	keyBuf     []byte
	errs       *rowErrors
	// memory is what errs and rows hold.
	memory *memory.Owner
	// ahead takes records of the tick that are more than piece bytes; 0 = none are. stage has them, nil =
	// there are none, written is how many bytes.
	ahead   func([]log.Append) error
	piece   int
	stage   *log.Stage
	written int64
	// progress is the version last recorded with output, lastCommit the commit that did it.
	progress, lastCommit log.CommitSeq
	// replayTo is the version, pinned, up to which the output is in the log at the start; 0 = none.
	replayTo log.CommitSeq
}

func newSinkOut(rel *catalog.Relation, cfg Config, bound lateBound) (*sinkOut, error) {
	topic, ok := cfg.Log.TopicByID(rel.Topic)
	if !ok {
		return nil, sqlerr.New(sqlerr.UndefinedObject, "topic %q of %s %q is gone", rel.TopicName, rel.Kind, rel.Name)
	}
	enc, err := record.NewEncoder(rel)
	if err != nil {
		return nil, err
	}
	s := &sinkOut{
		name:    fmt.Sprintf("sink/%d", rel.OID),
		format:  rel.Format.Name,
		keyed:   rel.Format.Name != catalog.FormatChangelog || len(rel.PrimaryKey) > 0,
		encoder: enc,
		batches: record.NewBatches(topic.ID, topic.Partitions, cfg.MaxRecordBatch),
		width:   len(rel.Columns),
		clock:   cfg.Clock,
		memory:  cfg.Memory.Owner(),
		piece:   cfg.StageBytes,
	}
	s.errs = newRowErrors(state.Options{History: true, Account: s.memory.Charge, Merges: cfg.Merges}, bound)
	if !rel.AppendOnly {
		s.key = rel.PrimaryKey
		for i := range rel.Columns {
			if !s.keyed {
				s.key = append(s.key, i)
			}
		}
		types := make([]sqltype.OID, len(rel.Columns))
		for i := range rel.Columns {
			types[i] = rel.Columns[i].Type.OID
		}
		s.gather(types, state.Options{Account: s.memory.Charge, Merges: cfg.Merges})
	}
	return s, nil
}

// gather is for an updating sink.
func (s *sinkOut) gather(types []sqltype.OID, options state.Options) {
	s.rows, s.group = state.NewArrangement(types, s.key, options), delta.NewBatchBuilder(types)
}

// Emit takes a delta of the sink's query.
func (s *sinkOut) Emit(d *delta.Batch) error {
	if err := s.errs.add(d); err != nil {
		return err
	}
	return s.emitRows(d)
}

// emitRows takes the rows of a delta without its errors.
func (s *sinkOut) emitRows(d *delta.Batch) error {
	visible := delta.Batch{Len: d.Len, Cols: d.Cols[:s.width], Sel: d.Sel, Weights: d.Weights}
	if s.rows != nil {
		return s.rows.Append(&visible)
	}
	return visible.EachRow(func(row int32) error {
		w := visible.Weight(row)
		if w < 0 {
			return fmt.Errorf("an append-only sink was given a row with weight %d", w)
		}
		for range w {
			if err := s.comes(visible.Cols, row); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *sinkOut) add(cols []delta.Column, row int32, tombstone bool) error {
	key, value, ts, err := s.encoder.Row(cols, row)
	if err != nil {
		return err
	}
	if tombstone {
		value = nil
	}
	return s.send(key, value, ts)
}

// send appends a record; a negative time is now.
func (s *sinkOut) send(key, value []byte, ts int64) (err error) {
	if ts < 0 {
		ts = s.clock.Now().UnixMilli()
	}
	if key == nil && s.rows != nil && s.keyed {
		err = s.batches.AddTo(nullKeyPartition, nil, value, ts)
	} else {
		err = s.batches.Add(key, value, ts)
	}
	if err != nil || s.piece <= 0 || s.batches.Size() < s.piece {
		return err
	}
	s.written += int64(s.batches.Size())
	return s.ahead(s.batches.Appends())
}

// nullKeyPartition is where an updating sink's records with the null key go: all to one
// partition, or the newest of them would not be the last (key_format text has no other form of a
// NULL).
const nullKeyPartition = 0

// size is about what is put out and not committed.
func (s *sinkOut) size() int64 { return s.written + int64(s.batches.Size()) + s.memory.Held() }

// discard drops what was put out since the last take.
func (s *sinkOut) discard() {
	if s.rows != nil {
		s.rows.Discard()
	}
	s.batches.Appends()
	if s.stage != nil {
		s.stage.Drop()
	}
	s.stage, s.written = nil, 0
}

// free gives back what the sink holds.
func (s *sinkOut) free() {
	s.discard()
	s.errs.set.Close()
	s.memory.Drop()
}

// take gives the records of everything put out since the last take, but for those that went ahead.
func (s *sinkOut) take(ctx context.Context) ([]log.Append, error) {
	if s.rows != nil {
		if err := s.upserts(ctx); err != nil {
			return nil, err
		}
	}
	return s.batches.Appends(), nil
}

// upserts writes what became of every record key that changed, in key order. Rows are gathered by
// the SQL value of their key and told apart by the bytes of it: 1.5 and 1.50 are one key of the
// query and two keys of the topic, so that a row which changes from one to the other is a
// tombstone and a new record. A key that contains more than the query's own changes likewise.
func (s *sinkOut) upserts(ctx context.Context) error {
	defer s.rows.Discard()
	cur, err := s.rows.Head().Scan(ctx, state.Range{})
	if err != nil {
		return err
	}
	defer cur.Close()
	var rows delta.Batch
	for more := true; more; {
		if _, more, err = cur.Next(ctx, &rows); err != nil {
			return err
		}
		if err := rows.EachRow(func(row int32) error { return s.gathered(&rows, row) }); err != nil {
			return err
		}
	}
	return s.upsert()
}

// gathered takes the next row in the order of keys.
func (s *sinkOut) gathered(rows *delta.Batch, row int32) error {
	if s.group.Len() > 0 && !s.inGroup(rows.Cols, row) {
		if err := s.upsert(); err != nil {
			return err
		}
	}
	s.group.AppendRow(rows.Cols, row, rows.Weight(row))
	return nil
}

func (s *sinkOut) inGroup(cols []delta.Column, row int32) bool {
	group := s.group.Batch()
	for _, k := range s.key {
		if !delta.EqualKey(&group.Cols[k], 0, &cols[k], row) {
			return false
		}
	}
	return true
}

// upsert writes what became of one key of the query, whose rows are in group, and empties that. Tombstones
// come first.
func (s *sinkOut) upsert() error {
	rows := s.group.Batch()
	defer s.group.Clear()
	s.gone, s.made = s.gone[:0], s.made[:0]
	for row := range int32(rows.Len) {
		if rows.Weight(row) > 0 {
			s.made = append(s.made, row)
		} else {
			s.gone = append(s.gone, row)
		}
	}
	switch s.format {
	case catalog.FormatDebezium:
		return s.events(&rows)
	case catalog.FormatChangelog:
		return s.ops(&rows)
	}
	for i, row := range s.gone {
		if s.hasKeyOf(rows.Cols, s.made, row) || s.hasKeyOf(rows.Cols, s.gone[:i], row) {
			continue
		}
		if err := s.add(rows.Cols, row, true); err != nil {
			return err
		}
	}
	for _, row := range s.made {
		if err := s.add(rows.Cols, row, false); err != nil {
			return err
		}
	}
	return nil
}

// hasKeyOf reports whether one of the rows list has the record key of row.
func (s *sinkOut) hasKeyOf(cols []delta.Column, list []int32, row int32) bool {
	return len(list) > 0 && s.sameKey(cols, list, row) >= 0
}
