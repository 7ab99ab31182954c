package decoded

import (
	"context"
	"errors"
	"io"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/storage/log"
)

// alone is a Feed that shares nothing: it decodes into the same memory again and again.
type alone struct {
	records *Records
	filler  *filler
	inRun   bool
	// most is how many rows are decoded before they are given out; wholeRuns: no Next ends within a run.
	most      int
	wholeRuns bool
	rows      Rows // memory of what Next gives
}

// Open makes a Feed of a stream's columns (plan.Meta… those of the record itself), which are distinct.
func Open(l log.Log, rel *catalog.Relation, want []int) (Feed, error) {
	return openAlone(l, rel, want)
}

func openAlone(l log.Log, rel *catalog.Relation, want []int) (*alone, error) {
	f, err := newFiller(rel, want)
	if err != nil {
		return nil, err
	}
	return &alone{records: NewRecords(l, rel.Topic), filler: f, most: rowsPerBatch}, nil
}

func (a *alone) Begin(ctx context.Context, from, to log.CommitSeq) error {
	a.inRun, a.wholeRuns = false, false
	return a.records.Begin(ctx, from, to)
}

func (a *alone) Next(ctx context.Context, dst *Rows) (bool, error) {
	a.filler.clear()
	a.rows.clear()
	more := true
	for a.rows.Len < a.most && more {
		var err error
		if more, err = a.step(ctx); err != nil {
			return false, err
		}
		if more && !a.inRun && (a.wholeRuns || a.records.partOver()) {
			break
		}
	}
	for _, b := range a.filler.outs {
		a.rows.Cols = append(a.rows.Cols, b.Column())
	}
	*dst = a.rows
	return more, nil
}

// step takes a record, or turns to the next run; false after the last one.
func (a *alone) step(ctx context.Context) (bool, error) {
	if !a.inRun {
		_, err := a.records.NextRun(ctx)
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		a.inRun = true
	}
	run := a.records.Run() // its rows may have begun in the Rows before
	a.rows.enter(run.VisibleAt, run.CommitTime.UnixMicro())
	for a.rows.Len < a.most {
		rec, err := a.records.Next()
		if err != nil {
			return false, err
		}
		if rec == nil {
			a.inRun = false
			return true, nil
		}
		if !a.filler.take(run.Partition.Index, rec) {
			continue
		}
		a.rows.added(1)
		a.rows.Partitions = append(a.rows.Partitions, run.Partition.Index)
		a.rows.Offsets = append(a.rows.Offsets, rec.Offset)
	}
	return true, nil
}

// Divide implements Feed. A run that is begun is read to its end before.
func (a *alone) Divide() bool {
	a.wholeRuns = true
	return !a.inRun
}

// NextPart implements Feed.
func (a *alone) NextPart(ctx context.Context, bytes int, old *Part) (*Part, error) {
	return a.records.nextPart(ctx, bytes, old)
}

func (a *alone) End() { a.records.End() }

func (a *alone) Close() { a.records.Close() }
