package decoded

import (
	"context"
	"errors"
	"io"

	"github.com/tributary-db/tributary/catalog"
	"github.com/tributary-db/tributary/storage/log"
)

// maker decodes a range of the log into entries.
type maker struct {
	records *Records
	filler  *filler
	columns *columnSet // of filler
	most    int64      // bytes of an entry

	on     bool
	before log.CommitSeq // the last commit that is done, or where the range begins
	stands bool          // records stands at a run that was not begun
	at     log.CommitSeq // commit at hand; 0 = none is begun
	made   part          // in the making; its columns are in the filler
}

// within tells that a commit is begun and not done.
func (m *maker) within() bool { return m.on && m.at != 0 }

// begin turns to what became visible in (from, to].
func (m *maker) begin(ctx context.Context, rel *catalog.Relation, columns *columnSet, from, to log.CommitSeq) error {
	if m.columns != columns {
		var err error
		if m.filler, err = newFiller(rel, columns.list); err != nil {
			return err
		}
		m.columns = columns
	}
	if err := m.records.Begin(ctx, from, to); err != nil {
		return err
	}
	m.on, m.before = true, from
	return nil
}

// peek is the next commit of the range, io.EOF behind the last. REQUIRES: none is begun.
func (m *maker) peek(ctx context.Context) (log.CommitSeq, error) {
	if !m.stands {
		if _, err := m.records.NextRun(ctx); err != nil {
			return 0, err
		}
		m.stands = true
	}
	return m.records.Run().VisibleAt, nil
}

// decode makes an entry of the commit that peek told of, or goes on with it. The entry is whole when it
// is all of the commit; else it is a piece as large as an entry may be, or the last piece.
func (m *maker) decode(ctx context.Context) (*entry, error) {
	first := m.at == 0
	run := m.records.Run()
	e := &entry{before: m.before, at: run.VisibleAt, micros: run.CommitTime.UnixMicro(), columns: m.columns}
	m.at = e.at
	for over := false; ; {
		if m.stands {
			full, err := m.fill()
			if err != nil {
				return nil, err
			}
			m.stands = full // in the middle of the run
			if full {
				if m.cut(e); e.bytes > m.most {
					return e, nil
				}
				continue
			}
		}
		run, err := m.records.NextRun(ctx)
		if over = errors.Is(err, io.EOF); err != nil && !over {
			return nil, err
		}
		m.stands = !over
		if over || run.VisibleAt != e.at {
			break
		}
	}
	if m.made.rows > 0 || len(e.parts) == 0 {
		m.cut(e)
	}
	m.at, m.before = 0, e.at
	e.whole, e.last = first, true
	return e, nil
}

// fill decodes the run at hand, until its end or until a part is full.
func (m *maker) fill() (full bool, err error) {
	partition := m.records.Run().Partition.Index
	for m.made.rows < rowsPerBatch {
		rec, err := m.records.Next()
		if err != nil {
			return false, err
		}
		if rec == nil {
			return false, nil
		}
		if m.filler.take(partition, rec) {
			m.made.rows++
			m.made.partitions = append(m.made.partitions, partition)
			m.made.offsets = append(m.made.offsets, rec.Offset)
		}
	}
	return true, nil
}

// cut ends a part, whose memory is its own, and adds it to the entry.
func (m *maker) cut(e *entry) {
	p := m.made
	m.made = part{}
	for _, b := range m.filler.outs {
		p.cols = append(p.cols, b.Take())
	}
	e.bytes += p.size()
	e.parts = append(e.parts, p)
}

// end gives up the range.
func (m *maker) end() {
	if !m.on {
		return
	}
	m.records.End()
	m.filler.clear()
	*m = maker{records: m.records, filler: m.filler, columns: m.columns, most: m.most}
}
