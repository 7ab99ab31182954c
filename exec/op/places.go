package op

import (
	"github.com/tributary-db/tributary/internal/delta"
	"github.com/tributary-db/tributary/internal/sqltype"
)

// places counts rows that come in order, and says which are in the window of some bounds.
type places struct {
	*bounds
	at   int64 // rows before the next, in its group
	full bool  // no further row of the group is in the window
	last struct {
		cols []delta.Column // nil before the first row
		row  int32
	}
	kept *delta.BatchBuilder // the last row of a batch that is gone
}

func newPlaces(b *bounds, types []sqltype.OID) places {
	return places{bounds: b, kept: delta.NewBatchBuilder(types)}
}

// of is how many of the w copies of a row are in the window. Rows are borrowed until leave.
func (p *places) of(cols []delta.Column, row int32, w int64) int64 {
	last := p.last
	if p.groups != nil && (last.cols == nil || !p.groups.SameKey(last.cols, last.row, cols, row)) {
		p.at, p.full = 0, false
	}
	if p.full {
		return 0
	}
	from, end := p.at, p.end()
	switch {
	case from < end:
		p.at += w
	case from > 0 && p.ties != nil && p.ties.SameKey(last.cols, last.row, cols, row):
		p.at += w
		end = p.at
	default:
		p.full = true
		return 0
	}
	p.last.cols, p.last.row = cols, row
	if p.ties != nil {
		end = max(end, p.at) // the copies of a row tie
	} else {
		p.full = p.at >= end
	}
	return max(0, min(p.at, end)-max(from, p.skip))
}

// leave lets the batch of the last row go.
func (p *places) leave() {
	if p.last.cols == nil || p.groups == nil && p.ties == nil {
		return
	}
	at := p.kept.Batch()
	if at.Len > 0 && &at.Cols[0] == &p.last.cols[0] {
		return
	}
	row := delta.NewBatchBuilder(typesOf(p.last.cols))
	row.AppendRow(p.last.cols, p.last.row, 1)
	p.kept = row
	p.last.cols, p.last.row = row.Batch().Cols, 0
}
