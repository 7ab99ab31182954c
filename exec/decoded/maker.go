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
	most    int64      // bytes of an entry that is kept

	on      bool
	before  log.CommitSeq // the last commit that is done, or where the range begins
	entry   *entry        // of the commit at hand; nil before the first run of one
	cuts    int           // parts made of it
	pending bool          // records stands at the first run of the next commit
	inRun   bool
	made    part // in the making; its columns are in the filler
}

func (m *maker) working() bool { return m.on }

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

// next decodes the next part of a commit. At a commit's end whole is true, and the entry has all its
// parts, or none if they are too much to keep; then p may be nil. io.EOF behind the last commit.
func (m *maker) next(ctx context.Context) (e *entry, p *part, whole bool, err error) {
	for {
		if m.pending {
			m.pending = false
			m.start()
		}
		if m.inRun {
			full, err := m.fill()
			if err != nil {
				return nil, nil, false, err
			}
			if full {
				return m.entry, m.cut(), false, nil
			}
		}
		run, err := m.records.NextRun(ctx)
		over := errors.Is(err, io.EOF)
		switch {
		case err != nil && (!over || m.entry == nil):
			return nil, nil, false, err
		case m.entry == nil:
			m.start()
		case over || run.VisibleAt != m.entry.at:
			m.pending = !over
			e, p := m.endCommit()
			return e, p, true, nil
		}
		m.inRun = true
	}
}

// start begins the commit of the run that records stands at.
func (m *maker) start() {
	run := m.records.Run()
	m.entry = &entry{before: m.before, at: run.VisibleAt, micros: run.CommitTime.UnixMicro(), columns: m.columns}
	m.cuts, m.inRun = 0, true
}

// endCommit ends the commit at hand; p is what was decoded since the last part.
func (m *maker) endCommit() (e *entry, p *part) {
	if m.made.rows > 0 || m.cuts == 0 {
		p = m.cut()
	}
	e = m.entry
	m.entry, m.before = nil, e.at
	return e, p
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
			m.inRun = false
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
func (m *maker) cut() *part {
	p := m.made
	m.made = part{}
	for _, b := range m.filler.outs {
		p.cols = append(p.cols, b.Take())
	}
	m.cuts++
	e := m.entry
	if e.bytes += p.size(); e.bytes > m.most {
		e.parts = nil
	} else {
		e.parts = append(e.parts, p)
	}
	return &p
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
