package lane

import (
	"bytes"
	"fmt"
	"slices"

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
// or a tombstone. INVARIANT: the topic folded by key bytes is the query's result at the sink's
// frontier (TestFoldOfUpserts, the random walk).
type sinkOut struct {
	name    string // of its progress in the log
	encoder *record.Encoder
	batches *record.Batches
	key     []int // of an updating sink, positions in the row
	width   int
	clock   clock.Clock

	rows *delta.BatchBuilder // an updating sink's tick
	// Of the key at hand: rows that are gone and rows that are new.
	gone, made []int32
	keyBuf     []byte
	errs       *rowErrors
	// memory is what errs holds.
	memory *memory.Owner
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
		encoder: enc,
		batches: record.NewBatches(topic.ID, topic.Partitions, cfg.MaxRecordBatch),
		width:   len(rel.Columns),
		clock:   cfg.Clock,
		memory:  cfg.Memory.Owner(),
	}
	s.errs = newRowErrors(state.Options{History: true, Account: s.memory.Charge, Merges: cfg.Merges}, bound)
	if !rel.AppendOnly {
		s.key = rel.PrimaryKey
		types := make([]sqltype.OID, len(rel.Columns))
		for i := range rel.Columns {
			types[i] = rel.Columns[i].Type.OID
		}
		s.rows = delta.NewBatchBuilder(types)
	}
	return s, nil
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
		s.rows.AppendBatch(&visible)
		return nil
	}
	return visible.EachRow(func(row int32) error {
		w := visible.Weight(row)
		if w < 0 {
			return fmt.Errorf("an append-only sink was given a row with weight %d", w)
		}
		for range w {
			if err := s.add(visible.Cols, row, false); err != nil {
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
	if ts < 0 {
		ts = s.clock.Now().UnixMilli()
	}
	if key == nil && s.rows != nil {
		return s.batches.AddTo(nullKeyPartition, nil, value, ts)
	}
	return s.batches.Add(key, value, ts)
}

// nullKeyPartition is where an updating sink's records with the null key go: all to one
// partition, or the newest of them would not be the last (key_format text has no other form of a
// NULL).
const nullKeyPartition = 0

func (s *sinkOut) size() int {
	n := s.batches.Size()
	if s.rows != nil {
		n += s.rows.Size()
	}
	return n
}

// discard drops what was put out since the last take.
func (s *sinkOut) discard() {
	if s.rows != nil {
		s.rows.Clear()
	}
	s.batches.Appends()
}

// take gives the records of everything put out since the last take.
func (s *sinkOut) take() ([]log.Append, error) {
	if s.rows != nil {
		if err := s.upserts(); err != nil {
			return nil, err
		}
	}
	return s.batches.Appends(), nil
}

// upserts writes what became of every record key that changed, in key order. Rows are gathered by
// the SQL value of their key and told apart by the bytes of it: 1.5 and 1.50 are one key of the
// query and two keys of the topic, so that a row which changes from one to the other is a
// tombstone and a new record. A key that contains more than the query's own changes likewise.
func (s *sinkOut) upserts() error {
	rows := s.rows.Batch()
	order := make([]int32, rows.Len)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		for _, k := range s.key {
			if c := delta.CompareKey(&rows.Cols[k], a, &rows.Cols[k], b); c != 0 {
				return c
			}
		}
		return delta.CompareRows(rows.Cols, a, rows.Cols, b)
	})
	for i := 0; i < len(order); {
		j := i + 1
		for j < len(order) && s.sameKey(rows.Cols, order[i], order[j]) {
			j++
		}
		if err := s.upsert(&rows, order[i:j]); err != nil {
			return err
		}
		i = j
	}
	s.rows.Clear()
	return nil
}

func (s *sinkOut) sameKey(cols []delta.Column, a, b int32) bool {
	for _, k := range s.key {
		if !delta.EqualKey(&cols[k], a, &cols[k], b) {
			return false
		}
	}
	return true
}

// upsert writes what became of one key of the query; group is its rows, equal images together.
// Tombstones come first.
func (s *sinkOut) upsert(rows *delta.Batch, group []int32) error {
	s.gone, s.made = s.gone[:0], s.made[:0]
	for i := 0; i < len(group); {
		sum, j := rows.Weight(group[i]), i+1
		for j < len(group) && delta.CompareRows(rows.Cols, group[i], rows.Cols, group[j]) == 0 {
			sum += rows.Weight(group[j])
			j++
		}
		switch {
		case sum > 0:
			s.made = append(s.made, group[i])
		case sum < 0:
			s.gone = append(s.gone, group[i])
		}
		i = j
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
	if len(list) == 0 {
		return false
	}
	key, _ := s.encoder.Key(cols, row)
	s.keyBuf = append(s.keyBuf[:0], key...)
	for _, other := range list {
		if key, _ := s.encoder.Key(cols, other); bytes.Equal(key, s.keyBuf) {
			return true
		}
	}
	return false
}
