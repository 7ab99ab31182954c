package lane

import (
	"fmt"
	"slices"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/exec/record"
	"github.com/tributary-db/tributary/internal/clock"
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqlerr"
	"github.com/tributary-db/tributary/internal/sqltype"
	"github.com/tributary-db/tributary/storage/log"
)

// sinkOut turns what a sink's flow puts out into records. An append-only sink writes rows as
// they come; an updating one gathers a tick and writes one record a key: the new row, or a
// tombstone.
type sinkOut struct {
	name    string // of its progress in the log
	encoder *record.Encoder
	batches *record.Batches
	key     []int // of an updating sink, positions in the row
	width   int
	clock   clock.Clock

	rows *delta.BatchBuilder // an updating sink's tick
	errs []countedError
	// seen is the version up to which input was taken; beyond the frontier while an error holds
	// output back.
	seen log.CommitSeq
	// again: on_error may have changed; look whether the output may go now.
	again bool
	// progress is the version last recorded with output, lastCommit the commit that did it.
	progress, lastCommit log.CommitSeq
	// replayTo is the version, pinned, up to which the output is in the log at the start; 0 = none.
	replayTo log.CommitSeq
}

func newSinkOut(rel *catalog.Relation, cfg Config) (*sinkOut, error) {
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
	}
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
	for _, e := range d.Errs {
		s.countError(e.Err, d.Weight(e.Row))
	}
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
	return s.batches.Add(key, value, ts)
}

func (s *sinkOut) countError(e *sqlerr.Error, weight int64) {
	for i := range s.errs {
		if s.errs[i].err.Code == e.Code && s.errs[i].err.Message == e.Message {
			s.errs[i].weight += weight
			return
		}
	}
	s.errs = append(s.errs, countedError{e, weight})
}

// leftError is an error that did not cancel.
func (s *sinkOut) leftError() *sqlerr.Error {
	for _, e := range s.errs {
		if e.weight != 0 {
			return e.err
		}
	}
	return nil
}

func (s *sinkOut) size() int {
	n := s.batches.Size()
	if s.rows != nil {
		n += s.rows.Size()
	}
	return n
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

// upserts writes one record for every key that changed, in key order.
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

// upsert writes what became of one key; group is its rows, equal images together.
func (s *sinkOut) upsert(rows *delta.Batch, group []int32) error {
	gone := int32(-1)
	for i := 0; i < len(group); {
		sum, j := rows.Weight(group[i]), i+1
		for j < len(group) && delta.CompareRows(rows.Cols, group[i], rows.Cols, group[j]) == 0 {
			sum += rows.Weight(group[j])
			j++
		}
		if sum > 0 {
			return s.add(rows.Cols, group[i], false)
		}
		if sum < 0 {
			gone = group[i]
		}
		i = j
	}
	if gone >= 0 {
		return s.add(rows.Cols, gone, true)
	}
	return nil
}
